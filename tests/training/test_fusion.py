"""The fusion is fitted and judged by people, and has no value for what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forensics.analyzer import discover
from forensics.errors import MaterialError
from forensics.interpretation.calibration import Calibration
from forensics.interpretation.verdict import weigh
from forensics.record import Extent, Signal, TrackSummary
from forensics.training import fitting, fusion
from tests.interpretation.test_calibration import person


def population(rng: np.random.Generator, people: int = 160, gap: float = 2.0) -> pd.DataFrame:
    """One genuine and one swapped video a person; only network and texture know which."""
    rows = []
    for n in range(people):
        for fake in (False, True):
            row = {name: rng.normal() for name in fusion.FEATURES}
            row[fusion.NETWORK] += gap * fake
            row["blending_boundary.texture_break"] += gap * fake
            rows.append(
                {
                    "identity": f"p{n}", "source": "made", "held_out": True, "fake": fake,
                    "family": "autoencoder" if fake else "genuine", "crf": 23,
                    "face_px": float(rng.uniform(70, 200)), "sharpness": float(rng.uniform(1, 3)),
                    **row,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_two_signals_together_beat_the_network_alone(rng: np.random.Generator) -> None:
    table = fusion.usable(population(rng))
    _, fused, alone = fusion.report(table, fusion.cross_fitted(table)).splitlines()
    area = [float(line.split("AUC ")[1].split()[0]) for line in (fused, alone)]
    assert area[0] > area[1] + 0.02
    calibration = fusion.fit_fused(table, {})
    weights = dict(zip(calibration.features, calibration.weights, strict=True))
    known = {fusion.NETWORK, "blending_boundary.texture_break"}
    assert min(weights[name] for name in known) > max(weights[n] for n in weights.keys() - known)


def test_chance_signals_are_not_made_into_evidence(rng: np.random.Generator) -> None:
    table = fusion.usable(population(rng, gap=0.0))
    ratios = fusion.cross_fitted(table)
    assert np.nanmax(np.abs(ratios)) < 1  # support is never stated


def test_people_seen_in_training_and_self_blends_are_left_out(rng: np.random.Generator) -> None:
    table = population(rng)
    seen = table.assign(held_out=False, identity="t" + table.identity)
    blends = table[table.fake].assign(family="self_blend")
    kept = fusion.usable(pd.concat([table, seen, blends], ignore_index=True))
    assert len(kept) == len(table)
    with pytest.raises(MaterialError, match="100 are needed"):
        fusion.usable(population(rng, people=50))


def _signals(face: TrackSummary, names: tuple[str, ...]) -> list[Signal]:
    where = Extent(start_s=0.0, end_s=1.0, track=face.id)
    return [
        Signal(
            analyzer=name.split(".")[0], version="1", name=name.split(".")[1], unit="x", score=1.0,
            words="", extent=where,
        )
        for name in names
    ]  # fmt: skip


def test_a_missing_signal_falls_to_the_calibration_that_does_without(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    table = fusion.usable(population(rng))
    fused = fusion.fit_fused(table, {})
    scored = fitting.Scored(
        table[fusion.NETWORK].to_numpy(float), table.fake.to_numpy(bool),
        table.identity.to_numpy(str), tuple(fusion._quality(row) for _, row in table.iterrows()),
    )  # fmt: skip
    versions = {kind.name: kind.version for kind in discover()}
    alone = fitting.fit(scored, versions["discriminator"], {}, "made", "test")
    face = person(1)
    for names, source in ((fusion.FEATURES, fused.source), ((fusion.NETWORK,), alone.source)):
        found, reasons = weigh(_signals(face, names), (face,), (fused, alone), versions, {})
        (weight,) = found
        assert weight.source == source
        assert not reasons
    fitting.write(fused, fusion.cases(table), fusion.cross_fitted(table), tmp_path)
    kept = Calibration.model_validate_json((tmp_path / "calibration.json").read_text())
    judged = json.loads((tmp_path / "validation.json").read_text())
    assert judged["calibration"] == kept.id == fused.id
    assert len(judged["cases"]) == len(table)
