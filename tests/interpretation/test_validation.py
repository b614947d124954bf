import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from forensics.interpretation.validation import (
    auc,
    auc_interval,
    cllr,
    cllr_min,
    reliability,
    summary,
    tippett,
    tpr_at_fpr,
    wilson,
)

RNG = np.random.default_rng(0)


def test_auc_agrees_with_scikit_learn_ties_included() -> None:
    for _ in range(20):
        h1 = RNG.normal(0.7, 1, 13).round(1)
        h2 = RNG.normal(0, 1, 29).round(1)
        labels = [1] * len(h1) + [0] * len(h2)
        assert auc(h1, h2) == pytest.approx(roc_auc_score(labels, np.concatenate([h1, h2])))


def test_auc_interval_holds_the_value_and_shrinks_with_n() -> None:
    few = auc_interval(RNG.normal(1, 1, 20), RNG.normal(0, 1, 20), seed=1)
    many = auc_interval(RNG.normal(1, 1, 400), RNG.normal(0, 1, 400), draws=300, seed=1)
    for found in (few, many):
        assert found.lower <= found.value <= found.upper
    assert many.upper - many.lower < few.upper - few.lower
    assert "n = 40" in few.words()


def test_auc_interval_by_group_is_wider_where_cases_repeat() -> None:
    h1, h2 = np.repeat(RNG.normal(1, 1, 15), 8), np.repeat(RNG.normal(0, 1, 15), 8)
    groups = np.repeat(np.arange(30), 8).astype(float)
    alone = auc_interval(h1, h2, draws=400)
    whole = auc_interval(h1, h2, draws=400, groups=groups)
    assert whole.upper - whole.lower > 1.5 * (alone.upper - alone.lower)


def test_the_threshold_flags_no_more_than_allowed() -> None:
    real = np.arange(100.0)
    fake = np.array([98.5, 99.5, 94.5, 10.0])
    assert tpr_at_fpr(fake, real, 0.01) == 0.5
    assert tpr_at_fpr(fake, real, 0.05) == 0.75
    assert tpr_at_fpr(fake, real[:10], 0.01) == 1.0


def test_cllr_of_known_values() -> None:
    assert cllr(np.full(5, 300.0), np.full(5, -300.0)) == pytest.approx(0)
    assert cllr(np.zeros(5), np.zeros(9)) == pytest.approx(1)
    one = np.log2(1 + 1 / 10)  # every case at a log10 LR of 1 on the right side
    assert cllr(np.ones(4), -np.ones(4)) == pytest.approx(one)
    assert cllr(-np.full(5, 3.0), np.full(5, 3.0)) > 9  # misleading


def test_cllr_min_is_a_floor_that_no_monotone_map_beats() -> None:
    h1, h2 = RNG.normal(1, 1, 60), RNG.normal(-1, 1, 80)
    floor = cllr_min(h1, h2)
    for gain in (0.2, 0.5, 1.0, 2.0):
        assert floor <= cllr(gain * h1, gain * h2) + 1e-12
    assert cllr_min(h1 + 5, h2 + 5) == pytest.approx(floor)
    assert cllr_min(np.array([1.0, 2.0]), np.array([-1.0, 0.0])) == pytest.approx(0)
    assert cllr_min(np.zeros(3), np.zeros(3)) == pytest.approx(1)


def test_wilson_of_known_values() -> None:
    none = wilson(0, 100)
    assert none.value == 0
    assert none.lower == 0
    assert none.upper == pytest.approx(0.0370, abs=1e-4)
    half = wilson(5, 10)
    assert (half.lower, half.upper) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    with pytest.raises(ValueError, match="3 errors of 2"):
        wilson(3, 2)


def test_tippett_falls_from_one() -> None:
    h1, h2 = np.array([1.0, 2.0, 2.0]), np.array([-1.0, 0.0])
    grid, above_h1, above_h2 = tippett(h1, h2)
    assert grid.tolist() == [-1, 0, 1, 2]
    assert above_h1 == pytest.approx([1, 1, 1, 2 / 3])
    assert above_h2 == pytest.approx([1, 0.5, 0, 0])


def test_reliability_of_honest_and_overstated_ratios() -> None:
    h1 = RNG.normal(1, 1, 20000)
    h2 = RNG.normal(-1, 1, 20000)
    honest = np.log10(np.e)  # log LR of two unit normals at +-1 is 2 x
    _, good = reliability(2 * honest * h1, 2 * honest * h2)
    _, bad = reliability(8 * honest * h1, 8 * honest * h2)
    assert good < 0.01
    assert bad > 0.03


def test_summary_counts_at_the_first_strength() -> None:
    figures = summary(np.array([2.0, 1.5, 0.5, -1.5]), np.array([-2.0, -1.2, 0.0, 1.2]))
    assert figures["false_alarm_rate"] == 0.25
    assert figures["miss_rate"] == 0.5
    assert figures["inconclusive_h1"] == 0.25
    assert figures["inconclusive_h2"] == 0.25


def test_values_must_be_there_and_finite() -> None:
    with pytest.raises(ValueError, match="both propositions"):
        auc(np.array([]), np.array([1.0]))
    with pytest.raises(ValueError, match="finite"):
        cllr(np.array([np.nan]), np.array([1.0]))
