"""Faces of videos that were examined before, so that a second benchmark is quick.

A cache entry is keyed by the item's digest, the sampling, and the version of intake: changed code
that changes faces must change `INTAKE_VERSION`.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from forensics.intake.scan import FrameTable, Scan
from forensics.intake.spool import Spool
from forensics.intake.tracks import FaceTrack
from forensics.record import Media, Shot

INTAKE_VERSION = 1

ARRAYS = [
    field.name
    for field in fields(FaceTrack)
    if field.name not in ("id", "shot", "spool", "aligned_slots", "next_slots", "context_slots")
]
TABLE_ARRAYS = ("pts_s", "key", "qp", "interlaced", "duplicate")


def entry_path(folder: Path, sha256: str, frames: int, landmarker: str) -> Path:
    """Return where the faces of an item would be."""
    key = f"{INTAKE_VERSION}:{sha256}:{frames}:{landmarker}"
    return folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npz"


def save(path: Path, found: Scan, tracks: tuple[FaceTrack, ...]) -> None:
    """Write a cache entry, complete or not at all."""
    arrays: dict[str, Any] = {f"table.{name}": getattr(found.table, name) for name in TABLE_ARRAYS}
    head = {
        "media": found.media.model_dump(mode="json"),
        "shots": [shot.model_dump(mode="json") for shot in found.shots],
        "kind": found.table.kind, "rotation_deg": found.table.rotation_deg,
        "tracks": [{"id": track.id, "shot": track.shot} for track in tracks],
    }  # fmt: skip
    for track in tracks:
        for name in ARRAYS:
            arrays[f"{track.id}.{name}"] = getattr(track, name)
        for i in range(len(track)):
            arrays[f"{track.id}.aligned.{i}"] = track.aligned(i)
            arrays[f"{track.id}.context.{i}"] = track.spool.get(int(track.context_slots[i]))
            following = track.aligned_next(i)
            if following is not None:
                arrays[f"{track.id}.next.{i}"] = following
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial.npz")
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    np.savez(partial, allow_pickle=False, **arrays)
    partial.replace(path)


def load(path: Path) -> tuple[Scan, tuple[FaceTrack, ...]] | None:
    """Read a cache entry; None where there is none. Sightings are not kept."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        head = json.loads(stored["head"].tobytes().decode())
        table = FrameTable(
            kind=head["kind"], rotation_deg=head["rotation_deg"],
            **{name: stored[f"table.{name}"] for name in TABLE_ARRAYS},
        )  # fmt: skip
        shots = tuple(Shot.model_validate(shot) for shot in head["shots"])
        found = Scan(Media.model_validate(head["media"]), table, shots, ())
        spool = Spool()
        tracks = tuple(_track(stored, entry, spool) for entry in head["tracks"])
    return found, tracks


def _track(stored: np.lib.npyio.NpzFile, entry: dict[str, int], spool: Spool) -> FaceTrack:
    number = entry["id"]
    arrays = {name: stored[f"{number}.{name}"] for name in ARRAYS}
    n = len(arrays["frame_index"])
    slots = {
        kind: np.array(
            [
                spool.put(stored[key]) if (key := f"{number}.{kind}.{i}") in stored else -1
                for i in range(n)
            ],
            dtype=np.int64,
        )
        for kind in ("aligned", "next", "context")
    }
    return FaceTrack(
        id=number, shot=entry["shot"], spool=spool, aligned_slots=slots["aligned"],
        next_slots=slots["next"], context_slots=slots["context"], **arrays,
    )  # fmt: skip
