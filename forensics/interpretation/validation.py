"""Validation: how well scores separate, and how honest likelihood ratios are.

All functions take arrays of one value a case, H1 (swapped) and H2 (genuine) apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.isotonic import IsotonicRegression

Values = NDArray[np.float64]

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % confidence interval, and on how many cases it rests."""

    value: float
    lower: float
    upper: float
    n: int

    def words(self, digits: int = 3) -> str:
        """Return "0.976 [0.930, 1.000], n = 34"."""
        edges = f"[{self.lower:.{digits}f}, {self.upper:.{digits}f}]"
        return f"{self.value:.{digits}f} {edges}, n = {self.n}"


def _checked(h1: Values, h2: Values) -> tuple[Values, Values]:
    first, second = np.asarray(h1, dtype=np.float64), np.asarray(h2, dtype=np.float64)
    if not len(first) or not len(second):
        raise ValueError("cases of both propositions are needed")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("values must be finite")
    return first, second


def auc(h1: Values, h2: Values) -> float:
    """Return the share of pairs in which the H1 case scores higher; ties count half."""
    first, second = _checked(h1, h2)
    ranks = rankdata(np.concatenate([first, second]))
    above = ranks[: len(first)].sum() - len(first) * (len(first) + 1) / 2
    return float(above / (len(first) * len(second)))


def auc_interval(
    h1: Values, h2: Values, *, draws: int = 2000, seed: int = 0, groups: Values | None = None
) -> Interval:
    """Return the AUC with its bootstrap interval.

    Args:
        h1: (n,) scores under H1.
        h2: (m,) scores under H2.
        draws: Bootstrap samples.
        seed: Of the bootstrap.
        groups: (n + m,) which identity or pair each case belongs to, H1 first; whole groups are
            then drawn.
    """
    first, second = _checked(h1, h2)
    rng = np.random.default_rng(seed)
    values = np.concatenate([first, second])
    labels = np.arange(len(values)) < len(first)
    owner = np.arange(len(values)) if groups is None else np.unique(groups, return_inverse=True)[1]
    members = [np.flatnonzero(owner == group) for group in range(int(owner.max()) + 1)]
    found = []
    for _ in range(draws):
        if groups is None:
            sample = (rng.choice(first, len(first)), rng.choice(second, len(second)))
        else:
            drawn = np.concatenate(
                [members[i] for i in rng.integers(0, len(members), len(members))]
            )
            sample = (values[drawn][labels[drawn]], values[drawn][~labels[drawn]])
        if len(sample[0]) and len(sample[1]):
            found.append(auc(*sample))
    low, high = np.quantile(found, [0.025, 0.975]) if found else (0.0, 1.0)
    return Interval(auc(first, second), float(low), float(high), len(values))


def tpr_at_fpr(h1: Values, h2: Values, rate: float) -> float:
    """Return the share of fakes above the threshold that flags at most `rate` of the genuine.

    With few genuine videos the threshold is the highest genuine score.
    """
    first, second = _checked(h1, h2)
    allowed = int(np.floor(rate * len(second)))
    threshold = np.sort(second)[::-1][allowed] if allowed < len(second) else -np.inf
    return float((first > threshold).mean())


