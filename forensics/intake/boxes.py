"""Walking the boxes of an ISO base media file (MP4, MOV, 3GP) without trusting a size in it.

Source: ISO/IEC 14496-12 (box structure, 4.2; mvhd, tkhd, mdhd, hdlr, elst, stsd).
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MAX_BOXES = 2000
MAX_DEPTH = 7
MAX_PAYLOAD = 65_536
MAX_EDITS = 64
MAX_TRACKS = 64

PARENTS = frozenset(
    {"moov", "trak", "mdia", "minf", "dinf", "stbl", "edts", "udta", "moof", "traf", "mvex"}
)
"""Boxes that hold boxes. Fragments (`moof`) count against the cap like all others."""

TOP_LEVEL = frozenset(
    {"ftyp", "moov", "mdat", "free", "skip", "wide", "uuid", "moof", "mfra", "sidx", "styp",
     "pnot", "meta", "pdin", "emsg", "prft", "jP  "}
)  # fmt: skip
"""What the first box of such a file may be."""

EPOCH = dt.datetime(1904, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Box:
    """One box.

    Attributes:
        kind: Four characters; bytes outside ASCII are written as in a Python string.
        offset: Of its header in the file.
        size_bytes: As it says, header included.
        depth: 0 at the top.
        header_bytes: 8, or 16 where the size has 64 bits.
    """

    kind: str
    offset: int
    size_bytes: int
    depth: int
    header_bytes: int


@dataclass(frozen=True)
class Edit:
    """One entry of an edit list.

    Attributes:
        duration_s: On the movie's clock; 0 means to the end.
        media_start_s: On the track's clock; None is an empty edit (a pause).
        rate: 1.0 is normal speed.
    """

    duration_s: float
    media_start_s: float | None
    rate: float


@dataclass
class TrackFacts:
    """What one track's headers say.

    Attributes:
        handler: "vide", "soun", ...
        handler_name: Written by the encoder.
        codec: First sample entry, such as "avc1".
        created_utc: Of the track header, ISO 8601; None where it is zero.
        modified_utc: Of the track header.
        media_created_utc: Of the media header.
        duration_s: Of the media header.
        edits: At most `MAX_EDITS`.
    """

    handler: str = ""
    handler_name: str = ""
    codec: str = ""
    created_utc: str | None = None
    modified_utc: str | None = None
    media_created_utc: str | None = None
    duration_s: float | None = None
    edits: tuple[Edit, ...] = ()
    timescale: int = 0


@dataclass
class Movie:
    """The boxes of a file and what the headers among them say.

    Attributes:
        boxes: In file order, at most `MAX_BOXES`.
        capped: There are more.
        damage: Boxes whose size does not fit, in words.
        brand: Major brand.
        compatible: Compatible brands.
        created_utc: Of the movie header.
        modified_utc: Of the movie header.
        duration_s: Of the movie header.
        tracks: At most `MAX_TRACKS`.
    """

    boxes: list[Box] = field(default_factory=list)
    capped: bool = False
    damage: list[str] = field(default_factory=list)
    brand: str = ""
    compatible: tuple[str, ...] = ()
    created_utc: str | None = None
    modified_utc: str | None = None
    duration_s: float | None = None
    tracks: list[TrackFacts] = field(default_factory=list)
    timescale: int = 0


def read_movie(path: Path) -> Movie | None:
    """Walk a file's boxes; None where it does not begin like such a file."""
    size = path.stat().st_size
    movie = Movie()
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 8 or _kind(head[4:8]) not in TOP_LEVEL:
            return None
        for box in _walk(file, 0, size, 0, movie):
            movie.boxes.append(box)
            if box.kind in READERS:
                file.seek(box.offset + box.header_bytes)
                payload = file.read(min(MAX_PAYLOAD, max(0, box.size_bytes - box.header_bytes)))
                _read(box, payload, movie)
    return movie


def _walk(file: BinaryIO, start: int, end: int, depth: int, movie: Movie) -> Iterator[Box]:
    at = start
    while at + 8 <= end:
        if len(movie.boxes) >= MAX_BOXES:
            movie.capped = True
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind, header = struct.unpack_from(">I", head)[0], _kind(head[4:8]), 8
        if size == 1 and len(head) == 16:
            size, header = struct.unpack_from(">Q", head, 8)[0], 16
        elif size == 0 and depth == 0:
            size = end - at  # to the end of the file
        if size == 0 and depth > 0 and kind == "\\x00\\x00\\x00\\x00":
            return  # QuickTime ends user data with a zero
        box = Box(kind, at, size, depth, header)
        yield box
        if size < header or at + size > end:
            _note(movie, f"box {kind} at byte {at} says {size} bytes, {end - at} are left")
            if size < header:
                return
        if kind in PARENTS and depth + 1 < MAX_DEPTH:
            yield from _walk(file, at + header, min(end, at + size), depth + 1, movie)
        at += size


