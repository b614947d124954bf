"""How good a track's faces are: what decides whether a method may speak at all."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.crops import ALIGNED_SIZE_PX
from forensics.intake.tracks import FaceTrack
from forensics.record import Quality, round_floats

FACE_BOX = slice(ALIGNED_SIZE_PX // 4, 3 * ALIGNED_SIZE_PX // 4)
"""Rows and columns of the aligned crop that the mean face fills."""


def frame_sharpness(aligned: NDArray[np.uint8]) -> float:
    """Return log10 variance of the Laplacian of the face, luma of 0 to 255.

    Args:
        aligned: (256, 256, 3) uint8.
    """
    gray = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY)[FACE_BOX, FACE_BOX]
    return float(np.log10(cv2.Laplacian(gray, cv2.CV_64F).var() + 1e-3))


def blockiness(aligned: NDArray[np.uint8], scale: float) -> float:
    """Return mean luma step every 8 source px over the mean of other steps; 1 means none.

    Args:
        aligned: (256, 256, 3) uint8.
        scale: Aligned px a source px. The grid's phase is searched for.
    """
    gray = cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY).astype(np.float64)
    small = cv2.resize(gray, None, fx=1 / max(scale, 0.1), fy=1 / max(scale, 0.1))
    if small.shape[1] < 32:
        return 1.0
    steps = np.abs(np.diff(small, axis=1)).mean(axis=0)
    phases = [steps[p::8].mean() for p in range(8)]
    return float(max(phases) / (np.mean(steps) + 1e-6))


def track_quality(track: FaceTrack) -> Quality:
    """Measure a track's quality, medians over its examined frames."""
    crops = [track.aligned(i) for i in range(len(track))]
    faces = [crop[FACE_BOX, FACE_BOX].astype(np.float64).mean(axis=2) for crop in crops]
    scale = np.sqrt(np.abs(np.linalg.det(track.to_aligned[:, :, :2])))
    qp = track.qp[np.isfinite(track.qp)]
    return Quality(
        face_px=round_floats(track.face_px),
        sharpness=round_floats(float(np.median([frame_sharpness(c) for c in crops]))),
        exposure=round_floats(float(np.median([f.mean() for f in faces])) / 255),
        clipped_share=round_floats(float(np.median([((f < 4) | (f > 251)).mean() for f in faces]))),
        occluded_share=round_floats(float(track.disagreement.mean())),
        qp=round_floats(float(np.median(qp))) if len(qp) else None,
        blockiness=round_floats(
            float(np.median([blockiness(c, s) for c, s in zip(crops, scale, strict=True)]))
        ),
        yaw_deg=round_floats(float(np.median(np.abs(track.pose_deg[:, 1])))),
    )


def sharpest_frontal(track: FaceTrack) -> int:
    """Pick the frame to show: sharp, frontal, landmarks to be believed."""
    scores = [
        frame_sharpness(track.aligned(i))
        - abs(float(track.pose_deg[i, 1])) / 60
        - float(track.disagreement[i])
        for i in range(len(track))
    ]
    return int(np.argmax(scores))
