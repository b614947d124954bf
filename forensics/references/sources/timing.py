"""The exact frame: one frame off, a genuine original looks swapped.

Around each coarse moment every source frame is tried, and the one whose face and surroundings
agree best is taken; then all moments must lie on one line.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.face_space import Regions
from forensics.references.sources.exact_line import MOST_LOST, Curve, best_line
from forensics.references.sources.frames import SourceFrame
from forensics.references.sources.material import TimeFit
from forensics.references.sources.planes import Box
from forensics.references.sources.registration import Matrix, scaling, warp

HALF_PX = 128
"""Frames are tried in aligned space of half size."""

LOOSE_PX, TIGHT_PX = 10, 1
"""At half size, how far the placement may be off before and after it was refined: a shift that is
allowed hides the motion of a head, and with it the time."""

BAND = (1.0, 4.0)
CLEAR = 0.02
"""A frame must agree so much better than the worst tried, else nothing moves there."""

INSIDE_SHARE, MOVING_SHARE = 0.25, 0.2
"""What agreement of the face and of motion around it count beside that of the whole: a replaced
face misleads, and most of the whole is the same in every frame. Best of twelve on genuine clips
with swaps of our own, and flat around it."""


RIVALS, MOVES, MOTION_AGREES = 0.8, 0.1, 0.2
"""When a moment is in doubt: how near the best other one comes, how much the agreement of the
tried frames differs where something moves, and agreement of motion that wrong moments stay under
(of genuine clips lined up wrongly by a third of a second, 98 %)."""


@dataclass(frozen=True)
class Anchor:
    """One questioned frame with a face, to be compared.

    Attributes:
        track: Track id.
        slot: Which of the track's examined frames.
        index: Frame number.
        pts_s: Its time.
        rgb: (256, 256, 3) uint8, the questioned face in aligned space.
        to_aligned: (3, 3) from questioned px to aligned px.
        layout: Regions of this face.
        window: Number of its window.
        box: The part of the source that was kept, source px.
    """

    track: int
    slot: int
    index: int
    pts_s: float
    rgb: NDArray[np.uint8]
    to_aligned: Matrix
    layout: Regions
    window: int
    box: Box

    def from_part(self, placement: Matrix) -> Matrix:
        """Return the (3, 3) matrix from px of the kept source part to aligned px."""
        shift = np.array([[1, 0, self.box[0]], [0, 1, self.box[1]], [0, 0, 1]], np.float64)
        return np.asarray(self.to_aligned @ np.linalg.inv(placement) @ shift, np.float64)


@dataclass(frozen=True)
class Tried:
    """How well the source frames near an anchor agree with it.

    Attributes:
        frames: Numbers of source frames.
        times_s: Their times.
        whole: Agreement of face and surroundings.
        inside: Agreement of the face.
        moving: Agreement of what moves around the face.
    """

    frames: NDArray[np.int64]
    times_s: NDArray[np.float64]
    whole: NDArray[np.float64]
    inside: NDArray[np.float64]
    moving: NDArray[np.float64]

    @property
    def still(self) -> NDArray[np.float64]:
        """Return how well each frame agrees as a picture, (n,)."""
        return np.asarray(self.whole + INSIDE_SHARE * self.inside, np.float64)

    @property
    def score(self) -> NDArray[np.float64]:
        """Return how well each frame agrees, (n,): what tells the moment, not how good it is."""
        return np.asarray(self.still + MOVING_SHARE * self.moving, np.float64)


def _band(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    plane = gray.astype(np.float32)
    low, high = (cv2.GaussianBlur(plane, (0, 0), sigma) for sigma in BAND)
    return np.asarray(low - high, np.float32)


def _peak(picture: NDArray[np.float32], template: NDArray[np.float32]) -> float:
    if float(template.std()) < 1e-3:
        return 0.0
    return float(np.nanmax(cv2.matchTemplate(picture, template, cv2.TM_CCOEFF_NORMED)))


@dataclass(frozen=True)
class Thin:
    """A source frame's part near an anchor, gray and shrunk: tried often, so made once.

    Attributes:
        number: Of the source frame.
        pts_s: Its time.
        gray: (h, w) uint8.
        to_part: (3, 3) from px of `gray` to px of the part.
    """

    number: int
    pts_s: float
    gray: NDArray[np.uint8]
    to_part: Matrix


def thinned(anchor: Anchor, source: list[SourceFrame], placement: Matrix) -> list[Thin]:
    """Shrink the source frames kept near an anchor to twice the size they are tried at.

    Args:
        anchor: The questioned face.
        source: Frames of the source.
        placement: (3, 3) from questioned px to source px, roughly.
    """
    matrix = anchor.from_part(placement)
    share = 2 * HALF_PX / 256 * float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    made = []
    for number, frame in enumerate(source):
        if anchor.window not in frame.parts:
            continue
        gray = cv2.cvtColor(frame.parts[anchor.window], cv2.COLOR_RGB2GRAY)
        back = np.eye(3)
        if share < 0.8:
            height, width = gray.shape
            size = (max(16, round(width * share)), max(16, round(height * share)))
            gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
            back = scaling(width / size[0], height / size[1])
        made.append(Thin(number, frame.pts_s, np.asarray(gray, np.uint8), back))
    return made


def try_frames(
    anchor: Anchor, source: list[Thin], placement: Matrix, shift_px: int = LOOSE_PX
) -> Tried:
    """Compare an anchor with every source frame kept near it.

    Args:
        anchor: The questioned face.
        source: From `thinned`.
        placement: (3, 3) from questioned px to source px.
        shift_px: How far, at half size, the placement may be off.
    """
    half = scaling(0.5, 0.5)
    small = cv2.resize(anchor.rgb, (HALF_PX, HALF_PX), interpolation=cv2.INTER_AREA)
    own = _band(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8))
    rows, columns = np.nonzero(anchor.layout.hull[::2, ::2])
    top, bottom = max(rows.min(), shift_px), min(rows.max(), HALF_PX - shift_px)
    left, right = max(columns.min(), shift_px), min(columns.max(), HALF_PX - shift_px)
    inner = own[top:bottom, left:right]
    rim = own[shift_px:-shift_px, shift_px:-shift_px]
    matrix = half @ anchor.from_part(placement)
    found: list[tuple[int, float, float, float]] = []
    bands, around = [], ~anchor.layout.hull[::2, ::2]
    for frame in source:
        moved, cover = warp(frame.gray, matrix @ frame.to_part, HALF_PX)
        band = _band(moved)
        bands.append(band)
        around = around & cover
        near = band[
            max(0, top - shift_px) : bottom + shift_px, max(0, left - shift_px) : right + shift_px
        ]
        found.append((frame.number, frame.pts_s, _peak(band, rim), _peak(near, inner)))
    table = np.array(found, np.float64).reshape(-1, 4)
    moving = _moving(own[around], np.array([band[around] for band in bands]))
    return Tried(table[:, 0].astype(np.int64), table[:, 1], table[:, 2], table[:, 3], moving)


def _moving(own: NDArray[np.float32], bands: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compare what differs from the mean of all tried frames: what stands still says no time.

    Args:
        own: (p,) detail of the questioned frame.
        bands: (n, p) detail of the tried frames.

    Returns:
        (n,) correlation of the questioned deviation with that of each frame.
    """
    if len(bands) < 3 or bands.shape[1] < 200:
        return np.zeros(len(bands))
    mean = bands.mean(axis=0)
    gain = float(own @ mean) / max(1e-6, float(mean @ mean))
    rest, apart = own - gain * mean, bands - mean
    size = np.sqrt(np.maximum(1e-6, (apart**2).sum(axis=1) * float(rest @ rest)))
    return np.asarray(apart @ rest / size, np.float64)


