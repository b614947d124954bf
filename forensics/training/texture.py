"""Texture: how the face that a pseudo-fake puts in is warped, softened and colored."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.crops import mean_face, umeyama

_GRID_NODES = 24
"""Nodes a side of the grid on which landmark displacements are spread."""

_BOTTLENECK_SHARE = 0.68
"""Side of the square that passes the bottleneck, as a share of the aligned space. The 64-px output
of the 2018 programs covers 0.41 of it, so 64 px there are 107 px here."""

_LARGE_PX = 256


def move_landmarks(
    points_px: NDArray[np.float64],
    shape_change: float,
    mouth_change: float,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Move (68, 2) landmarks as another identity or expression would, left and right alike.

    Args:
        points_px: (68, 2).
        shape_change: Amplitude of a smooth change of the whole face, share of its size.
        mouth_change: Amplitude of opening, widening or shifting the mouth, with the jaw.
        rng: The recipe's generator; always drawn from alike, so that later draws stay put.
    """
    size = float(np.ptp(points_px, axis=0).max())
    groups = [range(0, 17), range(17, 27), range(27, 36), range(36, 48), range(48, 68)]
    pushes = rng.normal(0, 1, (len(groups), 2))
    stretches = rng.normal(0, 1, (len(groups), 2))
    opening, widening, slide = rng.uniform(-0.5, 1), rng.uniform(-1, 1), rng.uniform(-0.3, 0.3)
    moved = points_px.copy()
    for group, push, stretch in zip(groups, pushes, stretches, strict=True):
        part = points_px[group]
        offset = (part - part.mean(axis=0)) / size
        moved[group] += shape_change * size * (0.5 * push + 1.5 * stretch * offset)
    amount = mouth_change * size
    lower = [*range(4, 13), *range(55, 60), *range(65, 68)]
    down = (points_px[8] - points_px[27]) / max(
        1e-6, float(np.hypot(*(points_px[8] - points_px[27])))
    )
    across = np.array([down[1], -down[0]])
    moved[lower] += amount * opening * down
    moved[48:68] += amount * slide * across
    side = (points_px[48:68] - points_px[48:68].mean(axis=0)) @ across / size
    moved[48:68] += amount * 2 * widening * side[:, None] * across
    return moved


def warp_face(
    rgb: NDArray[np.uint8],
    from_px: NDArray[np.float64],
    to_px: NDArray[np.float64],
    size: tuple[int, int],
) -> NDArray[np.float32]:
    """Warp a picture so that landmarks `from_px` come to lie at `to_px`.

    A similarity takes what it can; what is left is spread smoothly.

    Args:
        rgb: (H, W, 3) uint8.
        from_px: (68, 2) landmarks in `rgb`.
        to_px: (68, 2) where they shall be.
        size: H, W of the result.

    Returns:
        (H, W, 3) float32 in [0, 255].
    """
    height, width = size
    back = umeyama(to_px, from_px)  # (2, 3): result px -> picture px
    rest = from_px - (to_px @ back[:, :2].T + back[:, 2])  # (68, 2) picture px
    nodes_y = np.linspace(0, height - 1, _GRID_NODES)
    nodes_x = np.linspace(0, width - 1, _GRID_NODES)
    nodes = np.stack(np.meshgrid(nodes_x, nodes_y), axis=-1).reshape(-1, 2)  # (n, 2)
    reach = 0.11 * float(np.ptp(to_px, axis=0).max())
    square = ((nodes[:, None] - to_px[None]) ** 2).sum(axis=-1)  # (n, 68)
    weight = np.exp(-square / (2 * reach**2))
    spread = weight @ rest / (weight.sum(axis=1, keepdims=True) + 0.05)  # (n, 2)
    # The map is all but linear between nodes, so it is laid out on them and enlarged.
    coarse = (nodes @ back[:, :2].T + back[:, 2] + spread).reshape(_GRID_NODES, _GRID_NODES, 2)
    xs = np.linspace(0, _GRID_NODES - 1, width, dtype=np.float32)
    ys = np.linspace(0, _GRID_NODES - 1, height, dtype=np.float32)
    fine = cv2.remap(coarse.astype(np.float32), *np.meshgrid(xs, ys), cv2.INTER_LINEAR)  # (H, W, 2)
    warped = cv2.remap(
        rgb, fine[..., 0], fine[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, dtype=np.float32)


def _unsharp(picture: NDArray[np.float32], amount: float, sigma: float) -> NDArray[np.float32]:
    soft = cv2.GaussianBlur(picture, (0, 0), sigma)
    return np.asarray(np.clip(picture + amount * (picture - soft), 0, 255), dtype=np.float32)


def _recompress(picture: NDArray[np.float32], quality: int) -> NDArray[np.float32]:
    coded = cv2.imencode(
        ".jpg", np.clip(picture, 0, 255).astype(np.uint8)[..., ::-1],
        [cv2.IMWRITE_JPEG_QUALITY, quality],
    )[1]  # fmt: skip
    bgr = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.float32)
    return np.ascontiguousarray(bgr[..., ::-1])


