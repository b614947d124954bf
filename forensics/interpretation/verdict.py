"""What the evidence supports, how strongly, and what was not tested."""

from __future__ import annotations

import math

from forensics.interpretation.calibration import Calibration, signal_values
from forensics.interpretation.strength import SUPPORT_FROM_LOG10, band_of, words_for
from forensics.record import (
    Abstention,
    Conclusion,
    Fact,
    LikelihoodRatio,
    Media,
    Observation,
    Reason,
    Signal,
    TrackSummary,
    TrackVerdict,
    Verdict,
    round_floats,
)

H1 = "the face region of this track was replaced by another face (a face swap)"
H2 = "the face region of this track was recorded and only transcoded"

LIMITATIONS = (
    "Likelihood ratios come from calibrations on pseudo-fakes and genuine faces described in the "
    "method section; how they carry over to methods and footage unlike those is not known.",
    "Fully synthetic video, lip-sync and reenactment without a replaced face, cloned voices, "
    "staged scenes and misleading context are not what was tested.",
    "Beauty filters, heavy make-up, strong compression and legitimate visual effects can look "
    "like a swap; a good swap of small size can look genuine.",
    "'Supports no face swap' is not proof of authenticity: it says that the traces looked for "
    "were not found where they would be expected.",
)

MADE_HERE, MADE_BY_MODEL, CREDENTIALS = (
    "own_comparison.recognized", "content_credentials.ai_generation", "content_credentials.state",
)  # fmt: skip
"""Facts that say a program drew the picture. They are never weighed, but beside one of them the
absence of traces is not reported as support for no swap."""

WEIGHT_ANALYZER = "weight_of_evidence"


def weigh(
    signals: list[Signal],
    tracks: tuple[TrackSummary, ...],
    calibrations: tuple[Calibration, ...],
    analyzers: dict[str, str],
    digests: dict[str, str],
) -> tuple[list[LikelihoodRatio], list[Observation]]:
    """Weigh each track by the first calibration that fits; abstain where none does.

    Args:
        signals: Of all analyzers.
        tracks: To weigh.
        calibrations: In the order they are tried.
        analyzers: Versions of the analyzers that ran.
        digests: Of the weights they used.

    Returns:
        At most one likelihood ratio a track, and the reasons for the others.
    """
    weights: list[LikelihoodRatio] = []
    reasons: list[Observation] = []
    for track in tracks:
        values = signal_values(signals, track.id)
        why: list[str] = []
        uncalibrated = True
        for calibration in calibrations:
            mismatch = calibration.mismatch(analyzers, digests)
            if mismatch:
                why.append(f"{calibration.source}: {mismatch}")
                continue
            weighed = calibration.weigh(track, values)
            if isinstance(weighed, LikelihoodRatio):
                weights.append(weighed)
                break
            uncalibrated = False
            why.append(f"{calibration.source}: {weighed}")
        else:
            reason = Reason.UNCALIBRATED if uncalibrated else Reason.OUT_OF_RANGE
            reasons.append(_abstain(reason, "; ".join(why) or "no calibration is installed", track))
    return weights, reasons


def _abstain(reason: Reason, detail: str, track: TrackSummary) -> Abstention:
    from forensics.record import Extent

    where = Extent(start_s=track.start_s, end_s=track.end_s, track=track.id)
    return Abstention(
        analyzer=WEIGHT_ANALYZER, version="1", reason=reason, detail=detail, extent=where
    )


def item_weight(
    weights: list[LikelihoodRatio], tracks: tuple[TrackSummary, ...]
) -> LikelihoodRatio | None:
    """Combine tracks into the item: one of them was replaced, and it is not known which.

    Under H1 for the item the replaced track is any of them, in proportion to its share of the
    sightings, so the item's likelihood ratio is the mean of the tracks' by that share. It grows
    with the evidence on one face and falls with the number of faces that had to be looked at.
    """
    if not weights:
        return None
    seen = {track.id: track.frames_seen for track in tracks}
    total = sum(seen[weight.track or 0] for weight in weights)

    def mean(values: list[float]) -> float:
        share = [seen[w.track or 0] / total for w in weights]
        top = max(values)
        rest = sum(s * 10 ** (v - top) for s, v in zip(share, values, strict=True))
        return top + math.log10(rest)

    first = weights[0]
    strongest = max(weights, key=lambda weight: weight.score)
    return first.model_copy(
        update={
            "track": None,
            "score": round_floats(mean([w.score for w in weights])),
            "log10_lr": round_floats(mean([w.log10_lr for w in weights])),
            "lower": round_floats(mean([w.lower for w in weights])),
            "upper": round_floats(mean([w.upper for w in weights])),
            "bound": max(w.bound for w in weights),
            "contributions": strongest.contributions,
        }
    )


