"""Decoding a source for the index: few frames to match, and a thin timeline to align by.

Frames that nothing refers to are skipped and the loop filter is off: half the cost of decoding,
and fingerprints do not notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.errors import UnreadableItem
from forensics.intake.frames import (
    STILL_FORMATS,
    RawFrame,
    decode,
    open_media,
    picture_stream,
    upright,
)
from forensics.references.sources.descriptors import LOCAL_SIDE_PX, is_flat

THUMB_PX = 24
"""Side of the timeline's pictures, squeezed to a square."""

THUMB_EVERY_S = 0.06
KEEP_EVERY_S = 1.0
"""At most one frame a second is kept to match ..."""

STATIC_EVERY_S = 6.0
"""... and only one in so long where nothing changes."""

CHANGED_LEVELS = 2.5
"""Mean absolute difference of thumbs that counts as change."""

CUT_LEVELS = 14.0
"""Mean absolute difference of thumbs that counts as a cut: the frame is kept at once."""


@dataclass(frozen=True)
class Kept:
    """A frame kept to match.

    Attributes:
        pts_s: Presentation time, s.
        rgb: (h, w, 3) uint8, upright, longer side at most `LOCAL_SIDE_PX`.
    """

    pts_s: float
    rgb: NDArray[np.uint8]


@dataclass(frozen=True)
class Sample:
    """What is taken from one file.

    Attributes:
        kind: "video" or "still".
        width_px: Upright.
        height_px: Upright.
        duration_s: Of the picture; 0 for a still.
        rate_fps: Average frames a second.
        tags: Container tags that tell age and maker.
        kept: Frames to match, none of them flat.
        thumb_s: (n,) float64 times of the timeline.
        thumbs: (n, 24, 24) uint8 luma.
        flat_frames: Frames left out because they are black or of one color.
        failures: Damaged packets.
    """

    kind: str
    width_px: int
    height_px: int
    duration_s: float
    rate_fps: float
    tags: dict[str, str]
    kept: tuple[Kept, ...]
    thumb_s: NDArray[np.float64]
    thumbs: NDArray[np.uint8]
    flat_frames: int
    failures: int


def thumb(raw: RawFrame) -> NDArray[np.uint8]:
    """Return (24, 24) uint8 luma of a decoded frame, upright."""
    small = raw.picture.reformat(
        width=THUMB_PX, height=THUMB_PX, format="gray", interpolation="AREA"
    )
    return np.asarray(upright(small.to_ndarray(), int(raw.picture.rotation)), dtype=np.uint8)


def fit_within(width: int, height: int, side_px: int = LOCAL_SIDE_PX) -> tuple[int, int]:
    """Return width and height shrunk so that the longer is `side_px` at most, both even."""
    scale = min(1.0, side_px / max(width, height))
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


class _Picker:
    """Chooses the frames to keep while they pass."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.flat = 0
        self._last_s = -1e9
        self._looked_s = -1e9
        self._last: NDArray[np.float32] | None = None

    def offer(self, raw: RawFrame, small: NDArray[np.uint8]) -> None:
        plane = small.astype(np.float32)
        change = 255.0 if self._last is None else float(np.abs(plane - self._last).mean())
        since = raw.pts_s - self._last_s
        due = (
            (change >= CUT_LEVELS and since >= 0.2)
            or (since >= KEEP_EVERY_S and change >= CHANGED_LEVELS)
            or since >= STATIC_EVERY_S
        )  # fmt: skip
        if not due or raw.picture.is_corrupt:
            return
        rgb = raw.rgb(*fit_within(raw.picture.width, raw.picture.height))
        if is_flat(rgb):
            self.flat += 1
            return
        self._last_s, self._last = raw.pts_s, plane
        self.kept.append(Kept(raw.pts_s, rgb))


def sample(path: Path, progress: Callable[[float], None] = lambda _seconds: None) -> Sample:
    """Decode a file once and take what the index keeps.

    Args:
        path: A video or a picture.
        progress: Called with the presentation time reached, s.

    Raises:
        UnreadableItem: Nothing could be decoded.
        NoPicture: Media without a picture.
    """
    picker = _Picker()
    times: list[float] = []
    thumbs: list[NDArray[np.uint8]] = []
    last_s, count, failures, shape = 0.0, 0, 0, (0, 0)
    with open_media(path) as container:
        stream = picture_stream(container)
        still = container.format.name in STILL_FORMATS
        context = stream.codec_context
        if not still:
            context.skip_frame = "NONREF"
            context.options = {**context.options, "skip_loop_filter": "all"}
        rate = float(stream.average_rate or 0)
        tags = {**container.metadata, **stream.metadata}
        for raw in decode(container):
            failures = raw.failures
            if raw.index < 0:
                break
            count, last_s = count + 1, raw.pts_s
            if times and raw.pts_s - times[-1] < THUMB_EVERY_S:
                continue
            small = thumb(raw)
            turned = round(int(raw.picture.rotation) / 90) % 2 == 1
            size = (raw.picture.width, raw.picture.height)
            shape = size[::-1] if turned else size
            times.append(raw.pts_s)
            thumbs.append(small)
            picker.offer(raw, small)
            progress(raw.pts_s)
    if not thumbs:
        raise UnreadableItem(f"no frame of {path.name} could be decoded")
    duration = 0.0 if still else last_s - times[0] + (1 / rate if rate else 0.04)
    return Sample(
        kind="still" if still else "video", width_px=shape[0], height_px=shape[1],
        duration_s=duration, rate_fps=0.0 if still else rate,
        tags={k: str(v)[:200] for k, v in sorted(tags.items())[:24]},
        kept=tuple(picker.kept), thumb_s=np.array(times), thumbs=np.stack(thumbs),
        flat_frames=picker.flat, failures=failures,
    )  # fmt: skip


def changes(thumbs: NDArray[np.uint8]) -> float:
    """Return how much a timeline moves: mean over places of the deviation over time, levels."""
    if len(thumbs) < 2:
        return 0.0
    return float(thumbs.astype(np.float32).std(axis=0).mean())


def shrink(rgb: NDArray[np.uint8], side_px: int = LOCAL_SIDE_PX) -> NDArray[np.uint8]:
    """Return a picture whose longer side is `side_px` at most, by area averaging."""
    size = fit_within(rgb.shape[1], rgb.shape[0], side_px)
    if size[0] >= rgb.shape[1]:
        return rgb
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
