"""Cutting clips into segments, and sending each down the same line as any item."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forensics.analyzer import Analyzer, Control, References, discover
from forensics.audit import audit
from forensics.face_embedding import Embedder, embed_track
from forensics.intake.landmarks import Landmarker
from forensics.intake.scan import Scan, scan
from forensics.intake.tracks import CONTEXT_SCALE, FaceTrack, cut_tracks
from forensics.interpretation.calibration import signal_values
from forensics.record import Frozen, Settings
from forensics.references.case_discriminators import CaseDiscriminator

FRAMES = 12
"""Examined frames a segment."""

EMBEDDED = 6
CONTROL_FRAMES = 16
LONGEST_S, SHORTEST_S = 3.0, 0.8
MOST_SEGMENTS = 8
PICTURE_PX = 320

Box = tuple[float, float, float, float]
PER_FRAME = tuple(
    field.name for field in fields(FaceTrack) if field.name not in ("id", "seen_s", "shot", "spool")
)


class Segment(Frozen):
    """What every method said of one segment.

    Attributes:
        number: Its place in the clip, from 0: clips of the same footage share moments.
        start_s: In the clip.
        end_s: In the clip.
        values: Scores by "analyzer.signal".
        units: Of the scores.
        titles: Of the signals, for people.
        log10_lr: Of the verdict; None where it had none.
        conclusion: Of the verdict.
        face_px: Median height of the face box.
        qp: Median quantization parameter in the face, None where not given.
        embedding: Mean embedding of the face, 128 numbers.
    """

    number: int
    start_s: float
    end_s: float
    values: dict[str, float]
    units: dict[str, str]
    titles: dict[str, str]
    log10_lr: float | None
    conclusion: str
    face_px: float
    qp: float | None
    embedding: tuple[float, ...] = Field(min_length=128, max_length=128)


@dataclass(frozen=True)
class Footage:
    """A clip whose faces were found, cut into segments.

    Attributes:
        path: The file that was read.
        found: Its first pass.
        faces: The person's track in each segment, by number; segments without a face are missing.
        edges: (n, 2) float64, start and end of each segment, s.
    """

    path: Path
    found: Scan
    faces: dict[int, FaceTrack]
    edges: NDArray[np.float64]


def segment_edges(duration_s: float) -> NDArray[np.float64]:
    """Cut a duration into at most MOST_SEGMENTS segments of LONGEST_S or less, (n, 2) s."""
    length = float(np.clip(duration_s / MOST_SEGMENTS, SHORTEST_S, LONGEST_S))
    count = int(np.clip(duration_s / length + 1e-6, 1, MOST_SEGMENTS))
    starts = np.arange(count) * length
    return np.stack([starts, starts + length], axis=1)


def read_footage(
    path: Path, landmarker: Landmarker, seconds: float, boxes: dict[int, Box] | None = None
) -> Footage:
    """Find the faces of a clip and cut them by segment.

    Args:
        path: The clip.
        landmarker: Finds the 68 points.
        seconds: How much of it is used.
        boxes: Where the face in question is, px by frame number; without them the largest and
            longest seen face of a segment is meant.
    """
    first = scan(path, frames=FRAMES * MOST_SEGMENTS)
    start = float(first.table.pts_s[0])
    edges = segment_edges(min(seconds, first.media.duration_s)) + start
    tracks = cut_tracks(path, first, landmarker, frames=FRAMES * len(edges))
    faces: dict[int, FaceTrack] = {}
    for number, (begin, end) in enumerate(edges):
        parts = [part for track in tracks if (part := part_of_track(track, begin, end)) is not None]
        if parts:
            chosen = max(parts, key=lambda part: _weight(part, boxes))
            faces[number] = replace(thinned(chosen, FRAMES), id=1)
    return Footage(path, first, faces, edges)


def part_of_track(track: FaceTrack, begin_s: float, end_s: float) -> FaceTrack | None:
    """Return the stretch of a track in [begin_s, end_s), None where too little is left."""
    keep = (track.pts_s >= begin_s) & (track.pts_s < end_s)
    seen = (track.seen_s >= begin_s) & (track.seen_s < end_s)
    return taken(track, np.flatnonzero(keep), seen) if keep.sum() >= 4 else None


def thinned(track: FaceTrack, frames: int) -> FaceTrack:
    """Keep at most so many of a track's examined frames, evenly."""
    return taken(track, track.spread(frames), np.ones(len(track.seen_s), bool))


