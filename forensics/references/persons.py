"""Pictures and clips of known people: who the item claims to show, and suspected donors.

They are gathered once, and only the person they are of is kept: others in the same picture are
told apart by the embedding, or the file is left out and named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from forensics.analyzer import Person, Recording
from forensics.errors import ForensicsError, MaterialError
from forensics.evenly import some
from forensics.face_embedding import Embedder, Vectors, embed_track
from forensics.intake.landmarks import Landmarker
from forensics.intake.scan import scan
from forensics.intake.seal import Seal, printable
from forensics.intake.tracks import FaceTrack, cut_tracks

FRAMES = 16
"""Frames taken of a reference clip."""

MOST_FILES = 60
"""Of a larger folder files are taken evenly: a person's spread is known after far fewer."""

SAME_PERSON = 0.6
"""dlib's own threshold (King 2017: 99.38 % right on LFW). Only used to keep the bystanders of
reference pictures out, never as evidence."""

LEAST_FACE_PX = 60.0


@dataclass(frozen=True)
class _File:
    name: str
    sha256: str
    frames: int
    tracks: tuple[FaceTrack, ...]
    centers: tuple[Vectors, ...]


def gather_person(
    given: Path,
    role: str,
    landmarker: Landmarker,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Person:
    """Collect the pictures and clips of one person.

    Args:
        given: A folder of pictures and clips, or one file.
        role: "claimed" or "donor".
        landmarker: Finds the 68 points.
        progress: Called with (files done, files to do).

    Raises:
        MaterialError: There is nothing there.
    """
    files = _listed(given)
    read: list[_File] = []
    left_out: list[str] = []
    for number, path in enumerate(files):
        progress(number, len(files))
        try:
            found = _read(path, landmarker)
        except ForensicsError as error:
            left_out.append(f"{path.name}: {error}")
            continue
        if found.tracks:
            read.append(found)
        else:
            left_out.append(f"{path.name}: no face of {LEAST_FACE_PX:.0f} px or more")
    progress(len(files), len(files))
    recordings: list[Recording] = []
    for one in read:
        tracks = _of_the_person(one, read)
        if tracks:
            usable = usable_faces(tracks, one.frames)
            recordings.append(Recording(printable(one.name), one.sha256, tracks, usable))
        else:
            left_out.append(f"{one.name}: several people, and not clear which is meant")
    return Person(printable(given.stem), role, tuple(recordings), tuple(left_out))


def _listed(given: Path) -> list[Path]:
    if not given.exists():
        raise MaterialError(f"{given} is not there; give a folder of pictures or clips, or a file")
    if given.is_file():
        return [given]
    files = sorted(p for p in given.iterdir() if p.is_file() and not p.name.startswith("."))
    if not files:
        raise MaterialError(f"{given} is empty; put pictures or clips of one person in it")
    return some(files, MOST_FILES)


@cache
def shared_embedder() -> Embedder:
    """Return the network, loaded once."""
    return Embedder()


def _read(path: Path, landmarker: Landmarker) -> _File:
    found = scan(path, frames=FRAMES)
    tracks = tuple(
        track for track in cut_tracks(path, found, landmarker, frames=FRAMES)
        if track.face_px >= LEAST_FACE_PX
    )  # fmt: skip
    centers: tuple[Vectors, ...] = ()
    if tracks:
        embedder = shared_embedder()
        looks = [embed_track(track, embedder, 3, ("whole",)).parts["whole"] for track in tracks]
        centers = tuple(look.mean(axis=0) for look in looks)
    return _File(path.name, Seal.of(path).sha256, found.media.frames_decoded, tracks, centers)


def _of_the_person(one: _File, read: list[_File]) -> tuple[FaceTrack, ...]:
    """Keep the tracks of the person that most files show; none where that is not clear."""
    groups = _people(one.centers)
    if len(groups) == 1:
        return one.tracks
    votes = [
        sum(
            any(_near(one.centers[i], center) for i in group for center in other.centers)
            for other in read
            if other is not one
        )
        for group in groups
    ]
    ranked = sorted(votes, reverse=True)
    if ranked[0] == ranked[1]:
        return ()
    chosen = groups[int(np.argmax(votes))]
    return tuple(one.tracks[i] for i in chosen)


def _people(centers: tuple[Vectors, ...]) -> list[list[int]]:
    """Put the tracks of one file that look like one person together."""
    groups: list[list[int]] = []
    for i, center in enumerate(centers):
        for group in groups:
            if any(_near(center, centers[j]) for j in group):
                group.append(i)
                break
        else:
            groups.append([i])
    return groups


def _near(a: Vectors, b: Vectors) -> bool:
    return float(np.linalg.norm(a - b)) < SAME_PERSON


def usable_faces(tracks: tuple[FaceTrack, ...], frames: int) -> int:
    """Estimate how many frames of a file show the face well enough to learn from.

    Args:
        tracks: Of the person in the file.
        frames: Decoded frames of the file.

    Returns:
        At least the examined frames that are usable. Between the sightings of a track the face is
        taken to be there, at its mean share of usable faces.
    """
    if frames <= 1:
        return min(1, len(tracks))
    total = 0.0
    for track in tracks:
        size = track.boxes_xyxy_px[:, 3] - track.boxes_xyxy_px[:, 1]
        good = float((~track.disagreement & (size >= LEAST_FACE_PX)).mean())
        span = int(track.frame_index[-1] - track.frame_index[0]) + 1
        total += good * span
    return min(frames, round(total))
