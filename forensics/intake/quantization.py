"""Quantization parameters per macroblock, where the decoder exports them (H.264, MPEG)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import av
import numpy as np
from av.sidedata.sidedata import Type
from numpy.typing import NDArray

HEADER = struct.Struct("<IxxxxQQii8i")  # AVVideoEncParams of FFmpeg's libavutil, little-endian
BLOCK = np.dtype([("x", "<i4"), ("y", "<i4"), ("w", "<i4"), ("h", "<i4"), ("delta", "<i4")])


@dataclass(frozen=True)
class Blocks:
    """Macroblocks of one frame, before rotation.

    Attributes:
        xywh_px: (m, 4) int32, left, top, width, height.
        qp: (m,) float64, on the codec's own scale (H.264: 0 to 51, higher is coarser).
    """

    xywh_px: NDArray[np.int32]
    qp: NDArray[np.float64]

    def median_in(self, box_xyxy_px: NDArray[np.float64]) -> float:
        """Return the median over blocks whose center is in the box (4,), NaN where none is."""
        center = self.xywh_px[:, :2] + self.xywh_px[:, 2:] / 2
        inside = ((center >= box_xyxy_px[:2]) & (center < box_xyxy_px[2:])).all(axis=1)
        return float(np.median(self.qp[inside])) if inside.any() else float("nan")


def block_qp(picture: av.VideoFrame) -> Blocks | None:
    """Read the quantization parameters of a decoded frame, None where there are none.

    The decoder must have been opened with `export_side_data=venc_params`.
    """
    try:
        data = picture.side_data.get(Type.VIDEO_ENC_PARAMS)
    except ValueError:  # side data of a kind that PyAV has no name for
        return None
    if data is None:
        return None
    raw = bytes(data)
    count, offset, size, _type, base, *_delta = HEADER.unpack_from(raw)
    if size != BLOCK.itemsize or count == 0 or offset + count * size > len(raw):
        return None
    blocks = np.frombuffer(raw, BLOCK, count, offset)
    xywh = np.stack([blocks["x"], blocks["y"], blocks["w"], blocks["h"]], axis=1)
    return Blocks(xywh, base + blocks["delta"].astype(np.float64))
