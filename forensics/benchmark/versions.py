"""Whether one version separates better than another, on the same videos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forensics.errors import ManifestError
from forensics.interpretation.validation import Values, auc

DRAWS = 2000


@dataclass(frozen=True)
class Difference:
    """An AUC of two versions on the same videos.

    Attributes:
        method: Of the fakes.
        score: Column compared: "score" of the verdict, or a signal.
        n_fake: Fakes that both versions scored.
        n_real: Genuine videos that both scored.
        before: AUC of the other version.
        now: AUC of this one.
        lower: 95 % interval of the difference, lower end.
        upper: Its upper end.
    """

    method: str
    score: str
    n_fake: int
    n_real: int
    before: float
    now: float
    lower: float
    upper: float


def read_scores(path: Path) -> pd.DataFrame:
    """Read the `scores.csv` of another run.

    Raises:
        ManifestError: It is not one.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise ManifestError(
            f"{path} cannot be read as the scores of a benchmark: {error}"
        ) from None
    missing = {"path", "label", "method", "score"} - set(table.columns)
    if missing:
        raise ManifestError(f"{path} lacks the columns {', '.join(sorted(missing))}")
    return table


def differences(before: pd.DataFrame, now: pd.DataFrame, seed: int = 0) -> list[Difference]:
    """Compare verdicts and signals of two runs, per method against all genuine videos.

    Videos are drawn with replacement, the same draw for both versions: what makes a video hard
    is hard for both, so the interval of the difference is narrower than those of the AUCs.

    Args:
        before: `scores.csv` of the other version.
        now: Of this one.
        seed: Of the bootstrap.

    Raises:
        ManifestError: They share no fakes or no genuine videos.
    """
    both = before.merge(now, on="path", suffixes=(".before", ".now"))
    shared = [name for name in before.columns if name in now.columns and _is_score(name)]
    found = []
    for method in sorted(set(both[both["label.now"] == "fake"]["method.now"])):
        for name in shared:
            rows = both[["label.now", "method.now", f"{name}.before", f"{name}.now"]].dropna()
            fake = rows[rows["method.now"] == method]
            real = rows[rows["label.now"] == "real"]
            if len(fake) and len(real):
                found.append(
                    _difference(method, name, _pairs(fake, name), _pairs(real, name), seed)
                )
    if not found:
        raise ManifestError("the two runs share no scored fakes and genuine videos")
    return found


def _is_score(name: str) -> bool:
    return name == "score" or "." in name


def _pairs(rows: pd.DataFrame, name: str) -> Values:
    return np.asarray(rows[[f"{name}.before", f"{name}.now"]], np.float64)


def _difference(method: str, name: str, fake: Values, real: Values, seed: int) -> Difference:
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        some = fake[rng.integers(0, len(fake), len(fake))]
        others = real[rng.integers(0, len(real), len(real))]
        drawn.append(auc(some[:, 1], others[:, 1]) - auc(some[:, 0], others[:, 0]))
    lower, upper = np.quantile(drawn, [0.025, 0.975])
    before, now = (auc(fake[:, side], real[:, side]) for side in (0, 1))
    return Difference(
        method, name, len(fake), len(real), before, now, float(lower), float(upper)
    )  # fmt: skip