def wilson(errors: int, n: int) -> Interval:
    """Return an error rate with its Wilson score interval.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    if n <= 0 or not 0 <= errors <= n:
        raise ValueError(f"{errors} errors of {n}")
    rate, square = errors / n, Z_95**2
    middle = (rate + square / (2 * n)) / (1 + square / n)
    half = Z_95 / (1 + square / n) * math.sqrt(rate * (1 - rate) / n + square / (4 * n**2))
    return Interval(rate, max(0.0, round(middle - half, 12)), min(1.0, middle + half), n)


def cllr(h1: Values, h2: Values) -> float:
    """Return the log-likelihood-ratio cost of log10 LRs: 0 is perfect, 1 says nothing.

    Source: Brümmer and du Preez, "Application-independent evaluation of speaker detection"
    (2006), eq. 5.
    """
    first, second = _checked(h1, h2)
    natural = math.log(10)
    cost_h1 = np.logaddexp(0, -first * natural).mean() / math.log(2)
    cost_h2 = np.logaddexp(0, second * natural).mean() / math.log(2)
    return float((cost_h1 + cost_h2) / 2)


def pav_log10_lr(h1: Values, h2: Values) -> tuple[Values, Values]:
    """Return the best monotone log10 LRs in hindsight, by pool-adjacent-violators.

    They are infinite where the two do not overlap; use them for Cllr_min, never as a calibration.
    """
    first, second = _checked(h1, h2)
    scores = np.concatenate([first, second])
    labels = np.concatenate([np.ones(len(first)), np.zeros(len(second))])
    weights = np.concatenate(
        [np.full(len(first), 1 / len(first)), np.full(len(second), 1 / len(second))]
    )
    fitted = IsotonicRegression(y_min=0, y_max=1).fit(scores, labels, sample_weight=weights)
    posterior = fitted.predict(scores)
    with np.errstate(divide="ignore"):
        ratios = np.log10(posterior) - np.log10(1 - posterior)
    return ratios[: len(first)], ratios[len(first) :]


def cllr_min(h1: Values, h2: Values) -> float:
    """Return the least Cllr that any monotone calibration of these scores could have.

    Source: Brümmer and du Preez (2006), section 6.
    """
    first, second = pav_log10_lr(h1, h2)
    natural = math.log(10)
    cost_h1 = np.logaddexp(0, -first * natural).mean() / math.log(2)
    cost_h2 = np.logaddexp(0, second * natural).mean() / math.log(2)
    return float((cost_h1 + cost_h2) / 2)


def tippett(h1: Values, h2: Values) -> tuple[Values, Values, Values]:
    """Return the Tippett curves.

    Returns:
        Ascending log10 LRs (k,), and the shares (k,) of H1 and of H2 cases at or above each.
    """
    first, second = _checked(h1, h2)
    grid = np.unique(np.concatenate([first, second]))
    above_h1 = 1 - np.searchsorted(np.sort(first), grid, side="left") / len(first)
    above_h2 = 1 - np.searchsorted(np.sort(second), grid, side="left") / len(second)
    return grid, above_h1, above_h2


@dataclass(frozen=True)
class ReliabilityBin:
    """One bin of a reliability diagram, at even prior odds.

    Attributes:
        stated: Mean stated posterior of H1.
        seen: Share of H1 cases, both propositions weighed alike.
        n: Cases in the bin.
    """

    stated: float
    seen: float
    n: int


def reliability(h1: Values, h2: Values, bins: int = 10) -> tuple[list[ReliabilityBin], float]:
    """Return the reliability diagram at even prior odds, and the expected calibration error."""
    first, second = _checked(h1, h2)
    values = np.concatenate([first, second])
    stated = 1 / (1 + 10.0 ** -np.clip(values, -300, 300))
    weight = np.concatenate(
        [np.full(len(first), 0.5 / len(first)), np.full(len(second), 0.5 / len(second))]
    )
    is_h1 = np.arange(len(values)) < len(first)
    which = np.minimum((stated * bins).astype(int), bins - 1)
    diagram, error = [], 0.0
    for number in range(bins):
        inside = which == number
        total = float(weight[inside].sum())
        if total > 0:
            mean = float((stated * weight)[inside].sum() / total)
            seen = float(weight[inside & is_h1].sum() / total)
            diagram.append(ReliabilityBin(mean, seen, int(inside.sum())))
            error += total * abs(mean - seen)
    return diagram, error


def summary(
    h1: Values, h2: Values, *, support_from: float = 1.0, seed: int = 0
) -> dict[str, float]:
    """Return the figures of a set of log10 LRs that a table or a card prints.

    Args:
        h1: (n,) log10 LRs under H1.
        h2: (m,) log10 LRs under H2.
        support_from: log10 LR from which support is stated.
        seed: Of the bootstrap.
    """
    first, second = _checked(h1, h2)
    area = auc_interval(first, second, seed=seed)
    false_alarms = wilson(int((second >= support_from).sum()), len(second))
    misses = wilson(int((first < support_from).sum()), len(first))
    return {
        "n_h1": len(first), "n_h2": len(second),
        "auc": area.value, "auc_lower": area.lower, "auc_upper": area.upper,
        "cllr": cllr(first, second), "cllr_min": cllr_min(first, second),
        "ece": reliability(first, second)[1],
        "false_alarm_rate": false_alarms.value, "false_alarm_lower": false_alarms.lower,
        "false_alarm_upper": false_alarms.upper,
        "miss_rate": misses.value, "miss_lower": misses.lower, "miss_upper": misses.upper,
        "inconclusive_h1": float((np.abs(first) < support_from).mean()),
        "inconclusive_h2": float((np.abs(second) < support_from).mean()),
    }  # fmt: skip
