"""One line through the exact frames: what every face says of every moment, added up.

A single face tells the moment only roughly: where a head hardly moves, or where the face was
replaced, some frame a few off agrees a little better by chance. Of all lines, the right one loses
little at every face at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_LOST = 0.1
"""A face can cost a line no more than this: one that is placed badly has no veto."""

OTHER_SPEED, NO_SPEED, NEARBY_SPEED = 0.1, 0.05, 0.03
"""What a line must gain to have another speed than the coarse one, to have none, and to have one
near the coarse where that is not one itself, as a share of what a wrong moment loses: some other
speed always fits noise a little better, and the coarse speed is known to a few percent."""

NEARBY = 0.05
SPEEDS = (0.7, 1.4)
STEP_FRAMES = 0.25


@dataclass(frozen=True)
class Curve:
    """How well one questioned frame agrees with the source frames near it.

    Attributes:
        here_s: Time of the questioned frame.
        times_s: (n,) times of the source frames, rising.
        score: (n,) agreement.
    """

    here_s: float
    times_s: NDArray[np.float64]
    score: NDArray[np.float64]

    def lost(self, when_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much worse other moments agree than the best one, at most `MOST_LOST`."""
        lost = np.minimum(float(self.score.max()) - self.score, MOST_LOST)
        return np.asarray(
            np.interp(when_s, self.times_s, lost, left=MOST_LOST, right=MOST_LOST), np.float64
        )


@dataclass(frozen=True)
class Line:
    """source time = offset_s + speed * questioned time, and the mean loss a face along it."""

    offset_s: float
    speed: float
    lost: float


def best_line(curves: list[Curve], offset_s: float, speed: float, frame_s: float) -> Line:
    """Find the line along which all questioned frames together lose least.

    Args:
        curves: One for each questioned frame; at least one.
        offset_s: Of the coarse line: others are tried as far as source frames were read.
        speed: Of the coarse line.
        frame_s: Duration of a source frame.
    """
    here = np.array([curve.here_s for curve in curves])
    middle, half = float(here.min() + here.max()) / 2, float(np.ptp(here)) / 2
    reach = max(
        float(np.abs(curve.times_s - offset_s - speed * curve.here_s).max()) for curve in curves
    )
    steps = np.arange(0, reach + frame_s, STEP_FRAMES * frame_s)
    centers = offset_s + speed * middle + np.concatenate([-steps[:0:-1], steps])
    usual = float(np.mean([min(MOST_LOST, float(np.ptp(curve.score))) for curve in curves]))
    found: list[tuple[float, float, float]] = []
    for tried in _speeds(speed, half, reach, frame_s):
        lost = np.mean(
            [curve.lost(centers + tried * (curve.here_s - middle)) for curve in curves], axis=0
        )
        at = _middle_of_least(lost)
        cost = float(lost[at]) + _dear(tried, speed) * usual
        found.append((cost, float(centers[at]) - tried * middle, tried))
    cost, offset, chosen = min(found, key=lambda one: one[0])
    return Line(offset, chosen, cost)


def _dear(tried: float, speed: float) -> float:
    if tried == speed:
        return 0.0
    if tried == 1.0:
        return NO_SPEED
    return NEARBY_SPEED if speed != 1.0 and abs(tried / speed - 1) <= NEARBY else OTHER_SPEED


def _speeds(speed: float, half_s: float, reach_s: float, frame_s: float) -> list[float]:
    """Return the coarse speed, one, and those that move the ends by half frames."""
    tried = [speed, 1.0]
    if half_s > 4 * frame_s:
        step = 0.5 * frame_s / half_s
        count = int(reach_s / (0.5 * frame_s))
        tried += list(speed + step * np.arange(-count, count + 1))
    return [one for one in dict.fromkeys(tried) if SPEEDS[0] <= one <= SPEEDS[1] or one == speed]


def _middle_of_least(lost: NDArray[np.float64]) -> int:
    """Return the middle of the run of least values: where nothing moves, no end is preferred."""
    least = np.flatnonzero(lost <= lost.min() + 1e-9)
    return int(least[len(least) // 2])
