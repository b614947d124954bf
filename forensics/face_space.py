"""The aligned face space: regions of a face and its own surroundings, and the filters over them.

A seam stands still in this space while noise and background move, so measurements averaged over a
track see what single frames hide. The control of a face is the same person's hair, ears and neck.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.crops import ALIGNED_SIZE_PX
from forensics.intake.tracks import FaceTrack

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Regions:
    """Masks of (256, 256) bool in aligned face space, from a track's mean landmarks.

    Attributes:
        hull: Convex hull of the 68 points: what a hull-masked swap replaces.
        interior: Hull without its outermost 10 px.
        ring: Within 8 px of the hull's outline.
        around: 12 to 44 px outside the hull: hair, ears, neck, some background.
        brow_inside: Skin just below the upper outline.
        brow_outside: Forehead skin just above it.
        outline_px: (k, 2) float64 points on the hull's outline, about 2 px apart.
        normal: (k, 2) float64 unit vectors outwards.
        on_brow: (k,) bool, points of the upper outline.
    """

    hull: Mask
    interior: Mask
    ring: Mask
    around: Mask
    brow_inside: Mask
    brow_outside: Mask
    outline_px: NDArray[np.float64]
    normal: NDArray[np.float64]
    on_brow: NDArray[np.bool_]


def regions(track: FaceTrack) -> Regions:
    """Lay out the regions of a track from the mean of its landmarks in aligned space."""
    return regions_of(np.median(track.landmarks_aligned(), axis=0))


def regions_of(landmarks: NDArray[np.float64]) -> Regions:
    """Lay out the regions of one face from its (68, 2) landmarks in aligned px."""
    points = cv2.convexHull(landmarks.astype(np.float32)).reshape(-1, 2)
    hull = np.zeros((ALIGNED_SIZE_PX, ALIGNED_SIZE_PX), np.uint8)
    cv2.fillConvexPoly(hull, points.round().astype(np.int32), 1)
    inner, outer = _grow(hull, -8), _grow(hull, 8)
    brow_y = float(landmarks[17:27, 1].min())
    rows = np.arange(ALIGNED_SIZE_PX)[:, None] * np.ones((1, ALIGNED_SIZE_PX))
    columns = np.arange(ALIGNED_SIZE_PX)[None, :] * np.ones((ALIGNED_SIZE_PX, 1))
    between = (columns > landmarks[18, 0]) & (columns < landmarks[25, 0])
    outline, normal = _outline(points.astype(np.float64))
    return Regions(
        hull=hull > 0,
        interior=_grow(hull, -10) > 0,
        ring=(outer > 0) & (inner == 0),
        around=(_grow(hull, 44) > 0) & (_grow(hull, 12) == 0),
        brow_inside=between & (rows > brow_y + 2) & (rows < brow_y + 12) & (hull > 0),
        brow_outside=between & (rows > brow_y - 16) & (rows < brow_y - 5),
        outline_px=outline,
        normal=normal,
        on_brow=outline[:, 1] < float(landmarks[36:48, 1].mean()),
    )


def _grow(mask: NDArray[np.uint8], px: int) -> NDArray[np.uint8]:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * abs(px) + 1, 2 * abs(px) + 1))
    act = cv2.dilate if px > 0 else cv2.erode
    return np.asarray(act(mask, kernel), dtype=np.uint8)


def _outline(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    closed = np.vstack([points, points[:1]])
    lengths = np.linalg.norm(np.diff(closed, axis=0), axis=1)
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    at = np.arange(0.0, total[-1], 2.0)
    x, y = np.interp(at, total, closed[:, 0]), np.interp(at, total, closed[:, 1])
    outline = np.column_stack([x, y])
    tangent = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9
    normal = np.column_stack([tangent[:, 1], -tangent[:, 0]])
    outward = np.sign(((outline - outline.mean(axis=0)) * normal).sum(axis=1, keepdims=True))
    return outline, normal * outward


def luma(rgb: NDArray[np.uint8]) -> Plane:
    """Return (H, W) float32 luma of 0 to 255."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def high_pass(plane: Plane, sigma_px: float = 1.5) -> Plane:
    """Return a plane less its Gaussian blur."""
    return np.asarray(plane - cv2.GaussianBlur(plane, (0, 0), sigma_px), dtype=np.float32)


def band(plane: Plane, fine_px: float, coarse_px: float) -> Plane:
    """Return the band between two Gaussian blurs, a difference of Gaussians."""
    fine = cv2.GaussianBlur(plane, (0, 0), fine_px)
    return np.asarray(fine - cv2.GaussianBlur(plane, (0, 0), coarse_px), dtype=np.float32)


def spread(values: NDArray[np.float32]) -> float:
    """Return a robust standard deviation, 1.4826 times the median absolute deviation."""
    if values.size == 0:
        return float("nan")
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def log_ratio(inside: float, outside: float, floor: float = 0.05) -> float:
    """Return log10 of one spread over another, with a floor in luma levels."""
    return float(np.log10(max(inside, floor) / max(outside, floor)))


def robust_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the middle half, ignoring NaN; NaN where nothing is left."""
    kept = np.sort(values[np.isfinite(values)])
    if len(kept) == 0:
        return float("nan")
    cut = len(kept) // 4
    return float(kept[cut : len(kept) - cut].mean())


def profiles(plane: Plane, layout: Regions, reach_px: int = 16) -> NDArray[np.float32]:
    """Sample a plane along the outline's normals.

    Args:
        plane: (256, 256) float32.
        layout: From `regions`.
        reach_px: How far inwards and outwards.

    Returns:
        (k, 2 * reach_px + 1) float32, from inside to outside.
    """
    offset = np.arange(-reach_px, reach_px + 1)
    x = layout.outline_px[:, :1] + layout.normal[:, :1] * offset  # (k, 2r+1)
    y = layout.outline_px[:, 1:] + layout.normal[:, 1:] * offset
    return np.asarray(
        cv2.remap(
            plane, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        dtype=np.float32,
    )  # fmt: skip
