"""Which videos the source benchmark attacks, and how: pairs of a manifest, and lone originals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forensics.benchmark.manifest import read_manifest
from forensics.errors import ManifestError
from forensics.references.sources.edits import EDITS

GENUINE = "genuine: "
"""Put before an attack's name: the original itself goes through it."""

ONLY_GENUINE = "genuine"
"""Method of a case that has no fake: footage that is only attacked and edited."""


@dataclass(frozen=True)
class Case:
    """One video of the manifest with its original.

    Attributes:
        item: The video; a fake, or the original itself where only re-encodings are compared.
        original: Its source.
        method: From the manifest.
    """

    item: Path
    original: Path
    method: str


def cases_of(manifest: Path, limit: int) -> list[Case]:
    """Read the pairs of a manifest, taking methods in turn; at most `limit` where it is not 0.

    Genuine footage of which no fake is listed follows, as cases without one.

    Raises:
        ManifestError: It is missing, lacks columns, or names files that are not there.
    """
    groups: dict[str, list[Case]] = {}
    entries = read_manifest(manifest)
    paired = {entry.original for entry in entries}
    lone = [
        Case(manifest.parent / e.path, manifest.parent / e.path, ONLY_GENUINE)
        for e in entries if not e.fake and e.path not in paired
    ]  # fmt: skip
    for entry in entries:
        if entry.original:
            original = manifest.parent / entry.original
            if not original.is_file():
                raise ManifestError(f"{manifest} names {original}, which is not there")
            case = Case(manifest.parent / entry.path, original, entry.method)
            groups.setdefault(entry.method, []).append(case)
    longest = max((len(group) for group in groups.values()), default=0)
    turns = [group[n] for n in range(longest) for group in groups.values() if n < len(group)]
    turns += lone
    return turns[:limit] if limit else turns


def in_turn(names: list[str], each: int, fake: int, original: int) -> list[str]:
    """Choose some attacks for one case, so that over all cases each comes up alike often.

    Args:
        names: Attacks and edits.
        each: So many of the fake's and so many of the original's; 0 takes all.
        fake: Number of the fake; it is tried untouched, where that is among the names.
        original: Number of the original.
    """
    genuine = [n for n in names if is_genuine(n)]
    plain = [n for n in names if n == "none"]
    others = [n for n in names if n not in genuine and n not in plain]
    return plain + _turn(others, fake, each) + _turn(genuine, original, each)


def is_genuine(name: str) -> bool:
    """Say whether an attack's name is one that the original goes through."""
    return name in EDITS or name.startswith(GENUINE)


def _turn(names: list[str], number: int, count: int) -> list[str]:
    if not count or count >= len(names):
        return names
    return [names[(number * count + k) % len(names)] for k in range(count)]
