"""Opening hostile media and decoding it frame by frame, in presentation time and upright."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from forensics.errors import NoPicture, UnreadableItem

FORMATS = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpeg", "mpegts",
    "mpegvideo", "h264", "hevc", "m4v", "flv", "asf", "ogg", "mxf", "gif", "ivf", "dv", "av1",
    "obu", "rm", "wtv", "nut", "yuv4mpegpipe", "png_pipe", "jpeg_pipe", "webp_pipe",
    "webp", "bmp_pipe", "tiff_pipe", "jpegxl_pipe", "apng", "wav", "mp3", "aac", "flac",
)  # fmt: skip
"""Demuxers that may read an item. Playlists and concatenations, which open other files, may not."""

STILL_FORMATS = frozenset(
    {"png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "jpegxl_pipe"}
)

STILL_MAGIC = {
    b"\xff\xd8\xff": "jpeg_pipe",
    b"\x89PNG\r\n\x1a\n": "png_pipe",
    b"BM": "bmp_pipe",
    b"II*\x00": "tiff_pipe",
    b"MM\x00*": "tiff_pipe",
}

MAX_PIXELS = 8192 * 8192
"""Larger pictures are refused by the decoder before memory is asked for."""

COLLECT_EVERY = 8
"""Frames whose side data was read hold themselves (PyAV 18.1): without a full collection every few
frames hundreds of decoded frames pile up. What lived before is frozen, so that each is quick."""

LARGE_PIXELS = 4096 * 2304
"""Above this the decoder gets one thread: each holds several frames."""


@dataclass(frozen=True)
class Frame:
    """One decoded frame, rotation applied.

    Attributes:
        index: Place in decoding (presentation) order, from 0.
        pts_s: Presentation time, s, from the stream's own clock.
        rgb: (H, W, 3) uint8.
    """

    index: int
    pts_s: float
    rgb: NDArray[np.uint8]


@dataclass(frozen=True)
class RawFrame:
    """One decoded frame before any conversion; valid until the next one is asked for."""

    index: int
    pts_s: float
    picture: av.VideoFrame
    failures: int

    def rgb(self, width: int = 0, height: int = 0) -> NDArray[np.uint8]:
        """Convert to (H, W, 3) uint8, upright.

        Args:
            width: Of the picture before rotation; 0 keeps it. Scaling averages areas.
            height: Of the picture before rotation; 0 keeps it.
        """
        if width:
            picture = self.picture.reformat(
                width=width, height=height, format="rgb24", interpolation="AREA"
            )
        else:
            picture = self.picture.reformat(format="rgb24")
        return upright(picture.to_ndarray(), int(self.picture.rotation))


def upright(picture: NDArray[np.uint8], rotation_deg: int) -> NDArray[np.uint8]:
    """Turn a decoded picture the way a player shows it.

    Args:
        picture: (H, W, ...) any dtype.
        rotation_deg: Counter-clockwise, as the display matrix says; rounded to quarter turns.
    """
    turns = round(rotation_deg / 90) % 4
    return picture if turns == 0 else np.ascontiguousarray(np.rot90(picture, turns))


@contextlib.contextmanager
def open_media(path: Path, *, side_data: bool = False) -> Iterator[av.container.InputContainer]:
    """Open a file for decoding, with only local files and known formats allowed.

    Args:
        path: The item. Passed as a `file:` URL, so that no name can be taken for an option,
            a protocol or a pattern.
        side_data: Ask the decoder for quantization parameters.

    Raises:
        UnreadableItem: Not there, no permission, empty, or not media.
        NoPicture: Media without a picture.
    """
    check_readable(path)
    options = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    try:
        container = av.open(
            f"file:{path.absolute()}",
            format=_still_format(path),
            options=options,
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise UnreadableItem(
            f"{path.name} is not a video or picture that can be opened "
            f"({_plain(error)}); it may be truncated, damaged or of another kind"
        ) from error
    with container:
        pictures = [s for s in container.streams.video if not _is_cover(s)]
        if not pictures:
            kinds = sorted({stream.type for stream in container.streams})
            raise NoPicture(f"{path.name} holds no picture, only {', '.join(kinds) or 'nothing'}")
        context = pictures[0].codec_context
        if context is None:
            raise UnreadableItem(f"{path.name} is coded in a way that no decoder here reads")
        context.options = {
            "max_pixels": str(MAX_PIXELS),
            **({"export_side_data": "venc_params"} if side_data else {}),
        }
        large = context.width * context.height > LARGE_PIXELS
        # With one thread a frame, FFmpeg hands out a frame's parameters while another thread still
        # decodes it: on a busy machine some differ from run to run.
        context.thread_type = "SLICE" if large or side_data else "AUTO"
        context.thread_count = 1 if large else 2
        if side_data:
            gc.collect()
            gc.freeze()
        try:
            yield container
        finally:
            if side_data:
                gc.unfreeze()
            # PyAV's frames, codecs and reformatters hold each other, and with them threads: after
            # a thousand files in one process no more could be started.
            del pictures, context
            gc.collect()


def _still_format(path: Path) -> str | None:
    """Name a picture's demuxer by its first bytes; the one FFmpeg picks by name reads patterns."""
    with path.open("rb") as file:
        head = file.read(16)
    for magic, name in STILL_MAGIC.items():
        if head.startswith(magic):
            return name
    return "webp_pipe" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def check_readable(path: Path) -> None:
    """Raise `UnreadableItem` unless the path is a readable file that is not empty."""
    try:
        if path.is_dir():
            raise UnreadableItem(f"{path.name} is a folder, not a video; give one file")
        if not path.exists():
            raise UnreadableItem(f"{path.name} is not there; check the path")
        if not path.is_file():
            raise UnreadableItem(f"{path.name} is not a regular file")
        if path.stat().st_size == 0:
            raise UnreadableItem(f"{path.name} is empty (0 bytes)")
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise UnreadableItem(f"{path.name} cannot be read: {error.strerror}") from error


