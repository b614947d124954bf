"""Filling an index: digest, decode, describe, add; resumable, and each file once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from forensics.errors import ForensicsError, UnreadableItem
from forensics.references.sources.descriptors import Local, local_features, pdq
from forensics.references.sources.index import Index, StoredFrame, Timeline, Video
from forensics.references.sources.network import network
from forensics.references.sources.sampling import Sample, sample

SUFFIXES = frozenset(
    {
        ".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".3gp",
        ".flv", ".wmv", ".ogv", ".mxf", ".gif", ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif",
        ".tiff",
    }
)  # fmt: skip
"""What is taken out of a folder; a file named by the user is tried whatever its name."""

WORKERS = 2
COMMIT_EVERY = 200
"""Files between two updates of the search files."""


@dataclass(frozen=True)
class Added:
    """What became of one file.

    Attributes:
        path: The file.
        outcome: "added", "known" (the same bytes are indexed) or "skipped".
        why: For a skipped file, one sentence.
        seconds: Of video.
        frames: Kept.
    """

    path: Path
    outcome: str
    why: str = ""
    seconds: float = 0.0
    frames: int = 0


def files_in(paths: list[Path]) -> list[Path]:
    """List files, and what lies in folders, in a steady order and each once."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
            found.update(dict.fromkeys(p.absolute() for p in inside if p.is_file()))
        else:
            found[path.absolute()] = None
    return list(found)


def file_digest(path: Path) -> str:
    """Return a file's SHA-256.

    Raises:
        UnreadableItem: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableItem(f"{path.name} cannot be read: {error.strerror}") from error


def describe(taken: Sample) -> list[StoredFrame]:
    """Fingerprint and describe the kept frames of a file."""
    vectors = network().describe([kept.rgb for kept in taken.kept])
    stored = []
    for kept, vector in zip(taken.kept, vectors, strict=True):
        code, quality = pdq(kept.rgb)
        gray = np.asarray(cv2.cvtColor(kept.rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        local = local_features(gray)
        factor = np.array(
            [taken.width_px / gray.shape[1], taken.height_px / gray.shape[0]], np.float32
        )
        points = np.maximum((local.points + 0.5) * factor - 0.5, 0).astype(np.float32)
        stored.append(StoredFrame(kept.pts_s, code[0], quality, vector, Local(points, local.codes)))
    return stored


@dataclass(frozen=True)
class _Ready:
    path: Path
    sha256: str
    taken: Sample
    frames: list[StoredFrame]


def _prepare(path: Path, known: Callable[[str], bool]) -> _Ready | Added:
    try:
        digest = file_digest(path)
        if known(digest):
            return Added(path, "known")
        taken = sample(path)
        if not taken.kept:
            return Added(path, "skipped", "every frame of it is black or of one color")
        return _Ready(path, digest, taken, describe(taken))
    except ForensicsError as error:
        return Added(path, "skipped", str(error))


def add_files(index: Index, paths: list[Path], workers: int = WORKERS) -> Iterator[Added]:
    """Add files to an index, two at a time; one that cannot be read is skipped and said so.

    Files whose bytes are indexed already are known at once, so that an interrupted run is resumed
    by running it again.

    Args:
        index: Opened to write.
        paths: Files and folders.
        workers: Files decoded at a time.

    Yields:
        One result a file, in the order given.
    """
    files = files_in(paths)
    digests = {video.sha256 for video in index.videos()}
    network()  # made once, before threads ask for it
    since = 0
    with ThreadPoolExecutor(workers) as pool:
        todo = iter(files)
        waiting: list[Future[_Ready | Added]] = []
        try:
            while True:
                while len(waiting) < workers + 1 and (path := next(todo, None)) is not None:
                    waiting.append(pool.submit(_prepare, path, digests.__contains__))
                if not waiting:
                    break
                ready = waiting.pop(0).result()
                if isinstance(ready, Added):
                    yield ready
                elif ready.sha256 in digests:  # twice in one run
                    yield Added(ready.path, "known")
                else:
                    taken = ready.taken
                    index.add(_video(ready), ready.frames, Timeline(taken.thumb_s, taken.thumbs))
                    digests.add(ready.sha256)
                    since += 1
                    yield Added(ready.path, "added", "", taken.duration_s, len(ready.frames))
                if since >= COMMIT_EVERY:
                    index.commit()
                    since = 0
        finally:
            for future in waiting:
                future.cancel()
            if since:
                index.commit()


def _video(ready: _Ready) -> Video:
    taken = ready.taken
    return Video(
        id=0, sha256=ready.sha256, path=str(ready.path.absolute()),
        size_bytes=ready.path.stat().st_size, kind=taken.kind, width_px=taken.width_px,
        height_px=taken.height_px, duration_s=round(taken.duration_s, 6),
        rate_fps=round(taken.rate_fps, 6), tags=taken.tags,
        added_utc=datetime.now(UTC).isoformat(timespec="seconds"), frames=len(ready.frames),
    )  # fmt: skip
