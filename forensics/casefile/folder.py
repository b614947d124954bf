"""A case: a plain folder whose every change goes through one journaled, locked step.

A change is made in this order, each step on the disk before the next::

    1. the new files lie under temporary names in `.staging-*`   a crash here leaves debris
    2. `journal.json` names the log line and the moves           from here the change happens
    3. the line is appended to `log.jsonl`
    4. the files are made read-only and moved to their places
    5. `head.json` is replaced
    6. `journal.json` and the staging folder go

Whoever opens the case next for writing repeats steps 3 to 6 where a journal is left, and clears
debris; each step can be repeated. So no crash loses or tears a line.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from forensics.casefile import layout
from forensics.casefile.description import Description, read_description
from forensics.casefile.durable import (
    copy_digested,
    digest_of,
    replace_file,
    sync_file,
    sync_folder,
    write_synced,
)
from forensics.casefile.journal import Journal, read_state
from forensics.casefile.log import EMPTY, Detail, Entry, Head, read_log
from forensics.errors import CaseError, output_error

LOCK_TIMEOUT_S = 120.0
READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


@contextlib.contextmanager
def _failures(folder: Path) -> Iterator[None]:
    try:
        yield
    except Timeout as error:
        raise CaseError(
            f"another command has held {folder.name} for {LOCK_TIMEOUT_S:.0f} s; wait for it"
        ) from error
    except OSError as error:
        raise output_error(error, folder) from error


@dataclass
class Staged:
    """Files that wait to become part of a case.

    Attributes:
        folder: Where they lie; any file below it may be named in `add`.
        files: SHA-256 by path in the case.
        sources: Where each lies until then, by path in the case.
    """

    folder: Path
    files: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    def copy(self, source: Path, path: str = "") -> str:
        """Copy a file in; it goes to `path`, or to `items/<digest><suffix>` where none is given.

        Returns:
            Its SHA-256.
        """
        beside = self.folder / secrets.token_hex(8)
        with _failures(self.folder.parent):
            digest = copy_digested(source, beside)
        self._take(path or f"items/{digest}{plain_suffix(source)}", beside, digest)
        return digest

    def write(self, path: str, data: bytes) -> str:
        """Stage bytes for a path and return their SHA-256."""
        beside = self.folder / secrets.token_hex(8)
        with _failures(self.folder.parent):
            write_synced(beside, data)
        digest = digest_of(beside)
        self._take(path, beside, digest)
        return digest

    def adopt(self, path: str, made: Path) -> str:
        """Take a file that was made inside the staging folder and return its SHA-256."""
        sync_file(made)
        digest = digest_of(made)
        self._take(path, made, digest)
        return digest

    def _take(self, path: str, beside: Path, digest: str) -> None:
        layout.sealed_path(path)
        if path in self.files:
            raise CaseError(f"{path} was named twice in one change of the case")
        self.files[path] = digest
        self.sources[path] = beside.relative_to(self.folder.parent).as_posix()


class Case:
    """An existing case folder. Make one with `Case.new`, open one with `Case(folder)`.

    Raises:
        CaseError: It is not there, is not a case, or its log is broken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.description = read_description(folder)
        self._lock = FileLock(folder / layout.LOCK, timeout=LOCK_TIMEOUT_S)

    @classmethod
    def new(cls, folder: Path, description: Description) -> Case:
        """Make a case; the folder must not exist, or be empty.

        The folder is built beside its place and renamed, so that a crash leaves no half a case.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CaseError(f"{folder} exists already; choose another name for the case")
        with _failures(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.new")
            try:
                beside.mkdir()
                for name in (*layout.FOLDERS, layout.WORK):
                    (beside / name).mkdir()
                (beside / layout.LOCK).touch()
                write_synced(beside / layout.CASE, description.to_toml().encode("utf-8"))
                (beside / layout.CASE).chmod(READ_ONLY)
                entry = Entry(
                    1, EMPTY.digest, _now(), description.operator, "new",
                    {"case": description.id, "purpose": description.purpose,
                     "authority": description.authority},
                    {layout.CASE: digest_of(beside / layout.CASE)},
                )  # fmt: skip
                write_synced(beside / layout.LOG, entry.to_line())
                write_synced(beside / layout.HEAD, EMPTY.after(entry).to_bytes())
                sync_folder(beside)
                beside.replace(folder)
                sync_folder(folder.parent)
            except BaseException:
                shutil.rmtree(beside, ignore_errors=True)
                raise
        return cls(folder)

    @contextlib.contextmanager
    def staging(self) -> Iterator[Staged]:
        """Give a place to make files in; what is not committed when it closes is dropped."""
        place = self.folder / f".staging-{secrets.token_hex(6)}"
        held = FileLock(place / "lock")
        with _failures(self.folder), self._lock:  # or another command takes it for debris
            place.mkdir()
            held.acquire()
        try:
            yield Staged(place)
        finally:
            shutil.rmtree(place, ignore_errors=True)
            held.release()

    def commit(
        self, staged: Staged, action: str, detail: Detail | None = None, operator: str = ""
    ) -> Entry:
        """Make staged files part of the case and log it: all of it happens, or nothing.

        Args:
            staged: From `staging`.
            action: One word for the log.
            detail: What else the log should say.
            operator: Who acts; the case's operator where it is empty.

        Raises:
            CaseError: The case's log is broken, or a path is taken.
        """
        with _failures(self.folder), self.locked():
            entries, head = self._recovered()
            taken = {path for entry in entries for path in entry.files}
            clash = sorted(set(staged.files) & taken)
            if clash:
                raise CaseError(f"{clash[0]} is in the case already, and nothing is replaced")
            entry = Entry(
                head.count + 1, head.digest, _now(), operator or self.description.operator,
                action, dict(detail or {}), dict(staged.files),
            )  # fmt: skip
            journal = json.dumps({"line": entry.to_line().decode(), "moves": staged.sources})
            replace_file(self.folder / layout.JOURNAL, journal.encode())
            self._carry_out(Journal(entry, staged.sources), head)
        return entry

    def note(self, action: str, detail: Detail, operator: str = "") -> Entry:
        """Log an action that adds no file."""
        return self.commit(Staged(self.folder), action, detail, operator)

    def entries(self) -> tuple[Entry, ...]:
        """Return the log, after finishing what an interrupted command left."""
        with _failures(self.folder), self.locked():
            return self._recovered()[0]

    def files(self) -> dict[str, str]:
        """Return the SHA-256 of every sealed file by its path in the case."""
        return {path: digest for entry in self.entries() for path, digest in entry.files.items()}

    def locked(self) -> BaseFileLock:
        """Return the lock that writers and checkers hold; the same command may take it twice."""
        return self._lock

    def _recovered(self) -> tuple[tuple[Entry, ...], Head]:
        """Finish an interrupted change, clear debris, and return the whole log."""
        data, head, journal = read_state(self.folder)
        if journal is not None:
            head = self._carry_out(journal, head)
            data = (self.folder / layout.LOG).read_bytes()
        reading = read_log(data, head)
        if reading.troubles:
            raise CaseError(
                f"the log of {self.folder.name} does not verify ({reading.troubles[0]}); nothing "
                "was written: run `audit case verify`"
            )
        _clear_debris(self.folder)
        return reading.entries, head

    def _carry_out(self, journal: Journal, head: Head) -> Head:
        """Do steps 3 to 6; every one of them may have been done before."""
        log = self.folder / layout.LOG
        if head.count < journal.entry.number:
            with log.open("r+b") as file:
                file.truncate(head.size_bytes)
                file.seek(head.size_bytes)
                file.write(journal.entry.to_line())
                file.flush()
                os.fsync(file.fileno())
            head = head.after(journal.entry)
        for path, source in journal.moves.items():
            waiting, place = self.folder / source, self.folder / path
            if waiting.exists():
                waiting.chmod(READ_ONLY)
                place.parent.mkdir(parents=True, exist_ok=True)
                waiting.replace(place)
                sync_folder(place.parent)
        replace_file(self.folder / layout.HEAD, head.to_bytes())
        (self.folder / layout.JOURNAL).unlink(missing_ok=True)
        sync_folder(self.folder)
        return head


def _clear_debris(folder: Path) -> None:
    """Remove what interrupted commands left, but not what a running one is making."""
    for path in folder.iterdir():
        if not layout.is_debris(path.name):
            continue
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(Timeout), FileLock(path / "lock", timeout=0):
                shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def plain_suffix(path: Path) -> str:
    """Return a file name's suffix as the case keeps it: short, lower case, plain characters."""
    suffix = path.suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix, re.ASCII) else ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
