"""What is kept of a frame: its PDQ fingerprint, a learned descriptor, and local features."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pdqhash
from numpy.typing import NDArray

PDQ_SIDE_PX = 512
"""PDQ is computed at this size: resizers of hashing programs differ, area averaging is theirs."""

PDQ_MATCH_BITS = 31
PDQ_MIN_QUALITY = 50

LOCAL_SIDE_PX = 640
"""Longer side of the picture that local features are found in."""

INDEX_FEATURES = 800
QUERY_FEATURES = 1000
FAST_THRESHOLD = 8
"""Lower than usual: faces before plain walls have few strong corners."""

CELLS = 8
EVEN_FACTOR = 2.0
"""A place may hold so many times its even share of the features."""

FLAT_LEVELS = 4.0
"""A frame with a lower standard deviation is black, white or one color: it matches anything."""


@dataclass(frozen=True)
class Local:
    """Local features of one picture.

    Attributes:
        points: (n, 2) float32, px of the picture they were asked for, before any shrinking.
        codes: (n, 32) uint8, ORB.
    """

    points: NDArray[np.float32]
    codes: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.codes)


def as_rgb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 of a gray, gray + alpha, RGB or RGBA picture.

    Transparent places become middle gray, so that what hides under them is not matched.
    """
    if picture.ndim == 2:
        return np.ascontiguousarray(np.repeat(picture[..., None], 3, axis=2))
    channels = picture.shape[2]
    color = picture[..., :1].repeat(3, axis=2) if channels < 3 else picture[..., :3]
    if channels in (2, 4):
        alpha = picture[..., -1:].astype(np.float32) / 255
        color = np.rint(alpha * color + (1 - alpha) * 128).astype(np.uint8)
    return np.ascontiguousarray(color)


def is_flat(rgb: NDArray[np.uint8]) -> bool:
    """Say whether a picture holds nothing to match: black, white, or one color."""
    small = cv2.resize(rgb, (48, 27), interpolation=cv2.INTER_AREA)
    return float(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).std()) < FLAT_LEVELS


def pdq(rgb: NDArray[np.uint8], *, turned: bool = False) -> tuple[NDArray[np.uint8], int]:
    """Return the PDQ fingerprint and its quality.

    Args:
        rgb: (H, W, 3) uint8.
        turned: Also of the mirrored picture.

    Returns:
        (1, 32) or (2, 32) uint8, the fingerprint and its mirror image's, and quality 0 to 100.

    Source: Facebook, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm"
    (2019). Bits are packed in the order of the reference's text form.
    """
    scale = PDQ_SIDE_PX / max(rgb.shape[:2])
    if scale < 1:
        size = (max(8, round(rgb.shape[1] * scale)), max(8, round(rgb.shape[0] * scale)))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    pictures = [rgb, np.ascontiguousarray(rgb[:, ::-1])] if turned else [rgb]
    found = [pdqhash.compute(picture) for picture in pictures]
    bits = np.stack([np.asarray(code, dtype=np.uint8) for code, _ in found])  # (k, 256) of 0, 1
    return np.packbits(bits, axis=1), int(found[0][1])


def distances(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the (n, m) Hamming distances of (n, k) and (m, k) packed codes."""
    different = np.bitwise_count(a[:, None, :] ^ b[None, :, :])
    return np.asarray(different.sum(axis=2, dtype=np.int64))


def local_features(
    gray: NDArray[np.uint8], features: int = INDEX_FEATURES, side_px: int = LOCAL_SIDE_PX,
    mask: NDArray[np.uint8] | None = None, *, even: bool = False,
) -> Local:  # fmt: skip
    """Find ORB features.

    Args:
        gray: (H, W) uint8.
        features: At most so many.
        side_px: Longer side of the picture they are found in; enlarged at most twice.
        mask: (H, W) uint8, 0 where none shall be found.
        even: Take no more than a few from any place: else a caption takes them all.

    Source: Rublee et al., "ORB: an efficient alternative to SIFT or SURF" (2011).
    """
    scale = min(2.0, side_px / max(gray.shape))
    if abs(scale - 1) > 0.02:
        size = (max(32, round(gray.shape[1] * scale)), max(32, round(gray.shape[0] * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(gray, size, interpolation=how)
        mask = None if mask is None else cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    else:
        small = gray
    orb = cv2.ORB.create(nfeatures=features * (3 if even else 1), fastThreshold=FAST_THRESHOLD)
    found = sorted(orb.detect(small, mask), key=lambda point: -point.response)
    if even:
        found = _evened(found, small.shape, features)
    found, codes = orb.compute(small, found[:features])
    if codes is None or len(found) == 0:
        return Local(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8))
    factor = np.array([gray.shape[1] / small.shape[1], gray.shape[0] / small.shape[0]])
    points = np.array([point.pt for point in found], dtype=np.float64)
    points = (points + 0.5) * factor - 0.5
    return Local(points.astype(np.float32), np.ascontiguousarray(codes))


def _evened(found: list[cv2.KeyPoint], shape: tuple[int, ...], features: int) -> list[cv2.KeyPoint]:
    """Keep the strongest features of each of `CELLS` x `CELLS` places, strongest first."""
    most = max(4, round(EVEN_FACTOR * features / CELLS**2))
    held: dict[tuple[int, int], int] = {}
    kept = []
    for point in found:
        cell = (int(point.pt[0] * CELLS / shape[1]), int(point.pt[1] * CELLS / shape[0]))
        held[cell] = held.get(cell, 0) + 1
        if held[cell] <= most:
            kept.append(point)
    return kept
