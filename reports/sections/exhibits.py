"""The exhibits: what was measured when, what was pictured, what the file says of itself."""

from __future__ import annotations

from itertools import pairwise

from forensics.record import Exhibit, Fact, Signal
from reports.case import Case
from reports.content import (
    Block,
    Compare,
    Course,
    FrameTypes,
    Paragraph,
    Plate,
    Strip,
    Table,
    Timeline,
    Viewer,
)
from reports.numbers import plain, seconds, signed
from reports.sections.naming import human, signal_name, value_of
from reports.sections.people import ranked
from reports.sections.validation import compared

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
        about_them = [one for one in case.record.signals() if one.extent.track == number]
        courses = [one for one in about_them if len(one.times_s) > 1]
        seen = _viewer(case, number, courses)
        if seen.frames or seen.timeline:
            blocks.append(seen)
        if len(courses) > STRIPS_PER_PERSON:
            more = case.template.words.strips_more.format(count=len(courses) - STRIPS_PER_PERSON)
            blocks.append(Paragraph(more, style="note"))
        if about_them and case.template.list_measurements:
            blocks += _measurements(case, number, about_them)
    left = len(case.record.tracks) - len(shown)
    more = case.template.words.people_untimed.format(count=left)
    return [*blocks, Paragraph(more, style="note")] if left else blocks


def _viewer(case: Case, number: int | None, courses: list[Signal]) -> Viewer:
    """Join a person's frames with what lies in the same space and with their courses."""
    theirs = [one for one in case.record.exhibits if one.track == number and number is not None]
    controls = {one.control for one in case.record.exhibits}
    return Viewer(
        title=human(about(case, None, None, number)), note=case.template.words.viewer_note,
        number=number, frames=next((one for one in theirs if one.times_s), None),
        overlays=tuple(
            one for one in theirs if one.aligned and not one.times_s and one.file not in controls
        ),
        timeline=_timeline(case, number, courses) if courses else None,
    )  # fmt: skip


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
            signed(share[_key(seen)]) if _key(seen) in share else "–", case.said(seen.words),
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
    controls = {exhibit.control for exhibit in record.exhibits} | compared(case)
    shown = [
        exhibit for exhibit in record.exhibits
        if exhibit.file not in thumbnails | controls and not exhibit.times_s
    ]  # fmt: skip
    plates = [_picture(case, exhibit) for exhibit in shown]
    if any(exhibit.shows_face for exhibit in shown) and not case.show_faces:
        return [Paragraph(words.faces_blurred, style="note"), *plates]
    return plates


def _picture(case: Case, exhibit: Exhibit) -> Block:
    """Show an exhibit: pictures side by side as they are, any other beside its control."""
    words = case.template.words
    told = _told(case, exhibit)
    if len(exhibit.panels) > 1:
        names = {
            "questioned": words.panel_questioned, "source": words.panel_source,
            "comparison": words.panel_comparison, "difference": words.panel_difference,
            "outline": words.panel_outline,
        }  # fmt: skip
        labels = tuple(names.get(panel, panel) for panel in exhibit.panels)
        return Compare(told.title, told.caption, (exhibit,), labels)
    control = case.exhibit(exhibit.control)
    beside = _told(case, control) if control else None
    return Plate(told, beside, words.control, words.no_control)


def _told(case: Case, exhibit: Exhibit) -> Exhibit:
    said = {"title": case.said(exhibit.title), "caption": case.said(exhibit.caption)}
    return exhibit.model_copy(update=said)


def container(case: Case) -> list[Block]:
    """Print what the file says of its own making."""
    return _facts(case, case.template.facts.container)


def credentials(case: Case) -> list[Block]:
    """Print what Content Credentials say, or that they say nothing."""
    return _facts(case, case.template.facts.credentials)


def other_facts(case: Case) -> list[Block]:
    """Print the facts that no other section prints."""
    groups = case.template.facts
    grouped = {*groups.container, *groups.credentials, *groups.hashes}
    rest = dict.fromkeys(
        fact.analyzer for fact in case.record.facts() if fact.analyzer not in grouped
    )
    return _facts(case, tuple(rest))


def _facts(case: Case, analyzers: tuple[str, ...]) -> list[Block]:
    facts = [fact for fact in case.record.facts() if fact.analyzer in analyzers]
    abstained = [
        Paragraph(
            f"{case.template.reasons[seen.reason]}: {case.said(seen.detail)}", human(seen.analyzer)
        )
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
    return (
        name,
        " – ".join(part for part in (value, case.said(fact.words)) if part) or "–",
        fact.locator,
    )


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
        words=case.said(fact.words),
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
