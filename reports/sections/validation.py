"""Case-matched validation: how often the methods were right on this very footage."""

from __future__ import annotations

from collections import Counter

from forensics.case_validation import CaseValidation, ClipUsed, MethodValidation, Rate, SideBySide
from forensics.interpretation.validation import Interval
from reports.case import Case
from reports.content import Block, Bullets, Compare, Paragraph, Table
from reports.numbers import plain
from reports.sections.performance import percent


def case_validation(case: Case) -> list[Block]:
    """Print the record's case-matched validation, where it holds one."""
    found, words = case.record.case_validation, case.template.words
    if found is None:
        return []
    common = _common_rule(found)
    blocks: list[Block] = [
        Bullets(tuple(map(case.said, found.summary))),
        Paragraph(words.validation_pictures, style="subhead"),
        *(row for one in found.pictures if (row := _pictures(case, one))),
        Paragraph(words.validation_methods, style="subhead"),
        Table(
            words.columns_validation, tuple(_method(case, one, common) for one in found.methods),
            (0.28, 0.18, 0.18, 0.18, 0.18),
        ),
    ]  # fmt: skip
    if common:
        blocks.append(Paragraph(words.validation_rule.format(rule=case.said(common)), style="note"))
    if found.traces:
        blocks += [
            Paragraph(words.validation_traces, style="subhead"),
            Table(words.columns_trace, _traces(case, found), (0.2, 0.11, 0.11, 0.11, 0.13, 0.34)),
        ]
    return [
        *blocks,
        Paragraph(words.validation_clips, style="subhead"),
        Paragraph(_encoding(case, found), style="note"),
        *(Paragraph(case.said(note), style="note") for note in found.encoding.notes),
        Table(
            words.columns_clip,
            tuple(_clip(case, one) for one in found.clips),
            (0.2, 0.44, 0.12, 0.12, 0.12),
        ),
        Paragraph(words.validation_limits, style="subhead"),
        Bullets(tuple(map(case.said, found.limitations))),
    ]


def compared(case: Case) -> set[str | None]:
    """List the exhibits that the validation shows, so that no other section repeats them."""
    found = case.record.case_validation
    rows = found.pictures if found else ()
    return {file for one in rows for file in (one.questioned, one.original, one.comparison_fake)}


def _pictures(case: Case, row: SideBySide) -> Compare | None:
    words = case.template.words
    named = (
        (row.questioned, words.role_questioned), (row.original, words.role_original),
        (row.comparison_fake, words.role_comparison_fake),
    )  # fmt: skip
    there = [(shown, label) for file, label in named if (shown := case.exhibit(file))]
    if not there:
        return None
    exhibits, labels = zip(*there, strict=True)
    return Compare(case.said(row.title), "", tuple(exhibits), tuple(labels))


def _common_rule(found: CaseValidation) -> str:
    """Return the rule that several methods share, to be printed once; empty where none do."""
    counted = Counter(one.rule for one in found.methods).most_common(1)
    return counted[0][0] if counted and counted[0][1] > 1 else ""


def _method(case: Case, found: MethodValidation, common: str) -> tuple[str, ...]:
    words = case.template.words
    reads = {
        "fake": words.reading_fake, "genuine": words.reading_genuine,
        "silent": words.reading_silent,
    }[found.questioned_reads]  # fmt: skip
    value = (
        words.validation_value.format(value=plain(found.questioned), unit=found.unit, reads=reads)
        if found.questioned is not None
        else reads
    )
    name = case.said(found.title)
    name = name if found.rule == common else f"{name}: {case.said(found.rule)}"
    counts = (_counts(case, found.on_fakes), _counts(case, found.on_controls))
    return (name, *counts, _share(case, found.overall), value)


def _counts(case: Case, rate: Rate) -> str:
    return case.template.words.validation_counts.format(
        right=rate.right, wrong=rate.wrong, silent=rate.silent
    )


def _share(case: Case, rate: Rate) -> str:
    words = case.template.words
    if rate.share is None or rate.lower is None or rate.upper is None:
        return words.validation_never
    interval = Interval(rate.share, rate.lower, rate.upper, rate.n)
    return words.validation_share.format(rate=percent(case, interval), n=rate.n)


def _traces(case: Case, found: CaseValidation) -> tuple[tuple[str, ...], ...]:
    words = case.template.words
    names = {
        "comparison_fake": words.closer_comparison_fake, "original": words.closer_original,
        "undecided": words.closer_undecided,
    }  # fmt: skip
    return tuple(
        (
            f"{case.said(one.title)} ({one.unit})" if one.unit else case.said(one.title),
            plain(one.questioned), plain(one.comparison_fake), plain(one.original),
            f"{plain(one.to_fake, 2)} / {plain(one.to_original, 2)}",
            f"{names[one.closer]}. {case.said(one.sentence)}",
        )
        for one in found.traces
    )  # fmt: skip


def _encoding(case: Case, found: CaseValidation) -> str:
    to = found.encoding
    return case.template.words.validation_encoding.format(
        codec=to.codec, encoder=to.encoder, width=to.width_px, height=to.height_px,
        rate=plain(to.rate_fps, 4), setting=to.setting, reached=plain(to.reached_quality),
        wanted=plain(to.questioned_quality), unit=to.quality_unit,
    )  # fmt: skip


def _clip(case: Case, clip: ClipUsed) -> tuple[str, ...]:
    words = case.template.words
    role = {
        "questioned": words.role_questioned, "comparison_fake": words.role_comparison_fake,
        "original": words.role_original, "control": words.role_control,
    }[clip.role]  # fmt: skip
    name = f"{clip.name} ({clip.method})" if clip.method else clip.name
    said = role if clip.re_encoded else f"{role}, {words.validation_as_it_is}"
    segments = f"{clip.segments} × {plain(clip.seconds)} s"
    return (said, name, segments, plain(clip.face_px), plain(clip.qp))
