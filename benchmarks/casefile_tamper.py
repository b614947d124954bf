"""Tamper with a case 1,000 times and kill 100 of its commands; write what `verify` saw.

Run from the repository's root::

    python -m benchmarks.casefile_tamper [--changes 1000] [--kills 100]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from forensics.casefile.checking import verify
from forensics.casefile.folder import Case
from forensics.environment import tool_version
from tests.casefile.tampering import (
    change_byte,
    change_line,
    one_command,
    run_and_kill,
    small_case,
)

OUT = Path(__file__).parent / "results" / "casefile-tamper.json"
LONGEST_S = 0.25


def tamper(folder: Path, changes: int) -> dict[str, object]:
    """Make half of the changes to bytes and half to lines, each to a fresh copy."""
    pristine = small_case(folder).folder
    missed: list[str] = []
    unnamed: list[str] = []
    kinds: Counter[str] = Counter()
    copy = folder / "copy"
    for seed in range(changes):
        shutil.copytree(pristine, copy)
        how = change_byte if seed % 2 else change_line
        change = how(copy, random.Random(seed))  # noqa: S311
        kinds[f"{change.what.split()[0]} {'byte' if seed % 2 else 'line or file'}"] += 1
        findings = verify(copy).findings
        said = [str(finding) for finding in findings if finding.path == change.path]
        if not findings:
            missed.append(f"seed {seed}: {change.what}")
        elif not said or not all(any(w in line for line in said) for w in change.words):
            unnamed.append(f"seed {seed}: {change.what}: {findings}")
        shutil.rmtree(copy)
    return {
        "changes": changes, "not_found": missed, "found_but_not_named": unnamed,
        "kinds": dict(sorted(kinds.items())),
    }  # fmt: skip


def kill(folder: Path, kills: int) -> dict[str, object]:
    """Kill -9 commands at random moments and count lines lost, torn or doubled."""
    case = small_case(folder)
    rng = random.Random(1)  # noqa: S311
    lines = len(case.entries())
    killed_midway = interrupted = done_count = 0
    broken: list[str] = []
    for number in range(kills):
        scratch = folder / f"kill-{number}"
        killed, done = run_and_kill(case, scratch, one_command, after_s=rng.uniform(0, LONGEST_S))
        check = verify(case.folder)
        killed_midway += killed
        interrupted += bool(check.notes)
        if not check.whole:
            broken.append(f"kill {number}: {check.findings}")
        if not lines + done <= check.lines <= lines + 1:
            broken.append(f"kill {number}: {lines} lines became {check.lines}, done: {done}")
        done_count += done
        lines = len(Case(case.folder).entries())
    after = verify(case.folder)
    return {
        "commands": kills, "killed_before_they_ended": killed_midway, "ended_first": done_count,
        "left_debris_or_a_journal": interrupted, "broken": broken,
        "verifies_at_the_end": after.whole, "lines_at_the_end": after.lines,
    }  # fmt: skip


def main() -> None:
    """Run both and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--out", type=Path, default=OUT)
    wanted = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        result = {
            "tool": tool_version(),
            "tamper": tamper(Path(first), wanted.changes),
            "kill": kill(Path(second), wanted.kills),
        }
    result["wall_s"] = round(time.monotonic() - start, 1)
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    wanted.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
