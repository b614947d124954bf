"""Bringing comparison clips to the questioned item's own codec, size, rate and quality.

Fakes and genuine clips go the same way: a genuine clip is first written as the fake was (same
encoder, same quality), so that both have been encoded equally often, and wears the fake's label in
the same place, so that the label cannot be what a method sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.frames import Frame, decode, open_media
from forensics.intake.quantization import block_qp
from forensics.intake.scan import Scan

CLOCK = Fraction(1, 90_000)
ENCODERS = {
    "h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "vp8": "libvpx",
    "mpeg4": "mpeg4", "mpeg1video": "mpeg1video", "mpeg2video": "mpeg2video", "mjpeg": "mjpeg",
}  # fmt: skip
CONTAINERS = {"vp8": ".mkv", "vp9": ".mkv", "mpeg1video": ".mkv", "mpeg2video": ".mkv",
              "mjpeg": ".mkv"}  # fmt: skip
PRESET = "medium"
TRIAL_FRAMES = 60
TRIALS = 4
CLOSE_QP = 0.4
LABEL_DARK, LABEL_LIGHT = 40, 0.01
"""A row belongs to a label strip where nearly all of it is darker than this, or yellow text."""

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Wanted:
    """What a clip is brought to.

    Attributes:
        codec: Of the questioned item.
        encoder: That writes it here.
        height_px: Of the displayed picture.
        width_px: Of the displayed picture.
        rate_fps: Frames a second; slower clips keep their own.
        qp: Mean quantization parameter of the questioned item, NaN where the decoder gives none.
        bits_per_px: Of its packets.
        crf: Quality setting for encoders that have one; found by trial.
        notes: Where the match is not exact.
    """

    codec: str
    encoder: str
    height_px: int
    width_px: int
    rate_fps: float
    qp: float
    bits_per_px: float
    crf: int = 23
    notes: tuple[str, ...] = ()

    @property
    def by_qp(self) -> bool:
        """Whether quality is matched by quantization parameter, else by bits a pixel."""
        return self.encoder == "libx264" and bool(np.isfinite(self.qp))

    @property
    def suffix(self) -> str:
        """File name suffix of a container that holds the codec."""
        return CONTAINERS.get(self.codec, ".mp4")

    @property
    def setting(self) -> str:
        """The encoder's quality setting, in words."""
        return f"crf {self.crf}" if self.by_qp else f"{self.bits_per_px:.3f} bits a pixel"


def wanted_of(path: Path, found: Scan) -> Wanted:
    """Measure what the questioned item is like.

    Args:
        path: The item.
        found: Its first pass.
    """
    media, notes = found.media, []
    encoder = ENCODERS.get(media.codec, "")
    if not encoder:
        encoder = "libx264"
        notes.append(f"{media.codec} cannot be written here; H.264 stands in for it")
    qp = found.table.qp[np.isfinite(found.table.qp)]
    mean_qp = float(qp.mean()) if len(qp) and media.codec == "h264" else float("nan")
    return Wanted(
        codec=media.codec, encoder=encoder, height_px=media.height_px, width_px=media.width_px,
        rate_fps=media.average_rate_fps or 25.0, qp=mean_qp, bits_per_px=bits_per_px(path),
        crf=int(np.clip(round(mean_qp), 0, 51)) if np.isfinite(mean_qp) else 23,
        notes=tuple(notes),
    )  # fmt: skip


def bits_per_px(path: Path) -> float:
    """Return the bits of the picture's packets over its pixels."""
    bits, frames, size = 0, 0, 1
    with open_media(path) as container:
        stream = container.streams.video[0]
        size = max(1, stream.codec_context.width * stream.codec_context.height)
        for packet in container.demux(stream):
            if packet.size:
                bits += 8 * packet.size
                frames += 1
    return float(bits / (size * max(1, frames)))


def rate_of(path: Path) -> float:
    """Return the frames a second that a clip's container declares; 25 where it says nothing."""
    with open_media(path) as container:
        return float(container.streams.video[0].average_rate or 25)


