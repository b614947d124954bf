"""The source's frames around chosen moments, each kept only as the parts that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.frames import STILL_FORMATS, RawFrame, decode, open_media, picture_stream
from forensics.references.sources.descriptors import LOCAL_SIDE_PX
from forensics.references.sources.sampling import fit_within

Box = tuple[int, int, int, int]

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


def read_windows(
    path: Path, windows: list[Window]
) -> tuple[list[SourceFrame], NDArray[np.float64] | None]:
    """Decode the source once, from the first window to the last.

    Returns:
        The frames near the windows, and the times of all frames from the first on, None where
        the source was not read from its start.

    Raises:
        UnreadableItem: It cannot be opened.
    """
    first = min(w.center_s - w.reach_s for w in windows)
    last = max(w.center_s + w.reach_s for w in windows)
    kept: list[SourceFrame] = []
    times: list[float] = []
    sought = False
    with open_media(path) as container:
        stream = picture_stream(container)
        still = container.format.name in STILL_FORMATS
        if not still and first > SEEK_FROM_S and stream.time_base:
            container.seek(int(first / stream.time_base), stream=stream, backward=True)
            sought = True
        for raw in decode(container):
            if raw.index < 0 or (raw.pts_s > last and kept and not still):
                break
            times.append(raw.pts_s)
            near = range(len(windows)) if still else [
                n for n, w in enumerate(windows) if abs(raw.pts_s - w.center_s) <= w.reach_s
            ]  # fmt: skip
            if near and not raw.picture.is_corrupt:
                kept.append(_keep(raw, windows, list(near)))
            if still:
                break
    return kept, None if sought else np.array(times)


def _keep(raw: RawFrame, windows: list[Window], near: list[int]) -> SourceFrame:
    rgb = raw.rgb()
    size = fit_within(rgb.shape[1], rgb.shape[0], LOCAL_SIDE_PX)
    gray = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    parts: dict[int, NDArray[np.uint8]] = {}
    shared: dict[Box, NDArray[np.uint8]] = {}
    for number in near:
        box = windows[number].box
        if box not in shared:
            shared[box] = np.ascontiguousarray(rgb[box[1] : box[3], box[0] : box[2]])
        parts[number] = shared[box]
    return SourceFrame(raw.pts_s, np.asarray(gray, np.uint8), parts)
