"""The classic swap without learning: one donor picture warped over the target's landmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.crops import ALIGNED_SIZE_PX, mean_face
from reference_generators.faces import FaceSet
from reference_generators.generator import Generator, Preset, Scalar, Swapped


class LandmarkSwap(Generator):
    """Warps the donor's most frontal sharp face, triangle by triangle, and blends it in."""

    name: ClassVar[str] = "landmark_swap"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Landmark warp with Poisson blending"
    paper: ClassVar[str] = (
        "Bitouk et al., Face Swapping: Automatically Replacing Faces in Photographs (SIGGRAPH "
        "2008); Perez et al., Poisson Image Editing (SIGGRAPH 2003)"
    )
    differences: ClassVar[str] = (
        "one donor picture for the whole video and no relighting; triangles of the mean shape"
    )
    window: ClassVar[tuple[int, int]] = (0, ALIGNED_SIZE_PX)
    blend: ClassVar[str] = "seamless"
    presets: ClassVar[Mapping[str, Preset]] = {"only": Preset(steps=0, size_px=ALIGNED_SIZE_PX)}

    def prepare(
        self, target: FaceSet, donor: FaceSet, preset: Preset, device: str, seed: int
    ) -> None:
        """Choose the donor's picture."""
        del target, preset, device, seed  # nothing is drawn or learned
        self._chosen = donor.best()
        self._face = donor.aligned[self._chosen]
        self._marks = donor.landmarks[self._chosen]
        self._triangles = triangles(mean_face())

    def swap(self, aligned: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> Swapped:
        """Warp the donor's face on each target face's landmarks and match its colors."""
        drawn = [
            self._colored(self._warp(marks), face, marks)
            for face, marks in zip(aligned, landmarks, strict=True)
        ]
        return Swapped(np.stack(drawn))

    def settings(self) -> dict[str, Scalar]:
        """Name the donor's picture."""
        return {"donor_face": int(self._chosen)}

    def _warp(self, marks: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return (256, 256, 3) uint8, the donor's face in the shape of these (68, 2) landmarks."""
        size = (ALIGNED_SIZE_PX, ALIGNED_SIZE_PX)
        canvas = np.zeros((*size, 3), np.uint8)
        for corners in self._triangles:
            here = self._marks[corners].astype(np.float32)
            there = marks[corners].astype(np.float32)
            x, y, wide, high = cv2.boundingRect(there)
            left, top = max(0, x), max(0, y)
            right, bottom = min(size[0], x + wide), min(size[1], y + high)
            if right <= left or bottom <= top:
                continue
            moved = there - np.array([left, top], np.float32)
            piece = cv2.warpAffine(
                self._face, cv2.getAffineTransform(here, moved), (right - left, bottom - top),
                flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT,
            )  # fmt: skip
            inside = np.zeros(piece.shape[:2], np.uint8)
            cv2.fillConvexPoly(inside, np.round(moved).astype(np.int32), 1)
            canvas[top:bottom, left:right][inside > 0] = piece[inside > 0]
        return canvas

    def _colored(
        self, drawn: NDArray[np.uint8], face: NDArray[np.uint8], marks: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Give the warped face the target's color mean and deviation, channel by channel."""
        hull = np.zeros(face.shape[:2], np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(np.round(marks).astype(np.int32)), 1)
        inside = (hull > 0) & drawn.any(axis=2)
        if not inside.any():
            return face
        there = drawn[inside].astype(np.float64)
        here = face[inside].astype(np.float64)
        gain = here.std(axis=0) / np.maximum(there.std(axis=0), 1.0)
        moved = (drawn - there.mean(axis=0)) * gain + here.mean(axis=0)
        colored = np.clip(np.round(moved), 0, 255).astype(np.uint8)
        return np.where(inside[..., None], colored, face)


def triangles(marks: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the (t, 3) Delaunay triangles of (n, 2) points, by index."""
    from scipy.spatial import Delaunay

    return np.asarray(Delaunay(marks).simplices, dtype=np.int64)
