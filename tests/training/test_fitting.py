import numpy as np
import pytest

from forensics.errors import MaterialError
from forensics.interpretation.calibration import identity_bound
from forensics.interpretation.validation import cllr
from forensics.record import Quality
from forensics.training.fitting import Scored, cross_fitted, fit, log10_lr
from forensics.training.lines import fit_line

PLAIN = {
    "exposure": 0.5, "clipped_share": 0.0, "occluded_share": 0.0, "qp": 28.0, "blockiness": 1.0,
    "yaw_deg": 5.0,
}  # fmt: skip


def population(people: int = 240, gap: float = 3.0, seed: int = 0) -> Scored:
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        quality = Quality(
            face_px=float(rng.uniform(62, 230)), sharpness=float(rng.uniform(0.8, 2.5)), **PLAIN
        )
        rows += [
            {
                "identity": f"p{person}", "swapped": swapped,
                "score": float(rng.normal(gap * swapped - 4, 1)),
                "quality": quality.model_dump(),
            }
            for swapped in (False, True)
        ]  # fmt: skip
    return Scored.of(rows)


def test_ratios_are_bounded_by_the_number_of_people() -> None:
    cases = population(gap=30.0)  # separated: nothing but the bound holds the ratios back
    calibration = fit(cases, "1", {"w": "0" * 64}, "toy", "test")
    ratios = log10_lr(calibration, cases)
    told = ratios[np.isfinite(ratios)]
    for stratum in calibration.strata:
        assert stratum.bound == identity_bound(stratum.n_h1, stratum.n_h2)
        assert len(stratum.bootstrap) >= 20
    assert np.abs(told).max() <= max(stratum.bound for stratum in calibration.strata)
    assert np.abs(told).max() < np.log10(240 / 3)


def test_limits_keep_low_scores_from_supporting_the_other_side() -> None:
    cases = population()
    limits = (float(np.quantile(cases.score[~cases.swapped], 0.7)), float(cases.score.max()))
    ratios = log10_lr(fit(cases, "1", {}, "toy", "test", limits=limits), cases)
    plain = log10_lr(fit(cases, "1", {}, "toy", "test"), cases)
    low = cases.score < limits[0]
    assert np.nanmin(ratios) > np.nanmin(plain)
    assert len(np.unique(ratios[low & np.isfinite(ratios)])) <= 4  # one value a class
    crossed = cross_fitted(cases, limits=limits)
    assert np.nanmin(crossed) > np.nanmin(cross_fitted(cases))


def test_useful_scores_give_useful_ratios_and_useless_ones_do_not() -> None:
    for gap, low, high in ((3.0, 0.15, 0.5), (0.0, 0.95, 1.1)):
        cases = population(gap=gap)
        ratios = cross_fitted(cases)
        told = np.isfinite(ratios)
        assert told.mean() > 0.9
        cost = cllr(ratios[told & cases.swapped], ratios[told & ~cases.swapped])
        assert low < cost < high


def test_a_line_never_slopes_down() -> None:
    rng = np.random.default_rng(0)
    slope, _ = fit_line(rng.normal(0, 1, 50) + np.repeat([1, -1], 25), np.repeat([False, True], 25))
    assert slope == 0


def test_small_faces_and_strange_scores_are_not_spoken_for() -> None:
    cases = population()
    calibration = fit(cases, "1", {}, "toy", "test")
    small = cases.quality[0].model_copy(update={"face_px": 40.0})
    odd = Scored(
        np.array([cases.score[0], 1e4]), np.array([False, True]), np.array(["a", "b"]),
        (small, cases.quality[0]),
    )  # fmt: skip
    assert np.isnan(log10_lr(calibration, odd)).all()


def test_too_few_people_are_refused() -> None:
    with pytest.raises(MaterialError, match="identities"):
        fit(population(people=30), "1", {}, "toy", "test")
