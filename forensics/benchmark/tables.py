"""From rows to the figures that are printed: per method and overall, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from forensics.benchmark.protocol import Row
from forensics.interpretation.validation import Values, auc_interval, cllr, tpr_at_fpr
from forensics.record import Conclusion, round_floats

Figures = dict[str, str | int | float | None]

OVERALL = "all methods"


def figures(
    name: str, fakes: list[Row], reals: list[Row], value: Callable[[Row], float]
) -> Figures:
    """Compare fakes with genuine videos by one score.

    Videos without a score are left out of AUC and true-positive rates, and counted: `n_fake` and
    `n_real` are those compared, `unscored` those left out. In Cllr they stand as a likelihood
    ratio of one. `inconclusive` is the share, of all, with no conclusion either way.
    """
    fake, real = _scored(fakes, value), _scored(reals, value)
    everyone = fakes + reals
    result: Figures = {
        "method": name, "n_fake": len(fake), "n_real": len(real),
        "unscored": len(everyone) - len(fake) - len(real),
        "auc": None, "auc_low": None, "auc_high": None, "tpr_at_fpr_1": None,
        "tpr_at_fpr_5": None,
    }  # fmt: skip
    if len(fake) and len(real):
        area = auc_interval(fake, real)
        result |= {
            "auc": round_floats(area.value, 4), "auc_low": round_floats(area.lower, 4),
            "auc_high": round_floats(area.upper, 4),
            "tpr_at_fpr_1": round_floats(tpr_at_fpr(fake, real, 0.01), 4),
            "tpr_at_fpr_5": round_floats(tpr_at_fpr(fake, real, 0.05), 4),
        }  # fmt: skip
    return result


def verdict_figures(name: str, fakes: list[Row], reals: list[Row]) -> Figures:
    """Add to `figures` what the verdicts said: Cllr, conclusions either way, inconclusive."""
    result = figures(name, fakes, reals, lambda row: row.score)
    everyone = fakes + reals
    silent = (Conclusion.INCONCLUSIVE, Conclusion.NOT_EXAMINABLE)
    swap, none = Conclusion.SUPPORTS_FACE_SWAP, Conclusion.SUPPORTS_NO_FACE_SWAP
    result |= {
        "cllr": round_floats(cllr(_lrs(fakes), _lrs(reals)), 4) if fakes and reals else None,
        "inconclusive": _share(everyone, silent),
        "inconclusive_fake": _share(fakes, silent),
        "inconclusive_real": _share(reals, silent),
        "found": _share(fakes, (swap,)),
        "missed": _share(fakes, (none,)),
        "false_alarms": sum(row.conclusion == swap for row in reals),
        "cleared": _share(reals, (none,)),
    }
    return result


def _share(rows: list[Row], conclusions: tuple[Conclusion, ...]) -> float | None:
    if not rows:
        return None
    return round_floats(float(np.mean([row.conclusion in conclusions for row in rows])), 4)


def _scored(rows: list[Row], value: Callable[[Row], float]) -> Values:
    scores = np.array([value(row) for row in rows], dtype=np.float64)
    return scores[np.isfinite(scores)]


def _lrs(rows: list[Row]) -> Values:
    return np.nan_to_num(np.array([row.log10_lr for row in rows], dtype=np.float64), nan=0.0)


def by_method(rows: list[Row]) -> list[Figures]:
    """Compare each method with the genuine videos of its own group and with all of them.

    The object of a method compares it with its own group where that has genuine videos; under
    `against_all` the same keys compare it with every genuine video.
    """
    reals = [row for row in rows if not row.entry.fake]
    methods = list(dict.fromkeys(row.entry.method for row in rows if row.entry.fake))
    result = []
    for method in methods:
        fakes = [row for row in rows if row.entry.fake and row.entry.method == method]
        groups = {row.entry.group for row in fakes}
        own = [row for row in reals if row.entry.group in groups]
        entry = verdict_figures(method, fakes, own or reals)
        entry["against"] = "own group" if own else "all genuine"
        entry["against_all"] = verdict_figures(method, fakes, reals)  # type: ignore[assignment]
        result.append(entry)
    fakes = [row for row in rows if row.entry.fake]
    if fakes:
        overall = verdict_figures(OVERALL, fakes, reals)
        overall["against"] = "all genuine"
        result.append(overall)
    return result


def by_signal(rows: list[Row]) -> list[Figures]:
    """Compare fakes with genuine videos by each signal alone, per method and over all."""
    names = sorted({name for row in rows for name in row.signals})
    reals = [row for row in rows if not row.entry.fake]
    methods = list(dict.fromkeys(row.entry.method for row in rows if row.entry.fake))
    result = []
    for name in names:
        for method in [*methods, OVERALL]:
            fakes = [
                row for row in rows
                if row.entry.fake and (method == OVERALL or row.entry.method == method)
            ]  # fmt: skip
            groups = {row.entry.group for row in fakes}
            own = [row for row in reals if row.entry.group in groups]
            against = reals if method == OVERALL else own or reals
            entry = figures(method, fakes, against, partial(_signal_of, name))
            result.append({"signal": name, **entry})
    return result


def _signal_of(name: str, row: Row) -> float:
    return row.signals.get(name, float("nan"))


def score_table(rows: list[Row]) -> pd.DataFrame:
    """Lay out the rows, one a video."""
    names = sorted({name for row in rows for name in row.signals})
    return pd.DataFrame(
        [
            {
                "path": row.entry.path, "label": "fake" if row.entry.fake else "real",
                "method": row.entry.method, "group": row.entry.group,
                "conclusion": row.conclusion, "log10_lr": row.log10_lr, "score": row.score,
                "people": row.tracks, "face_px": row.face_px, "error": row.error,
                **{name: row.signals.get(name) for name in names},
            }
            for row in rows
        ]
    )  # fmt: skip
