"""Container facts: right on whole files, bounded on hostile ones."""

from __future__ import annotations

import datetime as dt
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import encode
from forensics.errors import NoPicture, UnreadableItem
from forensics.intake.boxes import MAX_BOXES, MAX_DEPTH, read_movie, utc
from forensics.intake.probe import MAX_TAG_CHARS, probe

FIXTURES = Path(__file__).parents[2] / "fixtures"


def box(kind: bytes, payload: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I", len(payload) + 8 if size is None else size) + kind + payload


def movie(tmp_path: Path, raw: bytes):
    path = tmp_path / "crafted.mp4"
    path.write_bytes(raw)
    found = read_movie(path)
    assert found is not None
    return found


def test_fast_start_file() -> None:
    found = probe(FIXTURES / "genuine-one-face.mp4")
    assert [b.kind for b in found.boxes if b.depth == 0] == ["ftyp", "moov", "free", "mdat"]
    assert found.index_first() is True
    assert found.brand == "isom"
    assert "mp41" in found.compatible_brands
    assert found.tags["encoder"].startswith("Lavf")
    assert found.duration_s == pytest.approx(4.0)
    assert not found.damage


def test_index_last_and_comment() -> None:
    found = probe(FIXTURES / "swapped-one-face.mp4")
    assert found.index_first() is False
    assert "face was replaced" in found.tags["comment"]


def test_packets_of_a_known_gop() -> None:
    packets = probe(FIXTURES / "genuine-one-face.mp4").packets
    assert len(packets) == 100
    assert packets.gop_sizes().tolist() == [50]
    assert np.sort(packets.pts_s) == pytest.approx(np.arange(100) / 25)
    raw = (FIXTURES / "genuine-one-face.mp4").stat().st_size
    assert packets.bit_rate() == pytest.approx(8 * raw / 4.0, rel=0.02)


def test_encoder_settings_and_edit_list() -> None:
    found = probe(FIXTURES / "genuine-one-face.mp4")
    assert found.encoder_settings.startswith("x264 - core")
    assert "crf=21.0" in found.encoder_settings
    (edit,) = found.tracks[0].edits
    assert edit.media_start_s == pytest.approx(0.08)  # two B-frames of delay
    assert edit.rate == 1.0


def test_times_are_utc_since_1904(tmp_path: Path) -> None:
    raw = bytearray((FIXTURES / "one-frame.mp4").read_bytes())
    when = dt.datetime(2024, 2, 29, 12, 30, 15, tzinfo=dt.UTC)
    seconds = int((when - dt.datetime(1904, 1, 1, tzinfo=dt.UTC)).total_seconds())
    at = raw.find(b"mvhd")
    struct.pack_into(">II", raw, at + 8, seconds, seconds + 60)
    path = tmp_path / "dated.mp4"
    path.write_bytes(raw)
    found = probe(path)
    assert found.created_utc == "2024-02-29T12:30:15Z"
    assert found.modified_utc == "2024-02-29T12:31:15Z"
    assert found.tracks[0].created_utc is None


def test_impossible_times_are_absent() -> None:
    assert utc(0) is None
    assert utc(2**64 - 1) is None


def test_other_containers_have_no_boxes(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    encode.video(path, [np.zeros((64, 64, 3), np.uint8)] * 5, tags={"title": "a \u0634 title"})
    found = probe(path)
    assert found.boxes == ()
    assert found.index_first() is None
    assert found.tags["title"] == "a \u0634 title"
    assert len(found.packets) == 5
    assert probe(FIXTURES / "still.webp").streams == ("video webp",)


def test_truncated_file_is_probed_and_says_so() -> None:
    found = probe(FIXTURES / "truncated.mp4")
    assert any("mdat" in text for text in found.damage)
    assert 0 < len(found.packets) < 100


@pytest.mark.parametrize("name", ["text.mp4", "zero.mp4", "truncated-no-index.mp4"])
def test_not_media(name: str) -> None:
    with pytest.raises(UnreadableItem):
        probe(FIXTURES / name)


def test_audio_only() -> None:
    with pytest.raises(NoPicture):
        probe(FIXTURES / "audio-only.m4a")


def test_long_tags_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "long.mkv"
    frames = [np.zeros((64, 64, 3), np.uint8)] * 2
    encode.video(path, frames, tags={"comment": "x" * (MAX_TAG_CHARS + 5)})
    assert len(probe(path).tags["COMMENT"]) == MAX_TAG_CHARS


def test_a_million_boxes_are_not_listed(tmp_path: Path) -> None:
    found = movie(tmp_path, box(b"ftyp", b"isom\0\0\0\0") + box(b"free") * 1_000_000)
    assert found.capped
    assert len(found.boxes) == MAX_BOXES


def test_deep_nesting_ends(tmp_path: Path) -> None:
    raw = b""
    for _ in range(200):
        raw = box(b"moov", raw)
    assert max(b.depth for b in movie(tmp_path, raw).boxes) == MAX_DEPTH - 1


@pytest.mark.parametrize("size", [1, 2, 7, 0xFFFFFFFF])
def test_wrong_sizes_are_noted(tmp_path: Path, size: int) -> None:
    found = movie(tmp_path, box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", b"12345678", size))
    assert [b.kind for b in found.boxes[:2]] == ["ftyp", "moov"]
    assert found.damage


def test_sixty_four_bit_size(tmp_path: Path) -> None:
    wide = struct.pack(">I", 1) + b"free" + struct.pack(">Q", 24) + bytes(8)
    found = movie(tmp_path, wide + box(b"moov"))
    assert [(b.kind, b.size_bytes, b.header_bytes) for b in found.boxes] == [
        ("free", 24, 16), ("moov", 8, 8),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", [b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"stsd", b"elst"])
def test_headers_cut_short_are_noted(tmp_path: Path, kind: bytes) -> None:
    found = movie(tmp_path, box(b"moov", box(kind, b"\x01")))
    assert [b.kind for b in found.boxes] == ["moov", kind.decode()]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_after_a_file_type_are_walked(tmp_path_factory, rest: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "any.mp4"
    path.write_bytes(box(b"ftyp", b"isom\0\0\0\0") + rest)
    found = read_movie(path)
    assert found is not None
    assert len(found.boxes) <= MAX_BOXES