def _lose_texture(small: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    """Keep edges and lose texture, as a decoder trained on mean error does."""
    flat = cv2.bilateralFilter(small, 5, 10 + 45 * strength, 2.0)
    flat = cv2.bilateralFilter(flat, 5, 10 + 45 * strength, 2.0) if strength > 0.5 else flat
    return np.asarray(small + min(1.0, 0.5 + strength) * (flat - small), dtype=np.float32)


def through_bottleneck(
    face: NDArray[np.float32],
    points_px: NDArray[np.float64],
    bandwidth_px: int,
    smooth: float,
    sharpen: float,
    grid: float,
    rescale: float,
    jpeg: int,
) -> NDArray[np.float32]:
    """Pass the face through what a generator's output size leaves of it.

    Args:
        face: (H, W, 3) float32 in [0, 255].
        points_px: (68, 2) the target's landmarks, which define the aligned square.
        bandwidth_px: Side of the aligned square on the way; 0 leaves the alignment out.
        smooth: Texture lost at that size, in [0, 1].
        sharpen: Unsharp amount at that size.
        grid: Amplitude, in levels, of a 2-px upsampling pattern at that size.
        rescale: Shrink and enlarge again by this factor (where there is no alignment).
        jpeg: JPEG quality, 0 for none.

    Returns:
        (H, W, 3) float32 in [0, 255].
    """
    height, width = face.shape[:2]
    if bandwidth_px > 0:
        aligned_px = _LARGE_PX / _BOTTLENECK_SHARE
        center = mean_face()[17:].mean(axis=0)
        square = (mean_face()[17:] - center) * (aligned_px / 256) + _LARGE_PX / 2
        there = umeyama(points_px[17:], square)
        large = cv2.warpAffine(
            face, there, (_LARGE_PX, _LARGE_PX), flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        small = cv2.resize(large, (bandwidth_px, bandwidth_px), interpolation=cv2.INTER_AREA)
        small = _lose_texture(small, smooth) if smooth > 0 else small
        small = _unsharp(small, sharpen, 1.0) if sharpen > 0 else small
        if grid > 0:
            pattern = np.indices((bandwidth_px, bandwidth_px)).sum(axis=0) % 2 - 0.5
            small = small + np.float32(grid) * pattern[..., None].astype(np.float32)
        how = cv2.INTER_CUBIC if sharpen > 0 else cv2.INTER_LINEAR
        large = cv2.resize(small.astype(np.float32), (_LARGE_PX, _LARGE_PX), interpolation=how)
        inside = cv2.warpAffine(
            large, there, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        face = np.clip(inside, 0, 255).astype(np.float32)
    else:
        if rescale > 1:
            less = (max(8, round(width / rescale)), max(8, round(height / rescale)))
            small = cv2.resize(face, less, interpolation=cv2.INTER_AREA)
            face = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        face = _unsharp(face, sharpen, 1.2) if sharpen > 0 else face
    return _recompress(face, jpeg) if jpeg > 0 else face


def change_color(
    picture: NDArray[np.float32],
    shift_rgb: tuple[float, float, float],
    gain: float,
    saturation: float,
) -> NDArray[np.float32]:
    """Shift, stretch and saturate a (H, W, 3) float32 picture in [0, 255]."""
    if gain == 1 and saturation == 1 and not any(shift_rgb):
        return picture
    grey = picture.mean(axis=2, keepdims=True)
    colored = grey + saturation * (picture - grey)
    changed = (colored - 127) * gain + 127 + np.array(shift_rgb, dtype=np.float32)
    return np.asarray(np.clip(changed, 0, 255), dtype=np.float32)


def match_color(
    face: NDArray[np.float32],
    target: NDArray[np.float32],
    alpha: NDArray[np.float32],
    how: str,
) -> NDArray[np.float32]:
    """Move the face's color to the target's inside the mask.

    Args:
        face: (H, W, 3) in [0, 255].
        target: (H, W, 3).
        alpha: (H, W) weights.
        how: "none", "mean" or "mean_std".
    """
    total = float(alpha.sum())
    if how == "none" or total < 16:
        return face
    weight = alpha[..., None] / total
    mean_face_rgb, mean_target = (face * weight).sum((0, 1)), (target * weight).sum((0, 1))
    ratio = np.ones(3, dtype=np.float32)
    if how == "mean_std":
        spread_face = np.sqrt((((face - mean_face_rgb) ** 2) * weight).sum((0, 1)))
        spread_target = np.sqrt((((target - mean_target) ** 2) * weight).sum((0, 1)))
        ratio = np.clip(spread_target / np.maximum(spread_face, 1), 0.6, 1.6)
    matched = (face - mean_face_rgb) * ratio + mean_target
    return np.asarray(np.clip(matched, 0, 255), dtype=np.float32)


def poisson_blend(
    face: NDArray[np.float32], target: NDArray[np.float32], alpha: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Blend with the gradients of the face and the border of the target.

    Args:
        face: (H, W, 3) in [0, 255].
        target: (H, W, 3).
        alpha: (H, W); what exceeds one half is cloned.

    Source: Perez et al., "Poisson Image Editing" (2003).
    """
    inside = np.zeros(alpha.shape, dtype=np.uint8)
    inside[2:-2, 2:-2] = np.where(alpha[2:-2, 2:-2] > 0.5, 255, 0)
    if int((inside > 0).sum()) < 64:
        return target
    left, top, width, height = cv2.boundingRect(inside)
    center = (left + width // 2, top + height // 2)
    blended = cv2.seamlessClone(
        np.clip(face, 0, 255).astype(np.uint8), np.clip(target, 0, 255).astype(np.uint8),
        inside, center, cv2.NORMAL_CLONE,
    )  # fmt: skip
    return np.asarray(blended, dtype=np.float32)
