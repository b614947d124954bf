from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forensics.casematch.encoding import (
    fitted,
    frames_of,
    label_of,
    label_rows,
    mean_qp,
    tuned,
    wanted_of,
    write,
)
from forensics.intake.frames import Frame
from forensics.intake.scan import scan
from reference_generators.label import Label as Burner
from tests.conftest import FIXTURES

GENUINE = FIXTURES / "genuine-one-face.mp4"


def labeled(rgb: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    boxes = np.array([box])
    size = (rgb.shape[1], rgb.shape[0])
    return Burner("COMPARISON FAKE - case 20260101-abc", boxes, size).burn(rgb, boxes[0])


def frame(index: int = 0) -> np.ndarray:
    return next(f.rgb for f in frames_of(GENUINE, 0.0, 4.0) if f.index == index)


def test_the_label_is_found_where_the_writer_burned_it_and_nowhere_else(tmp_path: Path) -> None:
    rgb = frame()
    assert label_rows(rgb) == 0
    assert label_rows(rgb[::-1]) == 0
    shown = labeled(rgb, (200.0, 100.0, 400.0, 300.0))
    found = sum(label_rows(side) for side in (shown, shown[::-1]))
    assert found == pytest.approx(0.06 * rgb.shape[0], abs=2)
    black = np.zeros_like(rgb)
    assert label_rows(black) == 0  # a black bar is no label
    # and it is still found in the fake as it was encoded
    wanted = wanted_of(GENUINE, scan(GENUINE, frames=4))
    path = tmp_path / "fake.mp4"
    write(iter([Frame(i, i / 25, shown) for i in range(3)]), path, replace(wanted, crf=30))
    label = label_of(frames_of(path, 0.0, 1.0))
    assert label.edges == (("bottom",),) * 3 or label.edges == (("top",),) * 3


def test_genuine_footage_wears_the_same_label() -> None:
    shown = labeled(frame(), (200.0, 100.0, 400.0, 300.0))
    label = label_of(iter([Frame(0, 0.0, shown)]))
    other = frame(40)
    worn = label.burn(7, other)
    rows = label_rows(shown[::-1])
    assert rows
    np.testing.assert_array_equal(worn[-rows:], shown[-rows:])
    np.testing.assert_array_equal(worn[:-rows], other[:-rows])
    small = label.burn(0, other[::2, ::2])
    assert label_rows(small[::-1]) == pytest.approx(rows / 2, abs=2)


def test_quality_is_brought_to_the_questioned_item_s(tmp_path: Path) -> None:
    coarse = tmp_path / "questioned.mp4"
    first = wanted_of(GENUINE, scan(GENUINE, frames=4))
    write(frames_of(GENUINE, 0.0, 2.0), coarse, replace(first, crf=33))
    wanted = wanted_of(coarse, scan(coarse, frames=4))
    assert wanted.by_qp
    found, reached = tuned(wanted, lambda: frames_of(GENUINE, 0.0, 2.0), tmp_path)
    assert abs(found.crf - 33) <= 2
    assert reached == pytest.approx(mean_qp(coarse), abs=1.0)
    assert not list(tmp_path.glob("trial*"))


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    wanted = wanted_of(GENUINE, scan(GENUINE, frames=4))
    paths = [tmp_path / name for name in ("a.mp4", "b.mp4")]
    for path in paths:
        assert write(frames_of(GENUINE, 0.0, 0.5), path, wanted) == 13
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_size_and_rate_are_those_of_the_questioned_item(tmp_path: Path) -> None:
    item = FIXTURES / "talking-small.mp4"
    wanted = wanted_of(item, scan(item, frames=4))
    path = tmp_path / "small.mp4"
    write(frames_of(GENUINE, 0.0, 2.0), path, wanted)
    media = scan(path, frames=4).media
    assert media.height_px == 144
    assert media.width_px == 192  # its own proportions are kept
    assert media.average_rate_fps == pytest.approx(25, abs=0.5)  # never more frames than there are
    slow = replace(wanted, rate_fps=10.0)
    assert write(frames_of(GENUINE, 0.0, 2.0), path, slow) == pytest.approx(20, abs=5)


def test_another_codec_is_matched_by_bits(tmp_path: Path) -> None:
    wanted = replace(
        wanted_of(GENUINE, scan(GENUINE, frames=4)), codec="vp9", encoder="libvpx-vp9",
        bits_per_px=0.05,
    )  # fmt: skip
    assert not wanted.by_qp
    found, reached = tuned(wanted, lambda: frames_of(GENUINE, 0.0, 1.0), tmp_path)
    assert reached == pytest.approx(0.05, rel=0.6)
    path = tmp_path / f"clip{found.suffix}"
    write(frames_of(GENUINE, 0.0, 0.4), path, found)
    assert scan(path, frames=4).media.codec == "vp9"


def test_a_turned_phone_video_is_fitted_upright() -> None:
    wanted = wanted_of(GENUINE, scan(GENUINE, frames=4))
    tall = np.zeros((640, 360, 3), np.uint8)
    assert fitted(tall, wanted).shape == (480, 270, 3)


def test_an_unknown_codec_is_said_to_be_stood_in_for() -> None:
    found = scan(GENUINE, frames=4)
    odd = replace(found, media=found.media.model_copy(update={"codec": "rv40"}))
    wanted = wanted_of(GENUINE, odd)
    assert wanted.encoder == "libx264"
    assert "rv40 cannot be written here" in wanted.notes[0]
