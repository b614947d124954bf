"""The source index: what it keeps, what can be asked of it, and how one is opened."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.errors import SourceIndexError
from forensics.references.sources.descriptors import Local

INDEX_VERSION = 1
"""Changes whenever an older index could not be searched with the same results."""


@dataclass(frozen=True)
class Video:
    """One indexed file.

    Attributes:
        id: Within the index; 0 before it is added.
        sha256: Of the file when it was added.
        path: Where it was, absolute.
        size_bytes: Then.
        kind: "video" or "still".
        width_px: Upright.
        height_px: Upright.
        duration_s: 0 for a still.
        rate_fps: 0 for a still.
        tags: Container tags.
        added_utc: ISO 8601.
        frames: How many are kept.
    """

    id: int
    sha256: str
    path: str
    size_bytes: int
    kind: str
    width_px: int
    height_px: int
    duration_s: float
    rate_fps: float
    tags: dict[str, str] = field(default_factory=dict)
    added_utc: str = ""
    frames: int = 0

    @property
    def name(self) -> str:
        """File name without folders."""
        return Path(self.path).name


@dataclass(frozen=True)
class StoredFrame:
    """One kept frame.

    Attributes:
        pts_s: Presentation time, s.
        pdq: (32,) uint8.
        quality: PDQ's, 0 to 100.
        descriptor: (1280,) float32, unit length.
        local: Features, in px of the full-size upright frame.
    """

    pts_s: float
    pdq: NDArray[np.uint8]
    quality: int
    descriptor: NDArray[np.float32]
    local: Local


@dataclass(frozen=True)
class Timeline:
    """Thin pictures of a whole video: (n,) s and (n, 24, 24) uint8 luma."""

    times_s: NDArray[np.float64]
    thumbs: NDArray[np.uint8]


@dataclass(frozen=True)
class Hits:
    """Nearest fingerprints of each query.

    Attributes:
        video: (q, k) int64 ids, -1 where there are fewer.
        bits: (q, k) int64 Hamming distances.
    """

    video: NDArray[np.int64]
    bits: NDArray[np.int64]


@dataclass(frozen=True)
class Stats:
    """What an index holds."""

    version: int
    videos: int
    stills: int
    frames: int
    hours: float
    bytes: int


class Index(ABC):
    """An archive of possible sources. Audits open it to read, one process at a time to write."""

    locator: str

    @abstractmethod
    def videos(self) -> list[Video]:
        """List what is indexed, by id."""

    @abstractmethod
    def holds(self, sha256: str) -> bool:
        """Say whether a file with this digest is indexed."""

    @abstractmethod
    def add(self, video: Video, frames: Iterable[StoredFrame], timeline: Timeline) -> int:
        """Add one file, whole or not at all, and return its id."""

    @abstractmethod
    def remove(self, video_id: int) -> None:
        """Forget one file."""

    @abstractmethod
    def commit(self) -> None:
        """Bring the search structures up to what was added; call once after many."""

    @abstractmethod
    def search_pdq(self, codes: NDArray[np.uint8], k: int) -> Hits:
        """Find the nearest fingerprints of (q, 32) uint8 codes."""

    @abstractmethod
    def similar(
        self, descriptors: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return (v,) video ids and the (q, v) best cosine of each query in each video."""

    @abstractmethod
    def frames_of(self, video_id: int) -> list[StoredFrame]:
        """Return the kept frames of a file, by time."""

    @abstractmethod
    def timeline(self, video_id: int) -> Timeline:
        """Return the timeline of a file."""

    @abstractmethod
    def stats(self) -> Stats:
        """Count what is there."""

    @abstractmethod
    def verify(self) -> list[str]:
        """Check everything that can be checked and return what is wrong, in words."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files, locks and connections."""

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_index(locator: str, *, write: bool = False) -> Index:
    """Open an index.

    Args:
        locator: A folder, or `milvus://host:port/collection`.
        write: Make it where it is not there, and lock it against other writers.

    Raises:
        SourceIndexError: It is not there, broken, locked, or of another version.
    """
    if locator.startswith("milvus://"):
        from forensics.references.sources.milvus import MilvusIndex

        return MilvusIndex(locator, write=write)
    if "://" in locator:
        raise SourceIndexError(
            f"{locator} is no source index; give a folder, or milvus://host:port/collection"
        )
    from forensics.references.sources.embedded import EmbeddedIndex

    return EmbeddedIndex(Path(locator), write=write)
