"""Every way an examination can fail, as one tree.

Each class has one exit code and one sentence that tells the user what to do::

    ForensicsError
    ├── ItemError
    │   ├── UnreadableItem      3   missing, no permission, empty, not media, broken
    │   ├── NoPicture           4   media without a picture (audio only)
    │   └── ItemChanged         5   the file changed while it was examined
    ├── ModelError
    │   ├── ModelAbsent         6   weights that the examination was told to use are not there
    │   └── ModelDigestMismatch 7   weights differ from their digest
    ├── InvalidRecord           8   record.json is broken, or of another schema
    ├── OutputError
    │   ├── OutputNotWritable   9   read-only, or a file stands where a folder should
    │   └── DiskFull           11   no space is left
    ├── ManifestError          12   a manifest is missing columns or names missing files
    ├── SourceIndexError       13   a source index is missing, broken, locked or of another version
    ├── CaseError              14   a case is missing, incomplete, or does not verify
    ├── MaterialError          15   not enough faces, pictures or time to make or train something
    └── ReportError            16   a report cannot be signed, or is not what was signed

Exit code 0 means the examination was completed, whatever the verdict; 2 is a usage error;
10 is ``--fail-at`` reached; 130 is Ctrl-C.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import ClassVar

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_FAIL_AT = 10
EXIT_INTERRUPTED = 130


class ForensicsError(Exception):
    """A failure with one sentence for the user and one exit code."""

    exit_code: ClassVar[int] = 1
    summary: ClassVar[str] = "unexpected failure"


class ItemError(ForensicsError):
    """The item in question cannot be examined."""

    exit_code = 3
    summary = "the item cannot be examined"


class UnreadableItem(ItemError):
    """The item is missing, not readable, empty, or not a video or picture."""

    exit_code = 3
    summary = "the item is missing, empty, not readable, or not a video or picture"


class NoPicture(ItemError):
    """The item is media but holds no picture."""

    exit_code = 4
    summary = "the item holds no picture (audio only)"


class ItemChanged(ItemError):
    """The item's digest after the examination differs from the one before."""

    exit_code = 5
    summary = "the item changed while it was examined"


class ModelError(ForensicsError):
    """Weights that the examination needs cannot be used."""

    exit_code = 6
    summary = "model weights cannot be used"


class ModelAbsent(ModelError):
    """Weights that the examination was told to use are not installed."""

    exit_code = 6
    summary = "model weights are not installed"


class ModelDigestMismatch(ModelError):
    """Weights on disk differ from the digest they are pinned to."""

    exit_code = 7
    summary = "model weights differ from their digest"


class InvalidRecord(ForensicsError):
    """A record cannot be read back."""

    exit_code = 8
    summary = "the record is broken or of another schema"


class OutputError(ForensicsError):
    """Results cannot be written."""

    exit_code = 9
    summary = "results cannot be written"


class OutputNotWritable(OutputError):
    """The output folder cannot be written to."""

    exit_code = 9
    summary = "the output folder cannot be written to"


class DiskFull(OutputError):
    """No space is left for the results."""

    exit_code = 11
    summary = "no space is left on the disk"


class ManifestError(ForensicsError):
    """A manifest lacks columns or names files that are not there."""

    exit_code = 12
    summary = "a manifest lacks columns or files"


class SourceIndexError(ForensicsError):
    """A source index is missing, broken, locked, or of another version."""

    exit_code = 13
    summary = "a source index is missing, broken, locked, or of another version"


class CaseError(ForensicsError):
    """A case is missing, incomplete, or does not verify."""

    exit_code = 14
    summary = "a case is missing, incomplete, or does not verify"


class MaterialError(ForensicsError):
    """There is not enough material to train on or to make something from."""

    exit_code = 15
    summary = "there is not enough material to train on or to make something from"


class ReportError(ForensicsError):
    """A report cannot be signed, or is not what was signed."""

    exit_code = 16
    summary = "a report cannot be signed, or is not what was signed"


def leaves() -> list[type[ForensicsError]]:
    """List the error classes that a user can meet, in the order of their exit codes."""
    found: list[type[ForensicsError]] = []
    todo = list(ForensicsError.__subclasses__())
    while todo:
        kind = todo.pop()
        below = kind.__subclasses__()
        todo.extend(below)
        if not below:
            found.append(kind)
    return sorted(found, key=lambda kind: kind.exit_code)


def output_error(error: OSError, path: Path) -> OutputError:
    """Turn an operating-system error met while writing into one of ours.

    Args:
        error: What the operating system said.
        path: Where we were writing.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"no space is left to write {path}; free some space and run again")
    return OutputNotWritable(
        f"cannot write {path}: {error.strerror or error}; choose another folder with --out"
    )
