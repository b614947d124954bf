"""The subject of a report: the record, the wording, and what a case file knows of the item."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from forensics.record import CaseRecord, Exhibit, TrackSummary
from reports.template import Template

CLOCK = timedelta(hours=48)
"""From receipt of a valid notice about intimate imagery to its removal.

Source: TAKE IT DOWN Act (Public Law 119-12, 2025), section 3.
"""


class Original(str):
    """A sentence of the record in the tool's own English, inside a report in another language."""

    __slots__ = ()


@dataclass(frozen=True)
class Received:
    """When the item or the notice came.

    Attributes:
        utc: The moment.
        source: Who says so: the person making the report, the case file, or its log.
    """

    utc: datetime
    source: Literal["given", "case", "added"]

    @property
    def until(self) -> datetime:
        """Return the end of the 48-hour clock."""
        return self.utc + CLOCK


@dataclass(frozen=True)
class Custody:
    """What a case file knows of the item and the record; empty where it does not say.

    Attributes:
        case: Its id.
        operator: Who works on it.
        purpose: What for.
        authority: By what right.
        request: The requester's own reference.
        received: When and how the material came, in the operator's words.
        added_utc: When the item was sealed in the case.
        log_line: Number of the log line that sealed this record.
        log_digest: Digest of that line, which holds everything before it.
    """

    case: str
    operator: str
    purpose: str
    authority: str
    request: str
    received: str
    added_utc: str
    log_line: int
    log_digest: str


class Band(Protocol):
    """One row of the table of words for strength of support."""

    @property
    def words(self) -> str:
        """As printed."""

    @property
    def lower_log10(self) -> float:
        """Lower edge of |log10 LR|."""

    @property
    def upper_log10(self) -> float | None:
        """Upper edge; infinite or None where there is none."""


@dataclass(frozen=True)
class Scale:
    """The one table of words, as `forensics.interpretation.strength` has it."""

    bands: Sequence[Band]
    citation: str
    support_from_log10: float


@dataclass(frozen=True)
class Case:
    """All that a section may use.

    Attributes:
        record: The single input besides the pictures and the case file's description.
        template: Order and wording.
        scale: Words for strength.
        reproducible: Leave out what differs between two runs.
        show_faces: Pictures of faces are not blurred.
        custody: What the case file says, where the record belongs to one.
        received: What the 48-hour clock counts from, where that is known.
    """

    record: CaseRecord
    template: Template
    scale: Scale
    reproducible: bool = False
    show_faces: bool = False
    custody: Custody | None = None
    received: Received | None = None

    def said(self, text: str) -> str:
        """Put a sentence of the record in the report's language, or mark it as the original."""
        template = self.template
        if not template.own_sentences or not text:
            return text
        if text in template.sentences:
            return template.sentences[text]
        return Original(template.words.original.format(text=text))

    def track(self, number: int) -> TrackSummary | None:
        """Find a face by its number."""
        return next((track for track in self.record.tracks if track.id == number), None)

    def exhibit(self, file: str | None) -> Exhibit | None:
        """Find an exhibit by its file name."""
        return next((exhibit for exhibit in self.record.exhibits if exhibit.file == file), None)


def record_digest(record: CaseRecord) -> str:
    """Return the SHA-256 of the record without its `run`, as JSON in `to_json`'s layout."""
    plain = record.to_plain()
    del plain["run"]
    return hashlib.sha256(
        (json.dumps(plain, indent=2, ensure_ascii=False) + "\n").encode()
    ).hexdigest()


DIGEST_COMMAND = (
    "python3 -c \"import hashlib, json; r = json.load(open('record.json', encoding='utf-8')); "
    "del r['run']; print(hashlib.sha256((json.dumps(r, indent=2, ensure_ascii=False) + chr(10))"
    '.encode()).hexdigest())"'
)
"""Repeats `record_digest` with nothing but Python; printed so that a reader can."""
