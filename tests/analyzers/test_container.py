"""What the container analyzer prints, and what it does not claim."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from forensics.analyzer import Material
from forensics.analyzers.container import ContainerFacts
from forensics.intake.probe import probe
from forensics.intake.scan import scan
from forensics.record import Fact

FIXTURES = Path(__file__).parents[2] / "fixtures"


@cache
def material(name: str) -> Material:
    path = FIXTURES / name
    found = scan(path, frames=2)
    return Material(
        path=path, media=found.media, container=probe(path), frame_table=found.table,
        shots=found.shots, tracks=(),
    )  # fmt: skip


def facts(given: Material) -> dict[str, Fact]:
    found = ContainerFacts().analyze(given).observations
    assert all(isinstance(seen, Fact) for seen in found)
    named = {seen.name: seen for seen in found}
    assert len(named) == len(found)  # names are unique
    return named


def test_genuine_clip_has_nothing_for_the_first_page() -> None:
    found = facts(material("genuine-one-face.mp4"))
    assert not [fact.name for fact in found.values() if fact.notable]
    assert found["box_order"].value == ("ftyp", "moov", "free", "mdat")
    assert found["index_first"].value is True
    assert found["gop_frames"].value == (50,)
    assert "encoder_defaults" not in found
    assert found["created_utc"].value is None
    assert found["first_frames"].value.startswith("I")


def test_default_settings_are_named_with_care() -> None:
    found = facts(material("swapped-one-face.mp4"))
    words = found["encoder_defaults"].words
    assert "alone means nothing" in words
    assert "also the default" in words
    assert not found["encoder_defaults"].notable


def test_a_tag_that_names_a_swap_is_notable_and_qualified() -> None:
    tag = facts(material("swapped-one-face.mp4"))["tag comment"]
    assert tag.notable
    assert "Anyone can write a tag" in tag.words


def test_damage_is_notable() -> None:
    assert facts(material("truncated.mp4"))["damage"].notable


def test_gaps_and_types() -> None:
    found = facts(material("variable-frame-rate.mp4"))
    assert len(found["gaps"].value) == 3
    assert sum(int(row.split()[1]) for row in found["frame_types"].value) == 50


def test_a_still_has_no_frame_facts() -> None:
    found = facts(material("still.png"))
    assert found["format"].value == "png_pipe"
    assert "frame_types" not in found
    assert "box_order" not in found


def test_apple_names_in_an_ffmpeg_file() -> None:
    given = material("genuine-one-face.mp4")
    track = replace(given.container.tracks[0], handler_name="Core Media Video")
    found = facts(replace(given, container=replace(given.container, tracks=(track,))))
    assert "rewritten" in found
    assert not found["rewritten"].notable


@pytest.mark.parametrize(
    ("options", "expected"),
    [("rc=crf crf=0.0", "x264 lossless"), ("rc=abr bitrate=16000", "x264 16 Mb/s")],
)
def test_other_writer_defaults(options: str, expected: str) -> None:
    given = material("genuine-one-face.mp4")
    container = replace(given.container, encoder_settings=f"x264 - core 164 - options: {options}")
    found = facts(replace(given, container=container))
    assert found["encoder_defaults"].value == expected


def test_hostile_tags_are_bounded() -> None:
    given = material("genuine-one-face.mp4")
    tags = {f"key{number}\u202e": "y" * 100_000 for number in range(250)}
    found = facts(replace(given, container=replace(given.container, tags=tags)))
    assert sum(name.startswith("tag ") for name in found) <= 64


def test_packets_beyond_the_limit_are_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensics.intake.probe.MAX_PACKETS", 5)
    given = material("genuine-one-face.mp4")
    short = replace(given, container=probe(given.path))
    fact = facts(short)["packets_listed"]
    assert (fact.value, fact.notable) == (5, True)
