"""Room for the people who answer for a report."""

from __future__ import annotations

from reports.case import Case
from reports.content import Block, Field, Form


def second_review(case: Case) -> list[Block]:
    """Leave room for a second examiner."""
    words = case.template.words
    return [
        Form(
            (
                Field(words.review_who), Field(words.review_repeated),
                Field(words.review_agrees, lines=2), Field(words.review_date),
            )
        )
    ]  # fmt: skip


def signature(case: Case) -> list[Block]:
    """Leave room for the examiner's name and hand."""
    words = case.template.words
    operator = case.custody.operator if case.custody else case.record.run.operator
    name = "" if case.reproducible and case.custody is None else operator or ""
    return [
        Form(
            (
                Field(words.signature_name, name), Field(words.signature_place),
                Field(words.signature_hand, lines=2),
            )
        )
    ]  # fmt: skip
