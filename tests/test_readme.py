"""The README says what the files in `benchmarks/results/` say."""

from __future__ import annotations

import json

from benchmarks import readme


def test_figures_come_from_the_results() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert readme.put(text, "figures", readme.figures()) == text
    assert readme.put(text, "generators", readme.generators()) == text


def test_other_results_would_be_seen() -> None:
    path = readme.RESULTS / "everything" / "results.json"
    (row, *_) = json.loads(path.read_text(encoding="utf-8"))["methods"]
    (line,) = readme.methods_table([row])[2:]
    (other,) = readme.methods_table([row | {"auc": 0.123}])[2:]
    assert line != other
    assert "0.123" in other
