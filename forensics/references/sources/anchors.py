"""Which questioned frames are compared, and where in the source each is looked for."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from forensics.evenly import some
from forensics.face_space import regions_of
from forensics.intake.crops import square_around
from forensics.intake.tracks import CONTEXT_SCALE, FaceTrack
from forensics.references.sources.frames import Window
from forensics.references.sources.material import TimeFit
from forensics.references.sources.planes import Box
from forensics.references.sources.query import Query
from forensics.references.sources.registration import Matrix
from forensics.references.sources.timing import Anchor

ANCHORS = (8, 5, 5)
"""Frames compared of the largest face and the next two; further ones are not compared."""

REACH_FRAMES = (18.5, 6.5)
"""How far exact frames are looked for, where the coarse time is unsure and where it is sure."""

SURE = 0.85
WIDE_S, WIDE_ANCHORS = 6.5, (2, 1, 1)
"""Where nothing tells the time (a still, a static shot), all that lies between two kept frames of
the source is looked through, for fewer frames."""

MIN_FACE_PX = 32.0

_SQUARE = np.array([[-8.0, 264, 264, -8], [-8, -8, 264, 264], [1, 1, 1, 1]])
"""Corners of the aligned square with a rim, aligned px."""


def choose_anchors(
    query: Query, tracks: tuple[FaceTrack, ...], time: TimeFit, placement: Matrix,
    source_size: tuple[int, int], source_s: tuple[float, float],
) -> list[Anchor]:  # fmt: skip
    """Choose the questioned frames to compare, the largest faces first.

    Args:
        query: The questioned item.
        tracks: Its faces.
        time: Coarse alignment.
        placement: (3, 3) from questioned px to source px.
        source_size: Width and height of the source.
        source_s: Its first and last time.
    """
    ranked = sorted(tracks, key=lambda t: -t.face_px * math.sqrt(len(t.seen_s)))
    chosen: list[Anchor] = []
    for track, count in zip(ranked, ANCHORS if time.determined else WIDE_ANCHORS, strict=False):
        marks = track.landmarks_aligned()
        slots = [
            i for i in range(len(track))
            if int(track.frame_index[i]) in query.frames
            and source_s[0] - 0.5 <= time.source_s(track.pts_s[i]) <= source_s[1] + 0.5
        ]  # fmt: skip
        steady = [i for i in slots if not track.disagreement[i]] or slots
        for i in some(steady, count):
            matrix = np.vstack([track.to_aligned[i], [0.0, 0.0, 1.0]])
            square = np.linalg.inv(matrix) @ _SQUARE
            box = _part(placement, square, track.boxes_xyxy_px[i], source_size)
            if box is not None:
                chosen.append(
                    Anchor(
                        track.id, i, int(track.frame_index[i]), float(track.pts_s[i]),
                        track.aligned(i), matrix, regions_of(marks[i]), len(chosen), box,
                    )
                )  # fmt: skip
    return chosen


def windows_of(anchors: list[Anchor], time: TimeFit, rate_fps: float) -> list[Window]:
    """Return where in the source to look for each anchor's frame."""
    sure = time.determined and time.correlation >= SURE and time.rival < time.correlation - 0.1
    reach = REACH_FRAMES[1 if sure else 0] / max(rate_fps, 1.0) if time.determined else WIDE_S
    return [Window(time.source_s(a.pts_s), reach, a.box) for a in anchors]


def _part(
    placement: Matrix, square: NDArray[np.float64], face: NDArray[np.float64], size: tuple[int, int]
) -> Box | None:
    """Return the part of the source that shows the aligned square and the face's surroundings.

    Args:
        placement: (3, 3) from questioned px to source px.
        square: (3, 4) corners of the aligned square, questioned px.
        face: (4,) box in questioned px.
        size: Width and height of the source.

    Returns:
        None where too little of the aligned square lies on the source.
    """
    low, high = _bounds(placement @ square, size)
    if (high - low).min() < MIN_FACE_PX:
        return None
    # The square that tracks keep around a face, so that the source can be control footage.
    left, top, side = square_around(face, CONTEXT_SCALE)
    around = np.array([[0, side, side, 0], [0, 0, side, side], [0, 0, 0, 0]])
    wide = _bounds(placement @ (around + np.array([[left], [top], [1.0]])), size)
    low, high = np.minimum(low, wide[0]), np.maximum(high, wide[1])
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _bounds(
    corners: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the least and greatest x, y of (3, n) homogeneous points, within the picture."""
    moved = (corners[:2] / corners[2]).T
    low = np.floor(moved.min(axis=0)).astype(np.int64).clip(0, size)
    return low, np.ceil(moved.max(axis=0)).astype(np.int64).clip(0, size)
