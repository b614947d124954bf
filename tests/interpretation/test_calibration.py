import math

import pytest

from forensics.analyzer import discover
from forensics.interpretation.calibration import (
    Calibration,
    Range,
    Stratum,
    identity_bound,
    shipped,
)
from forensics.record import LikelihoodRatio, Quality, TrackSummary


def quality(face_px: float = 150, sharpness: float = 2.0) -> Quality:
    return Quality(
        face_px=face_px, sharpness=sharpness, exposure=0.5, clipped_share=0, occluded_share=0,
        qp=None, blockiness=1, yaw_deg=0,
    )  # fmt: skip


def person(number: int = 1, seen: int = 30, face_px: float = 150) -> TrackSummary:
    return TrackSummary(
        id=number, start_s=0, end_s=9, frames_seen=seen, frames_examined=20, confidence=0.9,
        quality=quality(face_px),
    )  # fmt: skip


def make(slope: float = 1.0, **changes: object) -> Calibration:
    stratum = Stratum(
        name="all", face_px=Range(lowest=64, highest=400), sharpness=Range(lowest=1, highest=4),
        slope=slope, intercept=0.0, bound=1.5, n_h1=100, n_h2=100,
        bootstrap=tuple((slope * (0.9 + 0.01 * i), 0.0) for i in range(21)),
    )  # fmt: skip
    plain: dict[str, object] = {
        "source": "test", "rank": 1, "analyzers": {"a": "1"}, "model_digests": {"net": "0" * 64},
        "population": "tests", "features": ("a.x", "a.y"), "mean": (0, 10), "scale": (1, 2),
        "weights": (1.0, -0.5), "intercept": 0.25, "feature_range": 5.0, "strata": (stratum,),
        "made_by": "tests",
    }  # fmt: skip
    return Calibration.model_validate(plain | changes)


DIGESTS = {"net": "0" * 64}


def test_scores_are_standardized_sums_with_the_largest_share_first() -> None:
    scored = make().score({"a.x": 2.0, "a.y": 12.0})
    assert not isinstance(scored, str)
    assert scored[0] == pytest.approx(2.0 - 0.5 + 0.25)
    assert scored[1] == (("a.x", 2.0), ("a.y", -0.5))


def test_a_likelihood_ratio_never_exceeds_its_bound() -> None:
    weighed = make(slope=10.0).weigh(person(), {"a.x": 4.0, "a.y": 10.0})
    assert isinstance(weighed, LikelihoodRatio)
    assert weighed.log10_lr == weighed.upper == 1.5
    assert weighed.lower <= weighed.log10_lr


def test_what_is_out_of_range_is_not_weighed_and_says_why() -> None:
    values = {"a.x": 0.0, "a.y": 10.0}
    assert "face of 50 px; calibrated from 64 px" in str(make().weigh(person(face_px=50), values))
    assert "calibrated to 400 px" in str(make().weigh(person(face_px=900), values))
    assert "no value of a.y" in str(make().weigh(person(), {"a.x": 0.0}))
    assert "outside what was calibrated" in str(make().weigh(person(), {"a.x": 99.0, "a.y": 10.0}))


@pytest.mark.parametrize(
    ("analyzers", "digests", "said"),
    [
        ({"a": "1"}, DIGESTS, None),
        ({"a": "2"}, DIGESTS, "fitted for a version 1, not 2"),
        ({}, DIGESTS, "a was not run"),
        ({"a": "1"}, {"net": "f" * 64}, "fitted for weights net"),
        ({"a": "1"}, {}, "fitted for weights net"),
    ],
)
def test_a_changed_version_or_digest_finds_no_calibration(
    analyzers: dict[str, str], digests: dict[str, str], said: str | None
) -> None:
    why = make().mismatch(analyzers, digests)
    assert why is None if said is None else said in str(why)


def test_the_id_changes_with_anything_in_it() -> None:
    assert make().id == make().id
    assert make().id != make(intercept=0.26).id


def test_beyond_its_limits_a_score_weighs_as_at_them() -> None:
    held = make(limits=((0.5, 3.0), (8.0, 12.0)))

    def score(calibration: Calibration, x: float) -> float:
        scored = calibration.score({"a.x": x, "a.y": 10.0})
        assert not isinstance(scored, str)
        return scored[0]

    assert score(held, 4.9) == score(held, 3.0) == score(make(), 3.0)
    assert score(held, -4.0) == score(held, 0.5) > score(make(), -4.0)
    assert score(held, 1.7) == score(make(), 1.7)
    assert isinstance(held.score({"a.x": 5.1, "a.y": 10.0}), str)  # still out of range
    assert held.id != make().id


def test_no_reference_set_supports_more_than_its_size() -> None:
    assert identity_bound(300, 30) == pytest.approx(1.0)
    assert identity_bound(300, 3000) == pytest.approx(2.0)
    assert identity_bound(1, 1) == pytest.approx(math.log10(2), abs=1e-3)


def test_shipped_calibrations_match_the_shipped_analyzers() -> None:
    versions = {kind.name: kind.version for kind in discover()}
    assert shipped(), "a first calibration is shipped"
    for calibration in shipped():
        for name, version in calibration.analyzers.items():
            assert versions.get(name) == version, f"{calibration.source} needs a refit"
        for stratum in calibration.strata:
            assert stratum.bound <= identity_bound(stratum.n_h1, stratum.n_h2) + 1e-6
