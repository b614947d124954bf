"""How well scores separate and likelihood ratios are calibrated, with intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Scores = NDArray[np.float64]

BOOTSTRAP = 2000


def auc(fake: Scores, real: Scores) -> float:
    """Return the area under the ROC curve, ties counted half.

    Args:
        fake: (n,) scores under H1.
        real: (m,) scores under H2.
    """
    ranks = rankdata(np.concatenate([fake, real]))
    n, m = len(fake), len(real)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def auc_interval(fake: Scores, real: Scores, seed: int = 0) -> tuple[float, float]:
    """Return a 95 % interval of the AUC by bootstrap over videos, each class by itself."""
    rng = np.random.default_rng(seed)
    draws = [
        auc(rng.choice(fake, len(fake)), rng.choice(real, len(real))) for _ in range(BOOTSTRAP)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def tpr_at_fpr(fake: Scores, real: Scores, rate: float) -> float:
    """Return the share of fakes above the threshold that flags at most `rate` of the genuine.

    With few genuine videos the threshold is the highest genuine score.
    """
    allowed = int(np.floor(rate * len(real)))
    threshold = np.sort(real)[::-1][allowed] if allowed < len(real) else -np.inf
    return float((fake > threshold).mean())


def cllr(h1_log10: Scores, h2_log10: Scores) -> float:
    """Return the log-likelihood-ratio cost in bits; 1 is no information, 0 is perfect.

    Source: Bruemmer and du Preez, "Application-independent evaluation of speaker detection" (2006),
    eq. 24.
    """
    miss = np.log2(1 + 10.0 ** (-h1_log10)).mean()
    alarm = np.log2(1 + 10.0**h2_log10).mean()
    return float((miss + alarm) / 2)
