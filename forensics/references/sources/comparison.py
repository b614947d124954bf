"""One pair of videos compared: exact time, exact place, and what differs in each face."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.face_space import Regions, regions_of
from forensics.intake.tracks import FaceTrack
from forensics.references.sources.frames import Box, SourceFrame, Window
from forensics.references.sources.material import FaceResidual, Pair, Panel, TimeFit
from forensics.references.sources.query import Query
from forensics.references.sources.registration import (
    Matrix,
    face_mask,
    nudge,
    scaling,
    sharpen_placement,
    warp,
)
from forensics.references.sources.rescue import place_by_moment
from forensics.references.sources.residual import (
    Comparison,
    altered_region,
    compare,
    luma,
    match_sharpness,
)
from forensics.references.sources.timing import (
    LOOSE_PX,
    TIGHT_PX,
    Anchor,
    Tried,
    choices,
    exact_time,
    try_frames,
)

ANCHORS = (8, 5, 5)
"""Frames compared of the largest face and the next two; further ones are not compared."""

REACH_FRAMES = (18.5, 6.5)
"""How far exact frames are looked for, where the coarse time is unsure and where it is sure."""

SURE = 0.85
WIDE_S, WIDE_ANCHORS = 6.5, (2, 1, 1)
"""Where nothing tells the time (a still, a static shot), all that lies between two kept frames of
the source is looked through, for fewer frames."""

MIN_FACE_PX = 32.0
MIN_OUTSIDE = 0.25
"""Where even the surroundings agree less than this, nothing is said of the face."""

WELL_PLACED = 0.93
"""Correlation of whole pictures under which the placement may be of another moment."""

ROUNDS = 4
"""Times that place and time are refined in turn, at most."""


@dataclass(frozen=True)
class Compared:
    """What the comparison of one pair of videos gave."""

    placement: Matrix
    time: TimeFit
    faces: tuple[FaceResidual, ...]
    agreement: float


def choose_anchors(
    query: Query, tracks: tuple[FaceTrack, ...], time: TimeFit, placement: Matrix,
    source_size: tuple[int, int], source_s: tuple[float, float],
) -> list[Anchor]:  # fmt: skip
    """Choose the questioned frames to compare, the largest faces first.

    Args:
        query: The questioned item.
        tracks: Its faces.
        time: Coarse alignment.
        placement: (3, 3) from questioned px to source px.
        source_size: Width and height of the source.
        source_s: Its first and last time.
    """
    ranked = sorted(tracks, key=lambda t: -t.face_px * math.sqrt(len(t.seen_s)))
    chosen: list[Anchor] = []
    for track, count in zip(ranked, ANCHORS if time.determined else WIDE_ANCHORS, strict=False):
        marks = track.landmarks_aligned()
        slots = [
            i for i in range(len(track))
            if int(track.frame_index[i]) in query.frames
            and source_s[0] - 0.5 <= time.source_s(track.pts_s[i]) <= source_s[1] + 0.5
        ]  # fmt: skip
        steady = [i for i in slots if not track.disagreement[i]] or slots
        for i in _spread(steady, count):
            matrix = np.vstack([track.to_aligned[i], [0.0, 0.0, 1.0]])
            box = _part(placement @ np.linalg.inv(matrix), source_size)
            if box is not None:
                chosen.append(
                    Anchor(
                        track.id, i, int(track.frame_index[i]), float(track.pts_s[i]),
                        track.aligned(i), matrix, regions_of(marks[i]), len(chosen), box,
                    )
                )  # fmt: skip
    return chosen


def windows_of(anchors: list[Anchor], time: TimeFit, rate_fps: float) -> list[Window]:
    """Return where in the source to look for each anchor's frame."""
    sure = time.determined and time.correlation >= SURE and time.rival < time.correlation - 0.1
    reach = REACH_FRAMES[1 if sure else 0] / max(rate_fps, 1.0) if time.determined else WIDE_S
    return [Window(time.source_s(a.pts_s), reach, a.box) for a in anchors]


def compare_pair(
    query: Query, anchors: list[Anchor], frames: list[SourceFrame], placement: Matrix,
    time: TimeFit, source_size: tuple[int, int], rate_fps: float,
) -> Compared:  # fmt: skip
    """Find exact time and place, then compare every anchor.

    Args:
        query: The questioned item.
        anchors: From `choose_anchors`.
        frames: The source's, around each anchor.
        placement: (3, 3) from questioned px to source px.
        time: Coarse alignment.
        source_size: Width and height of the source.
        rate_fps: Of the source.
    """
    frame_s = 1.0 / max(rate_fps, 1.0)
    placement, time, tried, value = _place_and_time(
        query, anchors, frames, placement, time, source_size, frame_s
    )
    pairs: list[tuple[Anchor, Pair, Comparison]] = []
    blurs: tuple[float, float] | None = None
    for anchor, one in zip(anchors, tried, strict=True):
        looks = []
        for at in choices(one, time.source_s(anchor.pts_s), frame_s):
            look = _look(anchor, frames[int(one.frames[at])], placement, blurs)
            if look is not None:
                blurs = blurs or look[1]
                looks.append((look[0], float(one.times_s[at])))
        if looks:
            best, _ = min(looks, key=lambda item: item[0].excess)
            pairs.append((anchor, _pair(anchor, best, looks[0][1]), best))
    faces = tuple(
        _face(track, [p for p in pairs if p[0].track == track])
        for track in dict.fromkeys(anchor.track for anchor in anchors)
    )
    agreement = float(np.median([p.outside for _, p, _ in pairs])) if pairs else value
    return Compared(placement, time, faces, agreement)


