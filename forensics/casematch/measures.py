"""From segments' values to how often each method was right, and what the face is closer to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from forensics.case_validation import (
    Closer,
    MethodValidation,
    Rate,
    Reading,
    TraceComparison,
)
from forensics.casematch.segments import Segment
from forensics.record import Conclusion, round_floats

LEAST_APART = 1.5
"""A trace tells fake and original apart from so many spreads on; else nothing is closer."""

UNDECIDED = (0.35, 0.65)
"""Between these shares of the way from the original to the fake the face is closer to neither."""

IDENTITY = "identity"

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Kinds:
    """The segments by what they are.

    Attributes:
        questioned: Of the questioned item.
        fakes: Of each comparison fake.
        originals: Of each original.
        controls: Of each other genuine clip.
    """

    questioned: tuple[Segment, ...]
    fakes: tuple[tuple[Segment, ...], ...]
    originals: tuple[tuple[Segment, ...], ...]
    controls: tuple[tuple[Segment, ...], ...]

    @property
    def all_fakes(self) -> tuple[Segment, ...]:
        """Every fake segment."""
        return tuple(segment for clip in self.fakes for segment in clip)

    @property
    def all_genuine(self) -> tuple[Segment, ...]:
        """Every genuine segment."""
        return tuple(s for clip in (*self.originals, *self.controls) for s in clip)

    @property
    def compared(self) -> tuple[tuple[Segment, ...], ...]:
        """The originals, or the controls where there is no original with a face."""
        return self.originals if any(self.originals) else self.controls


def rate(right: int, wrong: int, silent: int) -> Rate:
    """Return a rate with its 95 % Clopper-Pearson interval.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits" (1934).
    """
    n = right + wrong
    if n == 0:
        return Rate(right=0, wrong=0, silent=silent, share=None, lower=None, upper=None)
    lower = float(beta.ppf(0.025, right, wrong + 1)) if right else 0.0
    upper = float(beta.ppf(0.975, right + 1, wrong)) if wrong else 1.0
    return Rate(
        right=right, wrong=wrong, silent=silent, share=round_floats(right / n),
        lower=round_floats(lower), upper=round_floats(upper),
    )  # fmt: skip


def beyond_chance(found: Rate, measurements: int) -> bool:
    """Say whether a method was right more often than tossing coins, one of so many tried.

    One-sided binomial test at 2.5 %, divided by the number of measurements (Bonferroni): of
    fifteen, one would pass by accident now and then.
    """
    return bool(found.n and binom.sf(found.right - 1, found.n, 0.5) < 0.025 / max(1, measurements))


def together(a: Rate, b: Rate) -> Rate:
    """Return the rate over both kinds."""
    return rate(a.right + b.right, a.wrong + b.wrong, a.silent + b.silent)


def methods(kinds: Kinds) -> tuple[MethodValidation, ...]:
    """Say how often each method was right; the verdict first, then the best."""
    names = sorted({n for s in (*kinds.all_fakes, *kinds.all_genuine) for n in s.values})
    found = [_signal(name, kinds, len(names)) for name in names]
    found.sort(key=lambda one: (-(one.overall.lower or 0.0), one.method))
    return (_verdict(kinds), *found)


def _verdict(kinds: Kinds) -> MethodValidation:
    """Take the verdict as it stands: with its own calibration and its own limits."""
    swap, none = Conclusion.SUPPORTS_FACE_SWAP.value, Conclusion.SUPPORTS_NO_FACE_SWAP.value

    def counted(segments: tuple[Segment, ...], right: str, wrong: str) -> Rate:
        said = [segment.conclusion for segment in segments]
        return rate(said.count(right), said.count(wrong), len(said) - sum(
            said.count(word) for word in (right, wrong)))  # fmt: skip

    on_fakes = counted(kinds.all_fakes, swap, none)
    on_controls = counted(kinds.all_genuine, none, swap)
    said = [segment.conclusion for segment in kinds.questioned]
    ratios = [s.log10_lr for s in kinds.questioned if s.log10_lr is not None]
    reads: Reading = "silent"
    if said.count(swap) > len(said) / 2:
        reads = "fake"
    elif said.count(none) > len(said) / 2:
        reads = "genuine"
    return MethodValidation(
        method="verdict", title="Verdict of the tool",
        rule="what the tool concludes of each segment, with its own calibration; inconclusive "
        "counts as silent",
        unit="log10 LR", on_fakes=on_fakes, on_controls=on_controls,
        overall=together(on_fakes, on_controls),
        questioned=round_floats(float(np.median(ratios))) if ratios else None, threshold=None,
        questioned_reads=reads,
    )  # fmt: skip


def _signal(name: str, kinds: Kinds, measurements: int) -> MethodValidation:
    """Divide fakes from genuine footage half-way, by the other moments only."""
    fakes = [_of(clip, name) for clip in kinds.fakes]
    genuine = [_of(clip, name) for clip in (*kinds.originals, *kinds.controls)]
    on_fakes = _counted(fakes, kinds.fakes, fakes, genuine, above_is_right=True)
    on_controls = _counted(
        genuine, (*kinds.originals, *kinds.controls), fakes, genuine, above_is_right=False
    )
    overall = together(on_fakes, on_controls)
    own = _of(kinds.questioned, name)
    middle = float(np.median(list(own.values()))) if own else None
    edge = _threshold(fakes, genuine, None)
    reads: Reading = "silent"
    if middle is not None and edge is not None and beyond_chance(overall, measurements):
        reads = "fake" if middle > edge else "genuine"
    unit, title = _named(name, (*kinds.all_fakes, *kinds.all_genuine))
    return MethodValidation(
        method=name, title=title,
        rule="a segment is called a fake above the middle between fakes and genuine footage at "
        "the other moments",
        unit=unit, on_fakes=on_fakes, on_controls=on_controls, overall=overall,
        questioned=None if middle is None else round_floats(middle),
        threshold=None if edge is None else round_floats(edge), questioned_reads=reads,
    )  # fmt: skip


def _of(clip: tuple[Segment, ...], name: str) -> dict[int, float]:
    return {segment.number: segment.values[name] for segment in clip if name in segment.values}


def _named(name: str, segments: tuple[Segment, ...]) -> tuple[str, str]:
    for segment in segments:
        if name in segment.units:
            return segment.units[name], segment.titles[name]
    return "", name


def _threshold(
    fakes: list[dict[int, float]], genuine: list[dict[int, float]], without: int | None
) -> float | None:
    """Return the middle between the medians of both kinds at all moments but one."""
    sides = [
        [value for clip in side for moment, value in clip.items() if moment != without]
        for side in (fakes, genuine)
    ]
    if not all(sides):
        return None
    return float((np.median(sides[0]) + np.median(sides[1])) / 2)


def _counted(
    values: list[dict[int, float]], clips: tuple[tuple[Segment, ...], ...],
    fakes: list[dict[int, float]], genuine: list[dict[int, float]], *, above_is_right: bool,
) -> Rate:  # fmt: skip
    right = wrong = silent = 0
    for known, clip in zip(values, clips, strict=True):
        for segment in clip:
            edge = _threshold(fakes, genuine, segment.number)
            if segment.number not in known or edge is None:
                silent += 1
            elif (known[segment.number] > edge) == above_is_right:
                right += 1
            else:
                wrong += 1
    return rate(right, wrong, silent)


def traces(kinds: Kinds) -> tuple[TraceComparison, ...]:
    """Say of each trace whether the questioned face is closer to the fakes or to the original."""
    fakes = kinds.all_fakes
    originals = tuple(segment for clip in kinds.compared for segment in clip)
    found = [
        one
        for name in sorted({n for s in kinds.questioned for n in s.values})
        if (one := _trace(name, kinds.questioned, fakes, originals)) is not None
    ]
    found.sort(key=lambda one: (-one.fake_from_original, one.trace))
    look = identity(kinds)
    return ((look,) if look else ()) + tuple(found)


def _trace(
    name: str, questioned: tuple[Segment, ...], fakes: tuple[Segment, ...],
    originals: tuple[Segment, ...],
) -> TraceComparison | None:  # fmt: skip
    sides = [
        np.array([s.values[name] for s in side if name in s.values])
        for side in (questioned, fakes, originals)
    ]
    if min(len(side) for side in sides) < 2:
        return None
    unit, title = _named(name, (*fakes, *originals))
    return compared(name, title, unit, *sides)


def compared(
    trace: str, title: str, unit: str, questioned: Values, fake: Values, original: Values
) -> TraceComparison:
    """Compare one trace's values, (n,), (m,) and (k,), of two or more segments each."""
    q, f, o = (float(np.median(side)) for side in (questioned, fake, original))
    spread = max(pooled(fake, original), 1e-3 * max(abs(f), abs(o)), 1e-9)
    apart = abs(f - o) / spread
    way = (q - o) / (f - o) if f != o else 0.5
    closer: Closer = "undecided"
    if apart >= LEAST_APART and not UNDECIDED[0] <= way <= UNDECIDED[1]:
        closer = "comparison_fake" if way > UNDECIDED[1] else "original"
    return TraceComparison(
        trace=trace, title=title, unit=unit, questioned=round_floats(q),
        comparison_fake=round_floats(f), original=round_floats(o), spread=round_floats(spread),
        fake_from_original=round_floats(apart), to_fake=round_floats(abs(q - f) / spread),
        to_original=round_floats(abs(q - o) / spread), closer=closer,
        sentence=_sentence(apart, way, closer),
    )  # fmt: skip