def taken(track: FaceTrack, picks: NDArray[np.int64], seen: NDArray[np.bool_]) -> FaceTrack:
    """Return a track of some of its examined frames and sightings."""
    parts: dict[str, Any] = {name: getattr(track, name)[picks] for name in PER_FRAME}
    return replace(track, seen_s=track.seen_s[seen], **parts)


def _weight(track: FaceTrack, boxes: dict[int, Box] | None) -> float:
    """Say how likely a track is the face in question: by overlap with boxes, else by size."""
    if not boxes:
        return len(track) * track.face_px
    shares = [
        overlap(own, boxes[int(number)])
        for number, own in zip(track.frame_index, track.boxes_xyxy_px, strict=True)
        if int(number) in boxes
    ]
    return float(np.mean(shares)) if shares else 0.0


def overlap(a: NDArray[np.float64], b: Box) -> float:
    """Return intersection over union of two boxes."""
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = wide * high
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return float(both / union) if union > 0 else 0.0


def controls_for(number: int, genuine: dict[str, Footage]) -> tuple[Control, ...]:
    """Offer genuine footage as controls, without the moment that is examined.

    A segment must never be compared with itself, nor a fake with the very frames it was made of.

    Args:
        number: Of the segment.
        genuine: Footage by name.
    """
    offered = []
    for name, footage in genuine.items():
        others = [face for moment, face in footage.faces.items() if moment != number]
        if others:
            share = max(2, CONTROL_FRAMES // len(others))
            joined = _joined([thinned(face, share) for face in others])
            offered.append(Control(name, "given", footage.found.media, (joined,)))
    return tuple(offered)


def _joined(tracks: list[FaceTrack]) -> FaceTrack:
    """Put stretches of one clip's face together; they share one spool."""
    parts: dict[str, Any] = {
        name: np.concatenate([getattr(track, name) for track in tracks]) for name in PER_FRAME
    }
    return replace(tracks[0], seen_s=np.concatenate([t.seen_s for t in tracks]), **parts)


def examine(
    footage: Footage,
    number: int,
    genuine: dict[str, Footage],
    settings: Settings,
    embedder: Embedder,
    kinds: tuple[type[Analyzer], ...] | None = None,
    discriminators: tuple[CaseDiscriminator, ...] = (),
) -> Segment:
    """Send one segment down the line.

    Args:
        footage: With a face in that segment.
        number: Of the segment.
        genuine: To compare with.
        settings: As the questioned item's.
        embedder: For the identity trace.
        kinds: Analyzers; all by default.
        discriminators: Of the case's own generators.
    """
    face = footage.faces[number]
    record = audit(
        footage.path, settings, analyzers=kinds,
        faces=lambda *_: (footage.found, (face,)),
        references=References(
            controls=controls_for(number, genuine), discriminators=discriminators
        ),
    ).record  # fmt: skip
    mine = [signal for signal in record.signals() if signal.extent.track == face.id]
    look = embed_track(face, embedder, EMBEDDED, ("whole",)).parts["whole"].mean(axis=0)
    quality = record.tracks[0].quality
    named = {kind.name: kind.title for kind in kinds or tuple(discover())}
    begin, end = footage.edges[number]
    return Segment(
        number=number, start_s=round(float(begin), 3), end_s=round(float(end), 3),
        values=signal_values(mine, face.id),
        units={f"{s.analyzer}.{s.name}": s.unit for s in mine},
        titles={
            f"{s.analyzer}.{s.name}": f"{named[s.analyzer]}: {s.name.replace('_', ' ')}"
            for s in mine
        },
        log10_lr=record.verdict.log10_lr, conclusion=record.verdict.conclusion.value,
        face_px=quality.face_px, qp=quality.qp,
        embedding=tuple(round(float(value), 6) for value in look),
    )  # fmt: skip


def picture(footage: Footage, number: int) -> NDArray[np.uint8]:
    """Return the face in the middle of a segment, (PICTURE_PX, PICTURE_PX, 3) uint8."""
    face = footage.faces[number]
    middle = float(footage.edges[number].mean())
    return face.crop(int(np.argmin(np.abs(face.pts_s - middle))), CONTEXT_SCALE, PICTURE_PX)


def as_png(rgb: NDArray[np.uint8]) -> bytes:
    """Return a picture (H, W, 3) uint8 as PNG."""
    return bytes(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())
