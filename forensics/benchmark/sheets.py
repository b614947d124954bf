"""Contact sheets of what a benchmark got wrong: every false alarm and miss is for reading.

They show faces of the benchmark's people: for the eyes of who measures, never for publication.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.benchmark.protocol import Protocol, Row, remembering
from forensics.errors import ForensicsError
from forensics.intake.landmarks import choose_landmarker
from forensics.intake.tracks import FaceTrack
from forensics.output import writing
from forensics.record import Settings

CELL_PX = 128
FRAMES = 6
ROWS = 12
LINE_PX = 18
FONT = cv2.FONT_HERSHEY_SIMPLEX
SHEETS = ("genuine-highest", "fakes-lowest")

Sheet = NDArray[np.uint8]


def write(rows: list[Row], protocol: Protocol, folder: Path) -> list[Path]:
    """Write a sheet of the highest genuine videos and one of the lowest fakes.

    Args:
        rows: Of the benchmark.
        protocol: It was run by; its face cache makes this quick.
        folder: Where the sheets go.

    Returns:
        The files; a side without scored videos gives none.
    """
    scored = [row for row in rows if np.isfinite(row.score)]
    genuine = sorted((r for r in scored if not r.entry.fake), key=lambda row: -row.score)
    fakes = sorted((r for r in scored if r.entry.fake), key=lambda row: row.score)
    written = []
    for name, chosen in zip(SHEETS, (genuine, fakes), strict=True):
        strips = [strip for row in chosen[:ROWS] for strip in _strips(row, protocol)]
        if strips:
            path = folder / f"{name}.png"
            _save(np.vstack(strips), path)
            written.append(path)
    return written


def _save(sheet: Sheet, path: Path) -> None:
    ok, data = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    if not ok:
        raise ValueError(f"{path.name} could not be coded as PNG")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.tobytes())


def _strips(row: Row, protocol: Protocol) -> list[Sheet]:
    """Show a video's people, longest first, at most two, under a line that says what was said."""
    find = remembering(protocol.faces) if protocol.faces else None
    try:
        if find is None:
            return []
        landmarker = choose_landmarker("auto", "cpu")
        path = protocol.root / row.entry.path
        settings = Settings(frames=protocol.frames)
        _, tracks = find(path, settings, landmarker, lambda *_: None)
    except ForensicsError:
        return []
    longest = sorted(tracks, key=lambda track: -len(track))[:2]
    if not longest:
        return []
    head = np.full((LINE_PX, CELL_PX * FRAMES, 3), 255, np.uint8)
    said = f"{row.score:+.2f} {row.conclusion} | {row.entry.method} | {Path(row.entry.path).name}"
    text = said.encode("ascii", "replace").decode()
    cv2.putText(head, text, (3, LINE_PX - 5), FONT, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return [head, *(_faces(track) for track in longest)]


def _faces(track: FaceTrack) -> Sheet:
    sheet = np.full((CELL_PX, CELL_PX * FRAMES, 3), 255, np.uint8)
    chosen = track.spread(FRAMES)
    for column, index in enumerate(chosen):
        cell = cv2.resize(
            track.aligned(int(index)), (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA
        )
        sheet[:, column * CELL_PX : (column + 1) * CELL_PX] = cell
    return sheet
