from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forensics.benchmark.versions import differences, read_scores
from forensics.errors import ManifestError


def _table(rng: np.random.Generator, gap: float, luck: np.ndarray) -> pd.DataFrame:
    labels = np.array(["fake"] * 40 + ["real"] * 40)
    score = luck + gap * (labels == "fake") + rng.normal(0, 0.1, 80)
    return pd.DataFrame(
        {
            "path": [f"{n}.mp4" for n in range(80)], "label": labels,
            "method": np.where(labels == "fake", "swap", "original"), "score": score,
            "one.signal": score,
        }
    )  # fmt: skip


def test_a_better_version_is_seen_through_what_both_find_hard(rng: np.random.Generator) -> None:
    luck = rng.normal(0, 1, 80)
    before, now = _table(rng, 0.5, luck), _table(rng, 1.0, luck)
    verdict, signal = differences(before, now)
    assert (verdict.score, signal.score) == ("score", "one.signal")
    assert verdict.now > verdict.before
    assert verdict.lower > 0
    assert verdict.n_fake == verdict.n_real == 40
    (same, _) = differences(before, before)
    assert same.lower == same.upper == 0


def test_runs_of_other_videos_are_refused(rng: np.random.Generator, tmp_path: Path) -> None:
    table = _table(rng, 1.0, rng.normal(0, 1, 80))
    with pytest.raises(ManifestError, match="share no scored"):
        differences(table, table.assign(path=[f"other-{n}" for n in range(80)]))
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ManifestError, match="lacks the columns"):
        read_scores(tmp_path / "x.csv")
