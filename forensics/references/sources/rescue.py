"""Where the camera moves: place and time together, by the features of whole frames.

A placement found on another moment is off by the camera's motion. At the very same moment most
features agree, of people and background alike; so that moment is looked for, frame by frame.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from forensics.evenly import some
from forensics.references.sources.descriptors import QUERY_FEATURES, Local, local_features
from forensics.references.sources.frames import SourceFrame
from forensics.references.sources.geometry import MIN_INLIERS, Placement, place, unmirror
from forensics.references.sources.material import TimeFit
from forensics.references.sources.query import Query
from forensics.references.sources.registration import Matrix, scaling
from forensics.references.sources.timing import Anchor

MOMENTS = 3


def place_by_moment(
    query: Query, anchors: list[Anchor], frames: list[SourceFrame], mirrored: bool,
    time: TimeFit, source_size: tuple[int, int],
) -> tuple[Matrix, TimeFit] | None:  # fmt: skip
    """Find the source frame that shares most features with each of three questioned ones.

    Args:
        query: The questioned item.
        anchors: Questioned faces with their windows.
        frames: The source's, around each anchor.
        mirrored: Whether the item is the source's mirror image.
        time: Coarse alignment.
        source_size: Width and height of the source.

    Returns:
        (3, 3) from questioned px to source px of the best moment, and the alignment through all;
        None where too little agrees.
    """
    known: dict[int, Local] = {}
    found: list[tuple[float, float, Placement]] = []
    for anchor in some(anchors, MOMENTS):
        rgb = query.frames[anchor.index].rgb
        gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        if mirrored:
            gray = np.ascontiguousarray(gray[:, ::-1])
        here = local_features(gray, QUERY_FEATURES, even=True)
        best: tuple[float, Placement] | None = None
        for number, frame in enumerate(frames):
            if anchor.window not in frame.parts:
                continue
            if number not in known:
                known[number] = local_features(frame.whole)
            tried = place(here, known[number], mirrored)
            if tried is not None and (best is None or tried.inliers > best[1].inliers):
                best = (frame.pts_s, tried)
        if best is not None and best[1].inliers >= MIN_INLIERS:
            found.append((anchor.pts_s, best[0], best[1]))
    if not found:
        return None
    _, _, chosen = max(found, key=lambda one: one[2].inliers)
    matrix = unmirror(chosen.matrix, query.width_px) if mirrored else chosen.matrix
    whole = frames[0].whole
    shrink = scaling(whole.shape[1] / source_size[0], whole.shape[0] / source_size[1])
    return np.linalg.inv(shrink) @ matrix, _line(found, time)


def _line(found: list[tuple[float, float, Placement]], time: TimeFit) -> TimeFit:
    """Put the moments on one line, at the coarse speed or at none, whichever fits better."""
    fits = []
    for speed in dict.fromkeys((1.0, time.speed)):
        offsets = np.array([there - speed * here for here, there, _ in found])
        middle = float(np.median(offsets))
        fits.append((float(np.abs(offsets - middle).sum()), speed, middle))
    _, speed, offset = min(fits)
    return replace(time, offset_s=offset, speed=speed)
