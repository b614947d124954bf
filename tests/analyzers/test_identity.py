from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from forensics.analyzer import Material, Person, References
from forensics.analyzers import identity as identity_module
from forensics.analyzers.identity import Identity, contrast, lean
from forensics.cli import app
from forensics.errors import MaterialError
from forensics.face_embedding import PARTS, Embedded, part_of
from forensics.face_identity import Known, instability, usual_instability
from forensics.intake.crops import mean_face
from forensics.intake.frames import read_frames
from forensics.intake.landmarks import DlibLandmarker
from forensics.record import Abstention, Fact, Observation, Reason, Signal
from forensics.references.look_alikes import look_alikes, share_as_near
from forensics.references.persons import gather_person, usable_faces
from tests.conftest import FIXTURES
from tests.test_analyzer_contract import material_of

LANDMARKER = DlibLandmarker()


def stills(folder: Path, clip: str, index: list[int], part: slice = slice(None)) -> Path:
    folder.mkdir(exist_ok=True)
    for frame in read_frames(FIXTURES / clip, np.array(index)):
        bgr = cv2.cvtColor(np.ascontiguousarray(frame.rgb[:, part]), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / f"{Path(clip).stem}-{frame.index:03}.png"), bgr)
    return folder


@pytest.fixture(scope="module")
def claimed(tmp_path_factory: pytest.TempPathFactory) -> Person:
    folder = tmp_path_factory.mktemp("people") / "obama"
    return gather_person(
        stills(folder, "genuine-one-face.mp4", [0, 20, 40, 60, 80]), "claimed", LANDMARKER
    )


@pytest.fixture(scope="module")
def donor(tmp_path_factory: pytest.TempPathFactory) -> Person:
    folder = tmp_path_factory.mktemp("people") / "astronaut"
    left = stills(folder, "two-people.mp4", [0, 15, 30, 45, 60], slice(0, 360))
    return gather_person(left, "donor", LANDMARKER)


@pytest.fixture(scope="module")
def swapped() -> Material:
    return material_of("swapped-one-face.mp4")


@pytest.fixture(scope="module")
def genuine() -> Material:
    return material_of("genuine-one-face.mp4")


def said_of(material: Material, *people: Person) -> dict[str, Observation]:
    known = replace(material, references=References(persons=people))
    found = Identity().analyze(known)
    return {getattr(one, "name", one.kind): one for one in found.observations}


def score(said: dict[str, Observation], name: str) -> float:
    signal = said[name]
    assert isinstance(signal, Signal), signal
    return signal.score


def test_another_face_lies_far_outside_the_person_s_own_spread(
    genuine: Material, swapped: Material, claimed: Person, donor: Person
) -> None:
    own, other = (said_of(item, claimed, donor) for item in (genuine, swapped))
    assert score(own, "distance_to_claimed") < 3
    assert score(other, "distance_to_claimed") > score(own, "distance_to_claimed") + 3
    near = other["distance_to_donor_1"]
    far = own["distance_to_donor_1"]
    assert isinstance(near, Fact)
    assert isinstance(far, Fact)
    assert float(str(near.value)) < float(str(far.value))
    words = other["distance_to_claimed"].words  # type: ignore[union-attr]
    assert "Not weighed" in words
    assert "different people in a reference population" in words


def test_the_donor_s_center_in_the_target_s_outline_is_a_mixture(
    genuine: Material, swapped: Material, claimed: Person, donor: Person
) -> None:
    other, own = (
        score(said_of(item, claimed, donor), "mixture_with_donor_1") for item in (swapped, genuine)
    )
    assert other > own


def test_material_is_counted_against_what_training_takes(
    genuine: Material, claimed: Person
) -> None:
    fact = said_of(genuine, claimed)["claimed_usable_faces"]
    assert isinstance(fact, Fact)
    assert fact.value == 5
    assert "fewer than the 500" in fact.words


def test_a_clip_counts_every_frame_that_shows_the_face() -> None:
    material = material_of("genuine-one-face.mp4")
    assert 60 <= usable_faces(material.tracks, 100) <= 100
    assert usable_faces(material.tracks[:1], 1) == 1


def test_without_references_nothing_is_loaded(
    genuine: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_module, "Embedder", lambda: pytest.fail("loaded"))
    (said,) = Identity().analyze(genuine).observations
    assert isinstance(said, Abstention)
    assert said.reason is Reason.NOT_APPLICABLE


def test_too_few_references_are_an_abstention_with_the_numbers(
    genuine: Material, claimed: Person
) -> None:
    few = replace(claimed, recordings=claimed.recordings[:2])
    said = said_of(genuine, few)["abstention"]
    assert isinstance(said, Abstention)
    assert said.reason is Reason.INSUFFICIENT
    assert "2 faces" in said.detail
    assert "4 are needed" in said.detail


