"""Batches: packed pairs, drawn and cheaply changed, alike in both branches."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.training.pack import CROP_PX, INPUT_PX, STORED_PX, Pack, shrink

CLEAR_CRF = 28
"""Pairs up to this crf are what a run begins with: traces are learned where they can be seen."""

_MAP_STEP = 4  # input px of one stored map px


class PairSource:
    """Draws batches of pairs from packs, changed cheaply and alike in both branches."""

    def __init__(self, shards: list[Pack]) -> None:
        self._shards = shards
        self._ends = np.cumsum([len(shard) for shard in shards])
        crf = np.array([note["degradation"]["crf"] for shard in shards for note in shard.notes])
        self._clear = np.flatnonzero(crf <= CLEAR_CRF)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return int(self._ends[-1])

    def batch(
        self, count: int, rng: np.random.Generator, clear_share: float = 0.0
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Draw `count` pairs.

        Args:
            count: How many.
            rng: Where the draw comes from.
            clear_share: Share of them drawn from the lightly compressed pairs alone.

        Returns:
            (2 count, INPUT_PX, INPUT_PX, 3) uint8, genuine first, and the (count, INPUT_PX / 8,
            INPUT_PX / 8) float32 boundary targets of the fakes.
        """
        crops: list[NDArray[np.uint8]] = []
        maps: list[NDArray[np.float32]] = []
        drawn = rng.integers(0, len(self), count)
        if len(self._clear):
            clear = rng.choice(self._clear, count)
            drawn = np.where(rng.random(count) < clear_share, clear, drawn)
        for index in drawn:
            which = int(np.searchsorted(self._ends, index, side="right"))
            shard = self._shards[which]
            at = int(index - (self._ends[which] - len(shard)))
            pair, edge = self._change(shard, at, rng)
            crops.append(pair)
            maps.append(edge)
        both = np.stack(crops)  # (count, 2, S, S, 3)
        return np.concatenate([both[:, 0], both[:, 1]]), np.stack(maps)

    @staticmethod
    def _change(
        shard: Pack, at: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        room = (STORED_PX - CROP_PX) // _MAP_STEP
        x, y = rng.integers(0, room + 1, 2)
        rows = slice(int(y) * _MAP_STEP, int(y) * _MAP_STEP + CROP_PX)
        columns = slice(int(x) * _MAP_STEP, int(x) * _MAP_STEP + CROP_PX)
        pair = np.stack([shard.genuine[at, rows, columns], shard.fake[at, rows, columns]])
        side = CROP_PX // _MAP_STEP
        edge = shard.boundary[at, int(y) : int(y) + side, int(x) : int(x) + side] / np.float32(255)
        edge = cv2.dilate(edge, np.ones((2, 2), np.uint8))
        cells = INPUT_PX // 8
        edge = cv2.resize(edge, (cells, cells), interpolation=cv2.INTER_AREA)
        if rng.random() < 0.5:
            pair, edge = pair[:, :, ::-1], edge[:, ::-1]
        if rng.random() < 0.6:
            gain = np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.04, 3))
            table = np.clip(np.arange(256)[:, None] * gain + rng.normal(0, 8), 0, 255)
            pair = np.rint(table).astype(np.uint8)[pair, np.arange(3)]
        if rng.random() < 0.1:
            left, top = rng.integers(0, CROP_PX - 24, 2)
            wide, high = rng.integers(16, 64, 2)
            pair = pair.copy()
            pair[:, top : top + high, left : left + wide] = rng.integers(0, 256, 3)
        pair = np.stack([shrink(branch) for branch in pair])
        return np.asarray(pair, dtype=np.uint8), np.asarray(edge, dtype=np.float32)
