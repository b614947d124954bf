"""Lining up in space: from a rough placement to sub-pixel, with the faces left out of the fit."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.references.sources.descriptors import QUERY_FEATURES, local_features
from forensics.references.sources.geometry import place, refine
from forensics.references.sources.planes import Box

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

ECC_SIDE_PX = 400
ECC_STEPS = 40
DETAIL_PX = 6.0
"""Standard deviation of the blur that is subtracted first: vignettes and grades drop out."""

PASSES, WORTH_A_PASS = 2, 0.05
"""Once the fit is better, what is foreign to the source shows better too."""

LOOSE_SIGMA_PX, OVERLAY_PX = 1.5, 8.0
"""Detail is blurred so far, so that a start a little off still agrees with itself, and judged in a
window of such a sigma."""

FOREIGN, LEAST_LEFT = 0.1, 0.3
"""Local correlation under which a place is foreign, and the share of the picture that must not."""

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
    start = start @ flip
    seen = _seen(questioned.shape, source.shape, start)
    guess, _ = refine(here, there, start, 0.02 * max(source.shape))
    again = place(here, there)
    starts = [start, guess, *([again.matrix] if again is not None else [])]
    starts = [one for one in starts if one is start or _sane(one, start, seen)]
    found, value = _by_pixels(questioned, source, starts, mask, seen)
    return found @ flip, value


def _seen(shape: tuple[int, ...], source: tuple[int, ...], start: Matrix) -> Box:
    """Return the part of the questioned picture that shows the source, x0, y0, x1, y1."""
    height, width = source[:2]
    corners = np.array([[[0.0, 0], [width, 0], [width, height], [0, height]]])
    moved = cv2.perspectiveTransform(corners, np.linalg.inv(start))[0]
    low = np.floor(moved.min(axis=0)).clip(0, [shape[1] - 16, shape[0] - 16])
    high = np.ceil(moved.max(axis=0)).clip(low + 16, [shape[1], shape[0]])
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _sane(found: Matrix, start: Matrix, seen: Box) -> bool:
    """Say whether a refinement stayed near its start over the middle of what is seen."""
    x0, y0, x1, y1 = seen
    points = np.array([
        [[x0 + fx * (x1 - x0), y0 + fy * (y1 - y0)]] for fx in (0.25, 0.75) for fy in (0.25, 0.75)
    ])  # fmt: skip
    moved = cv2.perspectiveTransform(points, found) - cv2.perspectiveTransform(points, start)
    scale = np.sqrt(abs(np.linalg.det(start[:2, :2])))
    return bool(
        np.isfinite(moved).all() and np.abs(moved).max() < 0.05 * scale * max(x1 - x0, y1 - y0)
    )


def _by_pixels(
    questioned: NDArray[np.uint8], source: NDArray[np.uint8], starts: list[Matrix],
    mask: NDArray[np.uint8], seen: Box,
) -> tuple[Matrix, float]:  # fmt: skip
    """Maximize correlation over homographies, on shrunken detail of what is seen."""
    x0, y0, x1, y1 = seen
    questioned, mask = questioned[y0:y1, x0:x1], mask[y0:y1, x0:x1]
    own = min(1.0, ECC_SIDE_PX / max(questioned.shape))
    other = min(1.0, own / np.sqrt(abs(np.linalg.det(starts[0][:2, :2]))))
    small = _shrunk(questioned, own)
    small_mask = cv2.resize(mask, small.shape[::-1], interpolation=cv2.INTER_NEAREST)
    small_source = _shrunk(source, other)
    to_own = scaling(small.shape[1] / questioned.shape[1], small.shape[0] / questioned.shape[0])
    to_own = to_own @ np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1.0]])
    to_other = scaling(
        small_source.shape[1] / source.shape[1], small_source.shape[0] / source.shape[0]
    )
    here, there = _detail(small), _detail(small_source)
    # The mask belongs to the input picture, so the questioned one is the input here.
    backs = [to_own @ np.linalg.inv(start) @ np.linalg.inv(to_other) for start in starts]
    backs = [back / back[2, 2] for back in backs]
    best, value, shown = _likeliest(here, there, backs, small_mask)
    for _ in range(PASSES):
        found, reached = _climb(here, there, best, shown)
        matrix = np.linalg.inv(np.linalg.inv(to_own) @ found @ to_other)
        if reached <= value or not _sane(matrix / matrix[2, 2], starts[0], seen):
            break
        gained, best, value = reached - value, found, reached
        if gained < WORTH_A_PASS:
            break
        shown = agreeing(here, there, best, small_mask)
    matrix = np.linalg.inv(np.linalg.inv(to_own) @ best @ to_other)
    return np.asarray(matrix / matrix[2, 2], np.float64), value


def _likeliest(
    here: Plane, there: Plane, backs: list[Matrix], mask: NDArray[np.uint8]
) -> tuple[Matrix, float, NDArray[np.uint8]]:
    """Return the start under which most agrees, its correlation, and where it agrees."""
    tried = []
    for back in backs:
        shown = agreeing(here, there, back, mask)
        tried.append((_agreement(here, there, back, mask), back, shown))
    _, back, shown = max(tried, key=lambda one: one[0])
    return back, _agreement(here, there, back, shown), shown


def _climb(
    here: Plane, there: Plane, back: Matrix, mask: NDArray[np.uint8]
) -> tuple[Matrix, float]:
    """Climb from a start over the freest motion under which more agrees than there.

    Where little is left beside the faces, a wall and some hair, a homography runs astray and a
    turn and a shift do not.
    """
    rule = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ECC_STEPS, 1e-5)
    begun = _agreement(here, there, back, mask)
    for motion in (cv2.MOTION_HOMOGRAPHY, cv2.MOTION_AFFINE, cv2.MOTION_EUCLIDEAN):
        rows = 3 if motion == cv2.MOTION_HOMOGRAPHY else 2
        begin = np.ascontiguousarray(back[:rows], np.float32)
        if motion == cv2.MOTION_EUCLIDEAN and abs(np.linalg.det(back[:2, :2]) - 1) > 0.02:
            continue
        try:
            _, found = cv2.findTransformECC(
                there, here, begin, motion, rule, np.ascontiguousarray(mask), 3
            )
        except cv2.error:
            continue
        matrix = np.vstack([found, [[0.0, 0.0, 1.0]]])[:3].astype(np.float64)
        reached = _agreement(here, there, matrix, mask)
        if reached > begun:
            return matrix, reached
    return back, begun


def _moved(there: Plane, back: Matrix, shape: tuple[int, ...]) -> tuple[Plane, NDArray[np.bool_]]:
    """Move source detail onto the questioned, and say where it shows something."""
    size = (shape[1], shape[0])
    plane = cv2.warpPerspective(there, back, size, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(
        np.full(there.shape, 255, np.uint8), back, size, flags=cv2.INTER_NEAREST
    )
    return np.asarray(plane, np.float32), np.asarray(cover > 0)


def _agreement(here: Plane, there: Plane, back: Matrix, mask: NDArray[np.uint8]) -> float:
    """Return the correlation of two planes of detail where a mask shows them."""
    plane, cover = _moved(there, back, here.shape)
    where = cover & (mask > 0)
    if where.sum() < 500:
        return -1.0
    x, y = here[where] - here[where].mean(), plane[where] - plane[where].mean()
    size = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum() / size) if size > 0 else -1.0


def agreeing(here: Plane, there: Plane, back: Matrix, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Leave out of a mask what was laid over the picture: captions, logos, borders.

    Their edges are the strongest detail there is, and they lie where they lie: a fit that counts
    them is held back by them.

    Args:
        here: (h, w) float32 detail of the questioned picture.
        there: Of the source.
        back: (3, 3) from source px to questioned px, both as in the planes.
        mask: (h, w) uint8.

    Returns:
        The mask itself where too little would be left.
    """
    plane, cover = _moved(there, back, here.shape)
    a, b = (cv2.GaussianBlur(one, (0, 0), LOOSE_SIGMA_PX) for one in (here, plane))
    both, own, other = (cv2.GaussianBlur(one, (0, 0), OVERLAY_PX) for one in (a * b, a * a, b * b))
    foreign = (both < FOREIGN * np.sqrt(own * other)) & (np.maximum(own, other) > 1.0)
    kept = np.where(foreign, 0, mask).astype(np.uint8)
    usable = int((cover & (mask > 0)).sum())
    return kept if int((cover & (kept > 0)).sum()) >= LEAST_LEFT * usable else mask


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