def test_another_pose_is_an_abstention_with_the_numbers(genuine: Material, claimed: Person) -> None:
    track = genuine.tracks[0]
    turned = replace(track, pose_deg=track.pose_deg + np.array([0.0, 50.0, 0.0]))
    said = said_of(replace(genuine, tracks=(turned,)), claimed)["abstention"]
    assert isinstance(said, Abstention)
    assert said.reason is Reason.OUT_OF_RANGE
    assert "at most 25" in said.detail


def test_a_bystander_is_left_out_or_the_file_is_named(tmp_path: Path) -> None:
    both = stills(tmp_path / "both", "two-people.mp4", [0])
    alone = gather_person(both, "claimed", LANDMARKER)
    assert not alone.recordings
    assert "several people" in alone.left_out[0]
    for number in (20, 40):
        stills(both, "two-people.mp4", [number], slice(0, 360))
    known = gather_person(both, "claimed", LANDMARKER)
    assert len(known.recordings) == 3
    assert all(len(recording.tracks) == 1 for recording in known.recordings)


def test_missing_and_empty_references_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MaterialError, match="is not there"):
        gather_person(tmp_path / "nobody", "claimed", LANDMARKER)
    with pytest.raises(MaterialError, match="is empty"):
        gather_person(tmp_path, "claimed", LANDMARKER)
    item = str(FIXTURES / "one-frame.mp4")
    args = [item, "--reference", str(tmp_path / "nobody"), "--out", str(tmp_path / "out"), "-q"]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 15
    assert "nobody is not there" in done.output
    assert not (tmp_path / "out").exists()


def test_a_broken_reference_is_named_and_the_rest_used(tmp_path: Path) -> None:
    folder = stills(tmp_path / "p", "genuine-one-face.mp4", [0])
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    known = gather_person(folder, "claimed", LANDMARKER)
    assert len(known.recordings) == 1
    assert "broken.jpg" in known.left_out[0]


def known(center: float, count: int = 6, *, recordings: int = 2, noise: float = 0.05) -> Known:
    rng = np.random.default_rng(round(100 * center))
    vectors = rng.normal(0, noise / np.sqrt(256), (count, 128))
    vectors[:, 0] += center
    zeros = np.zeros(count)
    return Known(
        "p", {part: vectors.copy() for part in PARTS}, np.arange(count) % recordings, zeros, zeros,
        np.full(count, 100.0),
    )  # fmt: skip


def test_own_distances_leave_the_recording_out() -> None:
    person = known(0.0, recordings=2)
    person.parts["whole"][person.recording == 1, 0] += 1.0
    assert person.own_distances("whole") == pytest.approx(np.ones(6), abs=0.1)
    single = replace(person, recording=np.zeros(6, dtype=np.int64))
    assert (single.own_distances("whole") > 0).all()
    assert person.yardstick("whole")[1] == pytest.approx(0.03, abs=0.03)


@pytest.mark.parametrize(("place", "expected"), [(0.0, -1.0), (1.0, 1.0), (0.5, 0.0)])
def test_the_lean_is_where_a_face_lies_between_two_people(place: float, expected: float) -> None:
    one, other = known(0.0), known(1.0)
    face = np.zeros((1, 128))
    face[0, 0] = place
    seen = Embedded(np.array([0]), dict.fromkeys(PARTS, face))
    assert lean(seen, one, other, "inner")[0] == pytest.approx(expected, abs=0.12)
    assert contrast(one, other, "inner") > 5
    assert contrast(one, known(0.01), "inner") < 1.6


def test_steadiness_needs_a_clip_to_compare_with() -> None:
    assert usual_instability(known(0.0, count=4, recordings=4)) is None
    assert usual_instability(known(0.0, count=6, recordings=2)) is not None
    assert np.isnan(instability(np.zeros((1, 128))))


def test_parts_paint_over_the_other_part(rng: np.random.Generator) -> None:
    face = rng.integers(0, 255, (256, 256, 3), dtype=np.uint8)
    marks = mean_face()
    inner, outline = part_of(face, marks, "inner"), part_of(face, marks, "outline")
    nose, corner = (slice(150, 154), slice(126, 130)), (slice(0, 4), slice(0, 4))
    np.testing.assert_array_equal(inner[nose], face[nose])
    np.testing.assert_array_equal(outline[corner], face[corner])
    assert np.ptp(inner[corner].astype(int), axis=(0, 1)).max() <= 1
    assert np.ptp(outline[nose].astype(int), axis=(0, 1)).max() <= 1


def test_look_alikes_are_counted_from_the_shipped_population() -> None:
    table = look_alikes()
    assert table.people > 500
    assert list(table.distances) == sorted(table.distances)
    assert "fewer than 0.01 %" in share_as_near(0.2)
    assert "about 50 %" in share_as_near(table.distances[table.shares.index(0.5)])
