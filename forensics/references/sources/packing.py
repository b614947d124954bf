"""How frames are laid out as bytes; the same in every kind of index."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from forensics.references.sources.descriptors import Local
from forensics.references.sources.index import Timeline
from forensics.references.sources.sampling import THUMB_PX

STORED_FEATURES = 600
"""Strongest local features kept of a frame: 22 kB."""

SUBPIXEL = 16
"""Places are stored in sixteenths of a px: frames up to 4,096 px; larger lose a bit."""


def pack_local(local: Local, side_px: int) -> bytes:
    """Lay out features: a head of three 32-bit numbers, then places, then codes.

    Args:
        local: Strongest first.
        side_px: Longer side of the picture they are in; places are stored relative to it.
    """
    kept = min(len(local), STORED_FEATURES)
    step = max(1, -(-side_px * SUBPIXEL // 65535))
    head = np.array([kept, step, SUBPIXEL], dtype="<u4")
    places = np.clip(np.rint(local.points[:kept] * (SUBPIXEL / step)), 0, 65535).astype("<u2")
    return bytes(head.tobytes() + places.tobytes() + local.codes[:kept].tobytes())


def unpack_local(raw: bytes) -> Local:
    """Read what `pack_local` wrote.

    Raises:
        ValueError: The bytes are not that long.
    """
    count, step, subpixel = (int(v) for v in np.frombuffer(raw[:12], dtype="<u4"))
    if len(raw) != 12 + 36 * count:
        raise ValueError(f"{len(raw)} bytes for {count} features")
    places = np.frombuffer(raw[12 : 12 + 4 * count], dtype="<u2").reshape(count, 2)
    codes = np.frombuffer(raw[12 + 4 * count :], dtype=np.uint8).reshape(count, 32)
    points = np.asarray(places.astype(np.float32) * np.float32(step / subpixel), np.float32)
    return Local(points, np.ascontiguousarray(codes))


def pack_timeline(timeline: Timeline) -> bytes:
    """Lay out a timeline: a count, times, and thumbs as compressed differences."""
    count = np.array([len(timeline.times_s)], dtype="<u4").tobytes()
    steps = np.diff(timeline.thumbs, axis=0, prepend=np.zeros((1, THUMB_PX, THUMB_PX), np.uint8))
    return count + timeline.times_s.astype("<f8").tobytes() + zlib.compress(steps.tobytes(), 3)


def unpack_timeline(raw: bytes) -> Timeline:
    """Read what `pack_timeline` wrote."""
    count = int(np.frombuffer(raw[:4], dtype="<u4")[0])
    times = np.frombuffer(raw[4 : 4 + 8 * count], dtype="<f8").astype(np.float64)
    steps = np.frombuffer(zlib.decompress(raw[4 + 8 * count :]), dtype=np.uint8)
    thumbs = np.cumsum(steps.reshape(count, THUMB_PX, THUMB_PX), axis=0, dtype=np.uint8)
    return Timeline(times, thumbs)


def pack_descriptor(descriptor: NDArray[np.float32]) -> bytes:
    """Lay out a unit vector in half precision."""
    return descriptor.astype("<f2").tobytes()


def unpack_descriptor(raw: bytes) -> NDArray[np.float32]:
    """Read what `pack_descriptor` wrote."""
    return np.frombuffer(raw, dtype="<f2").astype(np.float32)