def pooled(fake: Values, original: Values) -> float:
    """Return the standard deviation within fakes and within originals, pooled."""
    parts = [float(np.var(side, ddof=1)) for side in (fake, original) if len(side) > 1]
    return float(np.sqrt(np.mean(parts))) if parts else 0.0


def _sentence(apart: float, way: float, closer: Closer) -> str:
    if apart < LEAST_APART:
        return (
            f"Fake and original lie only {apart:.1f} spreads apart here: this trace does not tell "
            "them apart."
        )
    where = f"{100 * way:.0f} % of the way from the original to the comparison fake"
    if closer == "undecided":
        return f"The questioned face lies {where}: between the two."
    return f"The questioned face lies {where} ({apart:.1f} spreads)."


def identity(kinds: Kinds) -> TraceComparison | None:
    """Place the questioned face between the original's identity and the nearest fake's.

    The value of a segment is its place on the line between the two mean embeddings, 0 at the
    original and 1 at the fake; each mean leaves the segment's own moment out.
    """
    originals = tuple(segment for clip in kinds.compared for segment in clip)
    usable = [clip for clip in kinds.fakes if len(clip) >= 2]
    if len(originals) < 2 or not usable or len(kinds.questioned) < 2:
        return None
    look = np.mean([s.embedding for s in kinds.questioned], axis=0)
    fake = min(usable, key=lambda clip: float(np.linalg.norm(_center(clip, None) - look)))
    q, f, o = (_places(side, fake, originals) for side in (kinds.questioned, fake, originals))
    found = compared(IDENTITY, "Identity", "0 original, 1 fake", q, f, o)
    far = [
        float(np.linalg.norm(_center(kinds.questioned, None) - _center(side, None)))
        for side in (fake, originals)
    ]
    words = (
        f" Embedding distance to the fake {far[0]:.2f}, to the original {far[1]:.2f}, between the "
        f"two {np.linalg.norm(_center(fake, None) - _center(originals, None)):.2f}."
    )
    return found.model_copy(update={"sentence": found.sentence + words})


def _center(segments: tuple[Segment, ...], without: int | None) -> Values:
    kept = [s.embedding for s in segments if s.number != without] or [s.embedding for s in segments]
    return np.asarray(np.mean(kept, axis=0), dtype=np.float64)


def _places(
    side: tuple[Segment, ...], fake: tuple[Segment, ...], originals: tuple[Segment, ...]
) -> Values:
    found = []
    for segment in side:
        start, end = (_center(known, segment.number) for known in (originals, fake))
        line = end - start
        length = max(float(line @ line), 1e-9)
        found.append(float((np.array(segment.embedding) - start) @ line) / length)
    return np.array(found, dtype=np.float64)
