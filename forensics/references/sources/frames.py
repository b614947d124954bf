"""The source's frames around chosen moments, each kept only as the parts that are compared."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from forensics.intake.frames import STILL_FORMATS, RawFrame, decode, open_media, picture_stream
from forensics.references.sources.planes import Box, Parts, luma
from forensics.references.sources.sampling import fit_within
from forensics.references.sources.sparse import decode_sparsely

SEEK_FROM_S = 12.0
"""Sources are read from their start where that is not much longer than a seek."""


@dataclass(frozen=True)
class Window:
    """A moment of the source and the part of the picture that is wanted there.

    Attributes:
        center_s: Source time.
        reach_s: Frames within so much of it are kept.
        box: x0, y0, x1, y1 in source px, within the picture.
    """

    center_s: float
    reach_s: float
    box: Box


@dataclass(frozen=True)
class SourceFrame:
    """One frame of the source near a wanted moment.

    Attributes:
        pts_s: Its time.
        whole: (h, w) uint8 luma of the whole picture, longer side 640 px at most.
        parts: RGB by number of the window, cut at its box.
    """

    pts_s: float
    whole: NDArray[np.uint8]
    parts: dict[int, NDArray[np.uint8]]


def read_windows(path: Path, windows: list[Window]) -> list[SourceFrame]:
    """Decode the source once, from the first window to the last, sparsely in between.

    Returns:
        The frames near the windows.

    Raises:
        UnreadableItem: It cannot be opened.
    """
    first = min(w.center_s - w.reach_s for w in windows)
    last = max(w.center_s + w.reach_s for w in windows)
    keeper = _Keeper(windows)
    with open_media(path) as container:
        stream = picture_stream(container)
        if container.format.name in STILL_FORMATS:
            for raw in decode(container):
                if raw.index == 0:
                    keeper.take(raw, list(range(len(windows))))
                break
            return keeper.kept
        if first > SEEK_FROM_S and stream.time_base:
            _begin(container)
            container.seek(int(first / stream.time_base), stream=stream, backward=True)
        for raw in decode_sparsely(container, lambda when: bool(keeper.near(when))):
            if raw.pts_s > last and keeper.kept:
                break
            near = keeper.near(raw.pts_s)
            if near and not raw.picture.is_corrupt:
                keeper.take(raw, near)
    return keeper.kept


def _begin(container: av.container.InputContainer) -> None:
    """Let the decoder see the first packet before it is moved on.

    x264 names its build there and nowhere else, and FFmpeg works around a fault of builds before
    151 in 4:4:4 by it: without it, what is sought in such a file is decoded to noise.
    """
    stream = picture_stream(container)
    for packet in container.demux(stream):
        with contextlib.suppress(av.error.FFmpegError, ValueError):
            packet.decode()
        return


class _Keeper:
    """Keeps of each frame what the windows ask for."""

    def __init__(self, windows: list[Window]) -> None:
        self.windows = windows
        self.kept: list[SourceFrame] = []
        self._parts = Parts()

    def near(self, when_s: float) -> list[int]:
        """Return the numbers of the windows that a time lies in."""
        found = []
        for number, window in enumerate(self.windows):
            if abs(when_s - window.center_s) <= window.reach_s:
                found.append(number)
        return found

    def take(self, raw: RawFrame, near: list[int]) -> None:
        turned = round(int(raw.picture.rotation) / 90) % 2 == 1
        width, height = raw.picture.width, raw.picture.height
        size = fit_within(*((height, width) if turned else (width, height)))
        whole = luma(raw, *(size[::-1] if turned else size))
        shared: dict[Box, NDArray[np.uint8]] = {}
        for number in near:
            window = self.windows[number]
            if window.box not in shared:
                shared[window.box] = self._parts.rgb(raw, window.box)
        parts = {number: shared[self.windows[number].box] for number in near}
        self.kept.append(SourceFrame(raw.pts_s, whole, parts))
