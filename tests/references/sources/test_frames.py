"""Reading the source: parts and sparse decoding give what a full decode and conversion give."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from forensics.intake.frames import decode, open_media
from forensics.references.sources.frames import SEEK_FROM_S, Window, read_windows
from forensics.references.sources.planes import Parts, luma
from forensics.references.sources.sparse import decode_sparsely

RATE_FPS = 10
BOX = (13, 7, 51, 39)


def movie(path: Path, pix_fmt: str, count: int, options: dict[str, str]) -> Path:
    rng = np.random.default_rng(4)
    texture = rng.integers(0, 256, (6, 8, 3)).repeat(16, axis=0).repeat(16, axis=1)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE_FPS)
        stream.width, stream.height, stream.pix_fmt = 96, 80, pix_fmt
        stream.options = options
        for number in range(count):
            moved = np.roll(texture, (number, 2 * number), (0, 1))[:80, :96]
            rgb = (0.8 * moved + rng.normal(20, 8, moved.shape)).clip(0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def whole(path: Path) -> dict[float, np.ndarray]:
    with open_media(path) as container:
        return {round(raw.pts_s, 6): raw.rgb() for raw in decode(container) if raw.index >= 0}


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv444p", "yuv422p10le"])
def test_a_part_is_what_the_whole_conversion_shows_there(tmp_path: Path, pix_fmt: str) -> None:
    path = movie(tmp_path / "a.mp4", pix_fmt, 3, {"crf": "20"})
    with open_media(path) as container:
        raw = next(iter(decode(container)))
        full = raw.rgb()
        for box in (BOX, (0, 0, 96, 80), (90, 70, 96, 80)):
            part = Parts().rgb(raw, box)
            assert np.array_equal(part, full[box[1] : box[3], box[0] : box[2]])
        gray = luma(raw, 48, 40)
        usual = raw.picture.reformat(width=48, height=40, format="gray", interpolation="AREA")
        assert np.abs(gray.astype(int) - usual.to_ndarray()).mean() < 1.5


def test_sparse_decoding_keeps_wanted_frames_to_the_bit_and_drops_others(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", "yuv420p", 60, {"crf": "24", "bf": "3", "b_strategy": "0"})
    full = whole(path)
    wanted = {1.1, 2.6, 2.7, 5.9}
    with open_media(path) as container:
        found = {
            round(raw.pts_s, 6): raw.rgb()
            for raw in decode_sparsely(container, lambda when: round(when, 6) in wanted)
        }
    assert wanted <= set(found)
    assert all(np.array_equal(found[when], full[when]) for when in wanted)
    assert len(found) < 0.7 * len(full)


def test_what_is_sought_is_decoded_with_the_encoders_build_in_mind(tmp_path: Path) -> None:
    """FFmpeg decodes 4:4:4 by the x264 build that only the first packet names.

    A file of an old build cannot be made here. A new one that claims to be old is decoded wrongly
    by who has read the claim, and rightly by who has not: so wrong is right here.
    """
    path = movie(tmp_path / "old.mp4", "yuv444p", 160, {"crf": "20", "g": "40", "bf": "0"})
    plain = whole(path)
    made = path.read_bytes()
    build = made[made.index(b"x264 - core ") + 12 :][:3]
    path.write_bytes(made.replace(b"x264 - core " + build, b"x264 - core 148"))
    kept = read_windows(path, [Window(SEEK_FROM_S + 2, 0.25, (0, 0, 96, 80))])
    assert [round(frame.pts_s, 6) for frame in kept] == [13.8, 13.9, 14.0, 14.1, 14.2]
    assert not any(np.array_equal(f.parts[0], plain[round(f.pts_s, 6)]) for f in kept)


def test_what_is_sought_is_what_is_there(tmp_path: Path) -> None:
    path = movie(tmp_path / "a.mp4", "yuv420p", 160, {"crf": "24", "g": "40"})
    full = whole(path)
    kept = read_windows(path, [Window(SEEK_FROM_S + 2, 0.25, BOX)])
    assert len(kept) == 5
    for frame in kept:
        same = full[round(frame.pts_s, 6)][BOX[1] : BOX[3], BOX[0] : BOX[2]]
        assert np.array_equal(frame.parts[0], same)
