"""The first pass over an item: every frame is decoded once, and nothing of it is kept but a row.

The pass fills a table of frames, cuts the footage into shots, and finds faces at a steady rate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import ContentDetector

from forensics.errors import UnreadableItem
from forensics.intake.detection import Detection, FaceDetector
from forensics.intake.frame_prints import FramePrint, Printer
from forensics.intake.frames import STILL_FORMATS, RawFrame, decode, open_media, picture_stream
from forensics.intake.quantization import block_qp
from forensics.record import Media, Shot

DETECT_EVERY_S = 0.25
"""Faces are looked for this often, or often enough to fill the frames asked for."""

SHOT_SIZE_PX = (96, 54)
"""Frames are shrunk to this to find shot cuts and duplicates."""

MIN_SHOT_FRAMES = 6

VIDEO_STEPS_PX = (192, 384)
STILL_STEPS_PX = (192, 384, 736)
"""Short sides of the detector's input, tried in turn until a face is found."""


@dataclass(frozen=True)
class FrameTable:
    """One row a decoded frame.

    Attributes:
        pts_s: (n,) float64, presentation time, s.
        kind: n letters: I, P, B, S, or ? where the decoder does not say.
        key: (n,) bool, random-access points.
        qp: (n,) float64, mean quantization parameter; NaN where the decoder does not give it.
        interlaced: (n,) bool.
        duplicate: (n,) bool, the same small picture as the frame before.
        rotation_deg: Counter-clockwise, of the first frame.
    """

    pts_s: NDArray[np.float64]
    kind: str
    key: NDArray[np.bool_]
    qp: NDArray[np.float64]
    interlaced: NDArray[np.bool_]
    duplicate: NDArray[np.bool_]
    rotation_deg: int


@dataclass(frozen=True)
class Sighting:
    """The faces found in one scanned frame.

    Attributes:
        index: Frame number.
        pts_s: Presentation time, s.
        faces: Possibly none.
    """

    index: int
    pts_s: float
    faces: tuple[Detection, ...]


@dataclass(frozen=True)
class Scan:
    """What the first pass found."""

    media: Media
    table: FrameTable
    shots: tuple[Shot, ...]
    sightings: tuple[Sighting, ...]
    prints: tuple[FramePrint, ...] = ()


class _Rows:
    """Grows the frame table."""

    def __init__(self) -> None:
        self.pts_s: list[float] = []
        self.kind: list[str] = []
        self.key: list[bool] = []
        self.qp: list[float] = []
        self.interlaced: list[bool] = []
        self.duplicate: list[bool] = []
        self.rotation_deg = 0
        self._last = b""

    def add(self, raw: RawFrame, small: NDArray[np.uint8]) -> None:
        picture = raw.picture
        self.pts_s.append(raw.pts_s)
        self.kind.append({1: "I", 2: "P", 3: "B", 4: "S"}.get(int(picture.pict_type), "?"))
        self.key.append(bool(picture.key_frame))
        blocks = block_qp(picture)
        self.qp.append(float(blocks.qp.mean()) if blocks is not None else float("nan"))
        self.interlaced.append(bool(picture.interlaced_frame))
        digest = hashlib.blake2b(small.tobytes(), digest_size=16).digest()
        self.duplicate.append(digest == self._last)
        self._last = digest
        if raw.index == 0:
            self.rotation_deg = int(picture.rotation)

    def table(self) -> FrameTable:
        return FrameTable(
            pts_s=np.array(self.pts_s), kind="".join(self.kind), key=np.array(self.key, bool),
            qp=np.array(self.qp), interlaced=np.array(self.interlaced, bool),
            duplicate=np.array(self.duplicate, bool), rotation_deg=self.rotation_deg,
        )  # fmt: skip


