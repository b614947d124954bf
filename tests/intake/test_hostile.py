"""A hundred damaged files: each is read or refused with one of our errors, in bounded time."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.fuzz_intake import RESIDENT_LIMIT_MB, Outcome, Worker
from benchmarks.mutate import WAYS, mutate, small_seeds

COUNT = 100
SEED = 2024


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Outcome]]:
    folder = tmp_path_factory.mktemp("hostile")
    seeds = small_seeds(folder)
    raws = [path.read_bytes() for path in seeds]
    worker = Worker()
    found: list[tuple[str, Outcome]] = []
    for number in range(COUNT):
        rng = np.random.default_rng([SEED, number])
        base = number % len(seeds)
        data, ways = mutate(raws[base], raws[int(rng.integers(0, len(raws)))], rng)
        path = folder / f"{number}-{seeds[base].name}"
        path.write_bytes(data)
        found.append((f"{path.name} {ways}", worker(path, credentials=False)))
    worker.close()
    return found


def test_no_crash_no_hang_no_foreign_error(outcomes: list[tuple[str, Outcome]]) -> None:
    assert [(name, seen) for name, seen in outcomes if seen.bad] == []


def test_memory_is_bounded(outcomes: list[tuple[str, Outcome]]) -> None:
    assert max(seen.peak_mb for _name, seen in outcomes) < RESIDENT_LIMIT_MB


def test_some_are_read_and_some_refused(outcomes: list[tuple[str, Outcome]]) -> None:
    results = {seen.result for _name, seen in outcomes}
    assert {"read", "UnreadableItem"} <= results


@pytest.mark.parametrize("way", sorted(WAYS))
def test_every_way_of_damage_works_on_any_bytes(way: str) -> None:
    for size in (1, 3, 4, 9, 5000):
        rng = np.random.default_rng(size)
        data = WAYS[way](bytearray(b"moov" * size), b"other" * 10, rng)
        assert isinstance(bytes(data), bytes)


def test_damage_is_seeded() -> None:
    raw = bytes(range(256)) * 20
    first = mutate(raw, raw[::-1], np.random.default_rng(5))
    assert first == mutate(raw, raw[::-1], np.random.default_rng(5))
