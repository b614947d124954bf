"""Lining up in time: which offset and speed make both change at the same moments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.references.sources.index import Timeline
from forensics.references.sources.material import TimeFit
from forensics.references.sources.query import Query
from forensics.references.sources.sampling import THUMB_PX

LAG_S = 0.35
"""Change is measured over so long: standing overlays and borders drop out."""

SPEEDS = np.unique(np.concatenate([[1.0], np.exp(np.linspace(np.log(0.74), np.log(1.36), 31))]))
STEP_S = 1 / 25
COARSE_S = 0.12
"""Changes are compared so densely at first: the search over speeds is the slow part."""

MOST_CHANGES = 240
TICK_S = 0.002
"""Times are rounded to this to look up the nearest change."""

BLOCK = 2000
"""Offsets tried at a time, so that an hour of source does not ask for gigabytes."""

STILL_LEVELS = 0.25
"""Root mean square change, in levels, under which nothing can be lined up."""

SAME_SPEED_BONUS, SHORT_BONUS = 0.004, 0.06
"""Correlation by which another speed must be better than none, and how much more so for an item
of no length, fading out at four seconds: short items fit many speeds."""

MIN_CORRELATION = 0.25
"""Under this the two do not change together: another take, or nothing moves."""


@dataclass(frozen=True)
class _Changes:
    """Changes over `LAG_S`: (n,) s and (n, p) float32."""

    times_s: NDArray[np.float64]
    values: NDArray[np.float32]

    @cached_property
    def nearest(self) -> NDArray[np.int64]:
        """Number of the change nearest to each tick from the first change to the last."""
        ticks = self.times_s[0] + TICK_S * np.arange(int(np.ptp(self.times_s) / TICK_S) + 2)
        after = np.searchsorted(self.times_s, ticks).clip(1, max(1, len(self.times_s) - 1))
        before = ticks - self.times_s[after - 1] < self.times_s[after] - ticks
        return np.asarray(after - before, np.int64)


def _changes(times_s: NDArray[np.float64], pictures: NDArray[np.float32], lag_s: float) -> _Changes:
    ahead = np.searchsorted(times_s, times_s + lag_s - 1e-6)
    good = np.flatnonzero(ahead < len(times_s))
    values = pictures[ahead[good]] - pictures[good]
    # A cut is one huge change; held down, it does not outweigh all that moves between cuts.
    size = np.sqrt((values**2).mean(axis=1, keepdims=True))
    values = values * np.minimum(1.0, 12.0 / np.maximum(size, 1e-6))
    return _Changes(times_s[good], values)


def seen_through(
    query: Query, placement: NDArray[np.float64], source_size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Move the query's thin pictures onto the source's timeline grid.

    Args:
        query: The questioned item.
        placement: (3, 3) from query px to source px.
        source_size: Width and height of the source, px.

    Returns:
        (n, 24 * 24) float32 luma, and (24 * 24,) bool, places of the source that the query shows.
    """
    fine = 4 * THUMB_PX
    count, height, width = query.small.shape
    grow = np.diag([query.width_px / width, query.height_px / height, 1.0])
    to_grid = np.diag([fine / source_size[0], fine / source_size[1], 1.0])
    matrix = to_grid @ placement @ grow
    moved = np.empty((count, THUMB_PX, THUMB_PX), np.float32)
    for i, picture in enumerate(query.small):
        big = cv2.warpPerspective(picture, matrix, (fine, fine), flags=cv2.INTER_LINEAR)
        moved[i] = cv2.resize(big, (THUMB_PX, THUMB_PX), interpolation=cv2.INTER_AREA)
    cover = cv2.warpPerspective(
        np.full((height, width), 255, np.uint8), matrix, (fine, fine), flags=cv2.INTER_NEAREST
    )
    seen = cv2.resize(cover, (THUMB_PX, THUMB_PX), interpolation=cv2.INTER_AREA) > 250
    return moved.reshape(count, -1), seen.ravel()


def line_up(
    query: Query, source: Timeline, placement: NDArray[np.float64], source_size: tuple[int, int]
) -> TimeFit:
    """Find offset and speed by what changes.

    Args:
        query: The questioned item.
        source: Timeline of the source.
        placement: (3, 3) from query px to source px.
        source_size: Width and height of the source, px.

    Limits: one straight line; of an item cut together from several parts, the longest is found.
    """
    moved, seen = seen_through(query, placement, source_size)
    there = source.thumbs.reshape(len(source.thumbs), -1).astype(np.float32)[:, seen]
    here = moved[:, seen]
    span = float(query.small_s[-1] - query.small_s[0]) if len(query.small_s) else 0.0
    lag = min(LAG_S, 0.35 * span)
    nothing = TimeFit(_first(source) - float(query.small_s[0]), 1.0, False, 0.0, 0.0, 0.0)
    if seen.sum() < 12 or len(here) < 4 or len(there) < 4:
        return nothing
    a, b = _changes(query.small_s, here, lag), _changes(source.times_s, there, lag)
    if len(a.values) < 3 or len(b.values) < 3:
        return nothing
    if min(_rms(a.values), _rms(b.values)) < STILL_LEVELS:
        return nothing
    return _search(_thinned(a), b, span)


def _thinned(changes: _Changes) -> _Changes:
    """Keep changes at most every `COARSE_S`, and `MOST_CHANGES` of them."""
    kept = [0]
    every = max(COARSE_S, float(np.ptp(changes.times_s)) / MOST_CHANGES)
    for i, when in enumerate(changes.times_s):
        if when - changes.times_s[kept[-1]] >= every - 1e-6:
            kept.append(i)
    return _Changes(changes.times_s[kept], changes.values[kept])


