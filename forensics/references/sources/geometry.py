"""Do two pictures show the same footage? Local features that agree on one placement decide."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.references.sources.descriptors import Local

MIN_INLIERS = 17
"""From the field notes: the worst wrong pair of their prototype had 11."""

MIN_BENT = 60
"""Matches that must agree on a homography before it is believed."""

RATIO = 0.85
"""A match must be so much nearer than the second nearest."""

INLIER_PX = 5.0
SCALES = (0.15, 6.0)
"""Source px over query px that a placement may have."""


@dataclass(frozen=True)
class Placement:
    """How a query picture lies in a source picture.

    Attributes:
        matrix: (3, 3) float64, from px of the query (not mirrored) to px of the source.
        inliers: Matches that agree on it.
        matches: Matches tried.
        mirrored: The query is the source's mirror image.
    """

    matrix: NDArray[np.float64]
    inliers: int
    matches: int
    mirrored: bool

    @property
    def scale(self) -> float:
        """Source px a query px, at the origin."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:2, :2]))))


@dataclass(frozen=True)
class Shape:
    """A placement in numbers that can be put into words.

    Attributes:
        mirrored: The questioned picture is the mirror image.
        rotation_deg: Of the questioned picture against the source.
        scale: Questioned px a source px.
        seen_box: x0, y0, x1, y1 of the source picture that is seen, 0 to 1.
        covers: Share of the questioned picture that the source covers.
    """

    mirrored: bool
    rotation_deg: float
    scale: float
    seen_box: tuple[float, float, float, float]
    covers: float


def shape_of(
    placement: NDArray[np.float64], questioned_size: tuple[int, int], source_size: tuple[int, int]
) -> Shape:
    """Put a placement into numbers.

    Args:
        placement: (3, 3) from questioned px to source px.
        questioned_size: Width and height, px.
        source_size: Width and height, px.
    """
    width, height = questioned_size
    frame = np.array([[[0, 0]], [[width, 0]], [[width, height]], [[0, height]]], np.float64)
    moved = cv2.perspectiveTransform(frame, placement)[:, 0].astype(np.float32)
    right, bottom = source_size
    picture = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float32)
    area, common = cv2.intersectConvexConvex(cv2.convexHull(moved), picture)
    seen = (0.0, 0.0, 0.0, 0.0)
    if common is not None and len(common):
        low = common.reshape(-1, 2).min(axis=0) / source_size
        high = common.reshape(-1, 2).max(axis=0) / source_size
        seen = (round(float(low[0]), 3), round(float(low[1]), 3), round(float(high[0]), 3),
                round(float(high[1]), 3))  # fmt: skip
    whole = float(cv2.contourArea(moved))
    flat = float(np.linalg.det(placement[:2, :2]))
    matrix = placement @ (np.diag([-1.0, 1.0, 1.0]) if flat < 0 else np.eye(3))
    return Shape(
        mirrored=flat < 0, scale=round(1 / max(float(np.sqrt(abs(flat))), 1e-6), 4), seen_box=seen,
        rotation_deg=round(float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))), 2),
        covers=round(min(1.0, float(area) / max(whole, 1e-6)), 3),
    )  # fmt: skip


def match(query: Local, source: Local) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pair features by code, nearest to nearest and clearly nearer than the second.

    Returns:
        (m, 2) px in the query and (m, 2) px in the source.
    """
    if len(query) < 8 or len(source) < 8:
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(query.codes, source.codes, k=2)
    best: dict[int, tuple[float, int]] = {}
    for first, second in (pair for pair in pairs if len(pair) == 2):
        near = first.distance <= 64 and first.distance < RATIO * second.distance
        held = best.get(first.trainIdx)
        if near and (held is None or first.distance < held[0]):
            best[first.trainIdx] = (first.distance, first.queryIdx)
    there = np.array(sorted(best), dtype=np.int64)
    here = np.array([best[i][1] for i in there], dtype=np.int64)
    return query.points[here], source.points[there]


def place(query: Local, source: Local, mirrored: bool = False) -> Placement | None:
    """Find the similarity on which most matches agree, by RANSAC.

    Args:
        query: Features of the query picture, or of its mirror image.
        source: Features of the source picture.
        mirrored: Carried into the result; the caller undoes the mirroring with `unmirror`.

    Returns:
        None where fewer than 6 matches agree or the placement is degenerate.
    """
    here, there = match(query, source)
    if len(here) < 6:
        return None
    cv2.setRNGSeed(0)
    # Fitted from source to query: the threshold then is in px of the query, whatever the zoom.
    found, inside = cv2.estimateAffinePartial2D(
        here.astype(np.float64), there.astype(np.float64), method=cv2.RANSAC,
        ransacReprojThreshold=INLIER_PX * _spread_ratio(here, there), maxIters=1500,
        confidence=0.995,
    )  # fmt: skip
    if found is None:
        return None
    scale = float(np.hypot(found[0, 0], found[1, 0]))
    agreed = inside.ravel().astype(bool)
    count = _distinct(here[agreed])
    if count < 6 or not SCALES[0] <= scale <= SCALES[1]:
        return None
    return Placement(np.vstack([found, [0, 0, 1]]), count, len(here), mirrored)


def _spread_ratio(here: NDArray[np.float32], there: NDArray[np.float32]) -> float:
    """Return roughly how many source px a query px is, from the spread of the matches."""
    ratio = float(np.median(np.abs(there - np.median(there, axis=0)))) / max(
        1.0, float(np.median(np.abs(here - np.median(here, axis=0))))
    )
    return float(np.clip(ratio, 0.5, 2.0))


def _distinct(points: NDArray[np.float32]) -> int:
    """Count points that lie in different 4 px cells: a corner on many scales counts once."""
    return len(np.unique(np.floor(points / 4).astype(np.int64), axis=0))


def unmirror(matrix: NDArray[np.float64], width_px: int) -> NDArray[np.float64]:
    """Turn a matrix from px of the mirrored query into one from px of the query."""
    flip = np.array([[-1.0, 0.0, width_px - 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(matrix @ flip, dtype=np.float64)


def refine(
    query: Local, source: Local, start: NDArray[np.float64], reach_px: float
) -> tuple[NDArray[np.float64], int]:
    """Fit a placement to the matches near one; keep that one if it fails.

    A homography has eight numbers: from a few matches of a small picture it bends wildly, so they
    get a similarity.

    Args:
        query: Features of the query picture (mirrored if `start` is of the mirrored one).
        source: Features of the source picture.
        start: (3, 3) from query px to source px.
        reach_px: How far, in source px, a match may lie from where `start` puts it.

    Returns:
        (3, 3) and the number of matches that agree.
    """
    here, there = match(query, source)
    if len(here) < 12:
        return start, 0
    put = cv2.perspectiveTransform(here[None].astype(np.float64), start)[0]
    near = np.linalg.norm(put - there, axis=1) < reach_px
    if near.sum() < 12:
        return start, int(near.sum())
    a, b = here[near].astype(np.float64), there[near].astype(np.float64)
    cv2.setRNGSeed(0)
    found, inside = cv2.findHomography(a, b, cv2.RANSAC, reach_px / 6)
    if found is not None and int(inside.sum()) >= MIN_BENT:
        return np.asarray(found, dtype=np.float64), int(inside.sum())
    part, inside = cv2.estimateAffinePartial2D(
        a, b, method=cv2.RANSAC, ransacReprojThreshold=reach_px / 4
    )
    if part is None or int(inside.sum()) < 12:
        return start, int(near.sum())
    return np.vstack([part, [0.0, 0.0, 1.0]]), int(inside.sum())
