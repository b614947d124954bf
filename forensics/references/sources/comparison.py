"""One pair of videos compared: exact time, exact place, and what differs in each face."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from forensics.face_space import Regions
from forensics.references.sources.frames import SourceFrame
from forensics.references.sources.material import Cut, FaceResidual, Pair, Panel, TimeFit
from forensics.references.sources.placing import place_and_time
from forensics.references.sources.query import Query
from forensics.references.sources.registration import Matrix, nudge, warp
from forensics.references.sources.residual import (
    Comparison,
    altered_region,
    compare,
    luma,
    match_sharpness,
)
from forensics.references.sources.timing import Anchor, choices, in_doubt

MIN_OUTSIDE = 0.25
"""Where even the surroundings agree less than this, nothing is said of the face."""

NEAR_BEST, LEAST_PLACED = 0.75, 0.3
"""Pairs whose surroundings agree so much less than those of the best one are badly placed, where
the camera moves for instance: they say nothing of the face. So many must be left."""

IN_DOUBT = "another moment of the source fits about as well, and what moves does not tell which"


@dataclass(frozen=True)
class Compared:
    """What the comparison of one pair of videos gave."""

    placement: Matrix
    time: TimeFit
    faces: tuple[FaceResidual, ...]
    agreement: float
    cuts: tuple[Cut, ...]


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
    placement, time, tried, value = place_and_time(
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
    doubt = IN_DOUBT if in_doubt(anchors, tried, time) else ""
    faces = tuple(
        _face(track, [p for p in pairs if p[0].track == track], doubt)
        for track in dict.fromkeys(anchor.track for anchor in anchors)
    )
    agreement = float(np.median([p.outside for _, p, _ in pairs])) if pairs else value
    cuts = tuple(_cut(anchor, pair, frames, frame_s) for anchor, pair, _ in pairs)
    return Compared(placement, time, faces, agreement, cuts)


def _cut(anchor: Anchor, pair: Pair, frames: list[SourceFrame], frame_s: float) -> Cut:
    """Keep the source frame of a pair, and the two after it where they were read too."""
    run = [
        frame.parts[anchor.window] for frame in frames
        if anchor.window in frame.parts and -1e-6 <= frame.pts_s - pair.source_s < 2.5 * frame_s
    ]  # fmt: skip
    return Cut(anchor.track, anchor.slot, pair.source_s, anchor.box, tuple(run[:3]))


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


def well_placed(outside: list[float]) -> list[bool]:
    """Say which pairs count, by how far their surroundings agree; NaN agrees with nothing."""
    best = max((value for value in outside if math.isfinite(value)), default=0.0)
    least = max(MIN_OUTSIDE, NEAR_BEST * best)
    return [value >= least for value in outside]


def _or(value: float, other: float) -> float:
    return value if math.isfinite(value) else other


def _face(track: int, pairs: list[tuple[Anchor, Pair, Comparison]], why: str = "") -> FaceResidual:
    empty = np.zeros((256, 256), np.float32)
    good = well_placed([pair.outside for _, pair, _ in pairs])
    rows = tuple(replace(p, placed=ok) for (_, p, _), ok in zip(pairs, good, strict=True))
    placed = [one for one, ok in zip(pairs, good, strict=True) if ok]
    if not rows:
        why = "its frames could not be laid onto the source"
    elif len(placed) < LEAST_PLACED * len(rows):
        why = f"only {len(placed)} of {len(rows)} frames agree with the source even around the face"
    if why:
        return FaceResidual(track, rows, float("nan"), empty > 0, 0.0, empty, float("nan"), (), why)
    layout = regions_of_pairs(placed)
    units = [found.units for _, _, found in placed]
    region, mean, steady = altered_region(units, layout, np.ones((256, 256), bool))
    overlap = float((region & layout.hull).sum() / max(1, region.sum()))
    score = face_difference([p for _, p, _ in placed], [found.excess for _, _, found in placed])
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
