from pathlib import Path

import numpy as np
import pytest

from forensics.models.scoring import Protocol
from forensics.training.export import PROTOCOL
from forensics.training.filming import film, load_cases, save_cases
from forensics.training.pack import INPUT_PX
from forensics.training.sourced import (
    FEATURE,
    RANK,
    SourcedCase,
    SourceStudio,
)
from tests.conftest import FIXTURES
from tests.training.test_loop import toy_faces

PLAN = Protocol.of({"protocol": PROTOCOL})


@pytest.fixture(scope="module")
def cases() -> list[SourcedCase]:
    return film(SourceStudio(toy_faces(), 5, PLAN), range(3), [])


def apart(case: SourcedCase) -> float:
    """Mean difference inside the middle of the crop, where the face lies."""
    middle = slice(INPUT_PX // 3, 2 * INPUT_PX // 3)
    own, of_source = (
        crops[:, middle, middle].astype(float) for crops in (case.crops, case.source_crops)
    )
    return float(np.abs(own - of_source).mean())


def test_each_person_gives_a_genuine_and_a_swapped_copy_beside_one_source(
    cases: list[SourcedCase],
) -> None:
    assert [case.swapped for case in cases] == [False, True] * 3
    for genuine, swapped in zip(cases[::2], cases[1::2], strict=True):
        assert genuine.identity == swapped.identity
        assert genuine.crf == swapped.crf
        assert genuine.crops.shape == genuine.source_crops.shape
        assert np.array_equal(genuine.source_crops, swapped.source_crops)
        assert genuine.quality.qp is not None
        assert abs(genuine.quality.qp - genuine.crf) < 15  # measured, as an examination does
        assert apart(swapped) > apart(genuine)


def test_the_source_is_cut_at_the_same_place_and_moment(cases: list[SourcedCase]) -> None:
    for case in cases[::2]:
        one, two = (crops.astype(float).mean(axis=3) for crops in (case.crops, case.source_crops))
        same = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one, two, strict=True)]
        moved = [
            np.corrcoef(a.ravel(), np.roll(b, 6, axis=1).ravel())[0, 1]
            for a, b in zip(one, two, strict=True)
        ]
        assert np.mean(same) > 0.5
        assert np.mean(same) > np.mean(moved) + 0.1


def test_segments_of_a_clip_are_copied_too() -> None:
    studio = SourceStudio(toy_faces(), 5, PLAN)
    made = film(studio, range(0), [FIXTURES / "genuine-one-face.mp4"])
    assert made
    assert {case.source for case in made} == {"clip"}
    assert [case.swapped for case in made[:2]] == [False, True]
    assert all(case.quality.face_px >= 60 for case in made)


def test_takes_repeat_by_seed_and_survive_a_file(cases: list[SourcedCase], tmp_path: Path) -> None:
    again = SourceStudio(toy_faces(), 5, PLAN).person(1)
    assert np.array_equal(again[1].crops, cases[3].crops)
    save_cases(cases, tmp_path / "cases.npz")
    back = load_cases(tmp_path / "cases.npz", SourcedCase)
    assert [one.notes() for one in back] == [one.notes() for one in cases]
    assert np.array_equal(back[-1].source_crops, cases[-1].source_crops)


def test_the_shipped_calibration_speaks_for_the_shipped_weights() -> None:
    from forensics.interpretation.calibration import shipped
    from forensics.models.loading import load

    (alone,) = (one for one in shipped() if one.source == "learned discriminator")
    (over,) = (one for one in shipped() if one.features == (FEATURE,))
    assert over.model_digests == alone.model_digests == load("discriminator").digests
    assert over.rank == RANK < alone.rank
