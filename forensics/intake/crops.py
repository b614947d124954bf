"""Cutting faces out of frames: square crops by box, and aligned crops by landmarks."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray

ALIGNED_SIZE_PX = 256
"""Side of the aligned face space."""

ALIGNED_FACE_SHARE = 0.5
"""Height of the 68-point mean face, brow to chin, as a share of the aligned crop's side: what is
left shows hair, ears, neck and background, the person's own controls."""


def square_around(box_xyxy_px: NDArray[np.float64], scale: float) -> tuple[float, float, float]:
    """Return left, top and side in px of the square around a box.

    Args:
        box_xyxy_px: (4,).
        scale: Side of the square over the longer side of the box.
    """
    left, top, right, bottom = (float(edge) for edge in box_xyxy_px)
    side = scale * max(right - left, bottom - top)
    return (left + right - side) / 2, (top + bottom - side) / 2, side


def crop_square(
    rgb: NDArray[np.uint8], box_xyxy_px: NDArray[np.float64], scale: float, size_px: int
) -> NDArray[np.uint8]:
    """Cut the square around a box and resample it; what lies outside repeats the border.

    Args:
        rgb: (H, W, 3) uint8.
        box_xyxy_px: (4,).
        scale: Side of the square over the longer side of the box.
        size_px: Side of the result. Shrinking averages areas, enlarging is bilinear.

    Returns:
        (size_px, size_px, 3) uint8.
    """
    left, top, side = square_around(box_xyxy_px, scale)
    height, width = rgb.shape[:2]
    x0, y0 = int(np.floor(left)), int(np.floor(top))
    whole = max(2, round(side))
    x1, y1 = x0 + whole, y0 + whole
    inner = rgb[max(0, y0) : max(0, min(height, y1)), max(0, x0) : max(0, min(width, x1))]
    if inner.size == 0:
        raise ValueError(f"box {box_xyxy_px} lies outside a {width} x {height} frame")
    padded = cv2.copyMakeBorder(
        inner, max(0, -y0), max(0, y1 - height), max(0, -x0), max(0, x1 - width),
        cv2.BORDER_REPLICATE,
    )  # fmt: skip
    how = cv2.INTER_AREA if padded.shape[0] > size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(padded, (size_px, size_px), interpolation=how), dtype=np.uint8)


@cache
def mean_face() -> NDArray[np.float64]:
    """Return the (68, 2) mean face in aligned px, mean of the public-domain portraits' shapes."""
    raw = json.loads(files("forensics.intake").joinpath("mean_face.json").read_text("utf-8"))
    unit = np.asarray(raw["points"], dtype=np.float64)  # (68, 2), centered, brow-to-chin height 1
    face = unit * (ALIGNED_FACE_SHARE * ALIGNED_SIZE_PX)
    return np.asarray(face + ALIGNED_SIZE_PX / 2, dtype=np.float64)


def umeyama(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit the similarity that takes source points to target points, least squares.

    Args:
        source: (n, 2).
        target: (n, 2).

    Returns:
        (2, 3) float64 matrix.

    Source: Umeyama, "Least-squares estimation of transformation parameters" (1991), eqs. 40-42.
    """
    mean_s, mean_t = source.mean(axis=0), target.mean(axis=0)
    centered_s, centered_t = source - mean_s, target - mean_t
    covariance = centered_t.T @ centered_s / len(source)  # (2, 2)
    u, singular, vt = np.linalg.svd(covariance)
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    rotation = u @ np.diag(sign) @ vt
    variance = (centered_s**2).sum() / len(source)
    scale = float((singular * sign).sum() / variance) if variance > 0 else 1.0
    return np.column_stack([scale * rotation, mean_t - scale * rotation @ mean_s])


def alignment(landmarks_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (2, 3) matrix from frame px to aligned px, from the 51 inner landmarks."""
    return umeyama(landmarks_px[17:], mean_face()[17:])


def align(rgb: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Warp a frame into the aligned face space.

    Args:
        rgb: (H, W, 3) uint8.
        matrix: (2, 3) from `alignment`.

    Returns:
        (ALIGNED_SIZE_PX, ALIGNED_SIZE_PX, 3) uint8.
    """
    return np.asarray(
        cv2.warpAffine(
            rgb, matrix, (ALIGNED_SIZE_PX, ALIGNED_SIZE_PX),
            flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
        ),
        dtype=np.uint8,
    )  # fmt: skip
