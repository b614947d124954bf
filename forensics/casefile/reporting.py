"""Reports on records in a case: what the case knows, and keeping what was reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forensics.casefile import layout
from forensics.casefile.folder import Case
from forensics.errors import CaseError


@dataclass(frozen=True)
class Kept:
    """A record inside a case.

    Attributes:
        case: The case.
        path: Of the record, in the case.
        stem: Of its folder.
        added_utc: When its item was sealed in the case; empty where the log does not say.
        log_line: Number of the log line that sealed the record.
        log_digest: Of that line.
    """

    case: Case
    path: str
    stem: str
    added_utc: str
    log_line: int
    log_digest: str

    def received(self) -> tuple[datetime, bool] | None:
        """Return when the material came, and whether the description says so or only the log.

        A description counts where it begins with an ISO 8601 moment that names its time zone.
        """
        for words in (self.case.description.received.strip().split(" ")[0], self.added_utc):
            try:
                moment = datetime.fromisoformat(words)
            except ValueError:
                continue
            if moment.tzinfo is not None:
                return moment.astimezone(UTC), words != self.added_utc
        return None


def kept(record: Path, item_sha256: str) -> Kept | None:
    """Find the case that a record lies in; None where it lies in none.

    Args:
        record: The file.
        item_sha256: Of the item it is about.

    Raises:
        CaseError: The case does not know the record, or its log is broken.
    """
    place = record.resolve()
    if len(place.parents) < 3 or place.parents[1].name != "records":
        return None
    root = place.parents[2]
    if not (root / layout.CASE).is_file() or not (root / layout.LOG).is_file():
        return None
    case, path = Case(root), place.relative_to(root).as_posix()
    entries = case.entries()
    sealed = next((entry for entry in entries if path in entry.files), None)
    if sealed is None:
        raise CaseError(f"{path} lies in {root.name} but its log does not know it")
    added = next(
        (e.utc for e in entries if e.action == "add" and item_sha256 in e.files.values()), ""
    )
    return Kept(case, path, place.parent.name, added, sealed.number, sealed.digest)


def keep(found: Kept, name: str, data: bytes, detail: dict[str, str | bool]) -> str:
    """Seal a report in the case and log it.

    Args:
        found: The record's place.
        name: Of the kind of report, such as "moderator-en.pdf"; the record's stem is put before.
        data: The report.
        detail: What the log should say of it.

    Returns:
        Its path in the case.
    """
    with found.case.staging() as staged, found.case.locked():
        stem, dot, suffix = f"reports/{found.stem}-{name}".rpartition(".")
        path, number, taken = f"{stem}{dot}{suffix}", 1, found.case.files()
        while path in taken:
            number += 1
            path = f"{stem}-{number}{dot}{suffix}"
        staged.write(path, data)
        found.case.commit(staged, "report", {"record": found.path, **detail})
    return path
