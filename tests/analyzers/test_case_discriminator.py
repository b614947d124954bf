from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from forensics.analyzer import Control, Material, References
from forensics.analyzers.case_discriminator import CaseDiscriminatorAnalyzer, drawn_shares
from forensics.models.conditional_discriminator import ConditionalDiscriminator
from forensics.record import Abstention, Reason, Signal
from forensics.references.case_discriminators import CaseDiscriminator
from tests.test_analyzer_contract import material_of


@pytest.fixture(scope="module")
def material() -> Material:
    return material_of("swapped-one-face.mp4")


def judge(
    person: str = "donor", *, answer: float | None = None, fake: str = "gan-1"
) -> CaseDiscriminator:
    """Make a discriminator of narrow width; with `answer` it says that of everything."""
    torch.manual_seed(5)
    network = ConditionalDiscriminator(0.0625).eval()
    if answer is not None:
        last = network.blocks[-1]
        assert isinstance(last, torch.nn.Conv2d)
        assert last.bias is not None
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.constant_(last.bias, answer)
    return CaseDiscriminator(fake, person, "0" * 64, network)


def said_of(material: Material, *judges: CaseDiscriminator) -> dict[str, Signal]:
    known = replace(material.references, discriminators=judges)
    found = CaseDiscriminatorAnalyzer().analyze(replace(material, references=known))
    return {one.name: one for one in found.observations if isinstance(one, Signal)}


def test_the_score_is_one_less_the_answer(material: Material) -> None:
    said = said_of(material, judge("target", answer=0.75), judge("donor", answer=0.25))
    assert said["drawn_to_target"].score == pytest.approx(0.25)
    assert said["drawn_to_donor"].score == pytest.approx(0.75)
    assert said["drawn_to_donor"].extent.track == material.tracks[0].id


def test_two_fakes_are_told_apart_by_number(material: Material) -> None:
    said = said_of(material, judge(answer=0.0, fake="gan-a"), judge(answer=1.0, fake="gan-b"))
    assert said["drawn_to_donor_1"].score == pytest.approx(1.0)
    assert said["drawn_to_donor_2"].score == pytest.approx(0.0)
    assert "gan-b" in said["drawn_to_donor_2"].words


def test_the_answer_depends_on_the_face_and_is_the_same_twice(material: Material) -> None:
    track = material.tracks[0]
    first, again = (drawn_shares((judge(),), track, 0)[1] for _ in range(2))
    assert np.array_equal(first, again)
    assert first.std() > 0


def test_control_footage_is_asked_about_too(material: Material) -> None:
    assert "no control footage was given" in said_of(material, judge())["drawn_to_donor"].words
    control = Control("same.mp4", "given", material.media, material.tracks)
    beside = replace(material, references=References(controls=(control,)))
    signal = said_of(beside, judge())["drawn_to_donor"]
    assert f"answers {signal.score:.2f}" in signal.words
    assert f"{signal.score:.2f} on control footage" in signal.words


def test_small_and_short_faces_are_abstentions_with_the_numbers(material: Material) -> None:
    track = material.tracks[0]
    small = replace(track, boxes_xyxy_px=track.boxes_xyxy_px / 10)
    known = References(discriminators=(judge(),))
    found = CaseDiscriminatorAnalyzer().analyze(
        replace(material, tracks=(small,), references=known)
    )
    (only,) = found.observations
    assert isinstance(only, Abstention)
    assert only.reason is Reason.OUT_OF_RANGE
    assert "60 px are needed" in only.detail


def test_without_a_case_it_does_not_apply(material: Material) -> None:
    (only,) = CaseDiscriminatorAnalyzer().analyze(material).observations
    assert isinstance(only, Abstention)
    assert only.reason is Reason.NOT_APPLICABLE