@dataclass(frozen=True)
class ExactTime:
    """The line on which the exact frames lie.

    Attributes:
        offset_s: s.
        speed: Source seconds a questioned second.
        agreeing: Anchors on the line.
        clear: Anchors that could tell.
    """

    offset_s: float
    speed: float
    agreeing: int
    clear: int


def exact_time(
    anchors: list[Anchor], tried: list[Tried], time: TimeFit, frame_s: float
) -> ExactTime | None:
    """Fit one line through the frames of all anchors; None where none of them can tell.

    Args:
        anchors: Questioned faces.
        tried: One each.
        time: The alignment so far.
        frame_s: Duration of a source frame.
    """
    curves = []
    for anchor, one in zip(anchors, tried, strict=True):
        if len(one.frames) >= 3 and float(np.ptp(one.still)) >= CLEAR:
            curves.append(Curve(anchor.pts_s, one.times_s, one.score))
    if not curves:
        return None
    line = best_line(curves, time.offset_s, time.speed, frame_s)
    agree = [
        float(curve.lost(np.array([line.offset_s + line.speed * curve.here_s]))[0])
        <= 0.3 * min(MOST_LOST, float(np.ptp(curve.score)))
        for curve in curves
    ]
    return ExactTime(line.offset_s, line.speed, sum(agree), len(curves))


def in_doubt(anchors: list[Anchor], tried: list[Tried], time: TimeFit) -> bool:
    """Say whether the moment may be another one, where a genuine face would look replaced.

    Another moment changes about as well as this one did when the two were lined up, and what
    moves around the faces, where something moves, does not agree at this one.

    Args:
        anchors: Questioned faces.
        tried: One each.
        time: The exact alignment, with the correlations of the coarse one.
    """
    if not time.determined or time.rival < RIVALS * time.correlation:
        return False
    agreed, moved = [], []
    for anchor, one in zip(anchors, tried, strict=True):
        if len(one.frames) >= 3:
            at = int(np.argmin(np.abs(one.times_s - time.source_s(anchor.pts_s))))
            agreed.append(float(one.moving[at]))
            moved.append(float(np.ptp(one.still)))
    return bool(agreed and np.mean(moved) >= MOVES and np.mean(agreed) < MOTION_AGREES)


def choices(one: Tried, when_s: float, frame_s: float) -> list[int]:
    """Return positions in `one` to compare: the frame on the line, and the best face near it.

    A frame that is one off makes a genuine face look replaced, so the face gets the benefit of
    every frame within two of the line.
    """
    if len(one.frames) == 0:
        return []
    on_line = int(np.argmin(np.abs(one.times_s - when_s)))
    near = np.flatnonzero(np.abs(one.times_s - when_s) <= 2.5 * frame_s)
    if len(near) == 0:
        return []
    return list(dict.fromkeys([on_line, int(near[np.argmax(one.inside[near])])]))
