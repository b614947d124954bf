"""What a calibration is fitted with: a line from score to log10 LR, and its refits by person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from forensics.interpretation.calibration import Range, Stratum, identity_bound
from forensics.record import round_floats

Values = NDArray[np.float64]


def fit_line(score: Values, swapped: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit log10 LR = slope * score + intercept, both propositions weighed alike.

    The L2 penalty keeps separated scores from making the slope explode; a slope below zero, which
    a score that supports H1 cannot have, is taken as zero.

    Source: Platt, "Probabilistic Outputs for Support Vector Machines" (1999).
    """
    center, spread = float(score.mean()), float(score.std()) + 1e-9
    unit = ((score - center) / spread)[:, None]
    model = LogisticRegression(C=1.0, class_weight="balanced").fit(unit, swapped)
    slope = max(0.0, float(model.coef_[0, 0])) / spread / np.log(10)
    return slope, float(model.intercept_[0]) / np.log(10) - slope * center


def fit_stratum(
    name: str, face_px: Range, sharpness: Range, score: Values, swapped: NDArray[np.bool_],
    identity: NDArray[np.str_], seed: int, draws: int,
) -> Stratum:  # fmt: skip
    """Fit one quality class: its line, refits on resampled people, and the bound they allow.

    Args:
        name: In words.
        face_px: Heights of the face box that it speaks for.
        sharpness: `Quality.sharpness` that it speaks for.
        score: (n,) of the cases in the class.
        swapped: (n,) whether H1 holds.
        identity: (n,) whose face it is.
        seed: Of the resampling.
        draws: Refits.
    """
    slope, intercept = fit_line(score, swapped)
    rng = np.random.default_rng(seed)
    people = np.unique(identity)
    members = [np.flatnonzero(identity == person) for person in people]
    refits: list[tuple[float, float]] = []
    while len(refits) < draws:
        draw = np.concatenate([members[i] for i in rng.integers(0, len(people), len(people))])
        if 0 < swapped[draw].sum() < len(draw):
            line = fit_line(score[draw], swapped[draw])
            refits.append((round_floats(line[0]), round_floats(line[1])))
    n_h1, n_h2 = (len(np.unique(identity[swapped == side])) for side in (True, False))
    return Stratum(
        name=name, face_px=face_px, sharpness=sharpness, slope=round_floats(slope),
        intercept=round_floats(intercept), bootstrap=tuple(refits),
        bound=identity_bound(n_h1, n_h2), n_h1=n_h1, n_h2=n_h2,
    )  # fmt: skip


def center_and_scale(raw: Values) -> tuple[Values, Values]:
    """Return median and median absolute deviation (as a standard deviation) of (n, k) signals."""
    center = np.median(raw, axis=0)
    return center, np.maximum(1e-6, 1.4826 * np.median(np.abs(raw - center), axis=0))


def rounded(values: Values) -> tuple[float, ...]:
    """Return (k,) numbers as a record keeps them."""
    return tuple(round_floats(float(value)) for value in values)
