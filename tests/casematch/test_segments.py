from __future__ import annotations

import numpy as np
import pytest

from forensics.casematch.segments import (
    Footage,
    controls_for,
    overlap,
    part_of_track,
    read_footage,
    thinned,
)
from forensics.intake.landmarks import DlibLandmarker
from tests.conftest import FIXTURES


@pytest.fixture(scope="module")
def footage() -> Footage:
    return read_footage(FIXTURES / "genuine-one-face.mp4", DlibLandmarker(), 3.2)


def test_every_segment_has_its_own_frames(footage: Footage) -> None:
    assert len(footage.edges) == 4
    assert set(footage.faces) == {0, 1, 2, 3}
    for number, face in footage.faces.items():
        begin, end = footage.edges[number]
        assert ((face.pts_s >= begin) & (face.pts_s < end)).all()
        assert ((face.seen_s >= begin) & (face.seen_s < end)).all()
        assert 4 <= len(face) <= 12
        assert face.aligned(0).shape == (256, 256, 3)


def test_too_little_of_a_track_is_no_segment(footage: Footage) -> None:
    face = footage.faces[0]
    assert part_of_track(face, float(face.pts_s[0]), float(face.pts_s[2])) is None
    assert part_of_track(face, 100.0, 200.0) is None


def test_a_segment_is_never_its_own_control(footage: Footage) -> None:
    (control,) = controls_for(1, {"original.mp4": footage})
    (track,) = control.tracks
    begin, end = footage.edges[1]
    assert not ((track.pts_s >= begin) & (track.pts_s < end)).any()
    assert len(track) >= 12
    assert (np.diff(track.pts_s) > 0).all()
    assert control.name == "original.mp4"


def test_the_face_in_question_is_the_one_in_the_boxes() -> None:
    path = FIXTURES / "two-people.mp4"
    free = read_footage(path, DlibLandmarker(), 1.7)
    largest = free.faces[0].boxes_xyxy_px[0]
    wide = 720
    other = (0.0, 0.0, wide / 2, 480.0) if largest[0] > wide / 2 else (wide / 2, 0.0, 720.0, 480.0)
    boxes = dict.fromkeys(range(75), other)
    chosen = read_footage(path, DlibLandmarker(), 1.7, boxes).faces[0].boxes_xyxy_px[0]
    assert overlap(chosen, other) > overlap(largest, other) == 0


def test_thinning_keeps_first_and_last(footage: Footage) -> None:
    face = footage.faces[2]
    few = thinned(face, 5)
    assert len(few) == 5
    assert few.pts_s[0] == face.pts_s[0]
    assert few.pts_s[-1] == face.pts_s[-1]


def test_overlap_is_intersection_over_union() -> None:
    assert overlap(np.array([0.0, 0, 2, 2]), (1.0, 0.0, 3.0, 2.0)) == pytest.approx(1 / 3)
    assert overlap(np.array([0.0, 0, 1, 1]), (2.0, 2.0, 3.0, 3.0)) == 0
