"""Differences outside the faces: captions, logos, overlays, what was removed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.references.sources.frames import SourceFrame
from forensics.references.sources.material import Elsewhere, TimeFit
from forensics.references.sources.query import Query
from forensics.references.sources.registration import Matrix, face_mask, scaling, warp
from forensics.references.sources.residual import blur, local_correlation
from forensics.references.sources.timing import Anchor

SIDE_PX = 320
FRAMES = 4
LOW_CORRELATION = 0.2
STRUCTURE_LEVELS = 4.0
"""Where neither picture has so much detail nothing can be said."""

SMALLEST_SHARE = 0.006
"""Smaller regions are noise."""


def differences_elsewhere(
    query: Query, anchors: list[Anchor], frames: list[SourceFrame], placement: Matrix,
    time: TimeFit, source_size: tuple[int, int],
) -> Elsewhere | None:  # fmt: skip
    """Compare whole pictures, the faces left out, at a few moments.

    Args:
        query: The questioned item.
        anchors: Whose frames are compared.
        frames: The source's.
        placement: (3, 3) from questioned px to source px.
        time: Exact alignment.
        source_size: Width and height of the source, px.
    """
    maps, checked = [], []
    numbers = list(dict.fromkeys(anchor.index for anchor in anchors))
    chosen = [numbers[int(i)] for i in np.linspace(0, len(numbers) - 1, min(FRAMES, len(numbers)))]
    for number in chosen:
        here = [anchor for anchor in anchors if anchor.index == number]
        when = time.source_s(here[0].pts_s)
        nearest = min(frames, key=lambda frame: abs(frame.pts_s - when))
        differs, valid = _compare(query, number, here, nearest, placement, source_size)
        maps.append(differs)
        checked.append(valid)
    both = np.min(np.stack(checked), axis=0)
    if float(both.mean()) < 0.05:
        return None
    steady = (np.mean(np.stack(maps).astype(np.float32), axis=0) > 0.6) & both
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    closed = cv2.morphologyEx(steady.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    count, _, rows, _ = cv2.connectedComponentsWithStats(closed)
    grow = max(query.width_px, query.height_px) / max(both.shape)
    found = [rows[i] for i in range(1, count) if rows[i][4] >= SMALLEST_SHARE * both.sum()]
    found.sort(key=lambda row: -int(row[4]))
    return Elsewhere(
        share=round(float(sum(row[4] for row in found)) / float(both.sum()), 4),
        boxes_xyxy_px=tuple(
            (float(round(x * grow)), float(round(y * grow)), float(round((x + w) * grow)),
             float(round((y + h) * grow)))
            for x, y, w, h, _ in (map(int, row) for row in found[:5])
        ),
    )  # fmt: skip


def _compare(
    query: Query, number: int, anchors: list[Anchor], frame: SourceFrame, placement: Matrix,
    source_size: tuple[int, int],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:  # fmt: skip
    """Return where one frame differs and where that could be told, both of one small size."""
    rgb = query.frames[number].rgb
    scale = SIDE_PX / max(rgb.shape[:2])
    size = (max(16, round(rgb.shape[1] * scale)), max(16, round(rgb.shape[0] * scale)))
    gray = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    own = scaling(size[0] / rgb.shape[1], size[1] / rgb.shape[0])
    other = scaling(frame.whole.shape[1] / source_size[0], frame.whole.shape[0] / source_size[1])
    moved, cover = warp(frame.whole, own @ np.linalg.inv(other @ placement), max(size))
    moved, cover = moved[: size[1], : size[0]], cover[: size[1], : size[0]]
    hulls = [
        cv2.perspectiveTransform(a.layout.outline_px[None], own @ np.linalg.inv(a.to_aligned))[0]
        for a in anchors
    ]
    outside = face_mask(gray.shape, hulls) > 0
    a, b = (np.asarray(p, np.float32) for p in (gray, moved))
    x, y = blur(a, 1.2) - blur(a, 6.0), blur(b, 1.2) - blur(b, 6.0)
    strong = np.maximum(blur(x * x, 4.0), blur(y * y, 4.0)) > STRUCTURE_LEVELS**2
    low = local_correlation(x, y, 1.5) < LOW_CORRELATION
    valid = cover & outside
    return low & strong & valid, valid
