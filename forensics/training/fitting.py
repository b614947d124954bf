"""Fit the discriminator's scores to likelihood ratios, on held-out people, by quality."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from forensics.errors import MaterialError
from forensics.interpretation.calibration import Calibration, Range, Stratum
from forensics.record import Quality, round_floats
from forensics.training.lines import Values, fit_stratum

FEATURE = "discriminator.swap_logit"
FACE_PX_EDGE = 110.0
LEAST_IDENTITIES = 40
BOOTSTRAP = 200
LEAST_DRAWS = 20
"""As many as a calibration must have: the folds of the cross-fit need no interval."""
FEATURE_RANGE = 6.0
RANK = 10


@dataclass(frozen=True)
class Scored:
    """Cases with the score a model gave them.

    Attributes:
        score: (n,) higher supports H1.
        swapped: (n,) bool.
        identity: (n,) str.
        quality: One a case.
    """

    score: Values
    swapped: NDArray[np.bool_]
    identity: NDArray[np.str_]
    quality: tuple[Quality, ...]

    @classmethod
    def of(cls, rows: list[dict[str, Any]]) -> Scored:
        """Take rows with score, swapped, identity and quality."""
        return cls(
            np.array([row["score"] for row in rows], dtype=np.float64),
            np.array([row["swapped"] for row in rows], dtype=bool),
            np.array([row["identity"] for row in rows], dtype=np.str_),
            tuple(Quality(**row["quality"]) for row in rows),
        )

    def only(self, which: NDArray[Any]) -> Scored:
        """Keep some cases, by index."""
        index = np.arange(len(self.score))[which]
        return Scored(
            self.score[index], self.swapped[index], self.identity[index],
            tuple(self.quality[i] for i in index),
        )  # fmt: skip


def fit_strata(
    cases: Scored, seed: int, draws: int, by_sharpness: bool = True
) -> tuple[Stratum, ...]:
    """Fit one line for each class of face size, and of sharpness where asked.

    Raises:
        MaterialError: Too few identities in a class of face size.
    """
    face_px = np.array([quality.face_px for quality in cases.quality])
    sharpness = np.array([quality.sharpness for quality in cases.quality])
    strata: list[Stratum] = []
    for low, high in ((60.0, FACE_PX_EDGE), (FACE_PX_EDGE, 720.0)):
        sized = (face_px >= low) & (face_px < high)
        if len(np.unique(cases.identity[sized])) < LEAST_IDENTITIES:
            raise MaterialError(
                f"fewer than {LEAST_IDENTITIES} identities with faces of {low:.0f} to "
                f"{high:.0f} px; calibrate on more held-out faces"
            )
        edges = np.quantile(sharpness[sized], [0.01, 0.5, 0.99])
        top = round_floats(float(edges[2]) + 0.7, 3)  # sharper footage is easier, not harder
        classes: tuple[tuple[str, float, float], ...] = (
            ("soft", round_floats(float(edges[0]), 3), round_floats(float(edges[1]), 3)),
            ("sharp", round_floats(float(edges[1]), 3), top),
        )
        if not by_sharpness:
            classes = (("all", classes[0][1], top),)
        for word, least, most in classes:
            inside = sized & (sharpness >= least) & (sharpness < most)
            strata.append(
                fit_stratum(
                    f"{word} faces of {low:.0f} to {high:.0f} px",
                    Range(lowest=low, highest=float(np.nextafter(high, 0))),
                    Range(lowest=least, highest=float(np.nextafter(most, 0))),
                    cases.score[inside], cases.swapped[inside], cases.identity[inside], seed, draws,
                )
            )  # fmt: skip
    return tuple(strata)


def fit(
    cases: Scored,
    version: str,
    digests: dict[str, str],
    population: str,
    made_by: str,
    source: str = "learned discriminator",
    feature: str = FEATURE,
    rank: int = RANK,
    limits: tuple[float, float] | None = None,
    by_sharpness: bool = True,
    seed: int = 0,
    draws: int = BOOTSTRAP,
) -> Calibration:
    """Fit a calibration of one score.

    Args:
        cases: Held-out people.
        version: Of the analyzer.
        digests: Of weights and config, by name.
        population: What the cases are, in words.
        made_by: The command.
        source: What the calibration is called.
        feature: The signal, "analyzer.name".
        rank: Of two calibrations that fit, the lower is used.
        limits: Scores are told apart between these alone.
        by_sharpness: Whether soft and sharp faces are classes of their own.
        seed: Of the bootstrap.
        draws: Bootstrap refits a class.
    """
    center, spread = float(np.median(cases.score)), float(cases.score.std())
    held = np.clip(cases.score, *limits) if limits else cases.score
    unit = Scored((held - center) / spread, cases.swapped, cases.identity, cases.quality)
    return Calibration(
        source=source,
        rank=rank, analyzers={feature.split(".")[0]: version}, model_digests=digests,
        population=population, features=(feature,), mean=(round_floats(center),),
        scale=(round_floats(spread),), weights=(1.0,), intercept=0.0,
        feature_range=FEATURE_RANGE, strata=fit_strata(unit, seed, draws, by_sharpness),
        made_by=made_by, limits=(limits,) if limits else None,
    )  # fmt: skip


def log10_lr(calibration: Calibration, cases: Scored) -> Values:
    """Return the (n,) bounded log10 LRs of cases; NaN where the calibration does not speak."""
    feature = calibration.features[0]
    found = []
    for score, quality in zip(cases.score, cases.quality, strict=True):
        stratum = calibration.stratum(quality)
        scored = calibration.score({feature: float(score)})
        if isinstance(stratum, str) or isinstance(scored, str):
            found.append(float("nan"))
        else:
            line = stratum.slope * scored[0] + stratum.intercept
            found.append(float(np.clip(line, -stratum.bound, stratum.bound)))
    return np.array(found)


def cross_fitted(
    cases: Scored,
    folds: int = 5,
    seed: int = 0,
    limits: tuple[float, float] | None = None,
    by_sharpness: bool = True,
) -> Values:
    """Return log10 LRs of every case by calibrations fitted on other people."""
    found = np.full(len(cases.score), np.nan)
    splits = GroupKFold(folds, shuffle=True, random_state=seed)
    for fitted, tested in splits.split(cases.score, cases.swapped, cases.identity):
        calibration = fit(
            cases.only(fitted), "cross-fit", {}, "", "", limits=limits, by_sharpness=by_sharpness,
            seed=seed, draws=LEAST_DRAWS,
        )  # fmt: skip
        found[tested] = log10_lr(calibration, cases.only(tested))
    return found


def write(
    calibration: Calibration, rows: list[dict[str, Any]], ratios: Values, folder: Path
) -> None:
    """Write `calibration.json`, and `validation.json` with every case's cross-fitted log10 LR."""
    text = calibration.model_dump_json(indent=1) + "\n"
    (folder / "calibration.json").write_text(text, encoding="utf-8")
    cases = [
        {
            "identity": row["identity"], "source": row["source"], "swapped": row["swapped"],
            "family": row["family"], "crf": row["crf"], "face_px": row["quality"]["face_px"],
            "sharpness": row["quality"]["sharpness"], "score": round_floats(row["score"]),
            "log10_lr": round_floats(float(ratio)) if np.isfinite(ratio) else None,
        }
        for row, ratio in zip(rows, ratios, strict=True)
    ]  # fmt: skip
    whole = {"calibration": calibration.id, "how": "5-fold by identity", "cases": cases}
    lines = json.dumps(whole).replace('{"identity"', '\n{"identity"')
    (folder / "validation.json").write_text(lines + "\n", encoding="utf-8")
