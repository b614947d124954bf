"""Little videos made on the fly, and the steps before a search."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from forensics.intake.detection import FaceDetector
from forensics.intake.landmarks import DlibLandmarker
from forensics.intake.scan import Scan, scan
from forensics.intake.tracks import FaceTrack, cut_tracks
from forensics.references.sources import pairs
from forensics.references.sources.adding import add_files
from forensics.references.sources.edits import write_clip
from forensics.references.sources.index import open_index

RATE_FPS = 25


@dataclass(frozen=True)
class Clips:
    """Files of one folder."""

    folder: Path
    source: Path
    swapped: Path
    copy: Path
    mirrored_crop: Path
    excerpt: Path
    other: Path
    black: Path
    portrait: Path
    index: Path


def pan(picture: np.ndarray, count: int = 30, side: int = 320) -> list[np.ndarray]:
    frames = []
    for number in range(count):
        x, y = 3 * number % 60, 2 * number % 40
        frames.append(np.ascontiguousarray(picture[y : y + side, x : x + side]))
    return frames


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    folder = tmp_path_factory.mktemp("sources")
    archive = folder / "archive"
    face = data.astronaut()
    marks = pairs.find_face(face, FaceDetector(), DlibLandmarker())
    assert marks is not None
    footage = pairs.animate("astronaut", face, marks, np.random.default_rng(3))
    donor = np.ascontiguousarray(face[:, ::-1])
    donor = np.asarray(cv2.applyColorMap(donor[..., 1], cv2.COLORMAP_PINK)[..., ::-1])
    other_marks = pairs.find_face(face[:, ::-1], FaceDetector(), DlibLandmarker())
    assert other_marks is not None
    made = pairs.make_pairs(
        footage, (np.ascontiguousarray(donor), other_marks), ["cross_identity"], folder / "made", 5
    )
    names = ("copy", "mirror", "excerpt", "black", "tall")
    files = {name: folder / f"{name}.mp4" for name in names}
    small = [cv2.resize(f, (300, 300), interpolation=cv2.INTER_AREA) for f in footage.frames]
    write_clip(files["copy"], small, RATE_FPS, 32)
    flipped = [np.ascontiguousarray(f[20:380, 10:370][:, ::-1]) for f in footage.frames]
    write_clip(files["mirror"], flipped, RATE_FPS, 28)
    write_clip(files["excerpt"], footage.frames[12:37], RATE_FPS, 26)
    write_clip(files["black"], [np.zeros((120, 160, 3), np.uint8)] * 20, RATE_FPS, 26)
    tall = []
    for frame in footage.frames:
        canvas = cv2.GaussianBlur(cv2.resize(frame, (400, 712)), (0, 0), 16)
        canvas[156:556] = frame
        tall.append(canvas)
    write_clip(files["tall"], tall, RATE_FPS, 26)
    archive.mkdir()
    source = archive / "original.mp4"
    source.write_bytes(made[0].source.read_bytes())
    other = archive / "coffee.mp4"
    write_clip(other, pan(data.coffee()), RATE_FPS, 24)
    write_clip(archive / "cat.mp4", [data.chelsea()[:300, :450]] * 25, RATE_FPS, 24)
    cv2.imwrite(str(archive / "rocket.jpg"), data.rocket()[..., ::-1])
    with open_index(str(folder / "index"), write=True) as index:
        outcomes = [one.outcome for one in add_files(index, [archive])]
    assert outcomes == ["added"] * 4
    return Clips(
        folder, source, made[0].questioned, files["copy"], files["mirror"], files["excerpt"], other,
        files["black"], files["tall"], folder / "index",
    )  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """An item after scan and tracks."""

    path: Path
    found: Scan
    tracks: tuple[FaceTrack, ...]


def look(path: Path, frames: int = 6) -> Seen:
    found = scan(path, frames=frames)
    return Seen(path, found, cut_tracks(path, found, DlibLandmarker(), frames=frames))
