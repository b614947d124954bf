"""The embedded index: one folder, one table that is the truth, and search files made from it.

Layout::

    index.sqlite      videos, frames, and the name of the current search folder
    search-<n>/       fingerprints.faiss, descriptors.npy, frames.npy: made from the table
    index.lock        held by the one writer

A file is added in one transaction, so a writer that is killed leaves all of it or nothing. Search
files are written to a new folder, which one further transaction makes the current one. What was
added since is searched from the table itself: an index is usable at every moment.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from forensics.errors import SourceIndexError
from forensics.references.sources import packing
from forensics.references.sources.index import (
    INDEX_VERSION,
    Hits,
    Index,
    Stats,
    StoredFrame,
    Timeline,
    Video,
)
from forensics.references.sources.network import DESCRIPTOR_SIZE

TABLE = "index.sqlite"
BLOCK = 20_000
"""Descriptors compared at a time."""

_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE videos (
  id INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE, path TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, kind TEXT NOT NULL, width_px INTEGER NOT NULL,
  height_px INTEGER NOT NULL, duration_s REAL NOT NULL, rate_fps REAL NOT NULL,
  tags TEXT NOT NULL, added_utc TEXT NOT NULL, timeline BLOB NOT NULL);
CREATE TABLE frames (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  video INTEGER NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
  pts_s REAL NOT NULL, pdq BLOB NOT NULL, quality INTEGER NOT NULL,
  descriptor BLOB NOT NULL, local BLOB NOT NULL);
CREATE INDEX frames_of ON frames(video, pts_s);
"""

_COLUMNS = (
    "id, sha256, path, size_bytes, kind, width_px, height_px, duration_s, rate_fps, tags, "
    "added_utc, (SELECT COUNT(*) FROM frames WHERE frames.video = videos.id)"
)


