"""The calibration of the source match: bounded by people, and the one that is shipped fits."""

from __future__ import annotations

import numpy as np

from forensics.analyzers.source_match import SourceMatchAnalyzer
from forensics.interpretation.calibration import identity_bound, shipped
from forensics.references.sources.fitting import fit


def rows(people: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(0)
    made: list[dict[str, object]] = []
    for n in range(people):
        for swapped, middle in ((True, 2.3), (False, 0.1)):
            score = float(rng.normal(middle, 0.3))
            made.append({"identity": f"p{n}", "swapped": swapped, "score": score, "rel": "same"})
    return made


def test_support_is_bounded_by_the_number_of_people() -> None:
    few, many = fit(rows(12)).strata[0], fit(rows(60)).strata[0]
    assert few.bound == identity_bound(12, 12)
    assert many.bound == identity_bound(60, 60) > few.bound
    assert many.slope > 0


def test_what_could_not_be_scored_is_left_out() -> None:
    plain = rows(12)
    unscored = [{"identity": "x", "swapped": True, "score": None}]
    other_take = [{"identity": "y", "swapped": False, "score": 9.0, "rel": "same_scene"}]
    assert fit(plain + unscored + other_take).strata[0].n_h1 == 12


def test_the_shipped_calibration_is_for_this_analyzer_and_comes_first() -> None:
    found = [c for c in shipped() if c.source == "source match"]
    assert len(found) == 1
    assert shipped()[0] is found[0]
    versions = {SourceMatchAnalyzer.name: SourceMatchAnalyzer.version}
    assert found[0].mismatch(versions, SourceMatchAnalyzer().model_digests()) is None
    stratum = found[0].strata[0]
    for raw, sign in ((0.0, -1), (2.2, 1)):
        unit = (raw - found[0].mean[0]) / found[0].scale[0]
        assert sign * (stratum.slope * unit + stratum.intercept) > 0.3