def picture_stream(container: av.container.InputContainer) -> av.VideoStream:
    """Return the first stream that is a picture and not a cover image."""
    return next(stream for stream in container.streams.video if not _is_cover(stream))


def decode(container: av.container.InputContainer) -> Iterator[RawFrame]:
    """Decode every frame of the picture; damaged packets are counted, never fatal.

    Yields:
        Frames in presentation order; `failures` counts the damaged packets so far. A last
        `RawFrame` with index -1 and no picture carries the final count.
    """
    stream = picture_stream(container)
    base = stream.time_base
    failures, index, last_s = 0, 0, 0.0
    usual_s = 1.0 / float(stream.average_rate) if stream.average_rate else 0.04
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except (av.error.FFmpegError, ValueError):
            failures += 1
            break  # the file ends, or is broken, here
        try:
            pictures = packet.decode()
        except (av.error.FFmpegError, ValueError):
            failures += 1
            continue
        for picture in pictures:
            if index % COLLECT_EVERY == 0 and gc.get_freeze_count():
                gc.collect()
            if picture.pts is not None and base:
                last_s = float(picture.pts * base)
            elif index:
                last_s += usual_s
            yield RawFrame(index, last_s, picture, failures)
            index += 1
    yield RawFrame(-1, last_s, None, failures)


def read_frames(path: Path, index: NDArray[np.int64]) -> Iterator[Frame]:
    """Decode chosen frames in one pass and stop after the last.

    Args:
        path: The item.
        index: (k,) frame numbers, ascending.

    Yields:
        Those frames that could be decoded, in order.
    """
    wanted = {int(number) for number in index}
    if not wanted:
        return
    last = max(wanted)
    with open_media(path) as container:
        for raw in decode(container):
            if raw.index in wanted:
                yield Frame(raw.index, raw.pts_s, raw.rgb())
            if raw.index >= last:
                return


def _is_cover(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _plain(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text.strip().lower() or type(error).__name__
