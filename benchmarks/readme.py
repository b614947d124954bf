"""Fill the README's figures from the files in `benchmarks/results/`, and its transcript by a run.

Run as ``python benchmarks/readme.py [--transcript]``. The figures are never written by hand: a test
compares the README with what this prints.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
FAKE = "fixtures/swapped-one-face.mp4"


def _read(name: str) -> Any:
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


def _share(value: float | None, count: int) -> str:
    return "-" if value is None else f"{round(value * count)} of {count}"


def methods_table(methods: list[dict[str, Any]]) -> list[str]:
    """Return the table of methods against genuine videos of their own group."""
    lines = [
        "| fakes | against | n fake / genuine | AUC (95 %) | said to support a swap "
        "| inconclusive | Cllr |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in methods:
        auc = f"{row['auc']:.3f} [{row['auc_low']:.3f}, {row['auc_high']:.3f}]"
        cells = [
            row["method"], row["against"], f"{row['n_fake']} / {row['n_real']}", auc,
            _share(row["found"], row["n_fake"]),
            _share(row["inconclusive_fake"], row["n_fake"]), f"{row['cllr']:.2f}",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def figures() -> str:
    """Return the README's figures as Markdown, all of them from the results files."""
    everything = _read("everything/results.json")
    scores = pd.read_csv(RESULTS / "everything" / "scores.csv")
    genuine = scores[scores.label == "real"].conclusion.value_counts()
    alarms = int(genuine.get("supports_face_swap", 0))
    speed, fuzz, tamper = (
        _read("speed.json"),
        _read("fuzz-intake.json"),
        _read("casefile-tamper.json")["tamper"],
    )
    short, long = speed["20_s"], speed["300_s"]
    lines = [
        f"On {everything['n_videos']} videos (FaceForensics++, DFD, DFDC and FWA, on which nothing "
        "was trained, calibrated or tuned, and genuine clips, of which 7 lent faces to the "
        "training), `python benchmarks/everything.py`:",
        "",
        *methods_table(everything["methods"]),
        "",
        f"Of {len(scores[scores.label == 'real'])} genuine videos {alarms} were said to support a "
        f"swap, {int(genuine.get('supports_no_face_swap', 0))} to support none, "
        f"{int(genuine.get('inconclusive', 0))} were inconclusive and "
        f"{int(genuine.get('not_examinable', 0))} not examinable. Few videos, few people: the "
        "intervals are wide, and take videos of one person as independent.",
        "",
        *over_source(_read("over-source.json")["by_method"]),
        "",
        f"Speed and memory (`python benchmarks/speed.py`, {speed['cores']} cores): a 20 s video of "
        f"720p took {short['ratio']:.2f} of its length and {short['peak_memory_mb']:.0f} MB, five "
        f"minutes of it {long['ratio']:.2f} and {long['peak_memory_mb']:.0f} MB.",
        "",
        f"Hostile input (`python benchmarks/fuzz_intake.py`): {fuzz['files']:,} mutated files, "
        f"{len(fuzz['bad'])} of them crashed or hung it. Case files (`python "
        f"benchmarks/casefile_tamper.py`): {tamper['changes']:,} single changes, "
        f"{len(tamper['not_found']) + len(tamper['found_but_not_named'])} not named.",
    ]
    return "\n".join(lines)


def over_source(rows: list[dict[str, Any]]) -> list[str]:
    """Say what the network does with the original at hand."""
    (copies,) = (row for row in rows if row["method"] == "genuine copy")
    cells = [
        f"{row['method']} {row['supports_a_swap']} of {row['n']} (AUC {row['auc']:.3f} "
        f"[{row['auc_interval'][0]:.3f}, {row['auc_interval'][1]:.3f}])"
        for row in rows
        if row is not copies and row["n"] > 1
    ]
    return [
        "The same network with the original at hand (`--sources`; `python "
        "benchmarks/over_source.py`), said to support a swap by the score over the source alone: "
        f"{'; '.join(cells)}; genuine copies {copies['supports_a_swap']} of {copies['n']}, of "
        f"which {copies['compared']} could be compared."
    ]


def generators() -> str:
    """Return what the reference generators reached as Markdown."""
    lines = [
        "| method, preset | steps | SSIM of reconstruction | identity: to the donor / target "
        "| mask over face | `audit` says |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for fake in _read("generators.json")["fakes"]:
        ssim = fake["reconstruction_ssim"]
        cells = [
            f"{fake['method']}, {fake['preset']}", f"{fake['steps']:,}",
            "-" if ssim is None else f"{ssim:.2f}",
            f"{fake['identity_distance_to_donor']:.2f} / {fake['identity_distance_to_target']:.2f}",
            f"{fake['mask_iou_with_face_hull']:.2f}",
            f"{fake['conclusion'].replace('_', ' ')} ({fake['log10_lr']:+.2f})"
            + (", known as our own" if fake["recognized_as_own"] else ""),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def transcript() -> str:
    """Examine the fixture fake and return what the terminal shows."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "forensics.cli", str(ROOT / FAKE), "--out", "demo-audit"]
        told = subprocess.run(  # noqa: S603 - our own program
            command, cwd=name, check=True, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "88", "NO_COLOR": "1"},
        )  # fmt: skip
    shown = told.stderr[told.stderr.index("╭") :].rstrip()
    plain = "\n".join(line.rstrip() for line in shown.splitlines())
    return f"```\n$ audit {FAKE} --out demo-audit\n{plain}\n```"


def put(text: str, mark: str, content: str) -> str:
    """Replace what stands between a pair of marks."""
    pattern = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def main() -> None:
    """Fill the README."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--transcript", action="store_true", help="run the example again too")
    options = parser.parse_args()
    text = put(README.read_text(encoding="utf-8"), "figures", figures())
    text = put(text, "generators", generators())
    if options.transcript:
        text = put(text, "transcript", transcript())
    README.write_text(text, encoding="utf-8")
    print(figures())


if __name__ == "__main__":
    main()
