"""Earlier compression is found where it shows, and nothing is said where it is hidden."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fixtures import encode
from fixtures.animate import Motion, Portrait, animate
from forensics.analyzer import Material
from forensics.analyzers.recompression import Recompression, grid_phase, strongest_period
from forensics.intake.jpeg import read_tables, scaled
from forensics.intake.probe import probe
from forensics.intake.scan import scan
from forensics.record import Abstention, Fact, Observation, Reason

FIXTURES = Path(__file__).parents[2] / "fixtures"


def look(path: Path) -> list[Observation]:
    found = scan(path, frames=1)
    material = Material(
        path=path, media=found.media, container=probe(path), frame_table=found.table,
        shots=found.shots, tracks=(),
    )  # fmt: skip
    return list(Recompression().analyze(material).observations)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same moving picture encoded once, and twice with two spacings of whole pictures."""
    folder = tmp_path_factory.mktemp("twice")
    picture = cv2.cvtColor(cv2.imread(str(FIXTURES / "still.png")), cv2.COLOR_BGR2RGB)
    marks = np.random.default_rng(0).uniform(150, 330, (68, 2))
    motion = Motion(seed=1, frames=120, size=(192, 160), zoom=0.5, noise=1.0, head=0.4)
    frames = list(animate(Portrait(picture, marks), motion))
    paths = {name: folder / f"{name}.mp4" for name in ("once", "first", "twice", "both-sides")}
    late = {"crf": "23", "bf": "0", "g": "250", "preset": "veryfast"}
    early = {"crf": "24", "g": "12", "sc_threshold": "0", "preset": "veryfast"}
    encode.video(paths["once"], frames, options=late)
    encode.video(paths["first"], frames, options=early)
    again = encode.decode(paths["first"])
    encode.video(paths["twice"], again, options=late)
    encode.video(paths["both-sides"], again, options={**late, "bf": "3"})
    return paths


def test_an_earlier_gop_is_found(clips: dict[str, Path]) -> None:
    (fact,) = look(clips["twice"])
    assert isinstance(fact, Fact)
    assert fact.value == 12
    assert "do that too" in fact.words
    assert not fact.notable


def test_one_encoding_has_none(clips: dict[str, Path]) -> None:
    (fact,) = look(clips["once"])
    assert isinstance(fact, Fact)
    assert fact.value is None


def test_b_frames_hide_it(clips: dict[str, Path]) -> None:
    (seen,) = look(clips["both-sides"])
    assert isinstance(seen, Abstention)
    assert seen.reason is Reason.NOT_APPLICABLE


def test_too_short(tmp_path: Path) -> None:
    (seen,) = look(FIXTURES / "one-frame.mp4")
    assert isinstance(seen, Abstention)
    assert seen.reason is Reason.INSUFFICIENT


def test_grid_of_a_cropped_jpeg(tmp_path: Path) -> None:
    bgr = cv2.imread(str(FIXTURES / "still.png"))
    raw = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    cropped = cv2.imdecode(raw, cv2.IMREAD_COLOR)[3:, 5:]
    cv2.imwrite(str(tmp_path / "cropped.png"), cropped)
    (fact,) = look(tmp_path / "cropped.png")
    assert isinstance(fact, Fact)
    assert fact.value == (3, 5)  # 8 - 5 columns, 8 - 3 rows
    assert "cropped" in fact.words


def test_no_grid_in_noise() -> None:
    luma = np.random.default_rng(0).uniform(0, 255, (300, 300))
    assert grid_phase(luma)[1] < 4


def test_jpeg_tables() -> None:
    tables = read_tables(FIXTURES / "still.jpg")
    assert tables is not None
    assert tables.standard_quality() == 88
    assert tables.sampling == "4:2:0"
    found = look(FIXTURES / "still.jpg")
    named = {seen.name: seen for seen in found if isinstance(seen, Fact)}
    assert named["jpeg_quality"].value == 88
    assert any(isinstance(seen, Abstention) for seen in found)


@pytest.mark.parametrize("end", [3, 20, 200, 400])
def test_cut_jpegs(tmp_path: Path, end: int) -> None:
    raw = (FIXTURES / "still.jpg").read_bytes()[:end]
    (tmp_path / "cut.jpg").write_bytes(raw)
    read_tables(tmp_path / "cut.jpg")


def test_scaled_tables_are_bounded() -> None:
    assert set(scaled(100)) == {1}
    assert max(scaled(1)) == 255


def test_period_needs_three_turns() -> None:
    excess = np.full(25, np.nan)
    assert strongest_period(excess, 0) == (0, 0, 0.0)
