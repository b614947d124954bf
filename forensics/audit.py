"""The line: what an examination does, in order. What is not in here is not in the method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forensics import environment
from forensics.analyzer import Analyzer, Material, References, discover
from forensics.errors import ForensicsError
from forensics.exhibits import Exhibits
from forensics.intake.detection import detector_weights
from forensics.intake.landmarks import Landmarker, choose_landmarker
from forensics.intake.probe import probe
from forensics.intake.quality import track_quality
from forensics.intake.scan import Scan, scan
from forensics.intake.seal import Seal
from forensics.intake.tracks import FaceTrack, cut_tracks
from forensics.interpretation import calibration
from forensics.interpretation.verdict import conclude, item_weight, weigh
from forensics.record import (
    CaseRecord,
    Observation,
    Reason,
    Settings,
    Signal,
    Tool,
    TrackSummary,
)
from forensics.references.gather import gather

if TYPE_CHECKING:
    from forensics.casefile.folder import Case

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total); total 0 means unknown."""


FaceFinder = Callable[[Path, Settings, Landmarker, Progress], tuple[Scan, tuple[FaceTrack, ...]]]
"""Finds the faces of an item: the first and the second pass over it."""


@dataclass(frozen=True)
class Examination:
    """What `audit` returns: the frozen record, and the PNG bytes of its exhibits by file name."""

    record: CaseRecord
    exhibits: dict[str, bytes]


def audit(
    path: Path,
    settings: Settings,
    *,
    controls: tuple[Path, ...] = (),
    sources: str | None = None,
    persons: tuple[tuple[str, Path], ...] = (),
    case: Case | None = None,
    argv: tuple[str, ...] = (),
    analyzers: tuple[type[Analyzer], ...] | None = None,
    faces: FaceFinder | None = None,
    references: References | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
    operator: str | None = None,
) -> Examination:
    """Examine one item.

    Args:
        path: The item, a video or a still.
        settings: Everything that may change a result.
        controls: Genuine footage of the same person or camera.
        sources: Source index to search for the original footage.
        persons: Pictures or clips of known people: ("claimed" or "donor", folder or file).
        case: The case that the item is in; discriminators of its own generators are asked too.
        argv: The command line, kept in the record's run part.
        analyzers: Which to run; all by default.
        faces: Steps 3 and 4; benchmarks pass one that remembers.
        references: Step 5, where somebody has the material gathered already.
        progress: Called as work goes on.
        operator: Who examines, where a case says so.

    Raises:
        ForensicsError: One of the tree in `forensics.errors`.
    """
    run = environment.Clock()
    environment.seed(settings.seed)
    device = environment.device(settings.device)

    with run.stage("seal"):  # 1. the item's digest, before anything else touches it
        seal = Seal.of(path)
    with run.stage("probe"):  # 2. what the container says of itself
        container = probe(path)
    with run.stage("faces"):  # 3. decode: frame table, shots; 4. faces linked into people, crops
        landmarker = choose_landmarker(settings.landmarks, device)
        found, tracks = (faces or find_faces)(path, settings, landmarker, progress)
        exhibits = Exhibits()
        people = tuple(_summary(track, exhibits) for track in tracks)
        for track in tracks:
            exhibits.frames(track, len(tracks))
    with run.stage("references"):  # 5. what to compare with, gathered once for everyone
        known = references or gather(
            path, found, tracks, settings, controls, sources, landmarker, persons, case,
            progress=lambda done, total: progress("references", done, total),
        )  # fmt: skip
    material = Material(
        path=path, media=found.media, container=container, frame_table=found.table,
        shots=found.shots, tracks=tracks, references=known, prints=found.prints, device=device,
        attribution=settings.attribution, seed=settings.seed,
        progress=lambda done, total: progress("analyze", done, total),
    )  # fmt: skip
    chosen = [kind() for kind in analyzers or discover()]
    observations: list[Observation] = []
    digests = {"centerface": detector_weights()[1], landmarker.name: landmarker.digest}
    for number, analyzer in enumerate(chosen):  # 6. every method, none knowing another
        progress("methods", number, len(chosen))
        with run.stage(analyzer.name):
            observations += _look(analyzer, material, exhibits)
            digests |= analyzer.model_digests()
    progress("methods", len(chosen), len(chosen))
    with run.stage("weigh"):  # 7. likelihood ratios, only where a calibration matches
        versions = {analyzer.name: analyzer.version for analyzer in chosen}
        signals = [seen for seen in observations if isinstance(seen, Signal)]
        weights, unweighed = weigh(signals, people, calibration.shipped(), versions, digests)
        observations += unweighed
        item = item_weight(weights, people)
        verdict = conclude(found.media, people, observations, weights, item)
    with run.stage("re-seal"):  # 8. the item must be what it was
        sealed = seal.check(path)
    record = CaseRecord(
        item=sealed,
        tool=Tool(name="face-swap-audit", version=environment.tool_version(), analyzers=versions),
        environment=environment.describe(device, landmarker.name),
        model_digests=dict(sorted(digests.items())),
        settings=settings, media=found.media, shots=found.shots, tracks=people,
        observations=tuple(observations), exhibits=exhibits.listed(),
        weights=(*weights, *([item] if item else [])), verdict=verdict,
        run=run.finish(path, argv, operator),
    )  # fmt: skip
    return Examination(record, exhibits.files())


def find_faces(
    path: Path, settings: Settings, landmarker: Landmarker, progress: Progress
) -> tuple[Scan, tuple[FaceTrack, ...]]:
    """Decode an item twice: once to find its shots and faces, once to cut out its people."""
    found = scan(
        path, frames=settings.frames, every_frame=settings.every_frame,
        progress=lambda done, total: progress("frames", done, total),
    )  # fmt: skip
    tracks = cut_tracks(
        path, found, landmarker, frames=settings.frames, every_frame=settings.every_frame,
        progress=lambda done, total: progress("faces", done, total),
    )  # fmt: skip
    return found, tracks


def _look(analyzer: Analyzer, material: Material, exhibits: Exhibits) -> list[Observation]:
    """Run one analyzer; one that breaks abstains, and the others go on."""
    try:
        findings = analyzer.analyze(material)
    except (ForensicsError, MemoryError):
        raise
    except Exception as error:
        detail = f"the method broke ({type(error).__name__}: {str(error)[:200]})"
        return [analyzer.abstain(Reason.FAILED, detail)]
    for picture in findings.pictures:
        exhibits.add(analyzer.name, picture)
    return list(findings.observations)


def _summary(track: FaceTrack, exhibits: Exhibits) -> TrackSummary:
    name = exhibits.thumbnail(track)
    return TrackSummary(
        id=track.id, start_s=round(float(track.seen_s[0]), 6),
        end_s=round(float(track.seen_s[-1]), 6), frames_seen=len(track.seen_s),
        frames_examined=len(track), confidence=round(float(np.median(track.confidence)), 4),
        quality=track_quality(track), thumbnail=name,
    )  # fmt: skip
