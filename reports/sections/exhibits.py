"""The exhibits: what was measured when, what was pictured, what the file says of itself."""

from __future__ import annotations

from itertools import pairwise

from forensics.record import Fact, Signal
from reports.content import (
    Block,
    Case,
    Course,
    FrameTypes,
    Paragraph,
    Plate,
    Strip,
    Table,
    Timeline,
)
from reports.numbers import plain, seconds, signed
from reports.sections.naming import human, signal_name, value_of
from reports.sections.people import ranked

STRIPS_PER_PERSON = 10
SHORTEST_COURSE = 12
"""A list of at least so many numbers or frame types is drawn, not printed."""

LONGEST_COURSE = 600
FRAME_LETTERS = frozenset("IPBS?")


def timelines(case: Case) -> list[Block]:
    """Draw every person's signals over time, and list every signal in words."""
    blocks: list[Block] = []
    strongest = {one.track for one in ranked(case)[: case.template.people_timelines]}
    shown = [track.id for track in case.record.tracks if track.id in strongest]
    for number in (*shown, None):
        about_them = [seen for seen in case.record.signals() if seen.extent.track == number]
        courses = [seen for seen in about_them if len(seen.times_s) > 1]
        if courses:
            blocks.append(_timeline(case, number, courses))
        if len(courses) > STRIPS_PER_PERSON:
            more = case.template.words.strips_more.format(count=len(courses) - STRIPS_PER_PERSON)
            blocks.append(Paragraph(more, style="note"))
        if about_them:
            blocks += _measurements(case, number, about_them)
    left = len(case.record.tracks) - len(shown)
    more = case.template.words.people_untimed.format(count=left)
    return [*blocks, Paragraph(more, style="note")] if left else blocks


def _timeline(case: Case, number: int | None, signals: list[Signal]) -> Timeline:
    start = min(seen.times_s[0] for seen in signals)
    end = max(seen.times_s[-1] for seen in signals)
    cuts = tuple(shot.start_s for shot in case.record.shots if start < shot.start_s < end)
    words = case.template.words
    return Timeline(
        title=human(about(case, None, None, number)), start_s=start, end_s=end, cuts_s=cuts,
        strips=tuple(
            Strip(
                signal_name(_key(seen)),
                words.score.format(score=plain(seen.score), unit=seen.unit),
                seen.times_s, seen.values,
            )
            for seen in signals[:STRIPS_PER_PERSON]
        ),
        axis=words.time_axis,
    )  # fmt: skip


def _key(seen: Signal) -> str:
    return f"{seen.analyzer}.{seen.name}"


def _measurements(case: Case, number: int | None, signals: list[Signal]) -> list[Block]:
    words = case.template.words
    share = {
        name: value
        for weight in case.record.weights
        if weight.track == number
        for name, value in weight.contributions
    }
    rows = tuple(
        (
            signal_name(_key(seen)), f"{plain(seen.score)} {seen.unit}",
            signed(share[_key(seen)]) if _key(seen) in share else "–", seen.words,
        )
        for seen in signals
    )  # fmt: skip
    who = human(about(case, None, None, number))
    return [
        Paragraph(words.all_measurements.format(who=who), style="subhead"),
        Table(words.columns_signal, rows, (0.28, 0.17, 0.11, 0.44)),
    ]


def pictures(case: Case) -> list[Block]:
    """Show every exhibit that is not a thumbnail or a control, beside its control."""
    record, words = case.record, case.template.words
    thumbnails = {track.thumbnail for track in record.tracks}
    controls = {exhibit.control for exhibit in record.exhibits}
    plates: list[Block] = [
        Plate(exhibit, case.exhibit(exhibit.control), words.control, words.no_control)
        for exhibit in record.exhibits
        if exhibit.file not in thumbnails | controls
    ]
    hidden = any(isinstance(plate, Plate) and plate.exhibit.shows_face for plate in plates)
    if hidden and not case.show_faces:
        return [Paragraph(words.faces_blurred, style="note"), *plates]
    return plates


def container(case: Case) -> list[Block]:
    """Print what the file says of its own making."""
    return _facts(case, case.template.facts.container)


def credentials(case: Case) -> list[Block]:
    """Print what Content Credentials say, or that they say nothing."""
    return _facts(case, case.template.facts.credentials)


def other_facts(case: Case) -> list[Block]:
    """Print the facts that no other section prints."""
    grouped = {*case.template.facts.container, *case.template.facts.credentials}
    rest = dict.fromkeys(
        fact.analyzer for fact in case.record.facts() if fact.analyzer not in grouped
    )
    return _facts(case, tuple(rest))


def _facts(case: Case, analyzers: tuple[str, ...]) -> list[Block]:
    facts = [fact for fact in case.record.facts() if fact.analyzer in analyzers]
    abstained = [
        Paragraph(f"{case.template.reasons[seen.reason]}: {seen.detail}", human(seen.analyzer))
        for seen in case.record.abstentions()
        if seen.analyzer in analyzers and seen.extent.track is None
    ]
    pairs = [(fact, _drawn(case, fact)) for fact in facts]
    rows = tuple(_row(case, fact) for fact, drawn in pairs if drawn is None)
    table: list[Block] = []
    if rows:
        table.append(Table(case.template.words.columns_fact, rows, (0.3, 0.5, 0.2)))
    return [*table, *(drawn for _, drawn in pairs if drawn is not None), *abstained]


def _row(case: Case, fact: Fact) -> tuple[str, ...]:
    name = human(fact.name)
    if fact.extent.track is not None:
        name = f"{name} · {case.template.words.face.format(id=fact.extent.track)}"
    value = "" if fact.value is None or fact.value == "" else value_of(fact.value, fact.unit)
    return (name, " – ".join(part for part in (value, fact.words) if part) or "–", fact.locator)


def _drawn(case: Case, fact: Fact) -> Block | None:
    """Draw a fact that is better seen than read: a long row of numbers or of frame types.

    Numbers that only ever rise are positions, and are printed.
    """
    value = fact.value if isinstance(fact.value, tuple) else ()
    numbers = [float(one) for one in value if isinstance(one, int | float)]
    if len(numbers) == len(value) >= SHORTEST_COURSE:
        rising = all(before < after for before, after in pairwise(numbers))
        return None if rising else _course(case, fact, numbers)
    letters = "".join(str(one) for one in value) if value else str(fact.value)
    single = not value or all(isinstance(one, str) and len(one) == 1 for one in value)
    if single and len(letters) >= SHORTEST_COURSE and set(letters) <= FRAME_LETTERS:
        return _frame_types(case, fact, letters[:LONGEST_COURSE])
    return None


def _course(case: Case, fact: Fact, numbers: list[float]) -> Course:
    caption = case.template.words.gop_series.format(
        name=human(fact.name), low=plain(min(numbers)), high=plain(max(numbers)), unit=fact.unit,
        words=fact.words,
    )  # fmt: skip
    return Course(tuple(numbers[:LONGEST_COURSE]), caption)


def _frame_types(case: Case, fact: Fact, letters: str) -> FrameTypes:
    caption = case.template.words.gop_types.format(
        name=human(fact.name), count=len(letters), place=fact.locator
    )
    return FrameTypes(letters, caption)


def about(case: Case, start: float | None, end: float | None, track: int | None) -> str:
    """Say what part of the item something is about."""
    words = case.template.words
    who = words.whole_item if track is None else words.face.format(id=track)
    if start is None or end is None or track is not None:
        return who
    return f"{who}, {words.about_time.format(start=seconds(start), end=seconds(end))}"
