"""What the evidence supports for each person, on the first page and in full."""

from __future__ import annotations

import math

from forensics.interpretation.strength import band_of
from forensics.record import Conclusion, LikelihoodRatio, TrackVerdict, Verdict
from reports.case import Case
from reports.content import Bar, Block, Paragraph, Person
from reports.numbers import ratio, seconds, signed
from reports.sections.naming import FIRST_PAGE_CHARS, counted, cut, first

SHORTEST_BAR_LOG10 = 3.0
LONGEST_BAR_LOG10 = 7.0

_RANK = {
    Conclusion.SUPPORTS_FACE_SWAP: 0,
    Conclusion.SUPPORTS_NO_FACE_SWAP: 1,
    Conclusion.INCONCLUSIVE: 2,
    Conclusion.NOT_EXAMINABLE: 3,
}


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


def all_people(case: Case) -> list[Block]:
    """Show every person in full, in order of appearance, where the first page could not."""
    template, found = case.template, case.record.verdict.tracks
    whole = len(found) <= template.people_first_page and all(
        len(one.reasons) <= template.reasons_first_page
        and max(map(len, (one.sentence, *one.reasons))) <= FIRST_PAGE_CHARS
        for one in found
    )
    return [] if whole else [person(case, one) for one in found]


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


def _seen(case: Case, found: TrackVerdict) -> int:
    track = case.track(found.track)
    return track.frames_seen if track else 0


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
    shown = tuple(map(case.said, shown))
    return Person(
        title=title,
        thumbnail=case.exhibit(track.thumbnail) if track else None,
        conclusion=found.conclusion,
        label=label_of(case, found.conclusion),
        sentence=_sentence(case, found, in_full=reasons is None),
        strength=strength_of(case, found),
        bar=bar_of(case, found),
        reasons=() if repeated else shown,
    )


def sentence_of(case: Case, found: Verdict | TrackVerdict) -> str:
    """Return a verdict's sentence, in the language's own words where it has them."""
    words = case.template.words
    if not case.template.own_sentences:
        return found.sentence
    own = {
        Conclusion.SUPPORTS_FACE_SWAP: words.own_swap,
        Conclusion.SUPPORTS_NO_FACE_SWAP: words.own_genuine,
        Conclusion.INCONCLUSIVE: words.own_open,
        Conclusion.NOT_EXAMINABLE: words.own_unexamined,
    }[found.conclusion]
    strength = case.said(found.strength)
    return own.format(
        strength=strength[:1].upper() + strength[1:],
        times=ratio(abs(found.log10_lr or 0.0)), original=case.said(found.sentence),
    )  # fmt: skip


def _sentence(case: Case, found: TrackVerdict, *, in_full: bool) -> str:
    """Return the sentence; not on the first page where strength already says the same."""
    if in_full:
        return sentence_of(case, found)
    return cut(sentence_of(case, found)) if found.log10_lr is None else ""


def label_of(case: Case, conclusion: Conclusion) -> str:
    """Return a conclusion in words, after its mark."""
    words = case.template.conclusions[conclusion]
    return f"{words.mark} {words.label}"


def strength_of(case: Case, found: Verdict | TrackVerdict) -> tuple[str, ...]:
    """Put strength in words with its edges, then in numbers."""
    words = case.template.words
    if found.log10_lr is None or found.lower is None or found.upper is None:
        return (words.no_lr,)
    edges = words.edges.format(range=_edges(case, found.log10_lr))
    if found.lower == found.upper:  # not certainty: the calibration may not say more
        return (f"{case.said(found.strength)} ({edges})", _capped(case, found, found.log10_lr))
    numbers = words.lr_numbers.format(
        value=signed(found.log10_lr), low=signed(found.lower), high=signed(found.upper),
        lr_value=ratio(found.log10_lr), lr_low=ratio(found.lower), lr_high=ratio(found.upper),
    )  # fmt: skip
    return (f"{case.said(found.strength)} ({edges})", numbers)


def _capped(case: Case, found: Verdict | TrackVerdict, log10_lr: float) -> str:
    """Say why an interval has no width: the ratio, or those it was made of, are at their bound."""
    words, behind = case.template.words, _weights(case, found)
    people = min((min(one.n_h1, one.n_h2) for one in behind), default=0)
    at_bound = any(abs(log10_lr) >= one.bound - 0.005 for one in behind)
    wording = words.panel_at_bound if at_bound else words.lr_capped
    return wording.format(value=signed(log10_lr), people=people)


def _weights(case: Case, found: Verdict | TrackVerdict) -> list[LikelihoodRatio]:
    """Return the weights that speak of a verdict's face, or all of them for the item's."""
    track = found.track if isinstance(found, TrackVerdict) else None
    theirs = [one for one in case.record.weights if one.track == track]
    return theirs or list(case.record.weights)


def _edges(case: Case, log10_lr: float) -> str:
    """Print the edges of the band a result lies in, as likelihood ratios."""
    band, words = band_of(log10_lr), case.template.words
    low = f"{10**band.lower_log10:,.0f}"
    if math.isinf(band.upper_log10):
        return words.edges_more.format(low=low)
    return words.interval.format(low=low, high=f"{10**band.upper_log10:,.0f}")


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
