from __future__ import annotations

import itertools

import numpy as np
import pytest

from forensics.intake.crops import crop_square
from forensics.intake.detection import Detection, FaceDetector
from forensics.intake.frames import read_frames
from forensics.intake.landmarks import DlibLandmarker
from forensics.intake.pose import head_pose, landmarks_disagree
from forensics.intake.quality import track_quality
from forensics.intake.scan import FrameTable, Scan, Sighting, scan
from forensics.intake.spool import Spool
from forensics.intake.tracks import FaceTrack, cut_tracks, link
from forensics.record import Media, Shot
from tests.conftest import FIXTURES

NOTHING = np.empty(0)


def face(x: float, y: float = 100, size: float = 80, confidence: float = 0.9) -> Detection:
    box = np.array([x, y, x + size, y + size], dtype=float)
    return Detection(box, confidence, np.zeros((5, 2)))


def scanned(rows: list[tuple[float, list[Detection]]], cuts: tuple[float, ...] = ()) -> Scan:
    media = Media(
        kind="video", container="mp4", codec="h264", width_px=640, height_px=480,
        duration_s=len(rows) / 4, frames_decoded=len(rows),
    )  # fmt: skip
    edges = [0.0, *cuts, 99.0]
    shots = tuple(Shot(start_s=a, end_s=b) for a, b in itertools.pairwise(edges))
    table = FrameTable(NOTHING, "", NOTHING, NOTHING, NOTHING, NOTHING, 0)
    sightings = tuple(Sighting(i, t, tuple(found)) for i, (t, found) in enumerate(rows))
    return Scan(media, table, shots, sightings)


def test_two_people_who_pass_each_other_stay_two_people() -> None:
    rows = [(i / 4, [face(50 + 20 * i), face(450 - 20 * i, y=240)]) for i in range(12)]
    chains = link(scanned(rows))
    assert [len(chain.index) for chain in chains] == [12, 12]
    for chain in chains:
        assert len({float(found.box_xyxy_px[1]) for found in chain.faces}) == 1


def test_a_cut_ends_every_track() -> None:
    rows = [(i / 4, [face(100)]) for i in range(12)]
    chains = link(scanned(rows, cuts=(1.5,)))
    assert [(chain.shot, len(chain.index)) for chain in chains] == [(0, 6), (1, 6)]


def test_a_face_that_blinks_out_is_the_same_person_and_a_ghost_is_nobody() -> None:
    rows = [(i / 4, [] if i in (3, 4) else [face(100)]) for i in range(12)]
    rows[5][1].append(face(400))
    chains = link(scanned(rows))
    assert [len(chain.index) for chain in chains] == [10]


def test_a_long_absence_starts_a_new_track() -> None:
    rows = [(i / 4, [] if 4 <= i < 12 else [face(100)]) for i in range(16)]
    assert len(link(scanned(rows))) == 2


def test_doubtful_and_tiny_faces_are_dropped() -> None:
    doubtful = [(i / 4, [face(100, confidence=0.52)]) for i in range(8)]
    tiny = [(i / 4, [face(100, size=12)]) for i in range(8)]
    assert link(scanned(doubtful)) == []
    assert link(scanned(tiny)) == []


@pytest.fixture(scope="module")
def track() -> FaceTrack:
    path = FIXTURES / "genuine-one-face.mp4"
    found = scan(path, frames=6)
    (only,) = cut_tracks(path, found, DlibLandmarker(), frames=6)
    return only


def test_crops_of_a_track_are_crops_of_its_frames(track: FaceTrack) -> None:
    assert len(track) == 6
    frame = next(read_frames(FIXTURES / "genuine-one-face.mp4", track.frame_index[2:3]))
    direct = crop_square(frame.rgb, track.boxes_xyxy_px[2], 1.3, 144).astype(float)
    kept = track.crop(2, 1.3, 144).astype(float)
    assert np.abs(direct - kept).mean() < 2.5
    assert track.aligned(2).shape == (256, 256, 3)
    assert track.aligned_next(2) is not None


def test_landmarks_lie_on_the_mean_face_in_aligned_space(track: FaceTrack) -> None:
    from forensics.intake.crops import mean_face

    off = np.linalg.norm(track.landmarks_aligned() - mean_face(), axis=2)
    assert np.median(off) < 8


def test_quality_is_measured(track: FaceTrack) -> None:
    quality = track_quality(track)
    assert quality.face_px == pytest.approx(track.face_px, rel=1e-5)
    assert 0.05 < quality.exposure < 0.95
    assert quality.yaw_deg < 30
    assert quality.qp is not None
    assert 10 < quality.qp < 45


def test_a_track_of_the_wrong_shape_is_refused(track: FaceTrack) -> None:
    from dataclasses import replace

    with pytest.raises(ValueError, match="pts_s has shape"):
        replace(track, pts_s=track.pts_s[:-1])


def test_the_detector_gives_the_same_boxes_whatever_it_saw_before() -> None:
    frame = next(read_frames(FIXTURES / "genuine-one-face.mp4", np.array([0]))).rgb
    fresh = FaceDetector().detect(frame)[0]
    used = FaceDetector()
    used.detect(np.ascontiguousarray(frame[:, : frame.shape[1] // 2]))
    again = used.detect(frame)[0]
    assert len(fresh) == len(again) == 1
    assert np.array_equal(fresh[0].box_xyxy_px, again[0].box_xyxy_px)


def test_a_spool_gives_back_what_it_was_given(rng: np.random.Generator) -> None:
    spool = Spool(limit=3000)
    arrays = [rng.integers(0, 256, (16, 20, 3), dtype=np.uint8) for _ in range(6)]
    slots = [spool.put(array) for array in arrays]
    assert all(np.array_equal(spool.get(s), a) for s, a in zip(slots, arrays, strict=True))


def test_pose_of_a_frontal_face_is_near_zero_and_turns_with_it(track: FaceTrack) -> None:
    from forensics.intake.crops import mean_face

    _, yaw, roll = head_pose(mean_face() + 100, (480, 640))
    assert abs(yaw) < 8
    assert abs(roll) < 5
    turned = (mean_face() - 128) @ np.array([[0.94, 0.34], [-0.34, 0.94]]) + 228
    assert abs(head_pose(turned, (480, 640))[2] - roll) > 12


def test_landmarks_of_another_face_disagree(track: FaceTrack) -> None:
    points = track.landmarks_px[0]
    five = np.array(
        [points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]]
    )
    assert not landmarks_disagree(points, five)
    assert landmarks_disagree(points + 60, five)
