"""Adding to a case: items as they were received, and examinations of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forensics.casefile.durable import digest_of
from forensics.casefile.folder import Case, plain_suffix
from forensics.casefile.log import Detail
from forensics.errors import CaseError
from forensics.hash_lists import FOLDER as HASHES
from forensics.intake.frames import check_readable
from forensics.record import CaseRecord

RECORD, REPORT, SIGNALS, EXHIBITS = "record.json", "report.pdf", "signals.csv", "exhibits"


@dataclass(frozen=True)
class Item:
    """An item in a case.

    Attributes:
        path: In the case.
        sha256: Of its bytes.
        name: File name as received; empty where the log does not say.
    """

    path: str
    sha256: str
    name: str


def add_item(case: Case, source: Path, operator: str = "") -> tuple[Item, bool]:
    """Copy a file into a case, read-only and named by its digest.

    Args:
        case: The case.
        source: The file as received.
        operator: Who adds it; the case's operator where it is empty.

    Returns:
        The item, and whether it is new: the same bytes are kept once.

    Raises:
        UnreadableItem: It is missing, empty or cannot be read.
        CaseError: The case's log is broken.
    """
    check_readable(source)
    with case.staging() as staged, case.locked():
        present = {sha256: Item(path, sha256, "") for path, sha256 in case.files().items()}
        present |= {item.sha256: item for item in items(case)}
        digest = digest_of(source)
        if digest in present:
            return present[digest], False
        copied = staged.copy(source)
        if copied != digest:
            raise CaseError(f"{source.name} changed while it was copied; nothing was added")
        size = source.stat().st_size
        case.commit(staged, "add", {"name": printable(source.name), "bytes": size}, operator)
    return Item(f"items/{digest}{plain_suffix(source)}", digest, source.name), True


def items(case: Case) -> list[Item]:
    """List a case's items in the order they were added."""
    return [
        Item(path, digest, str(entry.detail.get("name", "")))
        for entry in case.entries()
        for path, digest in entry.files.items()
        if entry.action == "add"
    ]


def record_run(
    case: Case, folder: Path, operator: str = "", action: str = "record", more: Detail | None = None
) -> str:
    """Put a finished examination into a case: its record, tables and exhibits, and its report.

    Args:
        case: Must hold the item that was examined.
        folder: Results of `audit VIDEO`.
        operator: Who examined; the case's operator where it is empty.
        action: One word for the log.
        more: What else the log should say.

    Returns:
        Folder of the record, in the case.

    Raises:
        CaseError: The examined item is not in the case.
        InvalidRecord: The folder holds no record of this tool.
    """
    record = CaseRecord.from_json((folder / RECORD).read_bytes())
    if record.item.sha256 not in case.files().values():
        raise CaseError(f"{record.item.name} is not in {case.folder.name}; `audit case add` it")
    with case.staging() as staged, case.locked():
        stem = _free(case, record.item.sha256[:12])
        made = [folder / name for name in (RECORD, SIGNALS, REPORT)]
        made += sorted((folder / HASHES).glob("*"))
        for path in (*made, *sorted((folder / EXHIBITS).glob("*.png"))):
            if not path.is_file():
                continue
            inside = path.relative_to(folder).as_posix()
            home = f"reports/{stem}.pdf" if inside == REPORT else f"records/{stem}/{inside}"
            staged.copy(path, home)
        detail = {
            "item": record.item.sha256, "tool": record.tool.version,
            "conclusion": record.verdict.conclusion.value, **(more or {}),
        }  # fmt: skip
        case.commit(staged, action, detail, operator)
    return f"records/{stem}"


def _free(case: Case, stem: str) -> str:
    """Return a name for the next examination of an item."""
    taken = {path.split("/")[1] for path in case.files() if path.startswith("records/")}
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def printable(text: str) -> str:
    """Return text that every terminal and the log can hold."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
