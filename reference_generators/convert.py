"""Back into the video: a redrawn face pasted into its frame, by the ways known from 2018.

Every way returns the frame and the share of each pixel that is generated: the ground truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.frames import Frame, decode, open_media
from reference_generators.faces import FaceSet
from reference_generators.generator import Generator, Swapped

BATCH = 16
BOX_BLUR_PX = 2
FEATHER_PX, FEATHER_SIGMA_PX = 15, 10.0


class Blend(StrEnum):
    """How the redrawn face is put into the frame.

    - square: the whole redrawn square, hard edges (the first public script).
    - hull: hull of the landmarks and the square, 2-px box blur (faceswap, early 2018).
    - adjust: the same hull, color means moved by whole levels, 15x15 Gaussian feather.
    - seamless: the same hull, Poisson blending.
    """

    SQUARE = "square"
    HULL = "hull"
    ADJUST = "adjust"
    SEAMLESS = "seamless"


@dataclass(frozen=True)
class Converted:
    """One finished frame, still without its label.

    Attributes:
        frame: As decoded from the target.
        rgb: (H, W, 3) uint8, with the face replaced.
        share: (H, W) float32 in [0, 1], how much of each pixel is generated.
        box_xyxy_px: (4,) face box, None where nothing was replaced.
    """

    frame: Frame
    rgb: NDArray[np.uint8]
    share: NDArray[np.float32]
    box_xyxy_px: NDArray[np.float64] | None


def convert(
    target: Path, faces: FaceSet, generator: Generator, blend: Blend, last: int = -1
) -> Iterator[Converted]:
    """Go through the target once and replace the face wherever it was found.

    Args:
        target: The footage kept.
        faces: Its faces.
        generator: Ready to swap.
        blend: How faces are put into frames.
        last: Stop after this frame; -1 goes to the end.
    """
    rows = {int(frame): row for row, frame in enumerate(faces.frame_index)}
    swapped = _Ahead(faces, generator)
    with open_media(target) as container:
        for raw in decode(container):
            if raw.index < 0 or (last >= 0 and raw.index > last):
                return
            frame = Frame(raw.index, raw.pts_s, np.ascontiguousarray(raw.rgb()))
            row = rows.get(raw.index)
            if row is None:
                nothing = np.zeros(frame.rgb.shape[:2], np.float32)
                yield Converted(frame, frame.rgb, nothing, None)
                continue
            face, alpha = swapped.get(row)
            rgb, share = paste(
                frame.rgb, face, faces.to_aligned[row], faces.landmarks_px[row], generator.window,
                blend, alpha,
            )  # fmt: skip
            yield Converted(frame, rgb, share, faces.boxes_xyxy_px[row])


class _Ahead:
    """Swaps faces a batch at a time; rows are asked for in order."""

    def __init__(self, faces: FaceSet, generator: Generator) -> None:
        self._faces, self._generator = faces, generator
        self._start, self._held = 0, Swapped(np.zeros((0, 1, 1, 3), np.uint8))

    def get(self, row: int) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
        if not self._start <= row < self._start + len(self._held.faces):
            rows = slice(row, row + BATCH)
            self._start = row
            self._held = self._generator.swap(
                self._faces.aligned[rows], self._faces.landmarks[rows]
            )
        at = row - self._start
        alpha = self._held.alpha
        return self._held.faces[at], None if alpha is None else alpha[at]


def paste(
    rgb: NDArray[np.uint8], face: NDArray[np.uint8], to_aligned: NDArray[np.float64],
    landmarks_px: NDArray[np.float64], window: tuple[int, int], blend: Blend,
    alpha: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:  # fmt: skip
    """Put one redrawn face into a frame.

    Args:
        rgb: (H, W, 3) uint8.
        face: (s, s, 3) uint8, what the generator drew of the window.
        to_aligned: (2, 3), from frame px to aligned px.
        landmarks_px: (68, 2) of the face that is there.
        window: First and last+1 aligned px, on both axes, of the square that was redrawn.
        blend: How.
        alpha: (s, s) float32 in [0, 1], the generator's own mask, where it has one.

    Returns:
        The frame, and (H, W) float32, how much of each pixel is generated.
    """
    size = (rgb.shape[1], rgb.shape[0])
    back = cv2.invertAffineTransform(to_aligned)
    # from window px of the drawing, whose sides may be any, to frame px
    scale = (window[1] - window[0]) / face.shape[0]
    edge = window[0] - 0.5 + 0.5 * scale
    from_face = back @ np.array([[scale, 0, edge], [0, scale, edge], [0, 0, 1]])
    drawn = cv2.warpAffine(
        face, from_face, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    ones = np.ones(face.shape[:2], np.float32) if alpha is None else alpha
    square = cv2.warpAffine(ones, from_face, size, flags=cv2.INTER_LINEAR)
    if blend is Blend.SQUARE:
        share = (square > 0.5).astype(np.float32) if alpha is None else square
        return _mixed(rgb, drawn, share), share
    hull = np.zeros(rgb.shape[:2], np.float32)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.round(landmarks_px).astype(np.int32)), 1.0)
    mask = np.asarray(hull * square, np.float32)
    if not (mask > 0.5).any():
        return rgb, np.zeros(rgb.shape[:2], np.float32)
    if blend is Blend.SEAMLESS:
        return _seamless(rgb, drawn, mask)
    if blend is Blend.ADJUST:
        inside = mask > 0.5
        shift = np.round(rgb[inside].mean(axis=0) - drawn[inside].mean(axis=0))
        drawn = np.clip(drawn + shift, 0, 255).astype(np.uint8)
        soft = cv2.GaussianBlur(mask, (FEATHER_PX, FEATHER_PX), FEATHER_SIGMA_PX)
    else:
        soft = cv2.blur(mask, (BOX_BLUR_PX, BOX_BLUR_PX))
    return _mixed(rgb, drawn, np.asarray(soft, np.float32)), np.asarray(soft, np.float32)


def _mixed(
    rgb: NDArray[np.uint8], drawn: NDArray[np.uint8], share: NDArray[np.float32]
) -> NDArray[np.uint8]:
    mixed = share[..., None] * drawn.astype(np.float32) + (1 - share[..., None]) * rgb
    return np.clip(np.round(mixed), 0, 255).astype(np.uint8)


def _seamless(
    rgb: NDArray[np.uint8], drawn: NDArray[np.uint8], mask: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Blend by Poisson's equation; the mask is kept off the frame's border, which it needs.

    Source: Perez et al., "Poisson Image Editing" (SIGGRAPH 2003).
    """
    hard = (mask > 0.5).astype(np.uint8) * 255
    hard[[0, 1, -2, -1]] = 0
    hard[:, [0, 1, -2, -1]] = 0
    x, y, wide, high = cv2.boundingRect(hard)
    if wide < 4 or high < 4:
        return rgb, np.zeros(rgb.shape[:2], np.float32)
    center = (x + wide // 2, y + high // 2)
    scratch = hard.copy()  # OpenCV draws in the mask that it is given
    mixed = cv2.seamlessClone(drawn, np.ascontiguousarray(rgb), scratch, center, cv2.NORMAL_CLONE)
    mixed = np.where(hard[..., None] > 0, mixed, rgb)  # it changes a little around the mask too
    return np.asarray(mixed, np.uint8), (hard > 0).astype(np.float32)
