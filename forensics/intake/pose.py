"""Head pose, and whether landmarks can be believed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

MODEL_POINTS = np.array(
    [
        (0.0, 0.0, 0.0),  # nose tip
        (0.0, 330.0, -65.0),  # chin
        (-225.0, -170.0, -135.0),  # outer corner of the eye on the left of the picture
        (225.0, -170.0, -135.0),  # outer corner of the other eye
        (-150.0, 150.0, -125.0),  # corner of the mouth on the left of the picture
        (150.0, 150.0, -125.0),  # other corner of the mouth
    ]
)
"""A generic head, arbitrary units, y down, z towards the camera."""

MODEL_LANDMARKS = (30, 8, 36, 45, 48, 54)

DISAGREEMENT_LIMIT = 0.35
"""Largest distance of eye, nose and mouth points, in eye distances, before they disagree."""


def head_pose(
    landmarks_px: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[float, float, float]:
    """Estimate pitch, yaw and roll in degrees from landmarks (68, 2).

    Args:
        landmarks_px: In frame px.
        shape: Height and width of the frame, for a camera with a 53-degree view.

    Returns:
        Degrees, 0 for a face that looks into the camera; yaw is positive to the picture's right.

    Limits: a generic head and a guessed camera; good to about 10 degrees.
    """
    focal = float(max(shape))
    camera = np.array([[focal, 0, shape[1] / 2], [0, focal, shape[0] / 2], [0, 0, 1.0]])
    model = MODEL_POINTS * np.array([1.0, 1.0, -1.0])
    ok, turn, _ = cv2.solvePnP(
        model, landmarks_px[list(MODEL_LANDMARKS)].astype(np.float64), camera, None,
        flags=cv2.SOLVEPNP_SQPNP,
    )  # fmt: skip
    if not ok:
        return (0.0, 0.0, 0.0)
    matrix, _ = cv2.Rodrigues(turn)
    yaw = np.degrees(np.arcsin(np.clip(-matrix[2, 0], -1, 1)))
    pitch = np.degrees(np.arctan2(matrix[2, 1], matrix[2, 2]))
    roll = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
    return (float(pitch), float(yaw), float(roll))


def landmarks_disagree(landmarks_px: NDArray[np.float64], points_px: NDArray[np.float64]) -> bool:
    """Say whether 68 landmarks and the detector's five points are of different faces.

    Args:
        landmarks_px: (68, 2).
        points_px: (5, 2), eyes, nose tip, mouth corners.
    """
    own = np.array(
        [
            landmarks_px[36:42].mean(axis=0), landmarks_px[42:48].mean(axis=0),
            landmarks_px[30], landmarks_px[48], landmarks_px[54],
        ]
    )  # fmt: skip
    eyes = max(1.0, float(np.linalg.norm(points_px[1] - points_px[0])))
    return bool(np.linalg.norm(own - points_px, axis=1).max() / eyes > DISAGREEMENT_LIMIT)
