"""Names in a case folder, and which of them are sealed."""

from __future__ import annotations

import re
from enum import StrEnum

CASE, LOG, HEAD, JOURNAL, LOCK, SUMS = (
    "case.toml", "log.jsonl", "head.json", "journal.json", ".lock", "SHA256SUMS",
)  # fmt: skip
FOLDERS = ("items", "records", "comparison", "reports")
"""Sealed folders: every file in them is in the log."""

WORK = "work"
"""Scratch of generators (faces, checkpoints): never sealed, never exported."""


class Role(StrEnum):
    """What an item is in its case."""

    QUESTIONED = "questioned"
    ORIGINAL = "original"
    CONTROL = "control"
    DONOR = "donor"


STAGING = re.compile(r"\.staging-[0-9a-f]{12}")
TEMPORARY = re.compile(r"\.(head\.json|journal\.json|[\w.-]+)\.[0-9a-f]{8}\.tmp")


def is_debris(name: str) -> bool:
    """Say whether a name at the top of a case is what an interrupted command leaves behind."""
    return bool(STAGING.fullmatch(name) or TEMPORARY.fullmatch(name))


def sealed_path(path: str) -> str:
    """Return a path as the log may hold it, or raise `ValueError`.

    A path is relative, in a sealed folder (or `case.toml`), and of plain characters, so that
    sha256sum can check it on any system and nothing is ever written outside the case.
    """
    parts = path.split("/")
    plain = all(re.fullmatch(r"[\w][\w.+-]*", part, re.ASCII) for part in parts)
    if not plain or not (path == CASE or (len(parts) > 1 and parts[0] in FOLDERS)):
        raise ValueError(f"{path!r} is not a path of a case")
    return path
