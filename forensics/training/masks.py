"""Masks: where a pseudo-fake's face lies, and how soft its seam is."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.crops import mean_face, umeyama

SHAPES = (
    "hull", "hull_brow_raised", "inner_hull", "eyes_to_mouth", "ellipse", "square_160",
    "square_256", "hull_and_rectangle", "lower_face", "mouth",
)  # fmt: skip
"""Names of the mask shapes; the squares are sides of a 256-px aligned crop."""

SEAMS = ("hard", "box_2", "gaussian_15", "soft", "two_gaussians")
"""Names of the seams, sharpest first."""

_ELASTIC_NODES = 9


def _hull(points_px: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float32]:
    """Fill the convex hull of (n, 2) points in a (H, W) mask."""
    mask = np.zeros(size, dtype=np.float32)
    hull = cv2.convexHull(points_px.astype(np.float32))
    cv2.fillConvexPoly(mask, np.round(hull * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    return mask


def _square(landmarks_px: NDArray[np.float64], side: float) -> NDArray[np.float64]:
    """Return the (4, 2) corners, in frame px, of a centered square of the aligned face space."""
    back = umeyama(mean_face()[17:], landmarks_px[17:])  # aligned px -> frame px
    center = mean_face()[17:].mean(axis=0)
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    corners = center + unit * side
    return np.asarray(corners @ back[:, :2].T + back[:, 2], dtype=np.float64)


def shape_mask(
    shape: str, landmarks_px: NDArray[np.float64], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Draw one of `SHAPES`.

    Args:
        shape: One of `SHAPES`.
        landmarks_px: (68, 2).
        size: H, W.

    Returns:
        (H, W) float32 in {0, 1} but for the drawn edge.

    Source: Li et al., "Face X-ray" (2020), on varied hulls; the squares and the hull within a
    rectangle are what the 2018 face-swap programs paste.
    """
    points = landmarks_px
    up = points[27] - points[8]  # chin to nose bridge: the face's own upward direction
    if shape == "hull":
        return _hull(points, size)
    if shape == "hull_brow_raised":
        return _hull(np.concatenate([points, points[17:27] + 0.25 * up]), size)
    if shape == "inner_hull":
        return _hull(points[17:], size)
    if shape == "eyes_to_mouth":
        return _hull(np.concatenate([points[36:48], points[48:60], points[31:36]]), size)
    if shape == "lower_face":
        return _hull(np.concatenate([points[2:15], points[29:36]]), size)
    if shape == "mouth":
        lips = points[48:60]
        return _hull(lips.mean(axis=0) + 1.35 * (lips - lips.mean(axis=0)), size)
    if shape == "ellipse":
        center = points.mean(axis=0)
        axes = (0.48 * np.ptp(points[:, 0]), 0.55 * np.ptp(points[:, 1]))
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        ring = np.column_stack([np.cos(turn) * axes[0], np.sin(turn) * axes[1]])
        return _hull(center + ring, size)
    if shape == "hull_and_rectangle":
        inside = _hull(_square(points, 112), size)
        return np.minimum(inside, _hull(points, size))
    if shape in ("square_160", "square_256"):
        # In a face program's 256-px crop the face is larger than in ours: sides in our space.
        return _hull(_square(points, 104 if shape == "square_160" else 150), size)
    raise ValueError(f"unknown mask shape {shape}")


def grow(mask: NDArray[np.float32], radius_px: float) -> NDArray[np.float32]:
    """Dilate (radius > 0) or erode (radius < 0) a (H, W) mask."""
    radius = round(abs(radius_px))
    if radius == 0:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    change = cv2.dilate if radius_px > 0 else cv2.erode
    return np.asarray(change(mask, kernel), dtype=np.float32)


def distort(
    mask: NDArray[np.float32],
    landmarks_px: NDArray[np.float64],
    amount_px: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Bend a (H, W) mask by a smooth random field that moves with the face."""
    if amount_px <= 0:
        return mask
    nodes = rng.normal(0, 1, (_ELASTIC_NODES, _ELASTIC_NODES, 2)).astype(np.float32) * amount_px
    low, high = landmarks_px.min(axis=0), landmarks_px.max(axis=0)
    span = (high - low).max() * 1.4
    center = (low + high) / 2
    height, width = mask.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    u = ((xs - center[0]) / span + 0.5) * (_ELASTIC_NODES - 1)  # (H, W) node coordinates
    v = ((ys - center[1]) / span + 0.5) * (_ELASTIC_NODES - 1)
    field = cv2.remap(
        nodes, u.astype(np.float32), v.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(
        cv2.remap(mask, xs + field[..., 0], ys + field[..., 1], cv2.INTER_LINEAR),
        dtype=np.float32,
    )


def soften(mask: NDArray[np.float32], seam: str, softness_px: float) -> NDArray[np.float32]:
    """Give a (H, W) mask one of the `SEAMS`.

    Args:
        mask: (H, W) in [0, 1].
        seam: One of `SEAMS`.
        softness_px: Standard deviation of the wide seams, in px.
    """
    if seam == "hard":
        return mask
    if seam == "box_2":
        return np.asarray(cv2.blur(mask, (2, 2)), dtype=np.float32)
    if seam == "gaussian_15":
        return np.asarray(cv2.GaussianBlur(mask, (15, 15), 10), dtype=np.float32)
    wide = cv2.GaussianBlur(mask, (0, 0), max(0.6, softness_px))
    if seam == "two_gaussians":
        inner = np.where(wide > 0.98, wide, 0.0).astype(np.float32)
        wide = cv2.GaussianBlur(inner, (0, 0), max(0.6, 0.7 * softness_px))
    peak = float(wide.max())
    return np.asarray(np.clip(wide / peak if peak > 0 else wide, 0, 1), dtype=np.float32)
