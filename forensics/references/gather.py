"""Gather the material to compare with, once, and offer it to every analyzer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.analyzer import Control, Person, References
from forensics.intake.landmarks import Landmarker
from forensics.intake.scan import Scan, scan
from forensics.intake.tracks import FaceTrack, cut_tracks
from forensics.record import Settings
from forensics.references.case_discriminators import discriminators_of
from forensics.references.persons import gather_person
from forensics.references.sources.control import found_control
from forensics.references.sources.material import SourceMaterial
from forensics.references.sources.search import search_sources

if TYPE_CHECKING:
    from forensics.casefile.folder import Case


def gather(
    path: Path,
    found: Scan,
    tracks: tuple[FaceTrack, ...],
    settings: Settings,
    controls: tuple[Path, ...],
    sources: str | None,
    landmarker: Landmarker,
    persons: tuple[tuple[str, Path], ...] = (),
    case: Case | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> References:
    """Examine control clips like the item, read the pictures of known people, search the sources.

    Args:
        path: The item.
        found: Its first pass.
        tracks: Its faces.
        settings: Controls are sampled like the item.
        controls: Genuine footage of the same person or camera.
        sources: Source index, or None. What it finds is offered as a control too.
        landmarker: Finds the 68 points.
        persons: ("claimed" or "donor", folder or file) of known people.
        case: Whose own discriminators are offered.
        progress: Called with (clips done, clips to do).

    Raises:
        SourceIndexError: The index cannot be used.
        MaterialError: There are no pictures where a person's should be.
        CaseError: The case's models are not what its log says.
    """
    given = []
    for number, clip in enumerate(controls):
        progress(number, len(controls))
        given.append(examine_control(clip, "given", settings, landmarker))
    progress(len(controls), len(controls))
    material = None
    if sources is not None:
        material = search_sources(path, found, tracks, sources, progress)
        given += _found(material, tracks, landmarker, settings)
    known: list[Person] = [
        gather_person(where, role, landmarker, progress) for role, where in persons
    ]
    return References(
        controls=tuple(given),
        sources=material,
        persons=tuple(known),
        discriminators=discriminators_of(case) if case else (),
    )


def _found(
    material: SourceMaterial,
    tracks: tuple[FaceTrack, ...],
    landmarker: Landmarker,
    settings: Settings,
) -> list[Control]:
    """Offer the best source as control footage: the same faces at the same moments."""
    for match in material.matches[:1]:
        control = found_control(match, tracks, landmarker, settings.frames)
        if control is not None:
            return [control]
    return []


def examine_control(path: Path, origin: str, settings: Settings, landmarker: Landmarker) -> Control:
    """Find the faces of genuine footage the way the item's were found."""
    scanned = scan(path, frames=settings.frames)
    tracks = cut_tracks(path, scanned, landmarker, frames=settings.frames)
    return Control(path.name, origin, scanned.media, tracks)
