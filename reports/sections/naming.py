"""Names and values from the record, as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from forensics.record import Conclusion
from reports.case import Case

FIRST_PAGE_CHARS = 230
"""Longest statement on the first page; all are in full further on."""


def human(name: str) -> str:
    """Turn an identifier into words."""
    spaced = name.replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:]


def signal_name(key: str) -> str:
    """Name a signal for people, from "analyzer.name"."""
    analyzer, _, name = key.partition(".")
    return f"{human(name)} ({human(analyzer).lower()})" if name else human(analyzer)


def value_of(value: object, unit: str = "") -> str:
    """Write a fact's value."""
    if isinstance(value, tuple):
        listed = ", ".join(value_of(one) for one in value[:40])
        listed = f"{listed} {unit}".strip()
        return f"{listed}, … ({len(value)} in all)" if len(value) > 40 else listed
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        value = f"{value:.6g}"
    return f"{'–' if value is None else value} {unit}".strip()


def counted(case: Case, conclusions: Iterable[Conclusion]) -> str:
    """Count conclusions in words."""
    tally = Counter(conclusions)
    labels = case.template.conclusions
    return ", ".join(
        f"{tally[kind]} × {_within(labels[kind].label)}" for kind in Conclusion if tally[kind]
    )


def _within(label: str) -> str:
    """Write a label as it stands within a sentence; nouns keep their capitals."""
    return label[:1].lower() + label[1:]


def cut(text: str, limit: int = FIRST_PAGE_CHARS) -> str:
    """Shorten a statement for the first page, at a word."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    return head[: head.rfind(" ") if " " in head[limit // 2 :] else limit] + " …"


def first(statements: Iterable[str], most: int, where: str, more: str = "") -> tuple[str, ...]:
    """Take the first statements, shortened, and say how many are left out and where they are."""
    everything = tuple(statements)
    shown = tuple(cut(statement) for statement in everything[:most])
    left = len(everything) - most
    return (*shown, more.format(count=left, where=where)) if left > 0 and more else shown
