"""Where the item comes from and who held it, as far as a case file documents it."""

from __future__ import annotations

from reports.case import Case
from reports.content import Block, Field, Form, Paragraph, Table


def custody(case: Case) -> list[Block]:
    """Print what the case file says; without one, leave room to say it by hand."""
    words, item, kept = case.template.words, case.record.item, case.custody
    digests = (
        (words.custody_before, item.sha256),
        (words.custody_after, item.sha256_after),
    )
    if kept is None:
        labels = (
            words.custody_case, words.custody_operator, words.custody_authority,
            words.custody_received,
        )  # fmt: skip
        return [
            Paragraph(words.custody_none),
            Form(tuple(Field(label, _known(case, label)) for label in labels)),
            Table((), digests, (0.3, 0.7), (1,)),
        ]
    rows = (
        (words.custody_case, kept.case),
        (words.custody_operator, kept.operator),
        (words.custody_purpose, kept.purpose),
        (words.custody_authority, kept.authority),
        (words.custody_request, kept.request),
        (words.custody_received, kept.received or received(case)),
        (words.custody_added, kept.added_utc),
        (words.custody_log, _line(case)),
    )
    return [
        Table((), tuple((label, value or "–") for label, value in rows), (0.3, 0.7)),
        Table((), digests, (0.3, 0.7), (1,)),
    ]


def _line(case: Case) -> str:
    if case.custody is None:
        return ""
    return case.template.words.custody_log_line.format(
        line=case.custody.log_line, digest=case.custody.log_digest
    )


def _known(case: Case, label: str) -> str:
    return received(case) if label == case.template.words.custody_received else ""


def received(case: Case) -> str:
    """Say when the item or notice came and who says so; empty where nobody does."""
    if case.received is None:
        return ""
    words = case.template.words
    source = {
        "given": words.received_given, "case": words.received_case, "added": words.received_added,
    }[case.received.source]  # fmt: skip
    return f"{case.received.utc:%Y-%m-%d %H:%M} ({source})"
