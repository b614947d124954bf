"""Aligned faces of one person, from a video or a folder of pictures, through `forensics`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
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


Same = Callable[[FaceSet, FaceSet], bool]


def faces_of(
    path: Path, landmarker: Landmarker, same: Same, progress: Progress = lambda _d, _t: None
) -> FaceSet:
    """Cut out and align the faces of the person seen longest, in every shot.

    Args:
        path: A video, a picture, or a folder of pictures of one person.
        landmarker: Finds the 68 points.
        same: Says whether two tracks show the same person.
        progress: Called with (frames done, frames to do).

    Raises:
        MaterialError: There is no face, or no picture in the folder.
        UnreadableItem: A file cannot be read.
    """
    if path.is_dir():
        return _of_folder(path, landmarker, progress)
    tracks = _tracks(path, landmarker, progress)
    if not tracks:
        raise MaterialError(f"no face was found in {path.name}; give footage that shows one")
    sha256 = Seal.of(path).sha256
    main, *others = (_of_track(path.name, sha256, track) for track in tracks)
    taken = {int(frame) for frame in main.frame_index}
    chosen = [main]
    for other in others:
        frames = {int(frame) for frame in other.frame_index}
        if not frames & taken and same(main, other):
            chosen.append(other)
            taken |= frames
    chosen.sort(key=lambda one: int(one.frame_index[0]))
    return _joined(path.name, sha256, chosen)


def _tracks(path: Path, landmarker: Landmarker, progress: Progress) -> list[FaceTrack]:
    """Return the tracks of a file, the longest first."""
    found = scan(path, every_frame=True, progress=progress)
    tracks = cut_tracks(path, found, landmarker, every_frame=True)
    return sorted(tracks, key=lambda track: (-len(track), -track.face_px))


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
            tracks = _tracks(path, landmarker, lambda _d, _t: None)
        except UnreadableItem:
            continue  # one bad picture in a folder of hundreds is no reason to stop
        if tracks:
            sets.append(_of_track(path.name, digests[-1], tracks[0]))
    progress(len(pictures), len(pictures))
    if not sets:
        raise MaterialError(f"no face was found in the pictures of {folder.name}")
    digest = hashlib.sha256("\n".join(digests).encode("ascii")).hexdigest()
    return replace(_joined(folder.name, digest, sets), frame_index=np.arange(len(sets)))


def _joined(name: str, sha256: str, sets: list[FaceSet]) -> FaceSet:
    """Put sets of one person into one, in their order."""
    return FaceSet(
        name=name, sha256=sha256,
        aligned=np.concatenate([one.aligned for one in sets]),
        landmarks=np.concatenate([one.landmarks for one in sets]),
        landmarks_px=np.concatenate([one.landmarks_px for one in sets]),
        boxes_xyxy_px=np.concatenate([one.boxes_xyxy_px for one in sets]),
        to_aligned=np.concatenate([one.to_aligned for one in sets]),
        frame_index=np.concatenate([one.frame_index for one in sets]),
        pose_deg=np.concatenate([one.pose_deg for one in sets]),
    )  # fmt: skip
