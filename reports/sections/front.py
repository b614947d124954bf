"""The first page: what a person in a hurry must know, and must not misread."""

from __future__ import annotations

from fnmatch import fnmatchcase

from forensics.record import LikelihoodRatio
from reports.case import Case, Custody
from reports.content import Banner, Block, Bullets, Name, Paragraph
from reports.numbers import seconds, signed
from reports.sections.naming import counted, first, human, signal_name, value_of
from reports.sections.people import bar_of, label_of, sentence_of, strength_of
from reports.text import ascii_form, is_typeable

AGAINST_LOG10 = 0.3
"""A contribution this far (a factor of two) against the result is printed as a contradiction."""


def item(case: Case) -> list[Block]:
    """Name the item and say what it is."""
    words, record = case.template.words, case.record
    media = record.media
    line = (words.item_line if media.kind == "video" else words.still_line).format(
        kind=media.kind, width=media.width_px, height=media.height_px,
        duration=seconds(media.duration_s), codec=media.codec, container=media.container,
    )  # fmt: skip
    same = record.item.sha256 == record.item.sha256_after
    blocks: list[Block] = [Name(record.item.name)]
    if not is_typeable(record.item.name):
        blocks.append(Paragraph(ascii_form(record.item.name, 200), words.name_ascii, "note"))
    size = words.size.format(size=f"{record.item.size_bytes:,}")
    state = words.unchanged if same else words.changed
    return [
        *blocks,
        Paragraph(f"{line}, {size}, {state}", style="note"),
        Paragraph(record.item.sha256, words.sha256, "mono"),
        Paragraph(_examined(case), style="note"),
        *([Paragraph(_case_line(case, case.custody), style="note")] if case.custody else []),
    ]


def _case_line(case: Case, custody: Custody) -> str:
    return case.template.words.case_line.format(
        case=custody.case, received=custody.received or custody.added_utc,
        operator=custody.operator,
    )  # fmt: skip


def _examined(case: Case) -> str:
    words, record = case.template.words, case.record
    tool = f"{record.tool.name} {record.tool.version}"
    if case.reproducible:
        return words.examined_reproducible.format(tool=tool)
    said = words.examined.format(started=record.run.started_utc, tool=tool)
    who = record.run.operator
    return words.operator.format(examined=said, operator=who) if who else said


def verdict(case: Case) -> list[Block]:
    """Put the conclusion for the item in one band."""
    found = case.record.verdict
    return [
        Banner(
            conclusion=found.conclusion,
            label=label_of(case, found.conclusion),
            sentence=sentence_of(case, found),
            strength=strength_of(case, found),
            bar=bar_of(case, found),
        )
    ]


def notable(case: Case) -> list[Block]:
    """List the facts that belong on the first page."""
    always = case.template.first_page_facts
    facts = [
        fact for fact in case.record.facts()
        if fact.notable or f"{fact.analyzer}.{fact.name}" in always
    ]  # fmt: skip
    lines = [
        case.said(fact.words) or f"{human(fact.name)}: {value_of(fact.value)}" for fact in facts
    ]
    template = case.template
    shown = first(
        lines, template.facts_first_page, _place(case, "container"),
        template.words.more,
    )  # fmt: skip
    return [Bullets(shown)] if shown else []


def contradictions(case: Case) -> list[Block]:
    """Say what, among the measurements, does not fit the conclusion."""
    words, record = case.template.words, case.record
    lines: list[str] = []
    kinds = {one.conclusion for one in record.verdict.tracks}
    if len(kinds) > 1:
        tally = counted(case, (one.conclusion for one in record.verdict.tracks))
        lines.append(words.people_differ.format(kinds=tally))
    lines += [
        rule.text
        for rule in case.template.against
        if record.verdict.conclusion in rule.conclusions
        and any(
            fact.notable
            and fnmatchcase(f"{fact.analyzer}.{fact.name}", rule.fact)
            and rule.value in (None, fact.value)
            for fact in record.facts()
        )
    ]
    told: set[tuple[tuple[str, float], ...]] = set()
    for weight in sorted(record.weights, key=lambda one: one.track is None):
        if weight.contributions in told:  # the item's are often those of its strongest person
            continue
        told.add(weight.contributions)
        who = words.item if weight.track is None else words.face.format(id=weight.track)
        lines += _against(case, weight, who)
    return (
        [
            Bullets(
                first(
                    lines,
                    case.template.against_first_page,
                    _place(case, "calibration"),
                    words.more,
                )
            )
        ]
        if lines
        else []
    )


def _against(case: Case, weight: LikelihoodRatio, who: str) -> list[str]:
    words = case.template.words
    side = 1 if weight.log10_lr >= 0 else -1
    lines = [
        words.contribution_against.format(signal=signal_name(name), value=signed(value), who=who)
        for name, value in weight.contributions
        if value * side < -AGAINST_LOG10
    ]
    if weight.lower * weight.upper < 0:
        lines.append(words.interval_crosses.format(who=who))
    return lines


def not_tested(case: Case) -> list[Block]:
    """List what was not tested."""
    template = case.template
    shown = first(
        map(case.said, case.record.verdict.not_examined), template.untested_first_page,
        _place(case, "untested_all"), template.words.more,
    )  # fmt: skip
    return [Bullets(shown)] if shown else []


def _place(case: Case, section: str) -> str:
    """Return where the rest is told: a section of this report, or else the record."""
    template = case.template
    here = any(section in part.sections for part in template.parts)
    return template.sections[section].title if here else template.words.record_file


def not_meant(case: Case) -> list[Block]:
    """Say what the conclusion must not be taken for."""
    return [Bullets(case.template.conclusions[case.record.verdict.conclusion].not_meant)]
