"""Perceptual fingerprints of an item's frames, taken while it is decoded for the first time.

Source: PDQ and vPDQ (Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing
Algorithm", 2019; github.com/facebook/ThreatExchange): a 256-bit hash of one frame a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pdqhash
from numpy.typing import NDArray

EVERY_S = 1.0
"""Time between fingerprints: vPDQ's usual pace."""

MOST_PRINTS = 600
"""Longer items are sampled at every second, third, ... second, so that lists stay short."""

LONGEST_SIDE_PX = 512
"""Frames are shrunk to this first, as vPDQ advises; it changes a few bits, and saves the time."""


@dataclass(frozen=True)
class FramePrint:
    """The fingerprint of one frame.

    Attributes:
        index: Frame number, from 0.
        pts_s: Presentation time, s.
        quality: PDQ's own, 0 (flat) to 100; under 50 a match means little.
        pdq: 64 hex digits.
    """

    index: int
    pts_s: float
    quality: int
    pdq: str


def print_of(rgb: NDArray[np.uint8]) -> tuple[str, int]:
    """Return the PDQ hash, 64 hex digits, and its quality of a picture (H, W, 3) uint8."""
    factor = LONGEST_SIDE_PX / max(rgb.shape[:2])
    if factor < 1:
        size = (max(64, round(rgb.shape[1] * factor)), max(64, round(rgb.shape[0] * factor)))
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    bits, quality = pdqhash.compute(np.ascontiguousarray(rgb))
    return bytes(np.packbits(np.asarray(bits, dtype=np.uint8))).hex(), int(quality)


class Printer:
    """Takes a fingerprint of the first frame of every second.

    Args:
        most: At so many, every other one is dropped and the pace is halved.
    """

    def __init__(self, most: int = MOST_PRINTS) -> None:
        self._most = most
        self._prints: list[FramePrint] = []
        self._next_s = -np.inf
        self.every_s = EVERY_S

    def wants(self, pts_s: float) -> bool:
        """Say whether the frame at this time is to be given to `add`."""
        return pts_s >= self._next_s

    def add(self, index: int, pts_s: float, rgb: NDArray[np.uint8]) -> None:
        """Take the fingerprint of one frame.

        Args:
            index: Frame number.
            pts_s: Presentation time, s.
            rgb: (H, W, 3) uint8.
        """
        pdq, quality = print_of(rgb)
        self._prints.append(FramePrint(index, pts_s, quality, pdq))
        if len(self._prints) > self._most:
            self._prints = self._prints[::2]
            self.every_s *= 2
        # from the last one kept; a hair less, because times are rounded to the stream's clock
        self._next_s = self._prints[-1].pts_s + self.every_s - 1e-3

    def prints(self) -> tuple[FramePrint, ...]:
        """Return what was taken so far, in order."""
        return tuple(self._prints)
