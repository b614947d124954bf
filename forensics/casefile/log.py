"""The log of a case: one line an action, each holding the digest of the line before.

A line is canonical JSON (sorted keys, no spaces, ASCII) and ends in one newline. Its `digest` is
the SHA-256 of the same line without that field, so an edited line is told from a replaced
neighbor; `previous` is the digest of the line before. The head, a small file beside the log, holds
the number of lines, their bytes and the last digest, so that lines cut off the end are missed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

FIRST = "0" * 64
"""What the first line has in place of a previous digest."""

Detail = Mapping[str, str | int | float | bool | None]


def canonical(value: object) -> bytes:
    """Return the one JSON spelling of a value that the log accepts."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


@dataclass(frozen=True)
class Entry:
    """One line of the log.

    Attributes:
        number: From 1.
        previous: Digest of the line before.
        utc: ISO 8601, when the action was logged.
        operator: Who acted.
        action: One word, such as "new", "add", "record", "generate", "export".
        detail: What else there is to say.
        files: SHA-256 of every file that this action added, by path in the case.
    """

    number: int
    previous: str
    utc: str
    operator: str
    action: str
    detail: Detail = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def _plain(self) -> dict[str, object]:
        return {
            "n": self.number, "previous": self.previous, "utc": self.utc,
            "operator": self.operator, "action": self.action, "detail": dict(self.detail),
            "files": dict(self.files),
        }  # fmt: skip

    @property
    def digest(self) -> str:
        """SHA-256 of the line without its own digest, 64 hex digits."""
        return hashlib.sha256(canonical(self._plain())).hexdigest()

    def to_line(self) -> bytes:
        """Return the line, with its newline."""
        return canonical(self._plain() | {"digest": self.digest}) + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Entry:
        """Read a line, without its newline, back.

        Raises:
            ValueError: A byte of it is not what was written.
        """
        entry = cls.from_plain(_loads(line))
        if entry.to_line() != line + b"\n":
            raise ValueError("the line differs from its own digest")
        return entry

    @classmethod
    def from_plain(cls, plain: Any) -> Entry:
        """Build an entry from parsed JSON; `ValueError` where it is of another shape."""
        try:
            entry = cls(
                number=plain["n"], previous=plain["previous"], utc=plain["utc"],
                operator=plain["operator"], action=plain["action"], detail=plain["detail"],
                files=plain["files"],
            )  # fmt: skip
            words = (entry.previous, entry.utc, entry.operator, entry.action)
            if not (type(entry.number) is int and all(isinstance(word, str) for word in words)):
                raise TypeError
            return replace(entry, detail=dict(entry.detail), files=dict(entry.files))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("the line is not an entry of a case log") from error


@dataclass(frozen=True)
class Head:
    """Where the log ends.

    Attributes:
        count: Number of lines.
        size_bytes: Of the log.
        digest: Of the last line.
    """

    count: int
    size_bytes: int
    digest: str

    def to_bytes(self) -> bytes:
        """Return the head file's content; its `check` tells an edited head from an edited log."""
        plain: dict[str, object] = {
            "bytes": self.size_bytes,
            "count": self.count,
            "digest": self.digest,
        }
        check = hashlib.sha256(canonical(plain)).hexdigest()
        return canonical(plain | {"check": check}) + b"\n"

    @classmethod
    def from_bytes(cls, data: bytes) -> Head:
        """Read the head back; `ValueError` where a byte of it is not what was written."""
        plain = _loads(data)
        try:
            head = cls(plain["count"], plain["bytes"], plain["digest"])
            same = type(head.count) is int and head.to_bytes() == data
        except (KeyError, TypeError) as error:
            raise ValueError("not the head of a case log") from error
        if not same:
            raise ValueError("the head differs from its own digest")
        return head

    def after(self, entry: Entry) -> Head:
        """Return the head once an entry has been appended."""
        return Head(entry.number, self.size_bytes + len(entry.to_line()), entry.digest)


EMPTY = Head(0, 0, FIRST)


def _loads(data: bytes) -> Any:
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


@dataclass(frozen=True)
class LogReading:
    """What a log's bytes hold, and what is wrong with them.

    Attributes:
        entries: Lines that are exactly as they were written, as they lie.
        troubles: One sentence each, empty where the log is whole.
    """

    entries: tuple[Entry, ...]
    troubles: tuple[str, ...]


def read_log(data: bytes, head: Head | None) -> LogReading:
    """Check every line of a log, their order, and where it ends.

    Args:
        data: The log's bytes.
        head: Where it should end; None where the head cannot be read.
    """
    troubles: list[str] = []
    entries: list[Entry] = []
    supposed: set[int] = set()  # numbers that edited lines must have had
    last = 0
    lines = data.split(b"\n")
    if lines.pop():
        lines = data.split(b"\n")
        troubles.append(f"line {len(lines)} does not end in a newline: bytes were cut or added")
    for place, line in enumerate(lines, start=1):
        try:
            entry = Entry.from_line(line)
        except ValueError:
            what = "an empty line was added" if not line else "was edited"
            troubles.append(f"line {place} {what}: it is not what was written")
            last += bool(line)
            supposed.add(last)
            continue
        troubles += _out_of_place(entry, place, last, entries)
        entries.append(entry)
        last = entry.number
    return LogReading(tuple(entries), (*troubles, *_ending(entries, supposed, head, len(data))))


def _out_of_place(entry: Entry, place: int, last: int, before: list[Entry]) -> list[str]:
    """Say whether an intact entry does not follow the one before it."""
    if any(other.number == entry.number for other in before):
        return [f"line {place} repeats entry {entry.number}"]
    if entry.number < last:
        return [f"line {place} holds entry {entry.number} after entry {last}: lines were reordered"]
    behind = before[-1] if before else None
    if entry.number == 1 and entry.previous != FIRST:
        return [f"line {place}, entry 1, was replaced: it names a line before it"]
    if behind is not None and behind.number == entry.number - 1 and behind.digest != entry.previous:
        return [
            f"line {place} does not follow line {place - 1}: entry {behind.number} or "
            f"{entry.number} was replaced by another"
        ]
    return []


def _ending(entries: list[Entry], supposed: set[int], head: Head | None, size: int) -> list[str]:
    """Say which entries are missing, and whether the log ends where the head says."""
    held = {entry.number for entry in entries}
    top = max(held | supposed, default=0)
    count = head.count if head is not None else top
    troubles = [
        f"entry {number} is missing: its line was removed" if number < top
        else f"entry {number} is missing: the log was truncated at its end"
        for number in range(1, count + 1)
        if number not in held and number not in supposed
    ]  # fmt: skip
    if head is None:
        return troubles
    extra = sorted(number for number in held if number > count)
    troubles += [f"entry {number} was added after the log's head" for number in extra]
    final = [entry for entry in entries if entry.number == count]
    if final and final[-1].digest != head.digest:
        troubles.append(f"entry {count} was replaced: head.json has another digest for it")
    if not troubles and not supposed and size != head.size_bytes:
        troubles.append(f"the log has {size} bytes and head.json says {head.size_bytes}")
    return troubles
