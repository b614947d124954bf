"""Hashes that other platforms can match."""

from __future__ import annotations

from forensics.record import Fact
from reports.case import Case
from reports.content import Block, Paragraph, Table
from reports.sections.naming import human, value_of

WRITTEN = {"md5": "MD5", "sha256": "SHA-256", "pdq": "PDQ", "vpdq": "vPDQ"}


def hashes(case: Case) -> list[Block]:
    """List the item's digest and size, and every fingerprint the record holds."""
    words, record = case.template.words, case.record
    facts = [fact for fact in record.facts() if fact.analyzer in case.template.facts.hashes]
    found = [row for fact in facts for row in _rows(fact) if row[1] != record.item.sha256]
    most = case.template.hashes_shown
    rows = (
        (words.hash_item, record.item.sha256),
        (words.hash_size, str(record.item.size_bytes)),
        *found[:most],
    )
    table = Table(words.columns_hash, rows, (0.3, 0.7), (1,))
    if len(found) <= most:
        return [table]
    return [table, Paragraph(words.hash_more.format(count=len(found) - most), style="note")]


def _rows(fact: Fact) -> list[tuple[str, str]]:
    """Print a fingerprint; a list of them on a line each."""
    name = f"{_name(fact.name)} ({fact.unit})" if fact.unit else _name(fact.name)
    if not isinstance(fact.value, tuple):
        return [(name, value_of(fact.value))]
    parts = len(fact.unit.split(","))
    if parts == len(fact.value) > 1 and not any("," in str(one) for one in fact.value):
        return [(name, value_of(fact.value))]  # one fingerprint of several parts
    return [(name if at == 0 else "", value_of(one)) for at, one in enumerate(fact.value)]


def _name(name: str) -> str:
    """Name a fingerprint as its makers write it."""
    words = human(name).split()
    return " ".join(WRITTEN.get(word.lower(), word) for word in words)
