"""The first page: what a person in a hurry must know, and must not misread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase

from forensics.interpretation.strength import band_of, edges_of
from forensics.record import Conclusion, LikelihoodRatio, TrackVerdict, Verdict
from reports.content import Banner, Bar, Block, Bullets, Case, Name, Paragraph, Person
from reports.numbers import ratio, seconds, signed
from reports.text import ascii_form, is_typeable

AGAINST_LOG10 = 0.3
"""A contribution this far (a factor of two) against the result is printed as a contradiction."""

FIRST_PAGE_CHARS = 230
"""Longest statement on the first page; all are in full further on."""

SHORTEST_BAR_LOG10 = 3.0
LONGEST_BAR_LOG10 = 7.0

_RANK = {
    Conclusion.SUPPORTS_FACE_SWAP: 0,
    Conclusion.SUPPORTS_NO_FACE_SWAP: 1,
    Conclusion.INCONCLUSIVE: 2,
    Conclusion.NOT_EXAMINABLE: 3,
}


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
    ]


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
            sentence=found.sentence,
            strength=strength_of(case, found),
            bar=bar_of(case, found),
        )
    ]


def label_of(case: Case, conclusion: Conclusion) -> str:
    """Return a conclusion in words, after its mark."""
    words = case.template.conclusions[conclusion]
    return f"{words.mark} {words.label}"


def strength_of(case: Case, found: Verdict | TrackVerdict) -> tuple[str, ...]:
    """Put strength in words with its edges, then in numbers."""
    words = case.template.words
    if found.log10_lr is None or found.lower is None or found.upper is None:
        return (words.no_lr,)
    edges = words.edges.format(range=edges_of(band_of(found.log10_lr)))
    numbers = words.lr_numbers.format(
        value=signed(found.log10_lr), low=signed(found.lower), high=signed(found.upper),
        lr_value=ratio(found.log10_lr), lr_low=ratio(found.lower), lr_high=ratio(found.upper),
    )  # fmt: skip
    return (f"{found.strength} ({edges})", numbers)


def bar_of(case: Case, found: Verdict | TrackVerdict) -> Bar | None:
    """Make the bar of one result; all bars of a report share one scale."""
    if found.log10_lr is None or found.lower is None or found.upper is None:
        return None
    everyone: tuple[Verdict | TrackVerdict, ...] = (
        case.record.verdict,
        *case.record.verdict.tracks,
    )
    ends = [abs(end) for one in everyone for end in (one.lower, one.upper) if end is not None]
    words = case.template.words
    return Bar(
        log10_lr=found.log10_lr, lower=found.lower, upper=found.upper,
        half_range=min(max(SHORTEST_BAR_LOG10, *ends, 0.0), LONGEST_BAR_LOG10),
        bands=case.scale.bands, left=words.bar_left, right=words.bar_right,
    )  # fmt: skip


def person(case: Case, found: TrackVerdict, reasons: int | None = None) -> Person:
    """Make one person's row.

    Args:
        case: The report.
        found: Their verdict.
        reasons: How many to print; None for all, in full.
    """
    words, track = case.template.words, case.track(found.track)
    title = words.face.format(id=found.track)
    if track is not None:
        wording = words.face_title if case.record.media.kind == "video" else words.face_title_still
        title = wording.format(
            id=track.id, start=seconds(track.start_s), end=seconds(track.end_s),
            px=round(track.quality.face_px),
        )  # fmt: skip
    shown = found.reasons if reasons is None else first(found.reasons, reasons, "")
    repeated = found.log10_lr is None and any(reason in found.sentence for reason in shown)
    return Person(
        title=title,
        thumbnail=case.exhibit(track.thumbnail) if track else None,
        conclusion=found.conclusion,
        label=label_of(case, found.conclusion),
        sentence=_sentence(found, in_full=reasons is None),
        strength=strength_of(case, found),
        bar=bar_of(case, found),
        reasons=() if repeated else shown,
    )


def _sentence(found: TrackVerdict, *, in_full: bool) -> str:
    """Return the sentence; not on the first page where strength already says the same."""
    if in_full:
        return found.sentence
    return cut(found.sentence) if found.log10_lr is None else ""


def _seen(case: Case, found: TrackVerdict) -> int:
    track = case.track(found.track)
    return track.frames_seen if track else 0


def ranked(case: Case) -> list[TrackVerdict]:
    """Order people: strongest conclusions first, longest seen first among equals."""
    return sorted(
        case.record.verdict.tracks,
        key=lambda one: (
            _RANK[one.conclusion],
            -abs(one.log10_lr or 0.0),
            -_seen(case, one),
            one.track,
        ),
    )


def people(case: Case) -> list[Block]:
    """Show the people with the strongest conclusions, and count the others."""
    template, words = case.template, case.template.words
    everyone, most = ranked(case), case.template.people_first_page
    blocks: list[Block] = [
        person(case, one, template.reasons_first_page) for one in everyone[:most]
    ]
    if len(everyone) > most:
        kinds = counted(case, (one.conclusion for one in everyone[most:]))
        more = words.people_more.format(count=len(everyone) - most, kinds=kinds)
        blocks.append(Paragraph(more, style="note"))
    if blocks:
        told = words.faces_shown if case.show_faces else words.faces_blurred
        blocks.append(Paragraph(told, style="note"))
    return blocks


def counted(case: Case, conclusions: Iterable[Conclusion]) -> str:
    """Count conclusions in words."""
    tally = Counter(conclusions)
    labels = case.template.conclusions
    return ", ".join(
        f"{tally[kind]} × {labels[kind].label.lower()}" for kind in Conclusion if tally[kind]
    )


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


def notable(case: Case) -> list[Block]:
    """List the facts that belong on the first page."""
    always = case.template.first_page_facts
    facts = [
        fact for fact in case.record.facts()
        if fact.notable or f"{fact.analyzer}.{fact.name}" in always
    ]  # fmt: skip
    lines = [fact.words or f"{human(fact.name)}: {value_of(fact.value)}" for fact in facts]
    template = case.template
    shown = first(
        lines, template.facts_first_page, template.sections["container"].title,
        template.words.more,
    )  # fmt: skip
    return [Bullets(shown)] if shown else []


def human(name: str) -> str:
    """Turn an identifier into words."""
    spaced = name.replace("_", " ").strip()
    return spaced[:1].upper() + spaced[1:]


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
                    case.template.sections["calibration"].title,
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


def signal_name(key: str) -> str:
    """Name a signal for people, from "analyzer.name"."""
    analyzer, _, name = key.partition(".")
    return f"{human(name)} ({human(analyzer).lower()})" if name else human(analyzer)


def not_tested(case: Case) -> list[Block]:
    """List what was not tested."""
    template = case.template
    shown = first(
        case.record.verdict.not_examined, template.untested_first_page,
        template.sections["untested_all"].title, template.words.more,
    )  # fmt: skip
    return [Bullets(shown)] if shown else []


def not_meant(case: Case) -> list[Block]:
    """Say what the conclusion must not be taken for."""
    return [Bullets(case.template.conclusions[case.record.verdict.conclusion].not_meant)]


def all_people(case: Case) -> list[Block]:
    """Show every person in full, in order of appearance, where the first page could not."""
    template, found = case.template, case.record.verdict.tracks
    whole = len(found) <= template.people_first_page and all(
        len(one.reasons) <= template.reasons_first_page
        and max(map(len, (one.sentence, *one.reasons))) <= FIRST_PAGE_CHARS
        for one in found
    )
    return [] if whole else [person(case, one) for one in found]
