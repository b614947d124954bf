"""Exact place and exact time, found in turn: a camera that moves makes each need the other."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.evenly import some
from forensics.references.sources.frames import SourceFrame
from forensics.references.sources.material import TimeFit
from forensics.references.sources.query import Query
from forensics.references.sources.registration import Matrix, face_mask, scaling, sharpen_placement
from forensics.references.sources.rescue import place_by_moment
from forensics.references.sources.timing import (
    LOOSE_PX,
    TIGHT_PX,
    Anchor,
    Tried,
    exact_time,
    thinned,
    try_frames,
)

WELL_PLACED = 0.93
"""Correlation of whole pictures under which the placement may be of another moment."""

ROUNDS = 4
"""Times that place and time are refined in turn, at most."""


def place_and_time(
    query: Query, anchors: list[Anchor], frames: list[SourceFrame], placement: Matrix,
    time: TimeFit, source_size: tuple[int, int], frame_s: float,
) -> tuple[Matrix, TimeFit, list[Tried], float]:  # fmt: skip
    """Refine place and time in turn: a camera that moves makes each depend on the other."""
    start, value = placement, -1.0
    if time.determined:
        placement, value = _refine(query, anchors, frames, start, time, source_size)
    if time.determined and value < WELL_PLACED:
        mirrored = bool(np.linalg.det(start[:2, :2]) < 0)
        found = place_by_moment(query, anchors, frames, mirrored, time, source_size)
        if found is not None:
            again, reached = _refine(query, anchors, frames, found[0], found[1], source_size)
            if reached > value:
                placement, time, value = again, found[1], reached
    best: tuple[float, Matrix, TimeFit, list[Tried], float] | None = None
    thin = [thinned(anchor, frames, placement) for anchor in anchors]
    for _ in range(ROUNDS):
        shift = TIGHT_PX if value > 0.3 else LOOSE_PX
        tried = [
            try_frames(anchor, near, placement, shift)
            for anchor, near in zip(anchors, thin, strict=True)
        ]
        exact = exact_time(anchors, tried, time, frame_s)
        before = time
        if exact is not None and exact.agreeing >= max(1, exact.clear // 3):
            time = replace(time, offset_s=exact.offset_s, speed=exact.speed)
        elif not time.determined:  # nothing moves: any frame is as good, the best one is taken
            time = _by_best(anchors, tried, time)
        reached = _agreement(anchors, tried, time)
        if best is not None and reached <= best[0]:
            break  # from the best so far the same would follow once more
        best = (reached, placement, time, tried, value)
        moved = max(abs(time.source_s(a.pts_s) - before.source_s(a.pts_s)) for a in anchors)
        if value > 0.3 and moved < 0.4 * frame_s:
            break
        placement, value = _refine(query, anchors, frames, placement, time, source_size)
    if best is None:
        return placement, time, [], value
    return best[1:]


def _agreement(anchors: list[Anchor], tried: list[Tried], time: TimeFit) -> float:
    """Return the mean agreement of the frames on a line; frames that have none count nothing."""
    found = [
        float(one.whole[int(np.argmin(np.abs(one.times_s - time.source_s(anchor.pts_s))))])
        for anchor, one in zip(anchors, tried, strict=True)
        if len(one.frames)
    ]
    return float(np.mean(found)) if found else -1.0


def _by_best(anchors: list[Anchor], tried: list[Tried], time: TimeFit) -> TimeFit:
    offsets = [
        float(one.times_s[int(np.argmax(one.whole))]) - time.speed * anchor.pts_s
        for anchor, one in zip(anchors, tried, strict=True)
        if len(one.frames)
    ]
    return replace(time, offset_s=float(np.median(offsets))) if offsets else time


def _refine(
    query: Query, anchors: list[Anchor], frames: list[SourceFrame], placement: Matrix,
    time: TimeFit, source_size: tuple[int, int],
) -> tuple[Matrix, float]:  # fmt: skip
    """Refine the placement on three moments, and take their mean; one that fails has no say."""
    found: list[tuple[Matrix, float]] = []
    numbers = list(dict.fromkeys(anchor.index for anchor in anchors))
    for number in some(numbers, 3):
        here = [anchor for anchor in anchors if anchor.index == number]
        when = time.source_s(here[0].pts_s)
        whole = min(frames, key=lambda frame: abs(frame.pts_s - when)).whole
        gray = np.asarray(cv2.cvtColor(query.frames[number].rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        mask = face_mask(gray.shape, [_hull(anchor) for anchor in here])
        shrink = scaling(whole.shape[1] / source_size[0], whole.shape[0] / source_size[1])
        matrix, value = sharpen_placement(gray, whole, shrink @ placement, mask)
        if value > 0.2:
            found.append((np.linalg.inv(shrink) @ matrix, value))
    if not found:
        return placement, -1.0
    best = max(value for _, value in found)
    kept = [matrix for matrix, value in found if value > best - 0.1]
    width, height = query.width_px, query.height_px
    corners = np.array([[[0.0, 0]], [[width, 0]], [[width, height]], [[0, height]]])
    moved = np.mean([cv2.perspectiveTransform(corners, matrix) for matrix in kept], axis=0)
    mean = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    return np.asarray(mean, np.float64), best


def _hull(anchor: Anchor) -> NDArray[np.float64]:
    """Return the outline of an anchor's face in px of the questioned frame."""
    points = anchor.layout.outline_px[None].astype(np.float64)
    return np.asarray(cv2.perspectiveTransform(points, np.linalg.inv(anchor.to_aligned))[0])