def scan(
    path: Path,
    *,
    frames: int = 32,
    every_frame: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Scan:
    """Decode an item once; find its shots and, at a steady rate, its faces.

    Args:
        path: The item.
        frames: Frames that analyzers want of a track: short items are scanned more densely.
        every_frame: Look for faces in every frame.
        progress: Called with (frames done, frames declared or 0).

    Raises:
        UnreadableItem: No frame could be decoded.
        NoPicture: The item holds no picture.
    """
    rows, printer = _Rows(), Printer()
    sightings: list[Sighting] = []
    cuts: list[int] = []
    shot_detector = ContentDetector(min_scene_len=MIN_SHOT_FRAMES)
    failures, step, next_s, since = 0, 0, -1.0, 0
    with open_media(path, side_data=True) as container:
        stream = picture_stream(container)
        still = container.format.name in STILL_FORMATS
        detector = FaceDetector(steps_px=STILL_STEPS_PX if still else VIDEO_STEPS_PX)
        declared = int(stream.frames or 0)
        every_s = 0.0 if every_frame else _spacing_s(container, frames)
        for raw in decode(container):
            failures = raw.failures
            if raw.index < 0:
                break
            small = raw.rgb(*SHOT_SIZE_PX)
            rows.add(raw, small)
            timecode = FrameTimecode(raw.index, 25.0)
            bgr = small[..., ::-1]
            cuts += [int(cut.frame_num) for cut in shot_detector.process_frame(timecode, bgr)]
            seen = raw.rgb() if raw.pts_s >= next_s or printer.wants(raw.pts_s) else None
            if seen is not None and printer.wants(raw.pts_s):
                printer.add(raw.index, raw.pts_s, seen)
            if seen is not None and raw.pts_s >= next_s:
                # Small input first. Where the last frames had no face, the larger input is tried
                # on every fourth frame only, so that footage without faces is not slow.
                tries = len(detector.steps_px) if since < 4 or since % 4 == 0 else 1
                found, used = detector.detect(seen, step, tries)
                since = 0 if found else since + 1
                step = used if found else 0
                sightings.append(Sighting(raw.index, raw.pts_s, tuple(found)))
                next_s = raw.pts_s + every_s
            progress(raw.index + 1, declared)
        media = _media(container, rows, failures, declared)
    table = rows.table()
    return Scan(
        media, table, _shots(table, cuts, media.duration_s), tuple(sightings), printer.prints()
    )


def _spacing_s(container: av.container.InputContainer, frames: int) -> float:
    stream = picture_stream(container)
    duration = float(container.duration or 0) / 1e6
    if not duration and stream.duration and stream.time_base:
        duration = float(stream.duration * stream.time_base)
    return min(DETECT_EVERY_S, 0.8 * duration / max(1, frames)) if duration else DETECT_EVERY_S


def _shots(table: FrameTable, cuts: list[int], duration_s: float) -> tuple[Shot, ...]:
    pts = table.pts_s
    edges = [float(pts[0]), *(float(pts[c]) for c in sorted(set(cuts)) if 0 < c < len(pts))]
    ends = [*edges[1:], float(pts[0]) + duration_s]
    return tuple(
        Shot(start_s=round(a, 6), end_s=round(b, 6)) for a, b in zip(edges, ends, strict=True)
    )


def _media(
    container: av.container.InputContainer, rows: _Rows, failures: int, declared: int
) -> Media:
    stream = picture_stream(container)
    context = stream.codec_context
    if not rows.pts_s:
        raise UnreadableItem(
            "no frame of the item could be decoded; it is truncated, damaged beyond reading, or "
            "larger than 67 million pixels"
        )
    pts = np.array(rows.pts_s)
    steps = np.diff(pts)
    usual = float(np.median(steps)) if len(steps) else 0.0
    still = container.format.name in STILL_FORMATS
    duration = 0.0 if still else float(pts[-1] - pts[0] + (usual or 0.04))
    turned = round(rows.rotation_deg / 90) % 2 == 1
    width, height = context.width, context.height
    pixel_format = context.format.name if context.format else ""
    depth = max((c.bits for c in context.format.components), default=8) if context.format else 8
    short = len(pts) < 0.9 * declared  # a few are lost to edit lists
    return Media(
        kind="still" if still else "video",
        container=container.format.name, codec=context.name,
        width_px=height if turned else width, height_px=width if turned else height,
        rotation_deg=rows.rotation_deg, pixel_format=pixel_format, bit_depth=int(depth),
        hdr=int(context.color_trc or 0) in (16, 18), interlaced_frames=sum(rows.interlaced),
        duration_s=round(duration, 6), frames_declared=declared, frames_decoded=len(pts),
        decode_failures=failures,
        variable_frame_rate=bool(usual and (np.abs(steps - usual) > 0.1 * usual).mean() > 0.02),
        average_rate_fps=round(len(pts) / duration, 4) if duration else 0.0,
        gaps=int((steps > 2.5 * usual).sum()) if usual else 0,
        duplicate_frames=sum(rows.duplicate), truncated=bool(short or failures),
        notes=(),
    )  # fmt: skip
