"""The hash lists beside a record, in the formats that hash-matching platforms import.

A pure function of the record: `audit report` could write them again without the video.

Source: github.com/facebook/ThreatExchange: `vpdq/cpp/.../vpdqio.cpp` reads lines of frame number,
quality, hash and seconds; python-threatexchange's vPDQ signal is a JSON list of strings of hash,
quality and seconds.
"""

from __future__ import annotations

import csv
import io
import json

from forensics.record import CaseRecord, Fact

ANALYZER = "fingerprints"
FOLDER = "hashes"


def hash_lists(record: CaseRecord) -> dict[str, bytes]:
    """Return the files of the hashes folder by name; none where nothing was fingerprinted.

    Args:
        record: Its facts hold every fingerprint.
    """
    facts = {fact.name: fact for fact in record.facts() if fact.analyzer == ANALYZER}
    if not facts:
        return {}
    files = {"files.csv": _files(record, facts), "pdq.csv": _pdq(facts)}
    if "vpdq" in facts:
        lines = _lines(facts["vpdq"])
        files["vpdq.txt"] = "".join(f"{line}\n" for line in lines).encode("ascii")
        files["vpdq-signal.json"] = _signal(lines)
    return files


def _files(record: CaseRecord, facts: dict[str, Fact]) -> bytes:
    digests = [str(facts[name].value) for name in ("md5", "sha256") if name in facts]
    head = ["md5", "sha256", "size_bytes", "name"]
    return _table(head, [[*digests, str(record.item.size_bytes), record.item.name]])


def _pdq(facts: dict[str, Fact]) -> bytes:
    rows: list[list[str]] = []
    for fact in facts.values():
        if fact.name.startswith("pdq_frame_") and isinstance(fact.value, tuple):
            index = fact.name.removeprefix("pdq_frame_")
            rows.append([*map(str, fact.value), index, f"{fact.extent.start_s or 0.0:.3f}"])
    return _table(["pdq", "quality", "frame", "time_s"], rows)


def _lines(fact: Fact) -> list[str]:
    return [str(line) for line in fact.value] if isinstance(fact.value, tuple) else []


def _signal(lines: list[str]) -> bytes:
    """Return python-threatexchange's vPDQ signal: a JSON list of "hash,quality,seconds"."""
    parts = [line.split(",") for line in lines]
    return (
        json.dumps([f"{pdq},{quality},{time}" for _, quality, pdq, time in parts]) + "\n"
    ).encode("ascii")


def _table(head: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue().encode("utf-8")
