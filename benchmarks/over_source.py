"""The discriminator with the original at hand: every fake against its own source, and copies.

Run as ``python benchmarks/over_source.py [--cache DIR]``; writes `results/over-source.json` and
prints the table. Each fake of the benchmark is compared with its original by `audit FAKE --sources
ORIGINAL`, the discriminator alone; each original with a re-encoded excerpt of itself, for false
alarms. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from forensics.analyzers.discriminator import DiscriminatorAnalyzer
from forensics.audit import audit, find_faces
from forensics.benchmark.protocol import remembering
from forensics.interpretation.strength import SUPPORT_FROM_LOG10
from forensics.interpretation.validation import Interval, auc_interval, wilson
from forensics.record import Abstention, Settings
from forensics.references.sources.attacks import make, named

ROOT = Path(__file__).resolve().parents[1]
BENCHMARK = ROOT.parent / "shared" / "data" / "benchmark"
RESULTS = Path(__file__).parent / "results" / "over-source.json"
COPY_S = 6.0
COPY_CRF = (20, 39)


@dataclass(frozen=True)
class Pair:
    """One questioned video and the original it is compared with.

    Attributes:
        method: Of the fake; "genuine copy".
        group: Of the benchmark.
        questioned: Path under the benchmark; of a copy, the original's.
        original: The same.
        crf: A copy was encoded with; 0 for fakes, which are taken as they are.
    """

    method: str
    group: str
    questioned: str
    original: str
    crf: int = 0


@dataclass(frozen=True)
class Outcome:
    """What came of a pair; over tracks, the highest."""

    pair: Pair
    over_source: float | None
    log10_lr: float | None
    why: str


def pairs(seed: int = 0) -> list[Pair]:
    """List every fake with its original, and every original once."""
    rng = np.random.default_rng(seed)
    with (BENCHMARK / "manifest.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    found = [
        Pair(row["method"], row["group"], row["path"], row["original"])
        for row in rows if row["label"] == "fake" and row["original"]
    ]  # fmt: skip
    found += [
        Pair("genuine copy", row["group"], row["path"], row["path"], int(rng.integers(*COPY_CRF)))
        for row in rows if row["label"] == "real"
    ]  # fmt: skip
    return found


def look(job: tuple[Pair, str | None]) -> Outcome:
    """Examine one pair."""
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pair, cache = job
    original = BENCHMARK / pair.original
    with tempfile.TemporaryDirectory() as folder:
        item = BENCHMARK / pair.questioned
        if pair.crf:
            smaller = named("crf 35 + 480p" if pair.crf % 2 else "none")
            item = Path(folder) / "copy.mp4"
            make(original, replace(smaller, crf=pair.crf, seconds=COPY_S, start=0.3), item)
        record = audit(
            item, Settings(), sources=str(original), analyzers=(DiscriminatorAnalyzer,),
            faces=remembering(Path(cache)) if cache and not pair.crf else find_faces,
        ).record  # fmt: skip
    signals = record.signals()
    over = [one for one in signals if one.name == "logit_over_source"]
    best = max(over, key=lambda one: one.score, default=None)
    told = [
        lr.log10_lr
        for lr in record.weights
        if best and lr.track == best.extent.track and lr.source == "discriminator over the source"
    ]
    why = "; ".join(one.detail for one in record.observations if isinstance(one, Abstention))
    return Outcome(
        pair=pair,
        over_source=best.score if best else None,
        log10_lr=told[0] if told else None,
        why="" if best else why or "no moment of the source was sure",
    )


def _rounded(interval: Interval) -> list[float]:
    return [round(interval.lower, 3), round(interval.upper, 3)]


def table(outcomes: list[Outcome]) -> list[dict[str, object]]:
    """Count by method, against all genuine copies."""
    copies = [one for one in outcomes if one.pair.crf]
    heard = [one.over_source for one in copies if one.over_source is not None]
    rows: list[dict[str, object]] = []
    for method in dict.fromkeys(one.pair.method for one in outcomes):
        some = [one for one in outcomes if one.pair.method == method]
        scores = [one.over_source for one in some if one.over_source is not None]
        ratios = [one.log10_lr for one in some if one.log10_lr is not None]
        said = sum(ratio >= SUPPORT_FROM_LOG10 for ratio in ratios)
        interval = wilson(said, len(some))
        row: dict[str, object] = {
            "method": method, "n": len(some), "compared": len(scores), "weighed": len(ratios),
            "supports_a_swap": said, "interval": _rounded(interval),
            "supports_none": sum(ratio <= -SUPPORT_FROM_LOG10 for ratio in ratios),
            "median": round(float(np.median(scores)), 2) if scores else None,
        }  # fmt: skip
        if scores and not some[0].pair.crf:
            of_auc = auc_interval(np.array(scores), np.array(heard))
            row["auc"] = round(of_auc.value, 3)
            row["auc_interval"] = _rounded(of_auc)
        rows.append(row)
    return rows


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", default=str(ROOT / ".cache" / "faces"))
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    jobs = [(pair, given.cache) for pair in pairs()]
    with get_context("spawn").Pool(given.jobs) as pool:
        outcomes = []
        for one in pool.imap(look, jobs):
            outcomes.append(one)
            print(len(outcomes), len(jobs), one.pair.method, one.over_source, one.log10_lr, one.why)
    summary = table(outcomes)
    whole = {"by_method": summary, "pairs": [asdict(one) for one in outcomes]}
    RESULTS.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
