"""Aligned faces of one person, from a video or a folder of pictures, through `forensics`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.errors import MaterialError, UnreadableItem
from forensics.intake.landmarks import Landmarker
from forensics.intake.scan import scan
from forensics.intake.seal import Seal
from forensics.intake.tracks import FaceTrack, cut_tracks

ENOUGH = 500
"""Faces a person that trained methods need; 319 and 377 proved too few."""

LEAST = 2
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FaceSet:
    """The faces of one person.

    Attributes:
        name: For people.
        sha256: Of the file, or of the list of a folder's digests.
        aligned: (n, 256, 256, 3) uint8 RGB, in aligned face space.
        landmarks: (n, 68, 2) float64, aligned px.
        landmarks_px: (n, 68, 2) float64, frame px.
        boxes_xyxy_px: (n, 4) float64, frame px.
        to_aligned: (n, 2, 3) float64, from frame px to aligned px.
        frame_index: (n,) int64; number of the picture in a folder.
        pose_deg: (n, 3) float64: pitch, yaw, roll.
    """

    name: str
    sha256: str
    aligned: NDArray[np.uint8]
    landmarks: NDArray[np.float64]
    landmarks_px: NDArray[np.float64]
    boxes_xyxy_px: NDArray[np.float64]
    to_aligned: NDArray[np.float64]
    frame_index: NDArray[np.int64]
    pose_deg: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame_index)

    def sharpness(self) -> NDArray[np.float64]:
        """Return (n,) log10 variance of the Laplacian, luma of 0 to 255."""
        grays = (cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) for face in self.aligned)
        spread = [float(cv2.Laplacian(gray, cv2.CV_64F).var()) for gray in grays]
        return np.log10(np.maximum(spread, 1e-3))

    def best(self) -> int:
        """Return which face is the most frontal of the sharper half."""
        sharp = self.sharpness()
        turned = np.abs(self.pose_deg[:, :2]).sum(axis=1)
        return int(np.where(sharp >= np.median(sharp), turned, np.inf).argmin())


def faces_of(
    path: Path, landmarker: Landmarker, progress: Progress = lambda _d, _t: None
) -> FaceSet:
    """Cut out and align the faces of the person seen longest.

    Args:
        path: A video, a picture, or a folder of pictures.
        landmarker: Finds the 68 points.
        progress: Called with (frames done, frames to do).

    Raises:
        MaterialError: There is no face, or no picture in the folder.
        UnreadableItem: A file cannot be read.
    """
    if path.is_dir():
        return _of_folder(path, landmarker, progress)
    track = _main_track(path, landmarker, progress)
    if track is None:
        raise MaterialError(f"no face was found in {path.name}; give footage that shows one")
    return _of_track(path.name, Seal.of(path).sha256, track)


def _main_track(path: Path, landmarker: Landmarker, progress: Progress) -> FaceTrack | None:
    found = scan(path, every_frame=True, progress=progress)
    tracks = cut_tracks(path, found, landmarker, every_frame=True)
    return max(tracks, key=lambda track: (len(track), track.face_px), default=None)


def _of_track(name: str, sha256: str, track: FaceTrack) -> FaceSet:
    return FaceSet(
        name=name, sha256=sha256,
        aligned=np.stack([track.aligned(i) for i in range(len(track))]),
        landmarks=track.landmarks_aligned(), landmarks_px=track.landmarks_px,
        boxes_xyxy_px=track.boxes_xyxy_px, to_aligned=track.to_aligned,
        frame_index=track.frame_index, pose_deg=track.pose_deg,
    )  # fmt: skip


def _of_folder(folder: Path, landmarker: Landmarker, progress: Progress) -> FaceSet:
    pictures = sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES and p.is_file())
    if not pictures:
        raise MaterialError(f"{folder.name} holds no pictures; give a video or a folder of them")
    sets: list[FaceSet] = []
    digests: list[str] = []
    for number, path in enumerate(pictures):
        progress(number, len(pictures))
        digests.append(Seal.of(path).sha256)
        try:
            track = _main_track(path, landmarker, lambda _d, _t: None)
        except UnreadableItem:
            continue  # one bad picture in a folder of hundreds is no reason to stop
        if track is not None:
            sets.append(_of_track(path.name, digests[-1], track))
    progress(len(pictures), len(pictures))
    if not sets:
        raise MaterialError(f"no face was found in the pictures of {folder.name}")

    def joined(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(one, name) for one in sets])

    return FaceSet(
        name=folder.name, sha256=hashlib.sha256("\n".join(digests).encode("ascii")).hexdigest(),
        aligned=np.concatenate([one.aligned for one in sets]), landmarks=joined("landmarks"),
        landmarks_px=joined("landmarks_px"), boxes_xyxy_px=joined("boxes_xyxy_px"),
        to_aligned=joined("to_aligned"), frame_index=np.arange(sum(len(one) for one in sets)),
        pose_deg=joined("pose_deg"),
    )  # fmt: skip
