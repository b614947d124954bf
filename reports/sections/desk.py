"""The moderator's second page: by when, on what grounds, what to tell whom."""

from __future__ import annotations

from reports.case import Case
from reports.content import Block, Checklist, Field, Form, Paragraph
from reports.sections.custody import received


def clock(case: Case) -> list[Block]:
    """Print receipt and the end of 48 hours from it, or leave room for both."""
    words, came = case.template.words, case.received
    until = "" if came is None else f"{came.until:%Y-%m-%d %H:%M}"
    form = Form((Field(words.clock_received, received(case)), Field(words.clock_until, until)))
    return [form] if came else [form, Paragraph(words.clock_open, style="note")]


def aid(case: Case) -> list[Block]:
    """List what the measurements cannot answer and a person must."""
    return [Checklist(case.template.conclusions[case.record.verdict.conclusion].aid)]


def decision(case: Case) -> list[Block]:
    """Leave room for the decision and its ground."""
    words = case.template.words
    return [
        Form(
            (
                Field(words.decision_clause), Field(words.decision_measure),
                Field(words.decision_reasons, lines=2), Field(words.decision_who),
                Field(words.decision_second),
            )
        )
    ]  # fmt: skip


def uploader(case: Case) -> list[Block]:
    """Print what to tell the uploader, with room for other grounds."""
    told = case.template.conclusions[case.record.verdict.conclusion].uploader
    return [Paragraph(told), Form((Field(case.template.words.uploader_grounds),))]


def appeal(case: Case) -> list[Block]:
    """Leave room for where an appeal goes."""
    return [Form((Field(case.template.words.appeal_where),))]


def notice(case: Case) -> list[Block]:
    """Leave room for what a valid notice holds."""
    words = case.template.words
    labels = (words.notice_who, words.notice_what, words.notice_why, words.notice_faith)
    return [Form(tuple(Field(label) for label in labels))]
