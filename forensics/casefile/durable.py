"""Writing files so that a crash leaves the old one or the new one, never half of either."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

BLOCK = 1 << 20


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, data: bytes, temporary: Path | None = None) -> None:
    """Replace a file's content at once: readers see the old bytes or the new ones.

    Args:
        path: The file; it need not exist.
        data: Its new content.
        temporary: Name used on the way, in the same folder; made up where it is not given.
    """
    beside = temporary or path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    write_synced(beside, data)
    beside.replace(path)
    sync_folder(path.parent)


def copy_digested(source: Path, target: Path) -> str:
    """Copy a file, wait until the copy is on the disk, and return the SHA-256 of what was read."""
    digest = hashlib.sha256()
    with source.open("rb") as clear, target.open("wb") as copy:
        while block := clear.read(BLOCK):
            digest.update(block)
            copy.write(block)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def sync_file(path: Path) -> None:
    """Wait until a file that someone else wrote is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
