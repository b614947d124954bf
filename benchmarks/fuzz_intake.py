"""Feed the intake damaged files and count what comes of it.

``python benchmarks/fuzz_intake.py --count 2400`` damages the fixtures and small clips of every
common container, and examines each in a child process with a limit on time and memory. Every file
must either be read or be refused with one of our errors. The result is written to
``benchmarks/results/fuzz-intake.json``; files that did anything else are kept beside it.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from benchmarks.mutate import mutate, small_seeds  # noqa: E402

RESULTS = HERE / "results" / "fuzz-intake.json"
FIXTURES = HERE.parent / "fixtures"
MEDIA = {".mp4", ".m4a", ".jpg", ".png", ".webp"}
TIME_LIMIT_S = 60.0
MEMORY_LIMIT_BYTES = 6 << 30
RESIDENT_LIMIT_MB = 1500.0
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Outcome:
    """What one damaged file did.

    Attributes:
        result: "read", the name of one of our errors, "foreign NAME" for any other exception,
            "crash SIGNAL" or "hang".
        seconds: Wall time.
        peak_mb: Resident memory of the child at its highest while on this file; 0 if it died.
        detail: Text of a foreign exception.
    """

    result: str
    seconds: float
    peak_mb: float
    detail: str = ""

    @property
    def bad(self) -> bool:
        """Whether this must never happen."""
        return self.result.split()[0] in ("foreign", "crash", "hang")


def examine(path: Path, credentials: bool) -> str:
    """Run the intake and the file analyzers on one file; return what came of it."""
    from forensics.analyzer import Material
    from forensics.analyzers.container import ContainerFacts
    from forensics.analyzers.recompression import Recompression
    from forensics.errors import ForensicsError
    from forensics.intake.credentials import read_credentials
    from forensics.intake.probe import probe
    from forensics.intake.scan import scan

    try:
        container = probe(path)
        found = scan(path, frames=2)
    except ForensicsError as error:
        return type(error).__name__
    material = Material(
        path=path, media=found.media, container=container, frame_table=found.table,
        shots=found.shots, tracks=(),
    )  # fmt: skip
    for analyzer in (ContainerFacts(), Recompression()):
        analyzer.analyze(material)
    if credentials and read_credentials(path).outcome == "broken":
        return "foreign credentials reader broke"
    return "read"


def _child(pipe: Connection) -> None:
    """Examine files named on the pipe until it closes."""
    import traceback

    import cv2

    cv2.setNumThreads(1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    while True:
        try:
            name, credentials = pipe.recv()
        except EOFError:
            return
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # start a new peak
        started = time.perf_counter()
        detail = ""
        try:
            result = examine(Path(name), credentials)
        except BaseException as error:  # the very thing that is looked for
            result, detail = f"foreign {type(error).__name__}", traceback.format_exc()[-1500:]
        pipe.send((result, time.perf_counter() - started, _peak_mb(), detail))


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


class Worker:
    """One child process at a time, started again when it dies or hangs."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_child, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def __call__(self, path: Path, credentials: bool) -> Outcome:
        """Examine one file."""
        started = time.perf_counter()
        self._pipe.send((str(path), credentials))
        try:
            if self._pipe.poll(TIME_LIMIT_S):
                return Outcome(*self._pipe.recv()[:4])
            self._process.kill()
            result = "hang"
        except (EOFError, OSError):
            self._process.join(5)
            result = f"crash {self._process.exitcode}"
        self._process.join(5)
        self._start()
        return Outcome(result, time.perf_counter() - started, 0.0)

    def close(self) -> None:
        """End the child."""
        self._pipe.close()
        self._process.join(5)
        self._process.kill()


