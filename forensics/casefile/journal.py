"""The journal: a change of a case that was decided on, kept until it is finished."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from forensics.casefile import layout
from forensics.casefile.log import Entry, Head
from forensics.errors import CaseError


@dataclass(frozen=True)
class Journal:
    """A change that was decided on and may not be finished."""

    entry: Entry
    moves: dict[str, str]

    @classmethod
    def from_bytes(cls, data: bytes, head: Head) -> Journal:
        """Read it; `ValueError` where it is not the next change after the head, or the head's."""
        plain = json.loads(data)
        try:
            entry = Entry.from_line(plain["line"].encode("ascii").removesuffix(b"\n"))
            moves = {str(path): str(source) for path, source in plain["moves"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a journal") from error
        for path, source in moves.items():
            layout.sealed_path(path)
            place, _, name = source.partition("/")
            if not layout.STAGING.fullmatch(place) or not name or ".." in name.split("/"):
                raise ValueError("a move starts outside the staging folder")
        done = entry.number == head.count and entry.digest == head.digest
        following = entry.number == head.count + 1 and entry.previous == head.digest
        if set(moves) != set(entry.files) or not (done or following):
            raise ValueError("not the change that follows the log's head")
        return cls(entry, moves)


def read_state(folder: Path) -> tuple[bytes, Head, Journal | None]:
    """Read the log's bytes, its head, and the journal where one was left.

    Raises:
        CaseError: One of them is missing or broken.
    """
    name = layout.HEAD
    try:
        head = Head.from_bytes((folder / layout.HEAD).read_bytes())
        name = layout.LOG
        data = (folder / layout.LOG).read_bytes()
        name = layout.JOURNAL
        left = folder / layout.JOURNAL
        journal = Journal.from_bytes(left.read_bytes(), head) if left.exists() else None
    except OSError as error:
        raise CaseError(
            f"{name} of {folder.name} cannot be read ({error.strerror}); run `audit case verify`"
        ) from error
    except ValueError as error:
        raise CaseError(
            f"{name} of {folder.name} was changed ({error}); nothing was written: run "
            "`audit case verify`"
        ) from error
    return data, head, journal
