from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from forensics.casematch.measures import Kinds, beyond_chance, compared, methods, rate, traces
from forensics.casematch.segments import Segment, segment_edges
from forensics.casematch.words import summary
from forensics.record import Conclusion


def segment(
    number: int,
    value: float | None,
    *,
    look: float = 0.0,
    conclusion: Conclusion = Conclusion.INCONCLUSIVE,
) -> Segment:
    values = {} if value is None else {"method.score": value}
    place = np.zeros(128)
    place[0] = look
    place[1] = 0.01 * (-1) ** number
    return Segment(
        number=number, start_s=float(number), end_s=number + 1.0, values=values,
        units={"method.score": "steps"}, titles={"method.score": "Method: score"},
        log10_lr=None, conclusion=conclusion.value, face_px=120.0, qp=22.0,
        embedding=tuple(place.tolist()),
    )  # fmt: skip


def clip(values: list[float | None], **more: object) -> tuple[Segment, ...]:
    return tuple(segment(i, value, **more) for i, value in enumerate(values))  # type: ignore[arg-type]


@pytest.mark.parametrize(("right", "wrong"), [(8, 0), (0, 5), (7, 1), (15, 9)])
def test_the_interval_is_clopper_and_pearson_s(right: int, wrong: int) -> None:
    found, n = rate(right, wrong, 2), right + wrong
    assert found.share == pytest.approx(right / n)
    assert found.lower is not None
    assert found.upper is not None
    if right:  # the lower end: so many or more are seen with 2.5 %
        assert binom.sf(right - 1, n, found.lower) == pytest.approx(0.025, abs=1e-4)
    if wrong:
        assert binom.cdf(right, n, found.upper) == pytest.approx(0.025, abs=1e-4)


def test_a_method_that_never_spoke_has_no_rate() -> None:
    assert rate(0, 0, 4).share is None


def test_a_method_that_tells_is_right_and_reads_the_questioned_item() -> None:
    kinds = Kinds(
        clip([5.1, 4.9, 5.0]), (clip([5.0, 5.2, 4.8, 5.1, 5.0]),),
        (clip([1.0, 1.2, 0.9, 1.1, 1.0]),), (),
    )  # fmt: skip
    verdict, method = methods(kinds)
    assert verdict.method == "verdict"
    assert (verdict.on_fakes.silent, verdict.overall.share) == (5, None)
    assert (method.on_fakes.right, method.on_controls.right) == (5, 5)
    assert method.threshold == pytest.approx(3.0)
    assert method.questioned_reads == "fake"


def test_a_method_that_points_the_wrong_way_is_wrong_not_right() -> None:
    kinds = Kinds(clip([1.0, 1.0]), (clip([1.0, 1.1, 0.9]),), (clip([5.0, 5.1, 4.9]),), ())
    method = methods(kinds)[1]
    assert (method.on_fakes.right, method.on_fakes.wrong) == (0, 3)
    assert method.on_controls.wrong == 3
    assert method.questioned_reads == "silent"


def test_a_method_at_chance_reads_nothing(rng: np.random.Generator) -> None:
    fake, real = (clip(rng.normal(0, 1, 8).tolist()) for _ in range(2))
    assert methods(Kinds(clip([0.1, 0.2]), (fake,), (real,), ()))[1].questioned_reads == "silent"


def test_one_of_many_measurements_needs_more_to_be_believed() -> None:
    found = rate(12, 3, 1)  # 1.8 % by tossing coins
    assert beyond_chance(found, 1)
    assert not beyond_chance(found, 15)
    assert beyond_chance(rate(16, 0, 0), 15)
    assert not beyond_chance(rate(0, 16, 0), 1)
    assert not beyond_chance(rate(0, 0, 16), 1)


def test_the_threshold_of_a_segment_never_saw_its_moment() -> None:
    # Over all moments the edge is 3, and both controls lie below it. Without moment 1 it is 0.5.
    kinds = Kinds(clip([0.0, 0.0]), (clip([1.0, 9.0]),), (clip([0.0, 2.0]),), ())
    method = methods(kinds)[1]
    assert method.threshold == 3.0
    assert (method.on_fakes.right, method.on_fakes.wrong) == (1, 1)
    assert (method.on_controls.right, method.on_controls.wrong) == (1, 1)


