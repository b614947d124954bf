from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pdqhash

from forensics.analyzers.fingerprints import Fingerprints, key_frames, taken
from forensics.casefile.fingerprints import distance
from forensics.hash_lists import hash_lists
from forensics.intake.frame_prints import FramePrint, Printer, print_of
from forensics.record import CaseRecord, Fact, Reason, Shot
from tests.conftest import FIXTURES
from tests.test_analyzer_contract import material_of


def facts_of(name: str) -> dict[str, Fact]:
    said = Fingerprints().analyze(material_of(name)).observations
    return {fact.name: fact for fact in said if isinstance(fact, Fact)}


def test_digests_are_those_of_the_file() -> None:
    data = (FIXTURES / "still.jpg").read_bytes()
    facts = facts_of("still.jpg")
    assert facts["md5"].value == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert facts["sha256"].value == hashlib.sha256(data).hexdigest()
    assert "vpdq" not in facts


def test_the_hash_is_spelled_as_the_reference_spells_it() -> None:
    # Meta's own Python hasher joins the bits to a binary number and prints it in hexadecimal.
    rng = np.random.default_rng(3)
    rgb = cv2.GaussianBlur(rng.integers(0, 255, (300, 400, 3), dtype=np.uint8), (0, 0), 9)
    bits, quality = pdqhash.compute(rgb)
    assert print_of(rgb) == (f"{int(''.join(map(str, bits)), 2):064x}", quality)


def test_vpdq_lines_are_what_threatexchange_reads() -> None:
    lines = facts_of("two-shots.mp4")["vpdq"].value
    assert isinstance(lines, tuple)
    previous = -1
    for line in lines:
        number, quality, pdq, seconds = str(line).split(",")
        assert re.fullmatch(r"[0-9a-f]{64}", pdq)
        assert 0 <= int(quality) <= 100
        assert re.fullmatch(r"\d+\.\d{3}", seconds)
        assert int(number) > previous
        previous = int(number)


def test_intake_takes_the_same_fingerprints_as_a_second_pass() -> None:
    from dataclasses import replace

    from forensics.intake.scan import scan

    material = material_of("two-shots.mp4")
    of_intake = scan(material.path, frames=6).prints
    assert len(of_intake) >= 2
    assert of_intake == taken(material)
    assert (
        Fingerprints().analyze(replace(material, prints=of_intake)).observations
        == Fingerprints().analyze(material).observations
    )


def test_long_items_are_sampled_less_often_but_evenly() -> None:
    printer = Printer(most=10)
    rgb = np.zeros((64, 64, 3), np.uint8)
    for number in range(25 * 60):
        if printer.wants(number / 25):
            printer.add(number, number / 25, rgb)
    times = [seen.pts_s for seen in printer.prints()]
    assert 5 <= len(times) <= 10
    assert printer.every_s == 8
    assert set(np.diff(times).round(2)) == {8.0}


def test_a_flat_frame_is_no_key_frame_where_there_is_a_better_one() -> None:
    def seen(index: int, quality: int) -> FramePrint:
        return FramePrint(index, float(index), quality, "0" * 64)

    prints = tuple(seen(i, 100 if i == 1 else 3) for i in range(10))
    shots = (Shot(start_s=0, end_s=6), Shot(start_s=6, end_s=10))
    assert [frame.index for frame in key_frames(prints, shots)] == [1, 8]


def test_a_swap_and_its_original_match_and_the_words_say_so() -> None:
    fake, real = (facts_of(f"{name}-one-face.mp4") for name in ("swapped", "genuine"))
    pairs = [
        (str(a).split(",")[2], str(b).split(",")[2])
        for a, b in zip(fake["vpdq"].value, real["vpdq"].value, strict=True)  # type: ignore[arg-type]
    ]
    assert max(distance(a, b) for a, b in pairs) <= 31
    assert "face swap and its original mostly match" in fake["vpdq"].words


def test_lists_beside_the_record_hold_what_the_record_holds(examined: tuple[Path, str]) -> None:
    folder = examined[0]
    record = CaseRecord.from_json((folder / "record.json").read_bytes())
    lists = hash_lists(record)
    assert set(lists) == {"files.csv", "pdq.csv", "vpdq.txt", "vpdq-signal.json"}
    for name, data in lists.items():
        assert (folder / "hashes" / name).read_bytes() == data
    lines = lists["vpdq.txt"].decode().splitlines()
    signal = json.loads(lists["vpdq-signal.json"])
    assert [",".join(line.split(",")[i] for i in (2, 1, 3)) for line in lines] == signal
    row = next(csv.DictReader(io.StringIO(lists["files.csv"].decode())))
    assert row["sha256"] == record.item.sha256
    keys = list(csv.DictReader(io.StringIO(lists["pdq.csv"].decode())))
    assert keys
    assert {key["pdq"] for key in keys} <= {line.split(",")[2] for line in lines}


def test_nothing_decoded_is_an_abstention() -> None:
    from dataclasses import replace

    material = material_of("still.jpg")
    table = replace(material.frame_table, pts_s=np.zeros(0))
    said = Fingerprints().analyze(replace(material, frame_table=table)).observations
    assert [s.reason for s in said if s.kind == "abstention"] == [Reason.NOT_APPLICABLE]
