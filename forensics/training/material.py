"""Material: genuine faces cut out of stills and clips, with landmarks, kept in one file.

Faces are cut once, at native resolution, so that training never decodes or detects again.
Stills count one identity each; every face of a clip counts as the clip's identity.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.errors import ManifestError, MaterialError
from forensics.intake.crops import crop_square, square_around
from forensics.intake.detection import FaceDetector
from forensics.intake.landmarks import DlibLandmarker

CONTEXT_SCALE = 1.9
"""Side of a stored face over the longer side of its box: room for margins and distortion."""

LARGEST_SIDE_PX = 420
"""Stored faces are shrunk to this side where they are larger."""

SMALLEST_FACE_PX = 56
"""Faces with a shorter longer side are left out: nothing is calibrated there."""

CLIP_STEP_S = 0.5
"""Time between the frames taken from a clip."""

CLIP_FRAMES = 60
"""At most so many frames of one clip."""

HELD_OUT_SHARE = 0.1
"""Share of identities kept away from training."""


@dataclass(frozen=True)
class Face:
    """One genuine face with its surroundings.

    Attributes:
        rgb: (S, S, 3) uint8, the square of `CONTEXT_SCALE` around the box.
        landmarks_px: (68, 2) float32 in px of `rgb`.
        identity: Whose face; a clip's path for a clip.
        source: "congress", "ffhq-q75", ..., or "clip".
        held_out: Whether it is kept away from training.
    """

    rgb: NDArray[np.uint8]
    landmarks_px: NDArray[np.float32]
    identity: str
    source: str
    held_out: bool

    @property
    def box_side_px(self) -> float:
        """Longer side of the detector's box, in px of `rgb`."""
        return float(self.rgb.shape[0] / CONTEXT_SCALE)


def is_held_out(identity: str, share: float = HELD_OUT_SHARE) -> bool:
    """Say whether an identity is held out, by the digest of its name: no list to keep."""
    digest = hashlib.sha256(identity.encode("utf-8")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def held_out_clips(paths: list[str]) -> set[str]:
    """Choose a quarter of the clips (two at least) to hold out, by digest of their names."""
    ranked = sorted(paths, key=lambda path: hashlib.sha256(path.encode("utf-8")).hexdigest())
    return set(ranked[: max(2, len(ranked) // 4)]) if len(ranked) > 2 else set()


def train_paths(root: Path) -> list[str]:
    """List the clips with a face that the manifest of `root` marks `train`; the others never."""
    rows = read_manifest(root / "manifest.csv", ("path", "use", "face_px"))
    return [row["path"] for row in rows if row["use"] == "train" and row["face_px"] != "0"]


def held_out_paths(root: Path) -> list[Path]:
    """List the held-out ones of `train_paths`."""
    return [root / path for path in sorted(held_out_clips(train_paths(root)))]


def read_manifest(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Read a CSV manifest and check that it has the columns.

    Raises: ManifestError.
    """
    if not path.exists():
        raise ManifestError(f"there is no manifest at {path}")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    missing = [name for name in columns if not rows or name not in rows[0]]
    if missing:
        raise ManifestError(f"{path} lacks the columns {', '.join(missing)}")
    return rows


def cut_faces(
    rgb: NDArray[np.uint8], detector: FaceDetector, landmarker: DlibLandmarker
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield each face of a picture as a context square and its landmarks in that square's px."""
    for found in detector.detect(rgb)[0]:
        box = found.box_xyxy_px
        if found.confidence < 0.6 or max(box[2] - box[0], box[3] - box[1]) < SMALLEST_FACE_PX:
            continue
        left, top, side = square_around(box, CONTEXT_SCALE)
        size_px = min(LARGEST_SIDE_PX, round(side))
        landmarks = landmarker(np.ascontiguousarray(rgb), box)
        moved = (landmarks - np.array([np.floor(left), np.floor(top)])) * (size_px / side)
        yield crop_square(rgb, box, CONTEXT_SCALE, size_px), moved.astype(np.float32)


def still_faces(root: Path) -> Iterator[Face]:
    """Yield the largest face of every still that the manifest of `root` names."""
    detector, landmarker = FaceDetector(), DlibLandmarker()
    for row in read_manifest(root / "manifest.csv", ("path", "identity", "source")):
        bgr = cv2.imread(str(root / row["path"]))
        if bgr is None:
            continue
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        faces = sorted(cut_faces(rgb, detector, landmarker), key=lambda face: -len(face[0]))
        for cut, landmarks in faces[:1]:
            held_out = is_held_out(row["identity"])
            yield Face(cut, landmarks, row["identity"], row["source"], held_out)


def clip_faces(root: Path) -> Iterator[Face]:
    """Yield faces of the clips that the manifest of `root` marks `train`."""
    detector, landmarker = FaceDetector(), DlibLandmarker()
    paths = train_paths(root)
    kept_away = held_out_clips(paths)
    for path in paths:
        for rgb in sparse_frames(root / path, CLIP_STEP_S, CLIP_FRAMES):
            for cut, landmarks in cut_faces(rgb, detector, landmarker):
                yield Face(cut, landmarks, path, "clip", path in kept_away)


def sparse_frames(path: Path, step_s: float, most: int) -> Iterator[NDArray[np.uint8]]:
    """Yield at most `most` frames of a clip, `step_s` seconds apart at least."""
    due_s, given = 0.0, 0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if given >= most:
                return
            if frame.time is not None and frame.time >= due_s:
                due_s, given = frame.time + step_s, given + 1
                yield np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


def save(faces: list[Face], path: Path) -> None:
    """Write faces to one .npz: pixels end to end, with where each begins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sides = np.array([face.rgb.shape[0] for face in faces], dtype=np.int64)
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        pixels=np.concatenate([face.rgb.ravel() for face in faces]),
        sides=sides,
        landmarks=np.stack([face.landmarks_px for face in faces]),
        identities=np.array([face.identity for face in faces]),
        sources=np.array([face.source for face in faces]),
        held_out=np.array([face.held_out for face in faces]),
    )
    partial.replace(path)


def load(path: Path) -> list[Face]:
    """Read what `save` wrote.

    Raises: MaterialError where the file is missing or holds nothing.
    """
    if not path.exists():
        raise MaterialError(f"no training material at {path}; give --faces and --clips")
    with np.load(path, allow_pickle=False) as stored:
        pixels, sides = stored["pixels"], stored["sides"]
        ends = np.cumsum(3 * sides**2)
        columns = (stored["landmarks"], stored["identities"], stored["sources"], stored["held_out"])
        return [
            Face(
                pixels[end - 3 * side**2 : end].reshape(side, side, 3),
                landmarks, str(identity), str(source), bool(held_out),
            )
            for end, side, landmarks, identity, source, held_out in zip(
                ends, sides, *columns, strict=True
            )
        ]  # fmt: skip