def mean_qp(path: Path, frames: int = 10**9) -> float:
    """Return the mean quantization parameter of a file's first frames; NaN where not given."""
    found: list[float] = []
    with open_media(path, side_data=True) as container:
        for raw in decode(container):
            if raw.index < 0 or raw.index >= frames:
                break
            blocks = block_qp(raw.picture)
            if blocks is not None:
                found.append(float(blocks.qp.mean()))
    return float(np.mean(found)) if found else float("nan")


def frames_of(path: Path, start_s: float, seconds: float) -> Iterator[Frame]:
    """Decode a stretch of a clip, upright, one frame at a time."""
    with open_media(path) as container:
        for raw in decode(container):
            if raw.index < 0 or raw.pts_s > start_s + seconds:
                return
            if raw.pts_s >= start_s - 1e-6:
                yield Frame(raw.index, raw.pts_s, raw.rgb())


def write(frames: Iterator[Frame], path: Path, wanted: Wanted, *, every_frame: bool = False) -> int:
    """Encode frames the wanted way; complete, or not there.

    Args:
        frames: In order.
        path: To write; a partial file lies beside it until it is complete.
        wanted: Size, rate, codec and quality.
        every_frame: Keep all, even where they come faster than the wanted rate.

    Returns:
        How many frames were written.
    """
    partial = path.with_suffix(f".partial{path.suffix}")
    count, first_s, next_s = 0, 0.0, -np.inf
    with av.open(str(partial), "w") as out:
        stream = out.add_stream(
            wanted.encoder, rate=Fraction(wanted.rate_fps).limit_denominator(1001)
        )
        for frame in frames:
            if frame.pts_s < next_s - 0.25 / wanted.rate_fps and not every_frame:
                continue
            if count == 0:
                first_s = frame.pts_s
                _shape(stream, fitted(frame.rgb, wanted).shape[:2], wanted)
            step = 1 / wanted.rate_fps
            next_s = max(next_s + step, frame.pts_s + step / 2)
            rgb = np.ascontiguousarray(fitted(frame.rgb, wanted))
            coded = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            coded.pts, coded.time_base = round(Fraction(frame.pts_s - first_s) / CLOCK), CLOCK
            out.mux(stream.encode(coded))
            count += 1
        if count:
            out.mux(stream.encode(None))
    if count:
        partial.replace(path)
    else:
        partial.unlink(missing_ok=True)
    return count


def _shape(stream: av.VideoStream, size: tuple[int, int], wanted: Wanted) -> None:
    """Set size and quality; one thread, so that the same frames give the same bytes."""
    stream.height, stream.width = size
    stream.pix_fmt = "yuvj420p" if wanted.encoder == "mjpeg" else "yuv420p"
    stream.codec_context.time_base = CLOCK
    stream.codec_context.thread_count = 1
    if wanted.encoder.startswith("mpeg"):  # their clock is the frame rate
        stream.codec_context.time_base = 1 / Fraction(wanted.rate_fps).limit_denominator(1001)
    if wanted.by_qp:
        stream.options = {"crf": str(wanted.crf), "preset": PRESET}
        return
    stream.bit_rate = max(10_000, round(wanted.bits_per_px * size[0] * size[1] * wanted.rate_fps))
    if wanted.encoder in ("libx264", "libx265"):
        stream.options = {"preset": PRESET}


def fitted(rgb: Rgb, wanted: Wanted) -> Rgb:
    """Resize a frame to the wanted height, keeping its proportions; both sides even."""
    height, width = rgb.shape[:2]
    high = wanted.height_px - wanted.height_px % 2
    wide = round(width * high / height)
    wide -= wide % 2
    if abs(wide - wanted.width_px) <= 2:
        wide = wanted.width_px - wanted.width_px % 2
    if (height, width) == (high, wide):
        return rgb
    if 0 <= height - high <= 1 and 0 <= width - wide <= 1:
        return rgb[:high, :wide]
    how = cv2.INTER_AREA if high < height else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (wide, high), interpolation=how), dtype=np.uint8)


