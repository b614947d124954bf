"""Where crops wait: in memory up to a limit, then in an unnamed file."""

from __future__ import annotations

import tempfile
from typing import IO

import numpy as np
from numpy.typing import NDArray

from forensics.errors import DiskFull

MEMORY_LIMIT = 384 * 1024 * 1024
"""Bytes kept in memory; about ten tracks of 32 large faces."""


class Spool:
    """Keeps (H, W, 3) uint8 arrays by slot number, whatever their total size.

    Raises:
        DiskFull: No space is left for the unnamed file.
    """

    def __init__(self, limit: int = MEMORY_LIMIT) -> None:
        self._limit = limit
        self._held = 0
        self._slots: list[NDArray[np.uint8] | tuple[int, tuple[int, ...]]] = []
        self._file: IO[bytes] | None = None

    def put(self, array: NDArray[np.uint8]) -> int:
        """Keep an array and return its slot."""
        if self._held + array.nbytes <= self._limit:
            self._held += array.nbytes
            self._slots.append(array)
        else:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="audit-")  # noqa: SIM115
            try:
                offset = self._file.seek(0, 2)
                self._file.write(array.tobytes())
            except OSError as error:
                raise DiskFull(
                    f"no space is left for crops in {tempfile.gettempdir()}; free some space, or "
                    "examine fewer frames"
                ) from error
            self._slots.append((offset, array.shape))
        return len(self._slots) - 1

    def get(self, slot: int) -> NDArray[np.uint8]:
        """Return the array in a slot."""
        kept = self._slots[slot]
        if isinstance(kept, np.ndarray):
            return kept
        offset, shape = kept
        if self._file is None:
            raise ValueError("a slot points to a file that was never made")
        self._file.seek(offset)
        raw = self._file.read(int(np.prod(shape)))
        return np.frombuffer(raw, np.uint8).reshape(shape)
