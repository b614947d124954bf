"""Maps that a network draws on crops, brought into the aligned face space and averaged."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.crops import ALIGNED_SIZE_PX, square_around
from forensics.intake.tracks import FaceTrack


def unit_to_aligned(track: FaceTrack, index: int, crop_scale: float) -> NDArray[np.float64]:
    """Return the (2, 3) matrix from a crop's unit square to aligned px.

    Args:
        track: Whose crop.
        index: Which examined frame.
        crop_scale: Side of the crop over the longer side of the box.
    """
    left, top, side = square_around(track.boxes_xyxy_px[index], crop_scale)
    turn, shift = track.to_aligned[index][:, :2], track.to_aligned[index][:, 2]
    return np.column_stack([turn * side, turn @ np.array([left, top]) + shift])


def average_map(maps: NDArray[np.float32], matrices: NDArray[np.float64]) -> NDArray[np.float32]:
    """Average maps in aligned face space.

    Args:
        maps: (n, m, m) in [0, 1], each over its crop.
        matrices: (n, 2, 3) from `unit_to_aligned`.

    Returns:
        (ALIGNED_SIZE_PX, ALIGNED_SIZE_PX) float32 in [0, 1].
    """
    cells = maps.shape[1]
    total = np.zeros((ALIGNED_SIZE_PX, ALIGNED_SIZE_PX), dtype=np.float64)
    for one, matrix in zip(maps, matrices, strict=True):
        turn = matrix[:, :2] / cells
        shift = matrix[:, 2] + turn @ np.array([0.5, 0.5])  # a cell's value stands at its center
        size = (ALIGNED_SIZE_PX, ALIGNED_SIZE_PX)
        total += cv2.warpAffine(one, np.column_stack([turn, shift]), size)
    return np.asarray(total / max(1, len(maps)), dtype=np.float32)