def tuned(
    wanted: Wanted, frames: Callable[[], Iterator[Frame]], folder: Path
) -> tuple[Wanted, float]:
    """Find the quality setting that gives the questioned item's quality, by trial.

    Args:
        wanted: Its crf is where the search begins.
        frames: Gives the genuine footage's frames anew.
        folder: For the trials.

    Returns:
        The setting, and the quality reached in the last trial, in the unit it is matched by.
    """
    trial = folder / f"trial{wanted.suffix}"
    best: tuple[float, int, float] | None = None
    tried: set[int] = set()
    crf = wanted.crf
    for _ in range(TRIALS):
        tried.add(crf)
        write(_first(frames(), TRIAL_FRAMES), trial, replace(wanted, crf=crf))
        reached = mean_qp(trial) if wanted.by_qp else bits_per_px(trial)
        gap = wanted.qp - reached if wanted.by_qp else 0.0
        if best is None or abs(gap) < best[0]:
            best = (abs(gap), crf, reached)
        crf = int(np.clip(crf + round(gap), 0, 51))
        if abs(gap) <= CLOSE_QP or crf in tried:
            break
    trial.unlink(missing_ok=True)
    assert best is not None  # noqa: S101 - at least one trial was made
    return replace(wanted, crf=best[1]), best[2]


def _first(frames: Iterator[Frame], count: int) -> Iterator[Frame]:
    for number, frame in enumerate(frames):
        if number >= count:
            return
        yield frame


@dataclass(frozen=True)
class Label:
    """The label of a comparison fake: its strips, and which frames wear them where.

    Attributes:
        strips: (rows, W, 3) uint8 by edge, "top" or "bottom".
        edges: Of each frame, the edges that wear a strip.
    """

    strips: dict[str, Rgb]
    edges: tuple[tuple[str, ...], ...]

    def burn(self, number: int, rgb: Rgb) -> Rgb:
        """Return a copy of a frame with the strips of the fake's frame of the same number.

        Args:
            number: Of the frame; a longer clip begins with the fake's first frame again.
            rgb: (H, W, 3) uint8; strips are resized to its width.
        """
        if not self.edges:
            return rgb
        worn = rgb.copy()
        for edge in self.edges[number % len(self.edges)]:
            strip = self.strips[edge]
            rows = max(1, round(strip.shape[0] * rgb.shape[1] / strip.shape[1]))
            rows = min(rows, rgb.shape[0] // 3)
            sized = cv2.resize(strip, (rgb.shape[1], rows), interpolation=cv2.INTER_AREA)
            worn[(slice(0, rows) if edge == "top" else slice(rgb.shape[0] - rows, None))] = sized
        return worn


def label_of(frames: Iterator[Frame]) -> Label:
    """Read where a fake's frames wear their label, and what it looks like."""
    strips: dict[str, Rgb] = {}
    edges: list[tuple[str, ...]] = []
    for frame in frames:
        worn = []
        for edge, rows in (("top", frame.rgb), ("bottom", frame.rgb[::-1])):
            count = label_rows(rows)
            if count:
                worn.append(edge)
                if edge not in strips:
                    strip = rows[:count] if edge == "top" else rows[:count][::-1]
                    strips[edge] = np.ascontiguousarray(strip)
        edges.append(tuple(worn))
    return Label(strips, tuple(edges))


def label_rows(rgb: Rgb) -> int:
    """Return how many rows from the first on are a label strip: dark, some with yellow text."""
    most = rgb.shape[0] // 4
    red, _, blue = (rgb[:most, :, c].astype(np.int16) for c in range(3))
    dark = rgb[:most].max(axis=2) < LABEL_DARK
    text = (red - blue) > 40
    strip = (dark | text).mean(axis=1) > 0.9
    count = int(np.argmin(strip)) if not strip.all() else most
    return count if count >= 8 and text[:count].mean() > LABEL_LIGHT else 0
