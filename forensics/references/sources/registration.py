"""Lining up in space: from a rough placement to sub-pixel, with the faces left out of the fit."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.references.sources.descriptors import QUERY_FEATURES, local_features
from forensics.references.sources.geometry import refine

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

ECC_SIDE_PX = 400
ECC_STEPS = 40
DETAIL_PX = 6.0
"""Standard deviation of the blur that is subtracted first: vignettes and grades drop out."""

HULL_MARGIN = 1.25
"""A face is left out with so much of its surroundings."""


def face_mask(size: tuple[int, int], hulls_px: list[NDArray[np.float64]]) -> NDArray[np.uint8]:
    """Return (H, W) uint8, 0 on the faces and 255 elsewhere.

    Args:
        size: H, W.
        hulls_px: Landmarks, each (68, 2).
    """
    mask = np.full(size, 255, np.uint8)
    for points in hulls_px:
        center = points.mean(axis=0)
        wide = center + HULL_MARGIN * (points - center)
        cv2.fillConvexPoly(mask, cv2.convexHull(wide.astype(np.float32)).astype(np.int32), 0)
    return mask


def scaling(width: float, height: float) -> Matrix:
    """Return the (3, 3) matrix that stretches px by two factors, pixel centers kept."""
    return np.array(
        [[width, 0, 0.5 * width - 0.5], [0, height, 0.5 * height - 0.5], [0, 0, 1]], np.float64
    )


def sharpen_placement(
    questioned: NDArray[np.uint8], source: NDArray[np.uint8], start: Matrix,
    mask: NDArray[np.uint8],
) -> tuple[Matrix, float]:  # fmt: skip
    """Refine a placement on one frame pair, by features and then by every pixel.

    Args:
        questioned: (H, W) uint8 luma.
        source: (h, w) uint8 luma.
        start: (3, 3) from questioned px to source px; may mirror.
        mask: (H, W) uint8, 0 on the faces.

    Returns:
        (3, 3) and the correlation reached, -1 where the pixels could not be fitted.

    Source: Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation
    coefficient maximization" (2008).
    """
    flip = np.eye(3)
    if np.linalg.det(start[:2, :2]) < 0:  # features do not know mirror images
        flip = np.array([[-1.0, 0, questioned.shape[1] - 1.0], [0, 1, 0], [0, 0, 1]])
        questioned, mask = questioned[:, ::-1], mask[:, ::-1]
    here = local_features(np.ascontiguousarray(questioned), QUERY_FEATURES,
                          mask=np.ascontiguousarray(mask))  # fmt: skip
    there = local_features(source, QUERY_FEATURES)
    reach = 0.02 * max(source.shape)
    guess, _ = refine(here, there, start @ flip, reach)
    if not _sane(guess, start @ flip, questioned.shape):
        guess = start @ flip
    found, value = _by_pixels(questioned, source, guess, mask)
    if not _sane(found, guess, questioned.shape):
        found, value = guess, -1.0
    return found @ flip, value


def _sane(found: Matrix, start: Matrix, shape: tuple[int, ...]) -> bool:
    """Say whether a refinement stayed near its start over the middle of the picture."""
    height, width = shape[:2]
    points = np.array([[[fx * width, fy * height]] for fx in (0.25, 0.75) for fy in (0.25, 0.75)])
    moved = cv2.perspectiveTransform(points, found) - cv2.perspectiveTransform(points, start)
    scale = np.sqrt(abs(np.linalg.det(start[:2, :2])))
    return bool(np.isfinite(moved).all() and np.abs(moved).max() < 0.05 * scale * max(shape))


def _by_pixels(
    questioned: NDArray[np.uint8], source: NDArray[np.uint8], start: Matrix,
    mask: NDArray[np.uint8],
) -> tuple[Matrix, float]:  # fmt: skip
    """Maximize correlation over homographies, on shrunken detail."""
    own = min(1.0, ECC_SIDE_PX / max(questioned.shape))
    other = min(1.0, own / np.sqrt(abs(np.linalg.det(start[:2, :2]))))
    small = _shrunk(questioned, own)
    small_mask = cv2.resize(mask, small.shape[::-1], interpolation=cv2.INTER_NEAREST)
    small_source = _shrunk(source, other)
    to_own = scaling(small.shape[1] / questioned.shape[1], small.shape[0] / questioned.shape[0])
    to_other = scaling(
        small_source.shape[1] / source.shape[1], small_source.shape[0] / source.shape[0]
    )
    # The mask belongs to the input picture, so the questioned one is the input here.
    back = to_own @ np.linalg.inv(start) @ np.linalg.inv(to_other)
    back /= back[2, 2]
    rule = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ECC_STEPS, 1e-5)
    try:
        value, found = cv2.findTransformECC(
            _detail(small_source), _detail(small), back.astype(np.float32),
            cv2.MOTION_HOMOGRAPHY, rule, np.ascontiguousarray(small_mask), 3,
        )  # fmt: skip
    except cv2.error:
        return start, -1.0
    matrix = np.linalg.inv(np.linalg.inv(to_own) @ found.astype(np.float64) @ to_other)
    return np.asarray(matrix / matrix[2, 2], np.float64), float(value)


def _shrunk(gray: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    size = (max(16, round(gray.shape[1] * scale)), max(16, round(gray.shape[0] * scale)))
    if size == gray.shape[::-1]:
        return gray
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _detail(gray: NDArray[np.uint8]) -> Plane:
    plane = cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 0.8)
    rest = plane - cv2.GaussianBlur(plane, (0, 0), DETAIL_PX)
    return np.asarray(np.clip(rest, -40, 40), np.float32)


def nudge(questioned: Plane, source: Plane, mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the x, y shift, px, that moves a source crop onto the questioned one.

    Args:
        questioned: (n, n) float32 luma.
        source: (n, n) float32 luma, already placed within a few px.
        mask: (n, n) bool, where to look: the surroundings, not the face.
    """
    a = np.asarray(questioned - cv2.GaussianBlur(questioned, (0, 0), DETAIL_PX), np.float32)
    b = np.asarray(source - cv2.GaussianBlur(source, (0, 0), DETAIL_PX), np.float32)
    move = np.eye(2, 3, dtype=np.float32)
    rule = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 25, 1e-4)
    try:
        # Found from source to questioned, with the mask on the questioned picture.
        _, move = cv2.findTransformECC(
            b, a, move, cv2.MOTION_TRANSLATION, rule, mask.astype(np.uint8) * 255, 3
        )
    except cv2.error:
        return 0.0, 0.0
    x, y = float(move[0, 2]), float(move[1, 2])
    return (x, y) if max(abs(x), abs(y)) <= 6 else (0.0, 0.0)


def warp(
    source: NDArray[np.uint8], matrix: Matrix, side_px: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Move a source crop into a square, averaging where it shrinks.

    Args:
        source: (h, w) or (h, w, 3) uint8.
        matrix: (3, 3) from source px to px of the square.
        side_px: Of the square.

    Returns:
        The square, and where in it the source has something to show.
    """
    center = np.linalg.inv(matrix) @ np.array([side_px / 2, side_px / 2, 1.0])
    center = center / center[2]
    denominator = matrix[2] @ center
    local = matrix[:2, :2] - np.outer((matrix[:2] @ center) / denominator, matrix[2, :2])
    scale = float(np.sqrt(abs(np.linalg.det(local / denominator))))
    if scale < 0.8:
        source = np.asarray(
            cv2.GaussianBlur(source, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1)), np.uint8
        )
    size = (side_px, side_px)
    moved = cv2.warpPerspective(
        source, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    cover = cv2.warpPerspective(
        np.full(source.shape[:2], 255, np.uint8), matrix, size, flags=cv2.INTER_NEAREST
    )
    return np.asarray(moved, np.uint8), np.asarray(cv2.erode(cover, np.ones((3, 3), np.uint8)) > 0)
