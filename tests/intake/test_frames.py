from pathlib import Path

import numpy as np
import pytest
from av.codec.context import ThreadType

from forensics.errors import NoPicture, UnreadableItem
from forensics.intake.frames import decode, open_media, read_frames, upright
from forensics.intake.scan import scan
from tests.conftest import FIXTURES


def test_chosen_frames_are_the_frames_of_a_full_decode() -> None:
    path = FIXTURES / "two-shots.mp4"
    with open_media(path) as container:
        every = {raw.index: (raw.pts_s, raw.rgb()) for raw in decode(container) if raw.index >= 0}
    wanted = np.array([0, 7, max(every)])
    chosen = list(read_frames(path, wanted))
    assert [frame.index for frame in chosen] == wanted.tolist()
    for frame in chosen:
        pts_s, rgb = every[frame.index]
        assert frame.pts_s == pts_s
        assert np.array_equal(frame.rgb, rgb)


def test_time_is_presentation_time_on_variable_frame_rate() -> None:
    found = scan(FIXTURES / "variable-frame-rate.mp4", frames=4)
    assert found.media.variable_frame_rate
    steps = np.diff(found.table.pts_s)
    assert (steps > 0).all()
    assert steps.max() > 1.5 * steps.min()


def test_rotation_is_applied() -> None:
    media = scan(FIXTURES / "rotated.mp4", frames=4).media
    assert media.rotation_deg % 180 == 90
    assert media.height_px > media.width_px
    frame = next(read_frames(FIXTURES / "rotated.mp4", np.array([0])))
    assert frame.rgb.shape[:2] == (media.height_px, media.width_px)


@pytest.mark.parametrize(
    ("turn", "corner"), [(0, (0, 0)), (90, (2, 0)), (180, (2, 3)), (-90, (0, 3))]
)
def test_upright_turns_counter_clockwise(turn: int, corner: tuple[int, int]) -> None:
    picture = np.zeros((3, 4, 3), np.uint8)
    picture[0, 0] = 255
    turned = upright(picture, turn)
    if turn in (0, 180):
        assert turned[corner].all()
    else:
        assert turned.shape == (4, 3, 3)
        assert turned[3 if turn == 90 else 0, 0 if turn == 90 else 2].all()


def test_ten_bit_and_interlaced_are_noticed() -> None:
    assert scan(FIXTURES / "ten-bit.mp4", frames=4).media.bit_depth == 10
    assert scan(FIXTURES / "interlaced.mp4", frames=4).media.interlaced_frames > 0


def test_a_truncated_file_gives_the_frames_it_has() -> None:
    media = scan(FIXTURES / "truncated.mp4", frames=4).media
    assert media.truncated
    assert 0 < media.frames_decoded < media.frames_declared


def test_shots_are_cut_where_the_scene_changes() -> None:
    found = scan(FIXTURES / "two-shots.mp4", frames=8)
    assert len(found.shots) == 2
    assert found.shots[0].end_s == found.shots[1].start_s


@pytest.mark.parametrize(
    ("name", "kind"),
    [("text.mp4", UnreadableItem), ("zero.mp4", UnreadableItem), ("audio-only.m4a", NoPicture),
     ("truncated-no-index.mp4", UnreadableItem), (".", UnreadableItem)],
)  # fmt: skip
def test_what_has_no_picture_is_refused(name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        scan(FIXTURES / name)


@pytest.mark.parametrize(
    "text", ["#EXTM3U\n#EXTINF:1,\nsecret.mp4\n", "ffconcat version 1.0\nfile secret.mp4\n"]
)
def test_a_playlist_opens_no_other_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes((FIXTURES / "no-face.mp4").read_bytes())
    (tmp_path / "list.mp4").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableItem):
        scan(tmp_path / "list.mp4")


@pytest.mark.parametrize("name", ["img%03d.jpg", "-dash.jpg", "a b.jpg", "http:x.jpg", "名前.jpg"])
def test_no_name_is_taken_for_anything_else(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes((FIXTURES / "still.jpg").read_bytes())
    assert scan(tmp_path / name).media.kind == "still"


def test_parameters_are_read_without_a_thread_for_each_frame() -> None:
    """Frame threads hand them out half-written on a busy machine."""
    with open_media(FIXTURES / "swapped-one-face.mp4", side_data=True) as container:
        assert container.streams.video[0].codec_context.thread_type is ThreadType.SLICE
    with open_media(FIXTURES / "swapped-one-face.mp4") as container:
        assert container.streams.video[0].codec_context.thread_type is ThreadType.AUTO
