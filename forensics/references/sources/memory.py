"""An index in memory, for one pair of files and for tests of everything that searches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forensics.references.sources.descriptors import distances
from forensics.references.sources.index import (
    INDEX_VERSION,
    Hits,
    Index,
    Stats,
    StoredFrame,
    Timeline,
    Video,
)


class MemoryIndex(Index):
    """Holds everything in lists and forgets it at the end."""

    locator = "memory"

    def __init__(self) -> None:
        self._held: dict[int, tuple[Video, list[StoredFrame], Timeline]] = {}

    def videos(self) -> list[Video]:
        """List what is held, by id."""
        return [video for video, _, _ in self._held.values()]

    def holds(self, sha256: str) -> bool:
        """Say whether a file with this digest is held."""
        return any(video.sha256 == sha256 for video in self.videos())

    def add(self, video: Video, frames: Iterable[StoredFrame], timeline: Timeline) -> int:
        """Hold one file."""
        number, kept = len(self._held) + 1, list(frames)
        self._held[number] = (replace(video, id=number, frames=len(kept)), kept, timeline)
        return number

    def remove(self, video_id: int) -> None:
        """Forget one file."""
        self._held.pop(video_id, None)

    def commit(self) -> None:
        """Nothing waits."""

    def search_pdq(self, codes: NDArray[np.uint8], k: int) -> Hits:
        """Find the nearest fingerprints, exactly."""
        owners = np.array([n for n, held in self._held.items() for _ in held[1]], np.int64)
        if len(owners) == 0:
            return Hits(np.zeros((len(codes), 0), np.int64), np.zeros((len(codes), 0), np.int64))
        table = np.stack([frame.pdq for _, frames, _ in self._held.values() for frame in frames])
        bits = distances(codes, table)
        order = np.argsort(bits, axis=1, kind="stable")[:, :k]
        return Hits(owners[order], np.take_along_axis(bits, order, axis=1))

    def similar(
        self, descriptors: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return ids and the best cosine of each query in each file."""
        ids = [number for number, held in self._held.items() if held[1]]
        best = [
            (descriptors @ np.stack([f.descriptor for f in self._held[n][1]]).T).max(axis=1)
            for n in ids
        ]
        columns = np.stack(best, axis=1) if best else np.zeros((len(descriptors), 0), np.float32)
        return np.array(ids, np.int64), np.asarray(columns, np.float32)

    def frames_of(self, video_id: int) -> list[StoredFrame]:
        """Return the kept frames of a file."""
        return self._held[video_id][1]

    def timeline(self, video_id: int) -> Timeline:
        """Return the timeline of a file."""
        return self._held[video_id][2]

    def stats(self) -> Stats:
        """Count what is there."""
        videos = self.videos()
        return Stats(
            INDEX_VERSION, sum(v.kind == "video" for v in videos),
            sum(v.kind == "still" for v in videos), sum(v.frames for v in videos),
            sum(v.duration_s for v in videos) / 3600, 0,
        )  # fmt: skip

    def verify(self) -> list[str]:
        """Nothing can be wrong."""
        return []

    def close(self) -> None:
        """Nothing is open."""
