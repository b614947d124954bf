"""Container and codec facts, read from the file's bytes without decoding it."""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from forensics.errors import UnreadableItem
from forensics.intake.boxes import Box, Edit, TrackFacts, read_movie, timed_edits
from forensics.intake.frames import open_media, picture_stream

MAX_PACKETS = 1_000_000
MAX_TAGS = 256
MAX_TAG_CHARS = 1_000_000
SETTINGS_PACKETS = 3
"""Encoders write their settings into the first packets, if at all."""

SETTINGS = re.compile(rb"x26[45] (?:- core|\(build)[\x20-\x7e]{0,4000}")


@dataclass(frozen=True)
class Packets:
    """One row a packet of the picture, in file order, from the demuxer.

    Attributes:
        pts_s: (n,) float64, presentation time; NaN where none is given.
        dts_s: (n,) float64, decoding time; NaN where none is given.
        size_bytes: (n,) int64.
        key: (n,) bool, flagged as a random-access point.
        capped: There are more than `MAX_PACKETS`.
        broken: The demuxer gave an error before the end.
    """

    pts_s: NDArray[np.float64]
    dts_s: NDArray[np.float64]
    size_bytes: NDArray[np.int64]
    key: NDArray[np.bool_]
    capped: bool = False
    broken: bool = False

    def __len__(self) -> int:
        return len(self.size_bytes)

    def gop_sizes(self) -> NDArray[np.int64]:
        """Return the packets from each random-access point to the next, the last one left out."""
        return np.diff(np.flatnonzero(self.key)).astype(np.int64)

    def bit_rate(self) -> float:
        """Return the mean bits a second of the picture, NaN where no times are given."""
        times = self.pts_s[np.isfinite(self.pts_s)]
        if len(times) < 2 or float(np.ptp(times)) <= 0:
            return float("nan")
        span = float(np.ptp(times)) * len(times) / (len(times) - 1)
        return 8.0 * float(self.size_bytes.sum()) / span


NO_PACKETS = Packets(np.zeros(0), np.zeros(0), np.zeros(0, np.int64), np.zeros(0, bool))


@dataclass(frozen=True)
class Track:
    """What the headers of one track of an ISO base media file say.

    Attributes:
        handler: "vide", "soun", ...
        handler_name: Written by the encoder.
        codec: First sample entry, such as "avc1".
        created_utc: ISO 8601; None where it is not set.
        modified_utc: ISO 8601; None where it is not set.
        duration_s: None where it is not known.
        edits: The edit list, its starts in seconds.
    """

    handler: str
    handler_name: str
    codec: str
    created_utc: str | None
    modified_utc: str | None
    duration_s: float | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Container:
    """What the container says of itself. All text is hostile.

    Attributes:
        format_name: As FFmpeg names it.
        tags: Metadata of the file, and of its streams with a prefix such as "video 0: ".
        streams: Kind and codec of each stream, such as "video h264".
        boxes: In file order; empty unless it is an ISO base media file.
        boxes_capped: There are more boxes than are listed.
        damage: Boxes that do not fit, in words.
        brand: Major brand.
        compatible_brands: As listed.
        created_utc: Of the movie header.
        modified_utc: Of the movie header.
        duration_s: Of the movie header.
        tracks: Headers of each track.
        encoder_settings: What x264 or x265 wrote into the first packets; empty where nothing.
        packets: Table of the picture's packets.
    """

    format_name: str
    tags: dict[str, str]
    streams: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    boxes_capped: bool = False
    damage: tuple[str, ...] = ()
    brand: str = ""
    compatible_brands: tuple[str, ...] = ()
    created_utc: str | None = None
    modified_utc: str | None = None
    duration_s: float | None = None
    tracks: tuple[Track, ...] = ()
    encoder_settings: str = ""
    packets: Packets = field(default=NO_PACKETS)

    def index_first(self) -> bool | None:
        """Return whether `moov` stands before `mdat` (fast start), None where one is absent."""
        order = [box.kind for box in self.boxes if box.depth == 0]
        if "moov" not in order or "mdat" not in order:
            return None
        return order.index("moov") < order.index("mdat")


def probe(path: Path) -> Container:
    """Read the container's facts.

    Raises:
        UnreadableItem: The file cannot be opened as media.
        NoPicture: Media without a picture.
    """
    with open_media(path) as container:
        name = container.format.name
        tags = _tags(container)
        streams = tuple(_describe(stream) for stream in container.streams)[:MAX_TAGS]
        packets, settings = _packets(container)
    try:
        movie = read_movie(path)
    except OSError as error:
        raise UnreadableItem(f"{path.name} cannot be read: {error.strerror}") from error
    if movie is None:
        return Container(name, tags, streams=streams, encoder_settings=settings, packets=packets)
    return Container(
        name, tags, streams=streams, boxes=tuple(movie.boxes), boxes_capped=movie.capped,
        damage=tuple(movie.damage), brand=movie.brand, compatible_brands=movie.compatible,
        created_utc=movie.created_utc, modified_utc=movie.modified_utc,
        duration_s=movie.duration_s, tracks=tuple(_track(t) for t in movie.tracks),
        encoder_settings=settings, packets=packets,
    )  # fmt: skip


def _tags(container: av.container.InputContainer) -> dict[str, str]:
    found = [("", container.metadata)]
    found += [(f"{s.type} {s.index}: ", s.metadata) for s in container.streams]
    rows = [(at + str(key), str(value)) for at, tags in found for key, value in tags.items()]
    return {key[:200]: value[:MAX_TAG_CHARS] for key, value in rows[:MAX_TAGS]}


def _describe(stream: av.stream.Stream) -> str:
    context = stream.codec_context
    return f"{stream.type} {context.name if context is not None else 'unknown'}"


def _track(track: TrackFacts) -> Track:
    return Track(
        track.handler, track.handler_name, track.codec, track.created_utc, track.modified_utc,
        track.duration_s, timed_edits(track),
    )  # fmt: skip


def _packets(container: av.container.InputContainer) -> tuple[Packets, str]:
    """Read the picture's packets without decoding them, and the encoder's settings."""
    stream = picture_stream(container)
    base = float(stream.time_base) if stream.time_base else float("nan")
    pts, dts, size, key = array("d"), array("d"), array("q"), bytearray()
    settings, capped, broken = "", False, False
    source = container.demux(stream)
    while True:
        try:
            packet = next(source)
        except StopIteration:
            break
        except (av.error.FFmpegError, ValueError):
            broken = True
            break
        if packet.size == 0:
            continue
        if len(size) >= MAX_PACKETS:
            capped = True
            break
        if len(size) < SETTINGS_PACKETS and not settings:
            match = SETTINGS.search(bytes(packet))
            settings = match.group().decode("ascii") if match else ""
        pts.append(float("nan") if packet.pts is None else packet.pts * base)
        dts.append(float("nan") if packet.dts is None else packet.dts * base)
        size.append(packet.size)
        key.append(bool(packet.is_keyframe))
    table = Packets(
        np.array(pts), np.array(dts), np.array(size), np.array(key).astype(bool), capped, broken
    )
    return table, settings
