"""Gather the material to compare with, once, and offer it to every analyzer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from forensics.analyzer import Control, References
from forensics.intake.landmarks import Landmarker
from forensics.intake.scan import Scan, scan
from forensics.intake.tracks import FaceTrack, cut_tracks
from forensics.record import Settings


def gather(
    path: Path,
    found: Scan,
    tracks: tuple[FaceTrack, ...],
    settings: Settings,
    controls: tuple[Path, ...],
    sources: str | None,
    landmarker: Landmarker,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> References:
    """Examine control clips like the item, and search the source index where one is given.

    Args:
        path: The item.
        found: Its first pass.
        tracks: Its faces.
        settings: Controls are sampled like the item.
        controls: Genuine footage of the same person or camera.
        sources: Source index, or None.
        landmarker: Finds the 68 points.
        progress: Called with (clips done, clips to do).
    """
    given = []
    for number, clip in enumerate(controls):
        progress(number, len(controls))
        given.append(examine_control(clip, "given", settings, landmarker))
    progress(len(controls), len(controls))
    return References(controls=tuple(given), sources=None)


def examine_control(
    path: Path, origin: str, settings: Settings, landmarker: Landmarker
) -> Control:
    """Find the faces of genuine footage the way the item's were found."""
    scanned = scan(path, frames=settings.frames)
    tracks = cut_tracks(path, scanned, landmarker, frames=settings.frames)
    return Control(path.name, origin, scanned.media, tracks)
