"""Run the line over a manifest and collect one row a video."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from forensics import environment
from forensics.analyzer import Analyzer, Material, discover
from forensics.benchmark import cache
from forensics.benchmark.manifest import Entry
from forensics.errors import ForensicsError
from forensics.intake.landmarks import choose_landmarker
from forensics.intake.probe import probe
from forensics.intake.quality import track_quality
from forensics.intake.scan import Scan, scan
from forensics.intake.tracks import FaceTrack, cut_tracks
from forensics.interpretation import calibration
from forensics.interpretation.verdict import conclude, item_weight, weigh
from forensics.record import Conclusion, Observation, Signal, TrackSummary, Verdict


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
    """Examine one video as `forensics.audit` does, with faces from the cache where there are."""
    nothing = float("nan")
    try:
        people, tracks, observations, verdict = _line(protocol.root / entry.path, protocol)
    except ForensicsError as error:
        return Row(entry, str(Conclusion.NOT_EXAMINABLE), nothing, nothing, {}, 0, nothing,
                   str(error))  # fmt: skip
    return Row(
        entry=entry, conclusion=str(verdict.conclusion),
        log10_lr=nothing if verdict.log10_lr is None else verdict.log10_lr,
        score=nothing if verdict.score is None else verdict.score,
        signals=item_signals(observations, people), tracks=len(tracks),
        face_px=max(tracks, key=lambda t: len(t.seen_s)).face_px if tracks else nothing,
    )  # fmt: skip


def _line(
    path: Path, protocol: Protocol
) -> tuple[tuple[TrackSummary, ...], tuple[FaceTrack, ...], list[Observation], Verdict]:
    environment.seed(0)
    found, tracks = faces_of(path, protocol.frames, protocol.faces)
    material = Material(
        path=path, media=found.media, container=probe(path), frame_table=found.table,
        shots=found.shots, tracks=tracks,
    )  # fmt: skip
    chosen = [kind() for kind in discover() if _wanted(kind, protocol.analyzers)]
    observations: list[Observation] = []
    digests: dict[str, str] = {}
    for analyzer in chosen:
        observations += analyzer.analyze(material).observations
        digests |= analyzer.model_digests()
    people = summaries(tracks)
    signals = [seen for seen in observations if isinstance(seen, Signal)]
    versions = {analyzer.name: analyzer.version for analyzer in chosen}
    weights, reasons = weigh(signals, people, calibration.shipped(), versions, digests)
    observations += reasons
    item = item_weight(weights, people)
    verdict = conclude(found.media, people, observations, weights, item)
    return people, tracks, observations, verdict


def _wanted(kind: type[Analyzer], names: Iterable[str]) -> bool:
    return not names or kind.name in names


def faces_of(path: Path, frames: int, folder: Path | None) -> tuple[Scan, tuple[FaceTrack, ...]]:
    """Find the faces of a video, or read them from the cache.

    Args:
        path: The video.
        frames: Frames a person.
        folder: Of the cache, or None.
    """
    landmarker = choose_landmarker("auto", environment.device("auto"))
    entry = None
    if folder is not None:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        entry = cache.entry_path(folder, digest, frames, landmarker.name)
        kept = cache.load(entry)
        if kept is not None:
            return kept
    found = scan(path, frames=frames)
    tracks = cut_tracks(path, found, landmarker, frames=frames)
    if entry is not None:
        cache.save(entry, found, tracks)
    return found, tracks


def summaries(tracks: tuple[FaceTrack, ...]) -> tuple[TrackSummary, ...]:
    """Summarize tracks as the record does, without thumbnails."""
    return tuple(
        TrackSummary(
            id=track.id, start_s=float(track.seen_s[0]), end_s=float(track.seen_s[-1]),
            frames_seen=len(track.seen_s), frames_examined=len(track),
            confidence=float(np.median(track.confidence)), quality=track_quality(track),
        )
        for track in tracks
    )  # fmt: skip


def item_signals(
    observations: list[Observation], people: tuple[TrackSummary, ...]
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
