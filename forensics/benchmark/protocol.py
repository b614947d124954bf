"""Run the line over a manifest and collect one row a video."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from forensics.analyzer import discover
from forensics.audit import FaceFinder, Progress, audit, find_faces
from forensics.benchmark import cache
from forensics.benchmark.manifest import Entry
from forensics.errors import ForensicsError
from forensics.intake.landmarks import Landmarker
from forensics.intake.scan import Scan
from forensics.intake.tracks import FaceTrack
from forensics.record import Conclusion, Observation, Settings, Signal, TrackSummary


@dataclass(frozen=True)
class Row:
    """What the line said of one video.

    Attributes:
        entry: From the manifest.
        conclusion: Of the verdict.
        log10_lr: Of the item; NaN where nothing was weighed.
        score: Of the item, unbounded; NaN where nothing was weighed.
        signals: Item-level score by "analyzer.name": the largest over tracks seen in at least
            30 % as many frames as the longest.
        tracks: How many people.
        face_px: Median face height of the longest track; NaN without one.
        error: Why the line stopped, or empty.
    """

    entry: Entry
    conclusion: str
    log10_lr: float
    score: float
    signals: dict[str, float]
    tracks: int
    face_px: float
    error: str = ""


@dataclass(frozen=True)
class Protocol:
    """What is the same for every video of a benchmark.

    Attributes:
        root: Folder the manifest's paths are relative to.
        frames: Frames a person.
        analyzers: Names of the analyzers to run; all where empty.
        faces: Folder of the face cache, or None.
    """

    root: Path
    frames: int = 32
    analyzers: tuple[str, ...] = ()
    faces: Path | None = None


def run(
    entries: list[Entry],
    protocol: Protocol,
    jobs: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Row]:
    """Examine every video of a manifest, several at a time, in the manifest's order."""
    progress(0, len(entries))
    if jobs <= 1:
        rows = []
        for number, entry in enumerate(entries, start=1):
            rows.append(examine(entry, protocol))
            progress(number, len(entries))
        return rows
    found: dict[str, Row] = {}
    spawn = get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_one_thread) as pool:
        waiting = [pool.submit(examine, entry, protocol) for entry in entries]
        for number, done in enumerate(as_completed(waiting), start=1):
            row = done.result()
            found[row.entry.path] = row
            progress(number, len(entries))
    return [found[entry.path] for entry in entries]


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def examine(entry: Entry, protocol: Protocol) -> Row:
    """Examine one video by the line itself, with faces from the cache where there are."""
    nothing = float("nan")
    chosen = tuple(
        kind for kind in discover() if not protocol.analyzers or kind.name in protocol.analyzers
    )
    try:
        record = audit(
            protocol.root / entry.path, Settings(frames=protocol.frames), analyzers=chosen,
            faces=find_faces if protocol.faces is None else remembering(protocol.faces),
        ).record  # fmt: skip
    except ForensicsError as error:
        return Row(entry, str(Conclusion.NOT_EXAMINABLE), nothing, nothing, {}, 0, nothing,
                   str(error))  # fmt: skip
    verdict, people = record.verdict, record.tracks
    longest = max(people, key=lambda person: person.frames_seen, default=None)
    return Row(
        entry=entry, conclusion=str(verdict.conclusion),
        log10_lr=nothing if verdict.log10_lr is None else verdict.log10_lr,
        score=nothing if verdict.score is None else verdict.score,
        signals=item_signals(record.observations, people), tracks=len(people),
        face_px=longest.quality.face_px if longest else nothing,
    )  # fmt: skip


def remembering(folder: Path) -> FaceFinder:
    """Make a face finder that keeps what it found in a folder.

    Args:
        folder: Of the cache.
    """

    def find(
        path: Path, settings: Settings, landmarker: Landmarker, progress: Progress
    ) -> tuple[Scan, tuple[FaceTrack, ...]]:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entry = cache.entry_path(folder, digest, settings.frames, landmarker.name)
        kept = cache.load(entry)
        if kept is None:
            kept = find_faces(path, settings, landmarker, progress)
            cache.save(entry, *kept)
        return kept

    return find


def item_signals(
    observations: tuple[Observation, ...], people: tuple[TrackSummary, ...]
) -> dict[str, float]:
    """Take each signal's largest score over the tracks that are in the picture long enough."""
    most = max((person.frames_seen for person in people), default=0)
    long = {person.id for person in people if person.frames_seen >= 0.3 * most}
    best: dict[str, float] = {}
    for seen in observations:
        if isinstance(seen, Signal) and (seen.extent.track is None or seen.extent.track in long):
            name = f"{seen.analyzer}.{seen.name}"
            best[name] = max(best.get(name, -np.inf), seen.score)
    return best
