"""Making a small case, changing it in every way we can think of, and killing its commands."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from forensics.casefile import layout
from forensics.casefile.description import Description
from forensics.casefile.export import export
from forensics.casefile.folder import Case
from forensics.casefile.items import add_item
from forensics.casefile.log import Entry


def small_case(folder: Path, seed: int = 0) -> Case:
    """A case with ten log lines, three items and some records."""
    rng = random.Random(seed)  # noqa: S311
    case = Case.new(
        folder / "case",
        Description.of("A. Examiner", "test of the log", "our own footage", "R-1", "by hand"),
    )
    for number in range(3):
        item = folder / f"item-{number}.mp4"
        item.write_bytes(rng.randbytes(200 + 100 * number))
        add_item(case, item)
    for number in range(4):
        with case.staging() as staged:
            staged.write(f"records/r-{number}/record.json", rng.randbytes(64))
            staged.write(f"comparison/c-{number}/fake.mp4", rng.randbytes(64))
            case.commit(staged, "record", {"number": number})
    case.note("note", {"text": "nothing found"})
    case.note("note", {"text": "nothing else"}, operator="B. Reviewer")
    return case


@dataclass(frozen=True)
class Change:
    """One change that was made: the file that `verify` must name, and words it must use."""

    what: str
    path: str
    words: tuple[str, ...] = ()


def change_byte(folder: Path, rng: random.Random) -> Change:
    """Change, insert or remove one byte of any file that counts."""
    files = [layout.CASE, layout.LOG, layout.HEAD]
    files += [
        path.relative_to(folder).as_posix()
        for top in layout.FOLDERS
        for path in sorted((folder / top).rglob("*"))
        if path.is_file()
    ]
    name = rng.choice(files)
    path = folder / name
    data = bytearray(path.read_bytes())
    how = rng.choice(("change", "insert", "remove", "append"))
    at = rng.randrange(len(data))
    if how == "change":
        data[at] ^= rng.randrange(1, 256)
    elif how == "insert":
        data.insert(at, rng.randrange(256))
    elif how == "append":
        data.append(rng.randrange(256))
    else:
        del data[at]
    path.chmod(0o644)
    path.write_bytes(data)
    return Change(f"{how} byte {at} of {name}", name)


def change_line(folder: Path, rng: random.Random) -> Change:
    """Edit, remove, repeat, reorder, forge or cut lines of the log, or add or remove a file."""
    path = folder / layout.LOG
    lines = path.read_bytes().splitlines(keepends=True)
    how = rng.choice(
        ("edit", "forge", "remove", "swap", "repeat", "truncate", "extend", "drop", "plant")
    )
    at = rng.randrange(len(lines))
    number = at + 1
    words: tuple[str, ...] = ()
    if how == "edit":
        lines[at] = lines[at].replace(b"Examiner", b"Exam1ner").replace(b"Reviewer", b"Revlewer")
        words = (f"line {number} was edited",)
    elif how == "forge":  # an edit by someone who knows the format
        entry = Entry.from_line(lines[at].rstrip(b"\n"))
        lines[at] = replace(entry, operator="Nobody").to_line()
        words = ("replaced",)
    elif how == "remove":
        del lines[at]
        words = (f"entry {number} is missing",)
    elif how == "swap":
        other = rng.choice([k for k in range(len(lines)) if k != at])
        lines[at], lines[other] = lines[other], lines[at]
        words = ("reordered",)
    elif how == "repeat":
        lines.insert(rng.randrange(len(lines) + 1), lines[at])
        words = (f"repeats entry {number}",)
    elif how == "truncate":
        keep = rng.randrange(len(lines))
        gone = range(keep + 1, len(lines) + 1)
        lines = lines[:keep]
        words = tuple(f"entry {k} is missing: the log was truncated" for k in gone)
    elif how == "extend":
        last = Entry.from_line(lines[-1].rstrip(b"\n"))
        more = replace(last, number=last.number + 1, previous=last.digest, files={})
        lines.append(more.to_line())
        words = (f"entry {last.number + 1} was added",)
    else:
        return _change_file(folder, rng, how)
    path.write_bytes(b"".join(lines))
    return Change(f"{how} line {number}", layout.LOG, words)


def _change_file(folder: Path, rng: random.Random, how: str) -> Change:
    inside = [p for top in layout.FOLDERS for p in sorted((folder / top).rglob("*")) if p.is_file()]
    if how == "drop":
        path = rng.choice(inside)
        path.unlink()
        words: tuple[str, ...] = ("is missing",)
    else:
        path = rng.choice(inside).with_name(f"planted-{rng.randrange(99)}.bin")
        path.write_bytes(rng.randbytes(rng.randrange(3)))
        words = ("was added",)
    name = path.relative_to(folder).as_posix()
    return Change(f"{how} {name}", name, words)


Command = Callable[[Case, Path], None]


def one_command(case: Case, scratch: Path) -> None:
    """What a process does that will be killed: one of the commands, on files of its own."""
    rng = random.Random(scratch.name)  # noqa: S311
    kind = rng.choice(("add", "stage", "export"))
    if kind == "add":
        item = scratch / "item.mp4"
        item.write_bytes(rng.randbytes(300_000))
        add_item(case, item)
    elif kind == "stage":
        with case.staging() as staged:
            for k in range(4):
                staged.write(f"records/{scratch.name}/{k}.bin", rng.randbytes(20_000))
            case.commit(staged, "record", {"scratch": scratch.name})
    else:
        export(case, scratch / "out.zip")


def run_and_kill(
    case: Case, scratch: Path, command: Command, *, after_s: float | None = None, at_sync: int = 0
) -> tuple[bool, bool]:
    """Run a command in a process of its own and kill -9 it.

    Args:
        case: The case.
        scratch: A folder for the command's own files.
        command: What to run.
        after_s: Kill after so many seconds, or not by time.
        at_sync: Kill at this fsync, from 1, or not at one.

    Returns:
        Whether it was killed before it ended, and whether it said that it was done.
    """
    scratch.mkdir(parents=True)
    done = scratch / "done"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if at_sync:
                _die_at_sync(at_sync)
            command(Case(case.folder), scratch)
            done.touch()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise AssertionError(f"the command failed by itself: {scratch}")
    return os.WIFSIGNALED(status), done.exists()


def _die_at_sync(count: int) -> None:
    """Kill this process when it waits for the disk for the count-th time."""
    real, seen = os.fsync, 0

    def fsync(handle: int) -> None:
        nonlocal seen
        seen += 1
        if seen == count:
            os.kill(os.getpid(), signal.SIGKILL)
        real(handle)

    os.fsync = fsync
