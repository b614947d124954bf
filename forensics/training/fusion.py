"""Fit one model over the network's score and the hand-made signals, on held-out people only.

The network learned from the other people, so its score on them is better than it is: weights and
map are both fitted on people it never saw, and judged on people the fit never saw (cross-fitted).
Where a signal is missing there is no value put in its place: each pattern of present signals has a
calibration of its own, and the first whose signals are all there is used
(`interpretation.verdict.weigh`).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from forensics.analyzer import discover
from forensics.errors import MaterialError
from forensics.interpretation.calibration import Calibration, Stratum
from forensics.interpretation.validation import auc_interval, cllr
from forensics.record import Quality, round_floats
from forensics.training.lines import Values, center_and_scale, rounded
from forensics.training.weights import FACE_PX_EDGES, FEATURE_RANGE, HAND_MADE, fit_class

NETWORK = "discriminator.swap_logit"
FEATURES = (NETWORK, *HAND_MADE)
RANK = 5
REGULARIZATION = 0.1
FOLDS = 5
LEAST_IDENTITIES = 100
ANOTHER_PERSON = ("autoencoder", "cross_identity", "one_shot")
"""Families that put another person's face in, which is what H1 says."""

POPULATION = (
    "pseudo-fakes that put another person's face in (autoencoder-like, cross-identity, "
    "one-shot-like) on people kept from training, their stills animated as H.264 videos with faces "
    "of 64 to 240 px at crf 18 to 42, against the same stills animated alike without a swap"
)


def usable(table: pd.DataFrame) -> pd.DataFrame:
    """Keep held-out people whose videos have every signal, and the fakes that H1 speaks of.

    Raises:
        MaterialError: Too few people.
    """
    kept = table[table.held_out & (~table.fake | table.family.isin(ANOTHER_PERSON))]
    kept = kept.dropna(subset=list(FEATURES)).reset_index(drop=True)
    if kept.identity.nunique() < LEAST_IDENTITIES:
        raise MaterialError(
            f"{kept.identity.nunique()} held-out people with every signal; "
            f"{LEAST_IDENTITIES} are needed"
        )
    return kept


def fit_fused(table: pd.DataFrame, digests: dict[str, str], seed: int = 0) -> Calibration:
    """Fit weights on everyone, and the map to log10 LR on scores of folds fitted on others.

    Args:
        table: From `usable`.
        digests: Of the network's weights and config, by name.
        seed: Of folds and bootstrap.
    """
    center, scale = _spread(table)
    model = _logistic(table, center, scale)
    versions = {kind.name: kind.version for kind in discover()}
    used = sorted({name.split(".")[0] for name in FEATURES})
    scores = _fold_scores(table, seed)
    return Calibration(
        source="learned discriminator and hand-made signals", rank=RANK,
        analyzers={name: versions[name] for name in used}, model_digests=digests,
        population=POPULATION, features=FEATURES, mean=rounded(center), scale=rounded(scale),
        weights=rounded(model.coef_[0]), intercept=round_floats(float(model.intercept_[0])),
        feature_range=FEATURE_RANGE, strata=_strata(table, scores, seed),
        made_by="audit calibrate population; audit calibrate fuse",
    )  # fmt: skip


def _spread(table: pd.DataFrame) -> tuple[Values, Values]:
    return center_and_scale(table[list(FEATURES)].to_numpy(np.float64))


def _unit(table: pd.DataFrame, center: Values, scale: Values) -> Values:
    raw = table[list(FEATURES)].to_numpy(np.float64)
    return np.asarray(np.clip((raw - center) / scale, -FEATURE_RANGE, FEATURE_RANGE))


def _logistic(table: pd.DataFrame, center: Values, scale: Values) -> LogisticRegression:
    model = LogisticRegression(C=REGULARIZATION, class_weight="balanced", max_iter=2000)
    return model.fit(_unit(table, center, scale), table.fake)


