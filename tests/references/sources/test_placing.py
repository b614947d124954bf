"""Refining place and moment, on pictures whose truth is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pytest
from skimage import data

from forensics.references.sources import timing
from forensics.references.sources.comparison import well_placed
from forensics.references.sources.material import TimeFit
from forensics.references.sources.registration import sharpen_placement

SOURCE = cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2GRAY)


def _shift(x: float, y: float, turn: float = 0.0) -> np.ndarray:
    return np.array([[1, turn, x], [-turn, 1, y], [0, 0, 1.0]])


def _off_px(found: np.ndarray, truth: np.ndarray, size: tuple[int, int]) -> float:
    corners = np.array([[[0.0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]]])
    moved = cv2.perspectiveTransform(corners, found) - cv2.perspectiveTransform(corners, truth)
    return float(np.linalg.norm(moved[0], axis=1).max())


def test_a_caption_and_a_logo_do_not_hold_the_fit_back() -> None:
    cut = SOURCE[12:352, 34:544].copy()
    cut[270:] = 20
    cv2.putText(cut, "BREAKING: XQZRT", (10, 320), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 255, 3)
    cv2.circle(cut, (450, 50), 30, 255, -1)
    start = _shift(28, 16, 0.01)
    mask = np.full(cut.shape, 255, np.uint8)
    found, value = sharpen_placement(cut, SOURCE, start, mask)
    assert _off_px(found, _shift(34, 12), (510, 270)) < 1.0
    assert value > 0.7  # of what is not laid over; 0.5 with it


def test_where_only_a_corner_has_structure_the_fit_stays_near() -> None:
    rng = np.random.default_rng(3)
    plain = np.full((360, 480), 120.0)
    plain[150:200, 200:260] += 60 * cv2.resize(rng.normal(size=(10, 12)), (60, 50))
    plain += rng.normal(0, 1.5, plain.shape)
    source = np.clip(cv2.GaussianBlur(plain, (0, 0), 1.0), 0, 255).astype(np.uint8)
    cut = source[20:320, 30:430].copy()
    found, _ = sharpen_placement(cut, source, _shift(30, 20), np.full(cut.shape, 255, np.uint8))
    assert _off_px(found, _shift(30, 20), (400, 300)) < 8


def test_a_small_inset_is_refined_at_its_own_size() -> None:
    canvas = np.random.default_rng(1).integers(0, 256, (720, 1280), np.uint8)
    canvas = cv2.GaussianBlur(canvas, (0, 0), 6)
    inset = cv2.resize(SOURCE, (288, 192), interpolation=cv2.INTER_AREA)
    canvas[488:680, 952:1240] = inset
    scale = SOURCE.shape[1] / 288
    truth = np.array([[scale, 0, -952 * scale], [0, scale, -488 * scale], [0, 0, 1.0]])
    start = truth.copy()
    start[:2, 2] += (7, -6)
    found, value = sharpen_placement(canvas, SOURCE, start, np.full(canvas.shape, 255, np.uint8))
    corners = np.array([[[952.0, 488], [1240, 488], [1240, 680], [952, 680]]])
    off = cv2.perspectiveTransform(corners, found) - cv2.perspectiveTransform(corners, truth)
    assert np.abs(off).max() < 2.5  # source px, of which the inset shows every second
    assert value > 0.9


def test_motion_tells_the_moment_that_standing_detail_hides() -> None:
    rng = np.random.default_rng(4)
    standing, moving = 20 * rng.normal(size=4000), 2 * rng.normal(size=(15, 4000))
    bands = (standing + moving).astype(np.float32)
    # Another contrast, and noise as strong as the motion.
    own = (0.7 * bands[6] + 2 * rng.normal(size=4000)).astype(np.float32)
    found = timing._moving(own, bands)
    assert int(np.argmax(found)) == 6
    assert found[6] > 0.3 + np.delete(found, 6).max()


@pytest.mark.parametrize(
    ("outside", "expected"),
    [
        ([0.92, 0.07, 0.91, 0.42], [True, False, True, False]),
        ([0.3, 0.28, float("nan")], [True, True, False]),
        ([0.2, 0.1], [False, False]),
        ([], []),
    ],
)
def test_badly_placed_pairs_do_not_count(outside: list[float], expected: list[bool]) -> None:
    assert well_placed(outside) == expected


@pytest.mark.parametrize(
    ("rival", "motion", "change", "expected"),
    [
        (0.40, 0.05, 0.3, True),
        (0.20, 0.05, 0.3, False),  # no other moment comes near
        (0.40, 0.60, 0.3, False),  # what moves agrees
        (0.40, 0.05, 0.02, False),  # nothing moves: another moment looks alike
    ],
)
def test_a_moment_is_in_doubt_where_a_rival_is_near_and_motion_does_not_agree(
    rival: float, motion: float, change: float, expected: bool
) -> None:
    anchors = cast("list[timing.Anchor]", [SimpleNamespace(pts_s=t) for t in (0.0, 1.0, 2.0)])
    tried = [
        timing.Tried(
            np.arange(5), anchor.pts_s + 0.04 * np.arange(-2, 3),
            0.9 - change * np.array([1, 0.5, 0, 0.5, 1]), np.zeros(5), np.full(5, motion),
        )
        for anchor in anchors
    ]  # fmt: skip
    time = TimeFit(0.0, 1.0, determined=True, correlation=0.42, rival=rival, share=1.0)
    assert timing.in_doubt(anchors, tried, time) is expected