def conclude(
    media: Media,
    tracks: tuple[TrackSummary, ...],
    observations: list[Observation],
    weights: list[LikelihoodRatio],
    item: LikelihoodRatio | None,
) -> Verdict:
    """Put the weights into a verdict for the item and each person."""
    signals = [seen for seen in observations if isinstance(seen, Signal)]
    by_track = {weight.track: weight for weight in weights}
    said_made = _said_made(observations)
    people = tuple(_person(t, by_track.get(t.id), signals, observations, said_made) for t in tracks)
    conclusion, why = _item_conclusion(media, tracks, people, item, said_made)
    reasons = [why] if why else []
    loudest = max(
        (p for p in people if p.log10_lr is not None),
        key=lambda p: (p.log10_lr or 0.0) * (-1 if item and item.log10_lr < 0 else 1),
        default=None,
    )
    if loudest is not None:
        prefix = f"Person {loudest.track}: " if len(people) > 1 else ""
        reasons += [prefix + reason for reason in loudest.reasons[:3]]
    value = item.log10_lr if item else None
    return Verdict(
        proposition_h1=H1, proposition_h2=H2, conclusion=conclusion,
        strength=words_for(value) if value is not None else "not weighed",
        log10_lr=value, lower=item.lower if item else None, upper=item.upper if item else None,
        score=item.score if item else None,
        sentence=_sentence(conclusion, value, people, why),
        reasons=tuple(reasons), limitations=LIMITATIONS,
        not_examined=_not_examined(media, tracks, observations), tracks=people,
    )  # fmt: skip


def _said_made(observations: list[Observation]) -> str:
    """Return what a fact says that a program drew the picture, or nothing."""
    facts = {f"{o.analyzer}.{o.name}": o for o in observations if isinstance(o, Fact)}
    for name in (MADE_HERE, MADE_BY_MODEL):
        fact = facts.get(name)
        if fact is None or not fact.notable:
            continue
        if name == MADE_BY_MODEL and facts[CREDENTIALS].value == "invalid":
            continue  # anybody can write what does not verify
        return fact.words
    return ""


def _conclusion_of(weight: LikelihoodRatio, said_made: str) -> Conclusion:
    if weight.log10_lr >= SUPPORT_FROM_LOG10 and weight.lower > 0:
        return Conclusion.SUPPORTS_FACE_SWAP
    if weight.log10_lr <= -SUPPORT_FROM_LOG10 and weight.upper < 0:
        return Conclusion.INCONCLUSIVE if said_made else Conclusion.SUPPORTS_NO_FACE_SWAP
    return Conclusion.INCONCLUSIVE


def _person(
    track: TrackSummary,
    weight: LikelihoodRatio | None,
    signals: list[Signal],
    observations: list[Observation],
    said_made: str,
) -> TrackVerdict:
    if weight is None:
        why = [
            seen.detail for seen in observations
            if isinstance(seen, Abstention) and seen.extent.track == track.id
        ]  # fmt: skip
        detail = why[-1] if why else "nothing could be measured"
        return TrackVerdict(
            track=track.id, conclusion=Conclusion.NOT_EXAMINABLE, strength="not weighed",
            log10_lr=None, lower=None, upper=None,
            sentence=f"Person {track.id} could not be weighed: {detail}.",
            reasons=tuple(dict.fromkeys(why)),
        )  # fmt: skip
    conclusion = _conclusion_of(weight, said_made)
    words = {f"{s.analyzer}.{s.name}": s.words for s in signals if s.extent.track == track.id}
    side = 1 if weight.log10_lr >= 0 else -1
    for_it = [(n, v) for n, v in weight.contributions if v * side > 0] or weight.contributions
    return TrackVerdict(
        track=track.id, conclusion=conclusion, strength=words_for(weight.log10_lr),
        log10_lr=weight.log10_lr, lower=weight.lower, upper=weight.upper,
        sentence=f"Person {track.id}: {_plain(conclusion, weight.log10_lr)}",
        reasons=tuple(words[name] for name, _ in for_it if name in words),
    )  # fmt: skip


