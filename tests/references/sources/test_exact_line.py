"""One line through what every questioned frame says of every source frame."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.references.sources.exact_line import Curve, best_line

FRAME_S = 0.04


def _curve(
    here: float, truth: float, coarse: float, deep: float = 0.2, seed: int = 0, noise: float = 0.0
) -> Curve:
    """Agree best at the true moment, among the frames around the coarse one."""
    times = coarse + FRAME_S * np.arange(-18, 19)
    score = 0.9 - deep * np.minimum(1, np.abs(times - truth) / (6 * FRAME_S))
    return Curve(here, times, score + noise * np.random.default_rng(seed).normal(size=len(times)))


def test_faces_that_are_unsure_one_by_one_are_sure_together() -> None:
    here = np.linspace(0, 3, 8)
    curves = [_curve(h, h + 2, h + 2.1, 0.06, n, 0.03) for n, h in enumerate(here)]
    alone = [float(c.times_s[np.argmax(c.score)]) - c.here_s - 2 for c in curves]
    assert np.abs(alone).max() > 2 * FRAME_S
    line = best_line(curves, 2.1, 1.0, FRAME_S)
    assert line.offset_s == pytest.approx(2.0, abs=FRAME_S)
    assert line.speed == 1.0


def test_badly_placed_frames_have_no_veto() -> None:
    here = np.linspace(0, 3, 8)
    truth = np.where(np.arange(8) < 3, here + 2.5, here + 2.0)
    curves = [_curve(h, t, h + 2.1) for h, t in zip(here, truth, strict=True)]
    line = best_line(curves, 2.1, 1.0, FRAME_S)
    assert line.offset_s == pytest.approx(2.0, abs=FRAME_S / 2)


@pytest.mark.parametrize(("coarse", "truth"), [(1.0, 1.15), (1.066, 1.0), (1.28, 1.25)])
def test_a_wrong_coarse_speed_is_corrected(coarse: float, truth: float) -> None:
    here = np.linspace(0, 3, 8)
    offset = 2.0 + (truth - coarse) * 1.5  # the coarse line is right in the middle
    curves = [_curve(h, 2 + truth * h, offset + coarse * h) for h in here]
    line = best_line(curves, offset, coarse, FRAME_S)
    moved = np.abs(line.offset_s + line.speed * here - 2 - truth * here)
    assert moved.max() <= FRAME_S


def test_noise_makes_no_speed() -> None:
    here = np.linspace(0, 1.4, 6)
    shifts = FRAME_S * np.array([0.5, 0.4, 0.0, 0.0, -0.45, -0.5])
    curves = [_curve(h, h + d, h) for h, d in zip(here, shifts, strict=True)]
    assert best_line(curves, 0.0, 1.0, FRAME_S).speed == 1.0


def test_where_nothing_tells_the_middle_is_kept() -> None:
    curves = [_curve(h, h, h, deep=0.0) for h in (0.0, 1.0, 2.0)]
    line = best_line(curves, 0.0, 1.0, FRAME_S)
    assert (line.offset_s, line.speed) == (pytest.approx(0.0, abs=FRAME_S), 1.0)