def _note(movie: Movie, text: str) -> None:
    if len(movie.damage) < 8:
        movie.damage.append(text)


def _kind(raw: bytes) -> str:
    return "".join(chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in raw)


def _read(box: Box, payload: bytes, movie: Movie) -> None:
    try:
        READERS[box.kind](payload, movie)
    except (struct.error, IndexError, OverflowError, ValueError):
        _note(movie, f"box {box.kind} at byte {box.offset} is too short or malformed")


def _ftyp(payload: bytes, movie: Movie) -> None:
    movie.brand = movie.brand or _kind(payload[:4])
    rest = payload[8 : 8 + 4 * 32]
    movie.compatible = movie.compatible or tuple(
        _kind(rest[at : at + 4]) for at in range(0, len(rest) - 3, 4)
    )


def _times(payload: bytes) -> tuple[str | None, str | None, int]:
    """Return creation, modification and the offset after them, of a full box."""
    if payload[0] == 1:
        created, modified = struct.unpack_from(">QQ", payload, 4)
        return utc(created), utc(modified), 20
    created, modified = struct.unpack_from(">II", payload, 4)
    return utc(created), utc(modified), 12


def _clock(payload: bytes, at: int) -> tuple[int, float | None]:
    """Return the timescale and the duration in seconds that stand at an offset."""
    scale, duration = struct.unpack_from(">IQ" if payload[0] == 1 else ">II", payload, at)
    unknown = duration in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
    return scale, duration / scale if scale and not unknown else None


def _mvhd(payload: bytes, movie: Movie) -> None:
    movie.created_utc, movie.modified_utc, at = _times(payload)
    movie.timescale, movie.duration_s = _clock(payload, at)


def _tkhd(payload: bytes, movie: Movie) -> None:
    if len(movie.tracks) < MAX_TRACKS:
        track = TrackFacts()
        track.created_utc, track.modified_utc, _at = _times(payload)
        movie.tracks.append(track)


def _mdhd(payload: bytes, movie: Movie) -> None:
    track = movie.tracks[-1]
    track.media_created_utc, _modified, at = _times(payload)
    track.timescale, track.duration_s = _clock(payload, at)


def _hdlr(payload: bytes, movie: Movie) -> None:
    track = movie.tracks[-1]
    if not track.handler:
        track.handler = _kind(payload[8:12])
        name = payload[24:280]
        if name and name[0] == len(name) - 1:  # QuickTime writes the length first
            name = name[1:]
        track.handler_name = name.split(b"\0")[0].decode("utf-8", "replace")


def _stsd(payload: bytes, movie: Movie) -> None:
    movie.tracks[-1].codec = movie.tracks[-1].codec or _kind(payload[12:16])


def _elst(payload: bytes, movie: Movie) -> None:
    track = movie.tracks[-1]
    wide = payload[0] == 1
    row = struct.Struct(">Qqi" if wide else ">Iii")
    count = min(struct.unpack_from(">I", payload, 4)[0], MAX_EDITS)
    scale = movie.timescale or 1
    edits: list[Edit] = []
    for number in range(count):
        duration, start, rate = row.unpack_from(payload, 8 + number * row.size)
        edits.append(Edit(duration / scale, None if start == -1 else float(start), rate / 65536))
    track.edits = tuple(edits)  # starts are in ticks until the track's own clock is read


READERS = {
    "ftyp": _ftyp, "mvhd": _mvhd, "tkhd": _tkhd, "mdhd": _mdhd, "hdlr": _hdlr, "stsd": _stsd,
    "elst": _elst,
}  # fmt: skip


def timed_edits(track: TrackFacts) -> tuple[Edit, ...]:
    """Return a track's edits with their starts in seconds of the track's own clock."""
    scale = track.timescale or 1
    return tuple(
        Edit(e.duration_s, None if e.media_start_s is None else e.media_start_s / scale, e.rate)
        for e in track.edits
    )


def utc(seconds: int) -> str | None:
    """Turn seconds since 1904 into ISO 8601, None for zero (not set) or out of range."""
    if seconds == 0:
        return None
    try:
        return (EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return None
