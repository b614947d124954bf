"""What a report says, before any medium: sections of blocks, made from the record alone.

The PDF (and the HTML) draw these blocks and decide nothing. Texts in blocks are raw: whoever
draws them passes each through `reports.text.visible` and the medium's own escaping.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from forensics.record import Conclusion, Exhibit
from reports.case import Band


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
class Checklist:
    """Questions to tick off."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """A line of a form.

    Attributes:
        label: What belongs there.
        value: What is known; empty to be filled in by hand.
        lines: Room for handwriting.
    """

    label: str
    value: str = ""
    lines: int = 1


@dataclass(frozen=True)
class Form:
    """Fields that a person fills in."""

    fields: tuple[Field, ...]


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


@dataclass(frozen=True)
class Tippett:
    """Shares of known cases at or above each log10 LR.

    Attributes:
        grid: log10 LRs, ascending.
        above_h1: Share of swapped cases at or above each.
        above_h2: Share of genuine cases at or above each.
        marks: Where this item's faces lie.
        axis: Words under the axis.
        caption: Words under the figure.
    """

    grid: tuple[float, ...]
    above_h1: tuple[float, ...]
    above_h2: tuple[float, ...]
    marks: tuple[tuple[str, float], ...]
    axis: str
    caption: str


@dataclass(frozen=True)
class Viewer:
    """One person's frames, the maps that can be laid over them, and the courses below.

    Attributes:
        title: Whose.
        note: How to use it, where it can be used.
        number: Of the person; None for the whole item.
        frames: Strip of frames, where there is one.
        overlays: Pictures in the same aligned space.
        timeline: Courses, where there are any.
    """

    title: str
    note: str
    number: int | None
    frames: Exhibit | None
    overlays: tuple[Exhibit, ...]
    timeline: Timeline | None


@dataclass(frozen=True)
class Compare:
    """Pictures side by side, the first two of which can be laid over each other.

    Attributes:
        title: In a few words.
        caption: What is seen; may be empty.
        exhibits: One strip of square pictures, or as many single pictures as there are labels.
        labels: One a picture.
    """

    title: str
    caption: str
    exhibits: tuple[Exhibit, ...]
    labels: tuple[str, ...]


Block = (
    Paragraph | Name | Bullets | Checklist | Form | Table | Banner | Person | Plate | Viewer
    | Compare | Timeline | FrameTypes | Course | Tippett
)  # fmt: skip


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it; the key is the template's name for it."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Part:
    """Sections that start together on a new page; the key is the template's name for it."""

    key: str
    title: str
    sections: tuple[Section, ...]
