"""Checking an embedded index: the table, every frame's bytes, the search files, the sources."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forensics.errors import UnreadableItem
from forensics.references.sources import packing
from forensics.references.sources.network import DESCRIPTOR_SIZE

if TYPE_CHECKING:
    from forensics.references.sources.index import Index


def problems_of(
    index: Index, table: sqlite3.Connection, searchable: int, tail: NDArray[np.int64],
    live: set[int],
) -> list[str]:  # fmt: skip
    """Return everything that is wrong with an index, in words; empty where nothing is.

    Args:
        index: The index.
        table: Its table.
        searchable: Rows in its search files.
        tail: (t, 2) frame and video ids that are searched from the table.
        live: Videos that were not removed.
    """
    checked = table.execute("PRAGMA integrity_check")
    found = [f"table: {row[0]}" for row in checked if row[0] != "ok"]
    found += _frames(table, live)
    count = int(table.execute("SELECT COUNT(*) FROM frames").fetchone()[0])
    if searchable + len(tail) < count:
        found.append(f"search files: {searchable + len(tail)} of {count} frames can be found")
    elif len(tail):
        found.append(
            f"search files: {len(tail)} frames are searched the slow way since a run was "
            "interrupted; `audit sources add` puts that right"
        )
    return found + _sources(index)


def _frames(table: sqlite3.Connection, live: set[int]) -> list[str]:
    found = []
    rows = table.execute("SELECT id, video, length(pdq), length(descriptor), local FROM frames")
    for number, video, code, vector, local in rows:
        try:
            packing.unpack_local(local)
            whole = code == 32 and vector == 2 * DESCRIPTOR_SIZE and video in live
        except (ValueError, IndexError):
            whole = False
        if not whole:
            found.append(f"frame {number}: damaged")
    return found


def _sources(index: Index) -> list[str]:
    from forensics.references.sources.adding import file_digest

    found = []
    for video in index.videos():
        path = Path(video.path)
        try:
            if not path.is_file():
                found.append(f"{video.name}: no longer at {path}; matches, but no residual")
            elif file_digest(path) != video.sha256:
                found.append(f"{video.name}: {path} has changed since it was added")
        except UnreadableItem as error:
            found.append(str(error))
    return found