def fuzz(count: int, seed: int, workers: int, folder: Path) -> dict[str, Any]:
    """Damage and examine files.

    Args:
        count: How many.
        seed: Of all damage.
        workers: Child processes.
        folder: For seeds and damaged files.

    Returns:
        Counts by outcome, the slowest files, peak memory, and everything bad.
    """
    small = small_seeds(folder)
    large = sorted(path for path in FIXTURES.iterdir() if path.suffix in MEDIA)
    raws = {path: path.read_bytes() for path in [*small, *large]}
    pool = [Worker() for _ in range(workers)]

    def share(which: int) -> list[tuple[int, str, str, Outcome]]:
        return [_one(n, seed, small, large, raws, folder, pool[which])
                for n in range(which, count, workers)]  # fmt: skip

    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as threads:
        rows = sorted(row for part in threads.map(share, range(workers)) for row in part)
    for worker in pool:
        worker.close()
    return _summary(rows, seed, time.perf_counter() - started)


def _one(
    number: int,
    seed: int,
    small: list[Path],
    large: list[Path],
    raws: dict[Path, bytes],
    folder: Path,
    worker: Worker,
) -> tuple[int, str, str, Outcome]:
    rng = np.random.default_rng([seed, number])
    group = large if rng.random() < 0.3 else small
    base = group[int(rng.integers(0, len(group)))]
    other = [*small, *large][int(rng.integers(0, len(small) + len(large)))]
    data, ways = mutate(raws[base], raws[other], rng)
    path = folder / f"{number:05d}-{base.name}"
    path.write_bytes(data)
    outcome = worker(path, base.name.startswith("c2pa"))
    if outcome.bad:
        RESULTS.parent.mkdir(exist_ok=True)
        kept = Path(tempfile.gettempdir()) / f"fuzz-bad-{path.name}"
        kept.write_bytes(data)
    path.unlink()
    return number, base.name, ways, outcome


def _summary(
    rows: list[tuple[int, str, str, Outcome]], seed: int, seconds: float
) -> dict[str, Any]:
    def plain(row: tuple[int, str, str, Outcome]) -> dict[str, Any]:
        number, base, ways, outcome = row
        return {
            "number": number, "base": base, "damage": ways, "result": outcome.result,
            "seconds": round(outcome.seconds, 3), "peak_mb": round(outcome.peak_mb, 1),
            **({"detail": outcome.detail} if outcome.bad else {}),
        }  # fmt: skip

    slowest = sorted(rows, key=lambda row: -row[3].seconds)[:10]
    biggest = sorted(rows, key=lambda row: -row[3].peak_mb)[:5]
    times = np.array([row[3].seconds for row in rows])
    return {
        "files": len(rows),
        "seed": seed,
        "outcomes": dict(collections.Counter(row[3].result for row in rows).most_common()),
        "bad": [plain(row) for row in rows if row[3].bad],
        "seconds_in_all": round(seconds, 1),
        "seconds_a_file": {
            "median": round(float(np.median(times)), 3),
            "p99": round(float(np.quantile(times, 0.99)), 3),
            "max": round(float(times.max()), 3),
        },
        "peak_mb": round(max(row[3].peak_mb for row in rows), 1),
        "limits": {
            "seconds": TIME_LIMIT_S, "resident_mb": RESIDENT_LIMIT_MB,
            "address_space_mb": MEMORY_LIMIT_BYTES >> 20,
        },
        "slowest": [plain(row) for row in slowest],
        "biggest": [plain(row) for row in biggest],
    }  # fmt: skip


def main() -> int:
    """Run, write the result, and fail if anything bad came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2400)
    parser.add_argument("--seed", type=int, default=20180)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = fuzz(arguments.count, arguments.seed, arguments.workers, Path(folder))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: result[key] for key in ("files", "outcomes", "peak_mb")}, indent=2))
    print(f"{len(result['bad'])} bad; {result['seconds_in_all']} s; slowest {result['slowest'][0]}")
    return 1 if result["bad"] or result["peak_mb"] > RESIDENT_LIMIT_MB else 0


if __name__ == "__main__":
    raise SystemExit(main())
