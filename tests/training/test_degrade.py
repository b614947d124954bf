import numpy as np
import pytest

from forensics.intake.quantization import block_qp
from forensics.training.degrade import (
    Degradation,
    _through_h264,
    degrade,
    encode_and_measure,
    encode_at_qp,
    encode_clip,
    recompress_jpeg,
    sample_degradation,
)
from forensics.training.scenes import SCENES, stage
from tests.training.test_pseudo_fakes import landmarks, picture


def test_both_branches_meet_the_same_degradation() -> None:
    """Equal pictures must come out equal, and a changed one differ only where it was changed."""
    rgb = picture()
    for seed in range(12):
        chain = sample_degradation(np.random.default_rng(seed))
        assert np.array_equal(degrade(chain, rgb), degrade(chain, rgb.copy()))
    chain = Degradation(seed=1, noise_levels=5.0, gamma=1.2)
    fake = rgb.copy()
    fake[60:80, 60:80] = 0
    difference = np.abs(degrade(chain, rgb).astype(int) - degrade(chain, fake)).max(axis=2)
    assert difference[:60].max() == 0
    assert difference[60:80, 60:80].max() > 0


def test_noise_depends_on_the_seed() -> None:
    rgb = picture()
    one = degrade(Degradation(seed=1, noise_levels=5.0), rgb)
    two = degrade(Degradation(seed=2, noise_levels=5.0), rgb)
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("size", [(64, 64), (65, 63), (90, 121)])
def test_a_clip_comes_back_whole_at_any_size(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 255, size[1])[None, :, None] * np.ones((size[0], 1, 3))
    frames = [np.clip(ramp + rng.normal(0, 3, ramp.shape), 0, 255).astype(np.uint8)] * 5
    back = encode_clip(frames, 23)
    assert len(back) == 5
    assert all(frame.shape == (*size, 3) for frame in back)
    assert np.abs(back[-1].astype(int) - frames[-1]).mean() < 6


def test_coarser_encoding_loses_more() -> None:
    frames = [picture(seed) for seed in range(3)]
    errors = [
        np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(frames, back, strict=True)])
        for back in (encode_clip(frames, crf) for crf in (18, 30, 42))
    ]
    assert errors[0] < errors[1] < errors[2]


def test_no_frames_give_no_frames() -> None:
    assert encode_clip([], 23) == []


def test_jpeg_keeps_color_order() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    back = recompress_jpeg(red, 95)
    assert back[..., 0].mean() > 180
    assert back[..., 2].mean() < 20


@pytest.mark.parametrize("lay", [lay for lay, _ in SCENES], ids=lambda lay: lay.__name__)
def test_every_scene_changes_the_picture_and_repeats_by_seed(lay) -> None:
    rgb = picture().astype(np.float32)
    for seed in range(4):
        one = lay(rgb, landmarks(), np.random.default_rng(seed))
        two = lay(rgb, landmarks(), np.random.default_rng(seed))
        assert one.shape == rgb.shape
        assert np.isfinite(one).all()
        assert np.array_equal(one, two)
    assert np.abs(one - rgb).max() > 1


def test_staging_leaves_most_pictures_alone() -> None:
    rgb = picture()
    same = [
        np.array_equal(stage(rgb, landmarks(), np.random.default_rng(seed)), rgb)
        for seed in range(60)
    ]
    assert 0.3 < np.mean(same) < 0.8


def test_one_quantizer_everywhere_and_what_was_coded_is_measured() -> None:
    frames = [picture(seed, 128) for seed in range(4)]
    boxes = np.tile([32.0, 32.0, 96.0, 96.0], (4, 1))
    once, qp = encode_and_measure(frames, 30, boxes)
    assert np.array_equal(once[3], encode_clip(frames, 30)[3])
    assert np.isfinite(qp).all()
    fine, coarse = encode_at_qp(frames, 20), encode_at_qp(frames, 44)
    error = [np.abs(a.astype(int) - frames[2]).mean() for a in (fine[2], coarse[2])]
    assert error[0] < error[1]
    options = {"qp": "37", "preset": "veryfast", "x264-params": "ipratio=1:pbratio=1"}
    decoded = _through_h264(frames, options, measured=True)
    blocks = [block_qp(frame) for frame in decoded]
    assert [set(one.qp) for one in blocks if one] == [{37.0}] * 4
    assert encode_at_qp([], 30) == []