def _place_and_time(
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
    for _ in range(ROUNDS):
        shift = TIGHT_PX if value > 0.3 else LOOSE_PX
        tried = [try_frames(anchor, frames, placement, shift) for anchor in anchors]
        exact = exact_time(anchors, tried, time.speed, frame_s)
        before = time
        if exact is not None and exact.agreeing >= max(1, exact.clear // 3):
            time = replace(time, offset_s=exact.offset_s, speed=exact.speed)
        elif not time.determined:  # nothing moves: any frame is as good, the best one is taken
            time = _by_best(anchors, tried, time)
        reached = _agreement(anchors, tried, time)
        if best is None or reached > best[0]:
            best = (reached, placement, time, tried, value)
        moved = max(abs(time.source_s(a.pts_s) - before.source_s(a.pts_s)) for a in anchors)
        if value > 0.3 and moved < 0.4 * frame_s and reached >= best[0]:
            break
        # From the best so far: a fit on a wrong moment leads further astray.
        placement, value = _refine(query, anchors, frames, best[1], best[2], source_size)
        time = best[2]
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
    for number in _spread(numbers, 3):
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


def _look(
    anchor: Anchor, frame: SourceFrame, placement: Matrix, blurs: tuple[float, float] | None
) -> tuple[Comparison, tuple[float, float]] | None:
    part, matrix = frame.parts[anchor.window], anchor.from_part(placement)
    moved, valid = warp(part, matrix, 256)
    around = anchor.layout.around & valid
    if around.sum() < 2000 or (anchor.layout.interior & valid).sum() < 1500:
        return None
    x, y = nudge(luma(anchor.rgb), luma(moved), around)
    if x or y:
        # The shift was found from source to questioned px of the square.
        moved, valid = warp(part, np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]]) @ matrix, 256)
        around = anchor.layout.around & valid
    if blurs is None:
        blurs = match_sharpness(luma(anchor.rgb), luma(moved), around)
    return compare(anchor.rgb, moved, anchor.layout, valid, blurs), blurs


def _pair(anchor: Anchor, found: Comparison, source_s: float) -> Pair:
    inner = anchor.layout.interior
    return Pair(
        anchor.index, anchor.pts_s, source_s, found.inside, found.outside, found.fine_inside,
        found.fine_outside, found.local_inside, found.local_outside,
        float((found.units[inner] > 2.2).mean()),
    )  # fmt: skip


def face_difference(pairs: list[Pair], excess: list[float]) -> float:
    """Return how clearly the face differs while its surroundings agree; higher, the clearer.

    The median over pairs of the mean of two statistics that fail differently: the loss of local
    correlation (a filter keeps it, a swap does not) and the difference in noise units (a codec
    raises the noise around the face as well).
    """
    loss = [
        np.arctanh(np.clip(_or(p.local_outside, p.outside), 0, 0.98))
        - np.arctanh(np.clip(p.local_inside, -0.5, 0.98))
        for p in pairs
    ]
    return float(np.median(np.array(loss) + np.array(excess)))


def _or(value: float, other: float) -> float:
    return value if math.isfinite(value) else other


def _face(track: int, pairs: list[tuple[Anchor, Pair, Comparison]]) -> FaceResidual:
    empty = np.zeros((256, 256), np.float32)
    rows = tuple(pair for _, pair, _ in pairs)
    outside = float(np.median([p.outside for p in rows])) if rows else 0.0
    why = ""
    if len(rows) < 1:
        why = "its frames could not be laid onto the source"
    elif outside < MIN_OUTSIDE:
        why = f"even around the face the two correlate by only {outside:.2f}"
    if why:
        return FaceResidual(track, rows, float("nan"), empty > 0, 0.0, empty, float("nan"), (), why)
    layout = regions_of_pairs(pairs)
    units = [found.units for _, _, found in pairs]
    region, mean, steady = altered_region(units, layout, np.ones((256, 256), bool))
    overlap = float((region & layout.hull).sum() / max(1, region.sum()))
    score = face_difference(list(rows), [found.excess for _, _, found in pairs])
    return FaceResidual(track, rows, score, region, overlap, mean, steady, _panels(pairs), "")


def regions_of_pairs(pairs: list[tuple[Anchor, Pair, Comparison]]) -> Regions:
    """Return the regions of the anchor whose face hull is of middle size."""
    order = sorted(pairs, key=lambda p: int(p[0].layout.hull.sum()))
    return order[len(order) // 2][0].layout


def _panels(pairs: list[tuple[Anchor, Pair, Comparison]]) -> tuple[Panel, ...]:
    order = sorted(pairs, key=lambda p: -p[1].outside)
    named = [(p, f"best {n + 1}") for n, p in enumerate(order[:3])]
    if len(order) > 3:
        named.append((order[-1], "worst"))
    return tuple(
        Panel(pair, anchor.rgb, found.source, found.units, rank)
        for (anchor, pair, found), rank in named
    )


def _part(matrix: Matrix, size: tuple[int, int]) -> Box | None:
    """Return the part of the source that the aligned square shows, or None where too little."""
    corners = np.array([[[-8.0, -8]], [[264.0, -8]], [[264.0, 264]], [[-8.0, 264]]])
    moved = cv2.perspectiveTransform(corners, matrix)[:, 0]
    low = np.floor(moved.min(axis=0)).astype(int).clip(0, None)
    high = np.ceil(moved.max(axis=0)).astype(int).clip(None, size)
    if (high - low).min() < MIN_FACE_PX:
        return None
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _spread(items: list[int], count: int) -> list[int]:
    if len(items) <= count:
        return items
    return [items[int(i)] for i in np.linspace(0, len(items) - 1, count).round()]