class EmbeddedIndex(Index):
    """An index in a folder.

    Raises:
        SourceIndexError: It is not there, broken, locked, or of another version.
    """

    def __init__(self, folder: Path, *, write: bool = False) -> None:
        self.folder, self.locator, self._write = folder, str(folder), write
        self._lock: FileLock | None = None
        if write:
            self._take_lock()
        elif not (folder / TABLE).is_file():
            raise SourceIndexError(
                f"there is no source index at {folder}; make one with "
                f"`audit sources add {folder} VIDEOS...`"
            )
        try:
            self._table = self._connect()
            self._check_version()
        except sqlite3.Error as error:
            self._release()
            raise SourceIndexError(
                f"the source index at {folder} cannot be read ({error}); check that it is an "
                "index and not damaged, or make it again"
            ) from error
        except SourceIndexError:
            self._release()
            raise
        self._load_search()

    def _take_lock(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.folder / "index.lock", timeout=0)
            self._lock.acquire()
        except Timeout as error:
            raise SourceIndexError(
                f"another process is writing to the source index at {self.folder}; wait for it"
            ) from error
        except OSError as error:
            raise SourceIndexError(
                f"the source index at {self.folder} cannot be written to: {error.strerror}"
            ) from error

    def _connect(self) -> sqlite3.Connection:
        path = (self.folder / TABLE).absolute()
        if not self._write:
            try:
                table = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
                table.execute("SELECT 1 FROM sqlite_master").fetchall()
            except sqlite3.OperationalError:  # a read-only medium: nothing can change there
                table = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
            return table
        fresh = not path.exists() or path.stat().st_size == 0
        table = sqlite3.connect(path, isolation_level=None)
        table.execute("PRAGMA journal_mode=WAL")
        table.execute("PRAGMA foreign_keys=ON")
        if fresh:
            table.executescript("BEGIN;" + _SCHEMA)
            table.execute("INSERT INTO about VALUES ('version', ?)", (str(INDEX_VERSION),))
            table.execute("COMMIT")
        return table

    def _check_version(self) -> None:
        row = self._table.execute("SELECT value FROM about WHERE name = 'version'").fetchone()
        found = row[0] if row else "unknown"
        if found != str(INDEX_VERSION):
            raise SourceIndexError(
                f"the source index at {self.folder} is of version {found}, this program reads "
                f"version {INDEX_VERSION}; add the videos to a new index"
            )

    def _load_search(self) -> None:
        """Open the current search files; without them everything is searched from the table."""
        self._frames = np.zeros((0, 2), np.int64)  # frame id, video id
        self._descriptors = np.zeros((0, DESCRIPTOR_SIZE), np.float16)
        self._fingerprints: faiss.IndexBinary = faiss.IndexBinaryFlat(256)
        row = self._table.execute("SELECT value FROM about WHERE name = 'search'").fetchone()
        if row:
            folder = self.folder / Path(row[0]).name
            try:
                frames = np.load(folder / "frames.npy", allow_pickle=False)
                vectors = np.load(folder / "descriptors.npy", allow_pickle=False, mmap_mode="r")
                codes = faiss.read_index_binary(str(folder / "fingerprints.faiss"))
                if not len(frames) == len(vectors) == codes.ntotal:
                    raise ValueError("search files differ in length")
                self._frames, self._descriptors, self._fingerprints = frames, vectors, codes
            except (OSError, ValueError, RuntimeError):
                self._frames = np.zeros((0, 2), np.int64)
        self._load_tail()

    def _load_tail(self) -> None:
        """Read what was added after the search files were written; note what was removed."""
        last = int(self._frames[:, 0].max()) if len(self._frames) else 0
        rows = self._table.execute(
            "SELECT id, video, pdq, descriptor FROM frames WHERE id > ? ORDER BY id", (last,)
        ).fetchall()
        self._tail = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2)
        self._tail_pdq = np.array(
            [np.frombuffer(row[2], np.uint8) for row in rows], np.uint8
        ).reshape(-1, 32)
        self._tail_vectors = np.array(
            [np.frombuffer(row[3], "<f2") for row in rows], np.float16
        ).reshape(-1, DESCRIPTOR_SIZE)
        self._live = {row[0] for row in self._table.execute("SELECT id FROM videos")}

    def videos(self) -> list[Video]:
        """List what is indexed, by id."""
        rows = self._table.execute(f"SELECT {_COLUMNS} FROM videos ORDER BY id")  # noqa: S608
        found = []
        for row in rows:
            values: list[Any] = [*row[:9], json.loads(row[9]), *row[10:]]
            found.append(Video(*values))
        return found

    def holds(self, sha256: str) -> bool:
        """Say whether a file with this digest is indexed."""
        row = self._table.execute("SELECT 1 FROM videos WHERE sha256 = ?", (sha256,)).fetchone()
        return row is not None

    def add(self, video: Video, frames: Iterable[StoredFrame], timeline: Timeline) -> int:
        """Add one file in one transaction."""
        table = self._table
        table.execute("BEGIN IMMEDIATE")
        try:
            cursor = table.execute(
                "INSERT INTO videos (sha256, path, size_bytes, kind, width_px, height_px, "
                "duration_s, rate_fps, tags, added_utc, timeline) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (video.sha256, video.path, video.size_bytes, video.kind, video.width_px,
                 video.height_px, video.duration_s, video.rate_fps, json.dumps(video.tags),
                 video.added_utc, packing.pack_timeline(timeline)),
            )  # fmt: skip
            number = int(cursor.lastrowid or 0)
            side = max(video.width_px, video.height_px)
            table.executemany(
                "INSERT INTO frames (video, pts_s, pdq, quality, descriptor, local) "
                "VALUES (?,?,?,?,?,?)",
                [(number, f.pts_s, f.pdq.tobytes(), f.quality,
                  packing.pack_descriptor(f.descriptor), packing.pack_local(f.local, side))
                 for f in frames],
            )  # fmt: skip
            table.execute("COMMIT")
        except BaseException:
            table.execute("ROLLBACK")
            raise
        self._live.add(number)
        return number

    def remove(self, video_id: int) -> None:
        """Forget one file; its rows go at once, the search files at the next commit."""
        self._table.execute("DELETE FROM videos WHERE id = ?", (video_id,))
        self._live.discard(video_id)

    def commit(self) -> None:
        """Write new search files from the table and make them current."""
        rows = self._table.execute("SELECT id, video, pdq, descriptor FROM frames ORDER BY id")
        ids: list[tuple[int, int]] = []
        codes, vectors = bytearray(), bytearray()
        for number, video, code, vector in rows:
            ids.append((number, video))
            codes += code
            vectors += vector
        old = self._table.execute("SELECT value FROM about WHERE name = 'search'").fetchone()
        name = f"search-{int(old[0].split('-')[1]) + 1 if old else 1}"
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        np.save(folder / "frames.npy", np.array(ids, np.int64).reshape(-1, 2))
        table = np.frombuffer(bytes(vectors), "<f2").reshape(-1, DESCRIPTOR_SIZE)
        np.save(folder / "descriptors.npy", table)
        flat = faiss.IndexBinaryFlat(256)
        if ids:
            flat.add(np.frombuffer(bytes(codes), np.uint8).reshape(-1, 32))
        faiss.write_index_binary(flat, str(folder / "fingerprints.faiss"))
        self._table.execute("INSERT OR REPLACE INTO about VALUES ('search', ?)", (name,))
        for stale in self.folder.glob("search-*"):
            if stale.name != name:
                shutil.rmtree(stale, ignore_errors=True)
        self._load_search()

    def search_pdq(self, codes: NDArray[np.uint8], k: int) -> Hits:
        """Find the nearest fingerprints, exactly."""
        count = len(codes)
        video = np.full((count, 0), -1, np.int64)
        bits = np.zeros((count, 0), np.int64)
        if self._fingerprints.ntotal and len(self._frames):
            found, rows = self._fingerprints.search(codes, min(k, self._fingerprints.ntotal))
            video, bits = self._frames[rows, 1], found.astype(np.int64)
        if len(self._tail):
            from forensics.references.sources.descriptors import distances

            video = np.hstack([video, np.tile(self._tail[:, 1], (count, 1))])
            bits = np.hstack([bits, distances(codes, self._tail_pdq)])
        bits = np.where(np.isin(video, list(self._live)), bits, 10**6)
        order = np.argsort(bits, axis=1, kind="stable")[:, :k]
        bits = np.take_along_axis(bits, order, axis=1)
        video = np.where(bits < 10**6, np.take_along_axis(video, order, axis=1), -1)
        return Hits(video, bits)

    def similar(
        self, descriptors: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return video ids and the best cosine of each query in each video."""
        owners = np.concatenate([self._frames[:, 1], self._tail[:, 1]])
        ids, where = np.unique(owners, return_inverse=True)
        best = np.full((len(descriptors), len(ids)), -1.0, np.float32)
        start = 0
        for table in (self._descriptors, self._tail_vectors):
            for first in range(0, len(table), BLOCK):
                part = np.asarray(table[first : first + BLOCK], dtype=np.float32)
                cosine = descriptors @ part.T  # (q, block)
                columns = where[start : start + len(part)]
                for row, values in zip(best, cosine, strict=True):
                    np.maximum.at(row, columns, values)
                start += len(part)
        alive = np.isin(ids, list(self._live))
        return ids[alive], best[:, alive]

    def frames_of(self, video_id: int) -> list[StoredFrame]:
        """Return the kept frames of a file, by time."""
        rows = self._table.execute(
            "SELECT pts_s, pdq, quality, descriptor, local FROM frames WHERE video = ? "
            "ORDER BY pts_s", (video_id,),
        )  # fmt: skip
        return [
            StoredFrame(
                pts, np.frombuffer(pdq, np.uint8), quality,
                packing.unpack_descriptor(vector), packing.unpack_local(local),
            )
            for pts, pdq, quality, vector, local in rows
        ]  # fmt: skip

    def timeline(self, video_id: int) -> Timeline:
        """Return the timeline of a file."""
        row = self._table.execute(
            "SELECT timeline FROM videos WHERE id = ?", (video_id,)
        ).fetchone()
        if row is None:
            raise SourceIndexError(f"the source index at {self.folder} holds no file {video_id}")
        return packing.unpack_timeline(row[0])

    def stats(self) -> Stats:
        """Count what is there."""
        videos = self.videos()
        size = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        return Stats(
            version=INDEX_VERSION, videos=sum(v.kind == "video" for v in videos),
            stills=sum(v.kind == "still" for v in videos), frames=sum(v.frames for v in videos),
            hours=sum(v.duration_s for v in videos) / 3600, bytes=size,
        )  # fmt: skip

    def verify(self) -> list[str]:
        """Check the table, every frame's bytes, the search files, and the files themselves."""
        from forensics.references.sources.verification import problems_of

        return problems_of(self, self._table, len(self._frames), self._tail, self._live)

    def close(self) -> None:
        """Close the table and let the lock go."""
        self._table.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
