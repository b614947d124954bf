"""Fit one model over dependent signals, and its map to likelihood ratios, by identity.

Weights are fitted on some identities, the map from score to log10 LR on others; the interval comes
from resampling identities, and the number of identities bounds what may be claimed.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from forensics.analyzer import discover
from forensics.errors import MaterialError
from forensics.interpretation.calibration import Calibration, Range, Stratum
from forensics.interpretation.validation import auc, auc_interval, cllr
from forensics.record import round_floats
from forensics.training.lines import Values, center_and_scale, fit_stratum, rounded

HAND_MADE = (
    "blending_boundary.seam_gradient",
    "blending_boundary.square_gradient",
    "blending_boundary.texture_break",
    "blending_boundary.color_step",
    "blending_boundary.block_break",
    "face_bandwidth.softness",
    "face_bandwidth.softer_than_surroundings",
    "face_bandwidth.band_slope",
)
"""Signals of single frames averaged over a track. Those of motion (jitter, noise from frame to
frame, flicker) are left out: an animated still does not move as a person does, so a calibration
on animated stills would not speak for them."""

FACE_PX_EDGES = (64.0, 110.0, 720.0)
BOOTSTRAP = 100
REGULARIZATION = 0.3
FEATURE_RANGE = 4.5
POPULATION = (
    "pseudo-fakes (self-blends, autoencoder-like, cross-identity and one-shot-like) of stills "
    "animated as H.264 videos of 64 to 240 px faces at crf 18 to 42, against the same stills "
    "animated alike without a swap"
)


def fit_fusion(table: pd.DataFrame, seed: int = 0) -> Calibration:
    """Fit the fusion of the hand-made signals.

    Args:
        table: From `population.measure`.
        seed: Of the bootstrap.

    Raises:
        MaterialError: Too few identities.
    """
    whole = table.dropna(subset=list(HAND_MADE))
    train, held = whole[~whole.held_out], whole[whole.held_out]
    if train.identity.nunique() < 50 or held.identity.nunique() < 50:
        raise MaterialError("at least 50 identities on each side of the split are needed")
    raw = train[list(HAND_MADE)].to_numpy(np.float64)
    center, scale = center_and_scale(raw)
    unit = np.clip((raw - center) / scale, -FEATURE_RANGE, FEATURE_RANGE)
    model = LogisticRegression(C=REGULARIZATION, max_iter=2000).fit(unit, train.fake)
    versions = {kind.name: kind.version for kind in discover()}
    used = sorted({name.split(".")[0] for name in HAND_MADE})
    draft = Calibration(
        source="hand-made signals", rank=90, analyzers={name: versions[name] for name in used},
        model_digests={}, population=POPULATION, features=HAND_MADE,
        mean=rounded(center), scale=rounded(scale), weights=rounded(model.coef_[0]),
        intercept=round_floats(float(model.intercept_[0])), feature_range=FEATURE_RANGE,
        strata=(), made_by="audit calibrate population; audit calibrate fit",
    )  # fmt: skip
    scores = np.array([_score(draft, row) for _, row in held.iterrows()])
    strata = [fit_class(held, scores, low, high, seed) for low, high in pairwise(FACE_PX_EDGES)]
    return draft.model_copy(update={"strata": tuple(strata)})


def _score(calibration: Calibration, row: pd.Series) -> float:
    scored = calibration.score({name: float(row[name]) for name in calibration.features})
    return scored[0] if not isinstance(scored, str) else float("nan")


def fit_class(table: pd.DataFrame, scores: Values, low: float, high: float, seed: int) -> Stratum:
    """Fit score to log10 LR for faces of low <= px < high, with refits over identities.

    Args:
        table: Held-out rows with identity, fake, face_px and sharpness.
        scores: (n,) fused scores of those rows; NaN where out of range.
        low: Least face height, px.
        high: Largest face height, px.
        seed: Of the resampling.
    """
    inside = np.isfinite(scores) & (table.face_px >= low) & (table.face_px < high)
    rows = table[inside]
    sharp = rows.sharpness.to_numpy(np.float64)
    sharpness = Range(
        lowest=round_floats(float(np.quantile(sharp, 0.005)), 4),
        highest=round_floats(float(np.quantile(sharp, 0.995)) + 0.5, 4),
    )
    return fit_stratum(
        f"faces of {low:.0f} to {high:.0f} px",
        Range(lowest=low, highest=float(np.nextafter(high, 0))), sharpness, scores[inside],
        rows.fake.to_numpy(bool), rows.identity.to_numpy(str), seed, BOOTSTRAP,
    )  # fmt: skip


def report(calibration: Calibration, table: pd.DataFrame) -> str:
    """Say how the fusion and each signal alone do on held-out identities."""
    held = table[table.held_out].dropna(subset=list(calibration.features))
    scores = np.array([_score(calibration, row) for _, row in held.iterrows()])
    fake = held.fake.to_numpy(bool) & np.isfinite(scores)
    real = ~held.fake.to_numpy(bool) & np.isfinite(scores)
    area = auc_interval(scores[fake], scores[real])
    lines = [
        f"held-out identities: {held.identity.nunique()}, videos {int(fake.sum())} swapped, "
        f"{int(real.sum())} genuine, {int((~np.isfinite(scores)).sum())} out of range",
        f"fusion: AUC {area.words()}",
    ]
    for name, weight in zip(calibration.features, calibration.weights, strict=True):
        values = held[name].to_numpy(np.float64)
        lines.append(f"  {name}: AUC {auc(values[fake], values[real]):.3f}, weight {weight:+.3f}")
    for stratum in calibration.strata:
        inside = np.array([stratum.face_px.holds(px) for px in held.face_px])
        lrs = np.clip(stratum.slope * scores + stratum.intercept, -stratum.bound, stratum.bound)
        cost = cllr(lrs[inside & fake], lrs[inside & real])
        lines.append(
            f"{stratum.name}: {stratum.n_h1} / {stratum.n_h2} identities, bound "
            f"{stratum.bound:.2f}, Cllr {cost:.3f}"
        )
    for family, rows in held[held.fake].groupby("family"):
        values = scores[held.index.get_indexer(rows.index)]
        values = values[np.isfinite(values)]
        lines.append(f"  {family}: n {len(values)}, AUC {auc(values, scores[real]):.3f}")
    return "\n".join(lines)
