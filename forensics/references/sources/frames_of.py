"""The first frames of a video, at once: for making pairs and queries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.intake.frames import decode, open_media, picture_stream
from forensics.references.sources.attacks import WORK_SIDE_PX
from forensics.references.sources.sampling import shrink


def first_frames(path: Path, count: int) -> list[NDArray[np.uint8]]:
    """Decode the first frames of a video, upright, longer side at most 1280 px.

    Args:
        path: A video.
        count: At most so many.
    """
    frames: list[NDArray[np.uint8]] = []
    with open_media(path) as container:
        for raw in decode(container):
            if raw.index < 0 or len(frames) >= count:
                break
            frames.append(shrink(raw.rgb(), WORK_SIDE_PX))
    return frames


def rate_of(path: Path) -> float:
    """Return a video's average frames a second."""
    with open_media(path) as container:
        return float(picture_stream(container).average_rate or 25)
