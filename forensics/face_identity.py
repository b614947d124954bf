"""Distances to a known person, against how far that person's own pictures lie from each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Person
from forensics.face_embedding import Embedder, Vectors, embed_track
from forensics.intake.tracks import FaceTrack

FRAMES = 12
"""Faces of a track that are embedded; the median over them settles with eight."""

MOST_REFERENCES = 36
LEAST_SPREAD = 0.03
"""The yardstick never gets shorter than this: few references of one moment are too alike."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """A known person in the space of embeddings.

    Attributes:
        name: Of the person.
        parts: (n, 128) float64 by part of the face.
        recording: (n,) int64, which file each is from.
        yaw_deg: (n,) float64.
        pitch_deg: (n,) float64.
        face_px: (n,) float64, height of the face box.
    """

    name: str
    parts: dict[str, Vectors]
    recording: NDArray[np.int64]
    yaw_deg: Values
    pitch_deg: Values
    face_px: Values

    def __len__(self) -> int:
        return len(self.recording)

    @property
    def recordings(self) -> int:
        """How many files the faces are from."""
        return len(np.unique(self.recording))

    def distances(self, faces: Vectors, part: str) -> Values:
        """Return each face's median distance to this person's faces.

        Args:
            faces: (k, 128) of the same part.
            part: Of the face.

        Returns:
            (k,) float64.
        """
        return np.asarray(np.median(pairwise(faces, self.parts[part]), axis=1), dtype=np.float64)

    def own_distances(self, part: str) -> Values:
        """Return every reference's median distance to the others, itself left out.

        Where there are several recordings, its whole recording is left out: two frames of one
        clip are nearer than two occasions.
        """
        between = pairwise(self.parts[part], self.parts[part])
        apart = self.recording[:, None] != self.recording[None, :]
        if self.recordings < 2:
            apart = ~np.eye(len(self), dtype=bool)
        found = [np.median(row[keep]) for row, keep in zip(between, apart, strict=True)]
        return np.array(found, dtype=np.float64)

    def yardstick(self, part: str) -> tuple[float, float]:
        """Return median and robust spread of the person's own distances."""
        own = self.own_distances(part)
        center = float(np.median(own))
        return center, max(LEAST_SPREAD, 1.4826 * float(np.median(np.abs(own - center))))


def know(person: Person, embedder: Embedder, parts: tuple[str, ...]) -> Known:
    """Embed a person's faces: as many of each recording, at most MOST_REFERENCES in all.

    Args:
        person: With recordings.
        embedder: The network.
        parts: Which parts of the face.
    """
    share = max(1, MOST_REFERENCES // max(1, len(person.recordings)))
    vectors: dict[str, list[Vectors]] = {part: [] for part in parts}
    rows: list[tuple[int, float, float, float]] = []
    for number, recording in enumerate(person.recordings):
        each = max(1, min(FRAMES, share) // len(recording.tracks))
        for track in recording.tracks:
            seen = embed_track(track, embedder, each, parts)
            for part in parts:
                vectors[part].append(seen.parts[part])
            size = track.boxes_xyxy_px[:, 3] - track.boxes_xyxy_px[:, 1]
            for i in seen.index:
                pitch, yaw, _ = track.pose_deg[i]
                rows.append((number, float(yaw), float(pitch), float(size[i])))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Known(
        person.name,
        {part: np.concatenate(v) if v else np.zeros((0, 128)) for part, v in vectors.items()},
        table[:, 0].astype(np.int64), table[:, 1], table[:, 2], table[:, 3],
    )  # fmt: skip


def pairwise(a: Vectors, b: Vectors) -> Values:
    """Return the (n, m) Euclidean distances of (n, 128) to (m, 128)."""
    return np.asarray(np.linalg.norm(a[:, None, :] - b[None, :, :], axis=2), dtype=np.float64)


def instability(faces: Vectors) -> float:
    """Return the median distance of (n, 128) faces from one another; NaN for fewer than two."""
    if len(faces) < 2:
        return float("nan")
    return float(np.median(pairwise(faces, faces)[np.triu_indices(len(faces), 1)]))


def usual_instability(known: Known) -> float | None:
    """Return the same of a person's own clips, the median over clips of three faces or more."""
    found = []
    for number in np.unique(known.recording):
        inside = known.recording == number
        if inside.sum() >= 3:
            found.append(instability(known.parts["whole"][inside]))
    return float(np.median(found)) if found else None


def pose_gap_deg(track: FaceTrack, index: NDArray[np.int64], known: Known) -> float:
    """Return how far a track's usual yaw lies from the nearest reference's, degrees."""
    yaw = float(np.median(track.pose_deg[index, 1]))
    return float(np.min(np.abs(known.yaw_deg - yaw)))