def _two_digits(value: float) -> str:
    """Print a ratio with two significant digits, without an exponent: its interval is wider."""
    return f"{float(f'{value:.2g}'):,.12g}"


def _plain(conclusion: Conclusion, log10_lr: float) -> str:
    band = band_of(log10_lr)
    times = f"about {_two_digits(10 ** abs(log10_lr))} times more probable"
    if conclusion is Conclusion.SUPPORTS_FACE_SWAP:
        return (
            f"{band.words} for a face swap; the measurements are {times} if the face was "
            "replaced than if it was only recorded and transcoded."
        )
    if conclusion is Conclusion.SUPPORTS_NO_FACE_SWAP:
        return (
            f"{band.words} for no face swap; the measurements are {times} if the face was "
            "only recorded and transcoded than if it was replaced."
        )
    return f"inconclusive; the measurements carry {words_for(log10_lr)}."


def _item_conclusion(
    media: Media,
    tracks: tuple[TrackSummary, ...],
    people: tuple[TrackVerdict, ...],
    item: LikelihoodRatio | None,
    said_made: str,
) -> tuple[Conclusion, str]:
    if not tracks:
        what = "picture" if media.kind == "still" else "video"
        return Conclusion.NOT_EXAMINABLE, f"No face was found in this {what}."
    if item is None:
        return Conclusion.NOT_EXAMINABLE, people[0].sentence
    conclusion = _conclusion_of(item, said_made)
    if conclusion is not _conclusion_of(item, ""):
        return (
            Conclusion.INCONCLUSIVE,
            f"the traces looked for are missing, but this stands against it: {said_made}",
        )
    most = max(track.frames_seen for track in tracks)
    untold = [
        person.track
        for person, track in zip(people, tracks, strict=True)
        if person.conclusion is Conclusion.NOT_EXAMINABLE and track.frames_seen >= 0.3 * most
    ]
    if conclusion is Conclusion.SUPPORTS_NO_FACE_SWAP and untold:
        names = ", ".join(str(number) for number in untold)
        return (
            Conclusion.INCONCLUSIVE,
            f"Person {names} could not be weighed, so nothing is said of the whole item.",
        )
    return conclusion, ""


def _sentence(
    conclusion: Conclusion,
    log10_lr: float | None,
    people: tuple[TrackVerdict, ...],
    why: str,
) -> str:
    if conclusion is Conclusion.NOT_EXAMINABLE or log10_lr is None:
        return f"Not examinable: {why}"
    if why:
        return f"Inconclusive: {why}"
    told = sum(1 for person in people if person.log10_lr is not None)
    faces = "the one face" if told == 1 else f"the {told} faces"
    plain = _plain(conclusion, log10_lr)
    return f"On {faces} that could be weighed: {plain}"


def _not_examined(
    media: Media, tracks: tuple[TrackSummary, ...], observations: list[Observation]
) -> tuple[str, ...]:
    """Group abstentions by analyzer and reason, in words."""
    groups: dict[tuple[str, str], list[int]] = {}
    for seen in observations:
        if isinstance(seen, Abstention):
            key = (seen.analyzer, seen.detail)
            groups.setdefault(key, [])
            if seen.extent.track is not None:
                groups[key].append(seen.extent.track)
    lines = []
    for (analyzer, detail), whom in groups.items():
        people = f" for person {', '.join(map(str, whom))}" if whom and len(tracks) > 1 else ""
        lines.append(f"{analyzer.replace('_', ' ')}{people}: {detail}")
    if media.decode_failures or media.truncated:
        lines.append(
            f"parts of the file that could not be decoded ({media.decode_failures} failures)"
        )
    return tuple(lines)
