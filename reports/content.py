"""What a report says, before any medium: sections of blocks, made from the record alone.

The PDF (and the HTML) draw these blocks and decide nothing. Texts in blocks are raw: whoever
draws them passes each through `reports.text.visible` and the medium's own escaping.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from forensics.record import CaseRecord, Conclusion, Exhibit, TrackSummary
from reports.template import Template


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
        record: The single input.
        template: Order and wording.
        scale: Words for strength.
        reproducible: Leave out what differs between two runs.
        show_faces: Pictures of faces are not blurred.
    """

    record: CaseRecord
    template: Template
    scale: Scale
    reproducible: bool = False
    show_faces: bool = False

    def track(self, number: int) -> TrackSummary | None:
        """Find a face by its number."""
        return next((track for track in self.record.tracks if track.id == number), None)

    def exhibit(self, file: str | None) -> Exhibit | None:
        """Find an exhibit by its file name."""
        return next((exhibit for exhibit in self.record.exhibits if exhibit.file == file), None)


@dataclass(frozen=True)
class Paragraph:
    """Running text, with an optional bold label before it."""

    text: str
    label: str = ""
    style: Literal["body", "note", "mono", "subhead"] = "body"


@dataclass(frozen=True)
class Name:
    """The item's name, which may be long and in any script, on lines of its own."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """Short statements, one a line."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Attributes:
        head: Column headings; empty for none.
        rows: As many cells each as there are columns.
        shares: Column widths as shares of the whole.
        mono: Columns in fixed-width type.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...]
    mono: tuple[int, ...] = ()


@dataclass(frozen=True)
class Bar:
    """A log10 LR with its interval on the verbal scale, from -half_range to half_range."""

    log10_lr: float
    lower: float
    upper: float
    half_range: float
    bands: Sequence[Band]
    left: str
    right: str


@dataclass(frozen=True)
class Banner:
    """The conclusion in one colored band that also says it in words."""

    conclusion: Conclusion
    label: str
    sentence: str
    strength: tuple[str, ...]
    bar: Bar | None


@dataclass(frozen=True)
class Person:
    """One face: thumbnail, conclusion, strength, reasons."""

    title: str
    thumbnail: Exhibit | None
    conclusion: Conclusion
    label: str
    sentence: str
    strength: tuple[str, ...]
    bar: Bar | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Plate:
    """An exhibit beside its control."""

    exhibit: Exhibit
    control: Exhibit | None
    control_label: str
    no_control: str


@dataclass(frozen=True)
class Strip:
    """One measurement over time."""

    title: str
    note: str
    times_s: tuple[float, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Timeline:
    """Strips of one face over the same time axis."""

    title: str
    start_s: float
    end_s: float
    cuts_s: tuple[float, ...]
    strips: tuple[Strip, ...]
    axis: str


@dataclass(frozen=True)
class FrameTypes:
    """Frame types in order, as a strip of bars."""

    types: str
    caption: str


@dataclass(frozen=True)
class Course:
    """A numeric fact over its own order, as a small line."""

    values: tuple[float, ...]
    caption: str


Block = (
    Paragraph | Name | Bullets | Table | Banner | Person | Plate | Timeline | FrameTypes | Course
)


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Part:
    """Sections that start together on a new page."""

    title: str
    sections: tuple[Section, ...]


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
