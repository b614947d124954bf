"""The verdict in a terminal: short, honest, and safe to print whatever the item is called."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from forensics.record import CaseRecord, Conclusion, TrackVerdict
from reports.numbers import signed
from reports.template import Template, load
from reports.text import visible

MOST_REASONS = 3
MOST_UNTESTED = 4
MOST_FACTS = 4
MOST_PEOPLE = 6
LINE_LIMIT = 400
PATH_LIMIT = 4096

STYLES = {
    Conclusion.SUPPORTS_FACE_SWAP: "bold dark_orange3",
    Conclusion.SUPPORTS_NO_FACE_SWAP: "bold deep_sky_blue3",
    Conclusion.INCONCLUSIVE: "bold",
    Conclusion.NOT_EXAMINABLE: "bold",
}

_PLAINER = str.maketrans(
    {"−": "-", "–": "-", "·": "-", "…": "...", "×": "x", "“": '"', "”": '"', "▲": "^", "●": "o",
     "■": "=", "◇": "?", "⟨": "<", "⟩": ">"}
)  # fmt: skip
"""Our own signs in a terminal that has ASCII only."""


def print_verdict(
    record: CaseRecord, console: Console, report_path: Path | None, folder: Path
) -> None:
    """Print the verdict panel.

    Args:
        record: What was found.
        console: Where to print; its width and encoding are respected.
        report_path: The PDF, or None where none was written.
        folder: Where everything else is.
    """
    said = _Speaker(console, load("moderator"))
    verdict, words = record.verdict, said.template.words
    style = STYLES[verdict.conclusion]
    parts: list[Text | Table] = [
        said.line(record.item.name, "dim"),
        said.line(said.label(verdict.conclusion), style),
        said.line(verdict.sentence),
        said.line(_strength(said.template, record), "dim"),
    ]
    if len(verdict.tracks) > 1:
        parts += [said.heading(words.panel_faces), *said.people(verdict.tracks)]
    parts += [
        said.heading(words.panel_seen), *said.bullets(verdict.reasons, MOST_REASONS, ""),
        *said.facts(record),
        said.heading(words.panel_not_examined),
        *said.bullets(verdict.not_examined, MOST_UNTESTED, words.panel_more),
        said.heading(words.panel_report if report_path else words.panel_folder),
        said.line(str(report_path or folder), limit=PATH_LIMIT),
        said.line(words.panel_boundary, "dim"),
    ]  # fmt: skip
    title = Text(said.encodable(words.panel_title))
    console.print(Panel(Group(*parts), title=title, border_style=style, padding=(0, 1)))


def _strength(template: Template, record: CaseRecord) -> str:
    found = record.verdict
    if found.log10_lr is None or found.lower is None or found.upper is None:
        return template.words.no_lr
    words, value = template.words, signed(found.log10_lr)
    if found.lower == found.upper:  # not certainty: the calibration may not say more
        people = min(min(w.n_h1, w.n_h2) for w in record.weights)
        at_bound = any(abs(found.log10_lr) >= w.bound - 0.005 for w in record.weights)
        wording = words.panel_at_bound if at_bound else words.lr_capped
        return f"{found.strength} · {wording.format(value=value, people=people)}"
    numbers = words.panel_numbers.format(
        value=value, low=signed(found.lower), high=signed(found.upper)
    )
    return f"{found.strength} · {numbers}"


class _Speaker:
    """Makes any text into safe lines for one console.

    `Text` is never parsed as markup, `visible` leaves no control characters, and what the
    terminal cannot encode is escaped instead of raising.
    """

    def __init__(self, console: Console, template: Template) -> None:
        self.encoding = console.encoding
        self.template = template

    def encodable(self, text: str) -> str:
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            plainer = text.translate(_PLAINER)
            return plainer.encode(self.encoding, "backslashreplace").decode(self.encoding)
        return text

    def line(self, text: str, style: str = "", limit: int = LINE_LIMIT) -> Text:
        return Text(self.encodable(visible(text, limit)), style=style, overflow="fold")

    def heading(self, text: str) -> Text:
        return Text(f"\n{self.encodable(text)}", style="bold")

    def label(self, conclusion: Conclusion) -> str:
        words = self.template.conclusions[conclusion]
        return f"{words.mark} {words.label}"

    def bullets(self, items: Iterable[str], most: int, more: str) -> list[Table | Text]:
        everything = tuple(items)
        if not everything:
            return [self.line(self.template.words.panel_none)]
        table = Table.grid(padding=(0, 1))
        for item in everything[:most]:
            table.add_row("-", self.line(item))
        left = len(everything) - most
        return [table, self.line(more.format(count=left), "dim")] if left > 0 and more else [table]

    def facts(self, record: CaseRecord) -> list[Table | Text]:
        """List what is notable beside the weighed observations."""
        noted = [
            fact.words or f"{fact.name}: {fact.value}" for fact in record.facts() if fact.notable
        ]
        if not noted:
            return []
        words = self.template.words
        return [
            self.heading(words.panel_facts), *self.bullets(noted, MOST_FACTS, words.panel_more)
        ]  # fmt: skip

    def people(self, found: tuple[TrackVerdict, ...]) -> list[Table | Text]:
        ranked = sorted(found, key=lambda one: (one.log10_lr is None, -abs(one.log10_lr or 0.0)))
        table = Table.grid(padding=(0, 2))
        words = self.template.words
        for one in sorted(ranked[:MOST_PEOPLE], key=lambda one: one.track):
            value = (
                "" if one.log10_lr is None else words.panel_lr.format(value=signed(one.log10_lr))
            )
            table.add_row(
                self.line(words.face.format(id=one.track)),
                self.line(self.label(one.conclusion), STYLES[one.conclusion]),
                self.line(value, "dim"),
            )
        left = len(found) - MOST_PEOPLE
        return (
            [table, self.line(words.panel_more.format(count=left), "dim")] if left > 0 else [table]
        )
