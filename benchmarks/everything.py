"""Measure the tool on everything in ../shared/data: the benchmark and the genuine clips together.

Run as ``python benchmarks/everything.py [--cache DIR]``; writes `benchmarks/results/everything/`
and prints the tables of `audit benchmark`, then the conclusions by group. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
COLUMNS = ("path", "label", "method", "group", "original")


def rows() -> list[dict[str, str]]:
    """List every video of the benchmark and every genuine clip."""
    found = []
    with (SHARED / "benchmark" / "manifest.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            kept = {name: row[name] for name in COLUMNS}
            kept["path"] = str(SHARED / "benchmark" / row["path"])
            found.append(kept)
    with (SHARED / "genuine-clips" / "manifest.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            group = f"genuine clips ({row['use']})"
            path = str(SHARED / "genuine-clips" / row["path"])
            found.append({"path": path, "label": "real", "method": group, "group": group})
    return found


def main() -> None:
    """Run the benchmark command and print the conclusions by group."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", default=str(ROOT / ".cache" / "faces"))
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--than", type=Path, help="scores.csv of this program by another version")
    parser.add_argument("--sheets", help="folder for pictures of what was wrong; never commit it")
    options = parser.parse_args()
    out = ROOT / "benchmarks" / "results" / "everything"
    with tempfile.TemporaryDirectory() as name:
        manifest = Path(name) / "manifest.csv"
        with manifest.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, COLUMNS)
            writer.writeheader()
            writer.writerows(rows())
        command = [sys.executable, "-m", "forensics.cli", "benchmark", str(manifest)]
        command += ["--out", str(out), "--cache", options.cache, "--jobs", options.jobs]
        if options.sheets:
            command += ["--sheets", options.sheets]
        if options.than:
            other = pd.read_csv(options.than)
            other["path"] = [str(SHARED / path) for path in other["path"]]
            other.to_csv(Path(name) / "than.csv", index=False)
            command += ["--than", str(Path(name) / "than.csv")]
        subprocess.run(command, check=True, cwd=ROOT)  # noqa: S603 - our own program
    scores = pd.read_csv(out / "scores.csv")
    scores["path"] = [str(Path(path).relative_to(SHARED)) for path in scores["path"]]
    scores.to_csv(out / "scores.csv", index=False, lineterminator="\n")
    print(pd.crosstab([scores.group, scores.method], scores.conclusion).to_string())


if __name__ == "__main__":
    main()