def _fold_scores(table: pd.DataFrame, seed: int) -> Values:
    """Score every row by weights fitted on other people; NaN where a signal is out of range."""
    found = np.full(len(table), np.nan)
    folds = GroupKFold(FOLDS, shuffle=True, random_state=seed)
    for fitted, tested in folds.split(table, table.fake, table.identity):
        center, scale = _spread(table.iloc[fitted])
        model = _logistic(table.iloc[fitted], center, scale)
        found[tested] = model.decision_function(_unit(table.iloc[tested], center, scale))
    center, scale = _spread(table)
    raw = (table[list(FEATURES)].to_numpy(np.float64) - center) / scale
    found[(np.abs(raw) > FEATURE_RANGE).any(axis=1)] = np.nan
    return found


def _strata(table: pd.DataFrame, scores: Values, seed: int) -> tuple[Stratum, ...]:
    edges = pairwise(FACE_PX_EDGES)
    return tuple(fit_class(table, scores, low, high, seed) for low, high in edges)


def cross_fitted(table: pd.DataFrame, seed: int = 0) -> Values:
    """Return the (n,) log10 LRs of rows by weights and maps fitted on other people."""
    scores = _fold_scores(table, seed)
    found = np.full(len(table), np.nan)
    folds = GroupKFold(FOLDS, shuffle=True, random_state=seed + 1)
    for fitted, tested in folds.split(table, table.fake, table.identity):
        strata = _strata(table.iloc[fitted].reset_index(drop=True), scores[fitted], seed)
        for row in tested:
            found[row] = _log10_lr(strata, table.iloc[row], float(scores[row]))
    return found


def _log10_lr(strata: tuple[Stratum, ...], row: pd.Series, score: float) -> float:
    for stratum in strata:
        inside = stratum.face_px.holds(row.face_px) and stratum.sharpness.holds(row.sharpness)
        if inside and np.isfinite(score):
            line = stratum.slope * score + stratum.intercept
            return float(np.clip(line, -stratum.bound, stratum.bound))
    return float("nan")


def cases(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return a row a case in the form that `fitting.write` keeps."""
    return [
        {
            "identity": row.identity, "source": row.source, "swapped": bool(row.fake),
            "family": row.family, "crf": int(row.crf),
            "quality": {"face_px": row.face_px, "sharpness": row.sharpness},
            "score": float(row[NETWORK]),
        }
        for _, row in table.iterrows()
    ]  # fmt: skip


def report(table: pd.DataFrame, ratios: Values, seed: int = 0) -> str:
    """Compare the fusion with the network alone on the same people, both cross-fitted."""
    from forensics.training import fitting

    fake = table.fake.to_numpy(bool)
    alone = fitting.cross_fitted(
        fitting.Scored(
            table[NETWORK].to_numpy(np.float64), fake, table.identity.to_numpy(str),
            tuple(_quality(row) for _, row in table.iterrows()),
        ),
        seed=seed,
    )  # fmt: skip
    both = np.isfinite(ratios) & np.isfinite(alone)
    lines = [
        f"{table.identity.nunique()} people, {int(fake.sum())} swapped, {int((~fake).sum())} "
        f"genuine; {int((~np.isfinite(ratios)).sum())} outside the fused calibration"
    ]
    for name, values in (("fused", ratios), ("network alone", alone)):
        h1, h2 = values[both & fake], values[both & ~fake]
        area = auc_interval(h1, h2, seed=seed)
        lines.append(
            f"{name}: AUC {area.words()}, Cllr {cllr(h1, h2):.3f}, found {(h1 >= 1).mean():.3f}, "
            f"false alarms {int((h2 >= 1).sum())} of {len(h2)}, inconclusive genuine "
            f"{(np.abs(h2) < 1).mean():.3f}"
        )
    return "\n".join(lines)


def _quality(row: pd.Series) -> Quality:
    measured = {name: 0.0 for name, field in Quality.model_fields.items() if field.is_required()}
    return Quality(**{**measured, "face_px": row.face_px, "sharpness": row.sharpness})
