"""Is every byte of a case what the log says, and is the log itself whole?

What this finds: any changed, missing or added byte in `case.toml`, `items/`, `records/`,
`comparison/` and `reports/`, any edited, removed, repeated, reordered or added log line, and lines
cut off the log's end, because `head.json` holds their number and the last digest.

What it cannot find: somebody who may write to the whole folder can rewrite files, every line after
them, and the head, consistently; or put back an older copy of the whole case. Against that, keep
the head digest outside the folder (in a letter, a ticket, a time stamp: `audit case show` prints
it) and give it to `audit case verify --head`: no older or rewritten log ends in it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from forensics.casefile import layout
from forensics.casefile.durable import digest_of
from forensics.casefile.folder import LOCK_TIMEOUT_S
from forensics.casefile.journal import Journal
from forensics.casefile.log import Entry, Head, read_log
from forensics.errors import CaseError


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was sealed.

    Attributes:
        path: In the case.
        what: One sentence.
    """

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


@dataclass(frozen=True)
class Check:
    """What `verify` found.

    Attributes:
        findings: Empty where the case verifies.
        notes: Debris and unfinished changes: no tampering, cleared by the next command.
        files: How many sealed files were digested.
        lines: How many log lines were read.
        head: Digest of the last line; empty where it cannot be read.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    files: int
    lines: int
    head: str

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify(folder: Path, expected_head: str = "") -> Check:
    """Check a case; nothing in it is changed.

    Args:
        folder: The case.
        expected_head: Digest of the last line as noted elsewhere, or its first digits.

    Raises:
        CaseError: There is no case at all.
    """
    if not (folder / layout.LOG).exists() and not (folder / layout.CASE).exists():
        raise CaseError(f"{folder} is not a case: it has neither case.toml nor log.jsonl")
    try:
        with _lock(folder):
            return _check(folder, expected_head)
    except Timeout as error:
        raise CaseError(f"another command is writing to {folder.name}; wait for it") from error
    except OSError as error:
        raise CaseError(f"{error.filename or folder} cannot be read: {error.strerror}") from error


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the case's lock, where the folder can be written to at all."""
    lock = folder / layout.LOCK
    if not os.access(folder, os.W_OK) or lock.is_symlink() or not lock.is_file():
        yield
        return
    with FileLock(lock, timeout=LOCK_TIMEOUT_S):
        yield


def _check(folder: Path, expected_head: str) -> Check:
    findings: list[Finding] = []
    notes: list[str] = []
    head = _read_head(folder, findings)
    log = folder / layout.LOG
    data = log.read_bytes() if _is_plain(log) else b""
    if not _is_plain(log):
        findings.append(Finding(layout.LOG, "is missing"))
    journal = _read_journal(folder, head, findings)
    ends = head
    if journal is not None and head is not None:
        data, ends = _as_finished(data, head, journal)
        notes.append(
            f"the command {journal.entry.action!r} of {journal.entry.utc} was interrupted after "
            "it was logged; the next command finishes it"
        )
    reading = read_log(data, ends)
    findings += [Finding(layout.LOG, trouble) for trouble in reading.troubles]
    count = _check_files(folder, reading.entries, journal, findings, notes)
    digest = reading.entries[-1].digest if reading.entries else ""
    if expected_head and not digest.startswith(expected_head.lower()):
        findings.append(Finding(layout.LOG, "does not end in the head digest that was given"))
    return Check(tuple(findings), tuple(notes), count, len(reading.entries), digest)


def _read_head(folder: Path, findings: list[Finding]) -> Head | None:
    path = folder / layout.HEAD
    if not _is_plain(path):
        findings.append(Finding(layout.HEAD, "is missing, so a cut log would not be noticed"))
        return None
    try:
        return Head.from_bytes(path.read_bytes())
    except ValueError:
        findings.append(Finding(layout.HEAD, "was changed: it differs from its own digest"))
        return None


def _read_journal(folder: Path, head: Head | None, findings: list[Finding]) -> Journal | None:
    path = folder / layout.JOURNAL
    if head is None or not path.exists():
        return None
    try:
        return Journal.from_bytes(path.read_bytes(), head)
    except ValueError as error:
        findings.append(Finding(layout.JOURNAL, f"was added or changed: {error}"))
        return None


def _as_finished(data: bytes, head: Head, journal: Journal) -> tuple[bytes, Head]:
    """Return log and head as they will be once the journal has been carried out."""
    if journal.entry.number == head.count:
        return data, head
    line = journal.entry.to_line()
    written = data[head.size_bytes :]
    if line.startswith(written):  # nothing, a part, or all of the line is there
        data = data[: head.size_bytes] + line
    return data, head.after(journal.entry)


def _check_files(
    folder: Path, entries: tuple[Entry, ...], journal: Journal | None,
    findings: list[Finding], notes: list[str],
) -> int:  # fmt: skip
    sealed = {path: digest for entry in entries for path, digest in entry.files.items()}
    waiting = journal.moves if journal is not None else {}
    for path, digest in sorted(sealed.items()):
        place = folder / path
        if not os.path.lexists(place) and path in waiting:
            place = folder / waiting[path]
        if not os.path.lexists(place):
            findings.append(Finding(path, "is missing"))
        elif not _is_plain(place):
            findings.append(Finding(path, "is not a plain file any more"))
        elif digest_of(place) != digest:
            findings.append(Finding(path, "was changed: its SHA-256 is not the one in the log"))
    _check_rest(folder, sealed, findings, notes)
    return len(sealed)


def _check_rest(
    folder: Path, sealed: dict[str, str], findings: list[Finding], notes: list[str]
) -> None:
    """Find what the log does not know of."""
    homes = {parent for path in sealed for parent in _parents(path)} | set(layout.FOLDERS)
    for path in _walk(folder):
        name = path.relative_to(folder).as_posix()
        top = name.split("/")[0]
        if layout.is_debris(top):
            if top == name:
                notes.append(f"{name} is of a running command, or left by an interrupted one")
        elif top == layout.WORK or name in (layout.LOG, layout.HEAD, layout.JOURNAL):
            continue
        elif name == layout.LOCK:
            if not _is_plain(path) or path.stat().st_size:
                findings.append(Finding(name, "was changed: the lock holds no bytes"))
        elif name == layout.SUMS:
            if not _is_plain(path) or path.read_bytes() != sums(folder, sealed):
                findings.append(Finding(name, "was changed, or files changed since the export"))
        elif name not in sealed and not (path.is_dir() and not path.is_symlink() and name in homes):
            findings.append(Finding(name, "was added: the log does not know it"))


def sums(folder: Path, sealed: dict[str, str]) -> bytes:
    """Return the text of SHA256SUMS: sealed files as the log has them, log and head as they are."""
    rows = dict(sealed)
    rows |= {name: digest_of(folder / name) for name in (layout.LOG, layout.HEAD)}
    return "".join(f"{rows[path]}  {path}\n" for path in sorted(rows)).encode("ascii")


def _parents(path: str) -> Iterator[str]:
    parts = path.split("/")[:-1]
    for end in range(1, len(parts) + 1):
        yield "/".join(parts[:end])


def _walk(folder: Path) -> Iterator[Path]:
    """Yield everything below a folder, in order, without following links or entering scratch."""
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink() and path.name != layout.WORK:
            yield from _walk(path)


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
