"""What an editor needs: sentences that hold, sentences that do not, and how to cite."""

from __future__ import annotations

from reports.case import DIGEST_COMMAND, Case, record_digest
from reports.content import Block, Bullets, Paragraph
from reports.sections.method import command_of


def publish(case: Case) -> list[Block]:
    """List what the result allows to say, and what it does not."""
    words = case.template.words
    said = case.template.conclusions[case.record.verdict.conclusion]
    return [
        Paragraph(words.may_say, style="subhead"), Bullets(said.may_say),
        Paragraph(words.may_not_say, style="subhead"), Bullets(said.may_not_say),
    ]  # fmt: skip


def cite(case: Case) -> list[Block]:
    """Print a citation that names tool, record and item, and how to repeat it."""
    words, record = case.template.words, case.record
    text = words.cite_text.format(
        tool=f"{record.tool.name} {record.tool.version}", digest=record_digest(record),
        item=record.item.sha256,
    )  # fmt: skip
    return [
        Paragraph(words.cite_as, style="subhead"), Paragraph(text, style="mono"),
        Paragraph(words.cite_check), Paragraph(command_of(record), style="mono"),
        Paragraph(words.command_digest), Paragraph(DIGEST_COMMAND, style="mono"),
    ]  # fmt: skip