def _first(source: Timeline) -> float:
    return float(source.times_s[0]) if len(source.times_s) else 0.0


def _rms(values: NDArray[np.float32]) -> float:
    """Return the root mean square of the places that move most."""
    strong = np.sort((values**2).mean(axis=0))[-max(4, values.shape[1] // 10) :]
    return float(np.sqrt(strong.mean()))


def _search(a: _Changes, b: _Changes, span: float) -> TimeFit:
    product = a.values @ b.values.T  # (n, m)
    own = (a.values**2).sum(axis=1)
    other = (b.values**2).sum(axis=1)
    best: tuple[float, float, float] = (-2.0, 0.0, 1.0)
    curve: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    # A short item cannot tell speeds apart: only those that shift its end by a frame are tried.
    speeds = SPEEDS if span >= 1.5 else np.array([0.8, 1.0, 1.15, 1.25])
    bonus = SAME_SPEED_BONUS + SHORT_BONUS * max(0.0, 1 - span / 4)
    for speed in speeds:
        offsets, values = _scores(a, b, product, own, other, float(speed))
        if len(offsets) == 0:
            continue
        at = int(np.argmax(values))
        value = float(values[at]) + (bonus if speed == 1.0 else 0.0)
        if value > best[0]:
            best, curve = (value, float(offsets[at]), float(speed)), (offsets, values)
    if curve is None:
        return TimeFit(float(b.times_s[0] - a.times_s[0]), 1.0, False, 0.0, 0.0, 0.0)
    _, offset, speed = best
    for step in (0.005, 0.0015) if speed != 1.0 and span >= 3 else ():
        for tried in speed * (1 + step * np.arange(-3, 4)):
            offsets, values = _scores(a, b, product, own, other, float(tried), near=offset)
            if len(values) and float(values.max()) > best[0]:
                best = (float(values.max()), float(offsets[int(np.argmax(values))]), float(tried))
                speed = best[2]
    value, offset, speed = best
    value -= bonus if speed == 1.0 else 0.0
    far = np.abs(curve[0] - offset) > 0.5
    rival = float(curve[1][far].max()) if far.any() else 0.0
    return TimeFit(
        offset, speed, determined=value >= MIN_CORRELATION, correlation=round(value, 4),
        rival=round(rival, 4), share=_explained(a, b, offset, speed),
    )  # fmt: skip


def _scores(
    a: _Changes, b: _Changes, product: NDArray[np.float32], own: NDArray[np.float32],
    other: NDArray[np.float32], speed: float, near: float | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Return offsets, s, and the correlation along each line of one speed."""
    low = b.times_s[0] - speed * a.times_s[-1]
    high = b.times_s[-1] - speed * a.times_s[0]
    offsets = np.arange(low, high + STEP_S, STEP_S)
    if near is not None:
        offsets = np.arange(near - 0.5, near + 0.5, STEP_S / 2)
    values = [
        _along(a, b, product, own, other, speed, offsets[first : first + BLOCK])
        for first in range(0, len(offsets), BLOCK)
    ]
    return offsets, np.concatenate(values) if values else np.zeros(0)


def _along(
    a: _Changes, b: _Changes, product: NDArray[np.float32], own: NDArray[np.float32],
    other: NDArray[np.float32], speed: float, offsets: NDArray[np.float64],
) -> NDArray[np.float64]:  # fmt: skip
    """Return the correlation along the line of each of some offsets, (o,)."""
    when = offsets[:, None] + speed * a.times_s[None, :]  # (o, n)
    column = b.nearest[
        ((when - b.times_s[0]) / TICK_S).astype(np.int64).clip(0, len(b.nearest) - 1)
    ]
    inside = (when >= b.times_s[0] - 0.1) & (when <= b.times_s[-1] + 0.1)
    rows = np.arange(len(a.times_s))[None, :]
    top = np.where(inside, product[rows, column], 0.0).sum(axis=1)
    energy_a = np.where(inside, own[None, :], 0.0).sum(axis=1)
    energy_b = np.where(inside, other[column], 0.0).sum(axis=1)
    # Most of the query must lie within the source: a floor on the query's share, none on the
    # source's. What lies outside counts against the line.
    share = inside.mean(axis=1)
    values = top / np.sqrt(np.maximum(energy_a * energy_b, 1e-6)) * np.sqrt(share)
    return np.asarray(np.where(share >= 0.3, values, -1.0), np.float64)


def _explained(a: _Changes, b: _Changes, offset: float, speed: float) -> float:
    """Return the share of the query whose half seconds agree with the line, or do not move."""
    when = offset + speed * a.times_s
    column = np.searchsorted(b.times_s, when).clip(0, len(b.times_s) - 1)
    inside = (when >= b.times_s[0] - 0.1) & (when <= b.times_s[-1] + 0.1)
    bins = np.floor((a.times_s - a.times_s[0]) / 0.5).astype(int)
    good = 0
    for number in range(int(bins.max()) + 1):
        rows = (bins == number) & inside
        if not rows.any():
            continue
        x, y = a.values[rows], b.values[column[rows]]
        size = float(np.sqrt((x**2).sum() * (y**2).sum()))
        still = _rms(x) < 2 * STILL_LEVELS
        good += bool(still or float((x * y).sum()) > 0.15 * size)
    return round(good / (int(bins.max()) + 1), 3)
