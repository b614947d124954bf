"""Face sets without any video: smooth colored pictures in aligned space, two people apart."""

from __future__ import annotations

import cv2
import numpy as np

from forensics.intake.crops import mean_face
from reference_generators.faces import FaceSet


def face_set(name: str, count: int = 6, seed: int = 0) -> FaceSet:
    """Make a set of `count` pictures that look somewhat alike."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(40, 215, (6, 6, 3))
    blobs = [np.clip(base + rng.normal(0, 12, base.shape), 0, 255) for _ in range(count)]
    aligned = [cv2.resize(blob, (256, 256), interpolation=cv2.INTER_CUBIC) for blob in blobs]
    marks = mean_face() + rng.normal(0, 1, (count, 68, 2))
    identity = np.tile(np.array([[1.0, 0, 0], [0, 1.0, 0]]), (count, 1, 1))
    return FaceSet(
        name=name, sha256=f"{seed:064x}", aligned=np.clip(aligned, 0, 255).astype(np.uint8),
        landmarks=marks, landmarks_px=marks,
        boxes_xyxy_px=np.tile(np.array([60.0, 50, 196, 210]), (count, 1)), to_aligned=identity,
        frame_index=np.arange(count), pose_deg=rng.normal(0, 10, (count, 3)),
    )  # fmt: skip
