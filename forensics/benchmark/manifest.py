"""Which videos, which answer, which original."""

from __future__ import annotations

import csv
from pathlib import Path

from forensics.errors import ManifestError
from forensics.record import Frozen

REQUIRED = ("path", "label", "method")


class Entry(Frozen):
    """One row of a manifest.

    Attributes:
        path: As in the manifest, relative to it.
        fake: True under H1.
        method: How it was made, or what kind of genuine footage it is.
        group: Videos of one group share codec and quality.
        original: Path of the footage it was made from, where known.
    """

    path: str
    fake: bool
    method: str
    group: str = ""
    original: str = ""


def read_manifest(path: Path) -> list[Entry]:
    """Read a manifest with the columns path, label, method and, where known, group, original.

    Raises:
        ManifestError: It is not there, a column is missing, a label is unknown, a file is missing.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"{path} cannot be read as a manifest: {error}") from error
    if not rows:
        raise ManifestError(f"{path} names no videos")
    missing = [column for column in REQUIRED if column not in rows[0]]
    if missing:
        raise ManifestError(f"{path} lacks the column {', '.join(missing)}")
    entries = []
    for number, row in enumerate(rows, start=2):
        label = (row["label"] or "").strip().lower()
        if label not in ("fake", "real"):
            raise ManifestError(f"{path}, line {number}: label {label!r} is not fake or real")
        if not (path.parent / row["path"]).is_file():
            raise ManifestError(f"{path}, line {number}: {row['path']} is not there")
        entries.append(
            Entry(
                path=row["path"], fake=label == "fake", method=row["method"] or "unnamed",
                group=row.get("group") or "", original=row.get("original") or "",
            )
        )  # fmt: skip
    return entries
