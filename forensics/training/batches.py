"""Batches: packed pairs, drawn and cheaply changed, alike in both branches."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.training.pack import CROP_PX, INPUT_PX, STORED_PX, Pack, shrink

CLEAR_CRF = 28
"""Pairs up to this crf are what a run begins with: traces are learned where they can be seen."""

EMPHASIS = {"cross_identity": 1.6, "one_shot": 2.5}
"""How much more often pairs of a family are drawn than were made: the proposition is that a face
was replaced, which these families do more often than the others, and they are a fifth of them."""

_MAP_STEP = 4  # input px of one stored map px


class PairSource:
    """Draws batches of pairs from packs, changed cheaply and alike in both branches."""

    def __init__(self, shards: list[Pack]) -> None:
        self._shards = shards
        self._ends = np.cumsum([len(shard) for shard in shards])
        crf = np.array([note["degradation"]["crf"] for shard in shards for note in shard.notes])
        families = [note["recipe"]["family"] for shard in shards for note in shard.notes]
        weight = np.array([EMPHASIS.get(family, 1.0) for family in families])
        clear = weight * (crf <= CLEAR_CRF)
        self._edges = np.cumsum(weight) / weight.sum()
        self._clear_edges = np.cumsum(clear) / clear.sum() if clear.any() else self._edges

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
        where = rng.random(count)
        clear = np.searchsorted(self._clear_edges, where, side="right")
        drawn = np.searchsorted(self._edges, where, side="right")
        for index in np.where(rng.random(count) < clear_share, clear, drawn).clip(
            max=len(self) - 1
        ):
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
