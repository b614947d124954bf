"""From a questioned file to its source, and to what differs in the face."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from skimage import data

from forensics.errors import SourceIndexError
from forensics.intake.crops import align
from forensics.intake.frames import read_frames
from forensics.intake.landmarks import DlibLandmarker
from forensics.references.sources.adding import add_files
from forensics.references.sources.control import found_control
from forensics.references.sources.edits import write_clip
from forensics.references.sources.index import open_index
from forensics.references.sources.search import compare_files, search_sources

from .conftest import RATE_FPS, Clips, look, pan


def test_a_swap_is_found_lined_up_to_the_frame_and_differs_in_the_face_alone(clips: Clips) -> None:
    seen = look(clips.swapped)
    found = search_sources(seen.path, seen.found, seen.tracks, str(clips.index))
    match = found.matches[0]
    assert (match.video.name, match.relation) == ("original.mp4", "same_footage")
    face = match.faces[0]
    assert face.score > 0.9
    assert all(pair.local_outside > pair.local_inside + 0.1 for pair in face.pairs)
    wrong = [round((pair.source_s - pair.pts_s) * RATE_FPS) for pair in face.pairs]
    assert wrong == [0] * len(wrong)
    assert face.altered_overlap > 0.6
    assert match.shape.covers > 0.97
    assert not match.shape.mirrored


def test_a_genuine_copy_does_not_differ(clips: Clips) -> None:
    seen = look(clips.copy)
    match = search_sources(seen.path, seen.found, seen.tracks, str(clips.index)).matches[0]
    assert match.relation == "same_footage"
    assert match.faces[0].score < 0.5
    assert match.shape.scale == pytest.approx(0.75, abs=0.01)


def test_mirror_and_crop_are_undone(clips: Clips) -> None:
    seen = look(clips.mirrored_crop)
    match = search_sources(seen.path, seen.found, seen.tracks, str(clips.index)).matches[0]
    assert match.shape.mirrored
    assert match.shape.seen_box == pytest.approx((0.025, 0.05, 0.925, 0.95), abs=0.02)
    assert match.faces[0].score < 0.5


def test_one_second_lies_where_it_was_cut_from(clips: Clips) -> None:
    seen = look(clips.excerpt)
    match = search_sources(seen.path, seen.found, seen.tracks, str(clips.index)).matches[0]
    assert match.time is not None
    assert match.time.source_s(0.0) == pytest.approx(12 / RATE_FPS, abs=0.5 / RATE_FPS)
    assert match.faces[0].score < 0.5


def test_portrait_with_blurred_borders_finds_its_landscape_source(clips: Clips) -> None:
    seen = look(clips.portrait)
    match = search_sources(seen.path, seen.found, seen.tracks, str(clips.index)).matches[0]
    assert match.video.name == "original.mp4"
    assert match.shape.covers == pytest.approx(400 / 712, abs=0.03)


def test_what_is_not_indexed_is_not_found(clips: Clips, tmp_path: Path) -> None:
    path = tmp_path / "brick.mp4"
    brick = np.repeat(data.brick()[..., None], 3, axis=2)
    write_clip(path, pan(brick), RATE_FPS, 24)
    seen = look(path)
    found = search_sources(path, seen.found, seen.tracks, str(clips.index))
    assert found.matches == ()
    assert found.best_rejected < 17
    assert found.videos == 4


def test_black_frames_are_not_searched_with(clips: Clips) -> None:
    seen = look(clips.black)
    found = search_sources(seen.path, seen.found, seen.tracks, str(clips.index))
    assert found.matches == ()
    assert "black" in found.why_nothing


def test_the_item_itself_says_nothing_of_the_face(clips: Clips) -> None:
    seen = look(clips.source)
    match = search_sources(seen.path, seen.found, seen.tracks, str(clips.index)).matches[0]
    assert match.relation == "same_file"


def test_a_static_shot_without_faces_still_matches(clips: Clips) -> None:
    path = clips.source.parent / "cat.mp4"
    seen = look(path)
    match = search_sources(seen.path, seen.found, seen.tracks, str(clips.index)).matches[0]
    assert match.video.name == "cat.mp4"
    assert match.time is not None
    assert not match.time.determined


def test_a_source_that_is_gone_matches_without_a_residual(clips: Clips, tmp_path: Path) -> None:
    from forensics.references.sources.adding import add_files
    from forensics.references.sources.index import open_index

    copy = tmp_path / "moved.mp4"
    copy.write_bytes(clips.source.read_bytes())
    with open_index(str(tmp_path / "index"), write=True) as index:
        assert [one.outcome for one in add_files(index, [copy])] == ["added"]
    copy.unlink()
    seen = look(clips.copy)
    match = search_sources(seen.path, seen.found, seen.tracks, str(tmp_path / "index")).matches[0]
    assert "no longer" in match.why_no_residual
    assert match.faces == ()


def test_one_given_file_needs_no_index(clips: Clips) -> None:
    seen = look(clips.swapped)
    found = compare_files(seen.path, seen.found, seen.tracks, clips.other)
    assert found.matches == ()
    assert found.locator == "one given file"


def test_no_index_is_an_error_that_says_what_to_do(clips: Clips, tmp_path: Path) -> None:
    seen = look(clips.black)
    with pytest.raises(SourceIndexError, match="audit sources add"):
        search_sources(seen.path, seen.found, seen.tracks, str(tmp_path / "nothing"))


def test_a_still_is_compared_with_its_own_frame(clips: Clips, tmp_path: Path) -> None:
    with av.open(str(clips.source)) as film:
        frames = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
    path = tmp_path / "still.png"
    cv2.imwrite(str(path), frames[21])
    seen = look(path)
    match = search_sources(path, seen.found, seen.tracks, str(clips.index)).matches[0]
    assert match.relation == "same_footage"
    pair = match.faces[0].pairs[0]
    assert pair.source_s == pytest.approx(21 / RATE_FPS, abs=0.01)
    assert match.faces[0].score < 0.5


def test_the_item_itself_is_not_compared_with_itself_but_with_its_copy(
    clips: Clips, tmp_path: Path
) -> None:
    twin = tmp_path / "twin.mp4"
    twin.write_bytes(clips.source.read_bytes())
    seen = look(twin)
    found = search_sources(seen.path, seen.found, seen.tracks, str(clips.index))
    assert found.matches[0].relation == "same_file"
    assert found.locator == "index"  # a record holds no path


def test_an_empty_index_says_so(clips: Clips, tmp_path: Path) -> None:
    open_index(str(tmp_path / "empty"), write=True).close()
    seen = look(clips.excerpt)
    found = search_sources(seen.path, seen.found, seen.tracks, str(tmp_path / "empty"))
    assert found.why_nothing == "the source index is empty"
    assert (found.videos, found.matches) == (0, ())


@pytest.mark.parametrize(("change", "expected"), [("gone", "no longer"), ("other", "digest")])
def test_a_source_that_is_gone_or_changed_still_matches_without_residual(
    clips: Clips, tmp_path: Path, change: str, expected: str
) -> None:
    source = tmp_path / "film.mp4"
    source.write_bytes(clips.source.read_bytes())
    with open_index(str(tmp_path / "index"), write=True) as index:
        assert [one.outcome for one in add_files(index, [source])] == ["added"]
    if change == "gone":
        source.unlink()
    else:
        source.write_bytes(clips.other.read_bytes())
    seen = look(clips.swapped)
    match = search_sources(seen.path, seen.found, seen.tracks, str(tmp_path / "index")).matches[0]
    assert match.faces == ()
    assert expected in match.why_no_residual
    assert str(tmp_path) not in match.why_no_residual
    assert found_control(match, seen.tracks, DlibLandmarker(), 8) is None


def test_a_still_that_was_animated_is_found_and_not_called_lined_up(
    clips: Clips, tmp_path: Path
) -> None:
    still = tmp_path / "still.png"
    cv2.imwrite(str(still), data.astronaut()[..., ::-1])
    seen = look(clips.source)  # the same picture, animated
    found = compare_files(seen.path, seen.found, seen.tracks, still)
    match = found.matches[0]
    assert match.time is None or not match.time.determined
    assert match.relation in ("same_footage", "undetermined")
    if match.relation == "same_footage":
        assert match.faces[0].score < 0.75


def test_the_found_source_is_control_footage_at_the_same_moments(clips: Clips) -> None:
    seen = look(clips.swapped)
    match = search_sources(seen.path, seen.found, seen.tracks, str(clips.index)).matches[0]
    control = found_control(match, seen.tracks, DlibLandmarker(), 4)
    assert control is not None
    (track,), (slots,) = control.tracks, control.slots
    assert len(track) == len(slots) == 4
    assert track.id == seen.tracks[0].id
    shown = seen.tracks[0].pts_s[slots]  # the source runs at the same speed, from some moment
    assert np.allclose(np.diff(shown), np.diff(track.pts_s), atol=0.05)
    assert np.isfinite(track.burst_px[:-1]).all()
    face = match.faces[0]
    unsure = replace(match, faces=(replace(face, why_not="in doubt"),))
    assert found_control(unsure, seen.tracks, DlibLandmarker(), 4) is None
    astray = tuple(replace(pair, placed=n > 0) for n, pair in enumerate(face.pairs))
    fewer = found_control(
        replace(match, faces=(replace(face, pairs=astray),)), seen.tracks, DlibLandmarker(), 99
    )
    assert fewer is not None
    shown_frames = seen.tracks[0].frame_index[fewer.slots[0]]
    assert set(shown_frames) == {pair.index for pair in astray[1:]}
    own = cut_at(clips.source, track.frame_index)
    for i, rgb in enumerate(own):
        aligned = align(rgb, track.to_aligned[i])
        assert np.abs(aligned.astype(int) - track.aligned(i)).mean() < 1.0


def cut_at(path: Path, numbers: np.ndarray) -> list[np.ndarray]:
    return [frame.rgb for frame in read_frames(path, numbers)]