def test_segments_without_a_value_are_silent() -> None:
    kinds = Kinds(clip([1.0, 1.0]), (clip([None, 2.0, 2.1]),), (clip([1.0, 1.1, 1.0]),), ())
    assert methods(kinds)[1].on_fakes.silent == 1


def test_the_verdict_is_counted_as_it_stands() -> None:
    swap, none = Conclusion.SUPPORTS_FACE_SWAP, Conclusion.SUPPORTS_NO_FACE_SWAP
    fake = (segment(0, 1.0, conclusion=swap), segment(1, 1.0), segment(2, 1.0, conclusion=none))
    real = (segment(0, 1.0, conclusion=none), segment(1, 1.0, conclusion=swap))
    verdict = methods(Kinds(fake[:1], (fake,), (real,), ()))[0]
    assert (verdict.on_fakes.right, verdict.on_fakes.wrong, verdict.on_fakes.silent) == (1, 1, 1)
    assert (verdict.on_controls.right, verdict.on_controls.wrong) == (1, 1)
    assert verdict.questioned_reads == "fake"


def values(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(numbers)


@pytest.mark.parametrize(
    ("questioned", "closer"),
    [((4.9, 5.1), "comparison_fake"), ((1.1, 0.9), "original"), ((3.0, 3.1), "undecided"),
     ((9.0, 9.1), "comparison_fake")],
)  # fmt: skip
def test_closer_is_measured_in_the_trace_s_own_spread(
    questioned: tuple[float, ...], closer: str
) -> None:
    found = compared("t", "T", "u", values(*questioned), values(5, 5.2, 4.8), values(1, 1.2, 0.8))
    assert found.closer == closer
    assert found.spread == pytest.approx(0.2, rel=0.01)
    assert found.fake_from_original == pytest.approx(20, rel=0.01)


def test_a_trace_that_does_not_tell_the_two_apart_decides_nothing() -> None:
    found = compared("t", "T", "u", values(2.0, 2.1), values(1, 2, 3), values(1.2, 2.2, 3.2))
    assert found.closer == "undecided"
    assert "does not tell them apart" in found.sentence


def test_identity_lies_between_the_original_and_the_fake() -> None:
    kinds = Kinds(
        clip([1.0] * 4, look=0.9), (clip([1.0] * 4, look=1.0),), (clip([1.0] * 4, look=0.0),), ()
    )
    found = traces(kinds)[0]
    assert found.trace == "identity"
    assert found.questioned == pytest.approx(0.9, abs=0.01)
    assert found.closer == "comparison_fake"
    genuine = Kinds(kinds.originals[0], kinds.fakes, kinds.originals, ())
    assert traces(genuine)[0].closer == "original"


def test_the_summary_counts_what_the_tables_hold() -> None:
    kinds = Kinds(
        clip([1.0, 1.0, 1.1], look=0.1), (clip([5.0, 5.2, 4.8, 5.1], look=1.0),),
        (clip([1.0, 1.2, 0.9, 1.1]),), (),
    )  # fmt: skip
    first, second, third = summary(methods(kinds), traces(kinds), 2)
    assert "4 segments of comparison fakes and 4 of genuine" in first
    assert "right on 8 of 8" in second
    assert "by 0 of them the questioned item lies on the side of the fakes, by 1" in second
    assert "closer to the genuine footage's" in third
    assert not any("prove" in sentence for sentence in (first, second, third))


def test_segments_are_cut_evenly_and_not_too_short() -> None:
    assert len(segment_edges(24.5)) == 8
    assert len(segment_edges(1.7)) == 2
    assert len(segment_edges(0.4)) == 1
    edges = segment_edges(10.0)
    assert len(edges) == 8
    assert edges[-1, 1] <= 10.0 + 1e-6
