import numpy as np
import pytest

from forensics.intake.crops import (
    ALIGNED_SIZE_PX,
    align,
    alignment,
    crop_square,
    mean_face,
    square_around,
    umeyama,
)


def test_umeyama_finds_a_known_similarity(rng: np.random.Generator) -> None:
    points = rng.normal(size=(20, 2)) * 30
    angle, scale, shift = 0.4, 1.7, np.array([12.0, -5.0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = umeyama(points, scale * points @ turn.T + shift)
    assert np.allclose(matrix, np.column_stack([scale * turn, shift]))


def test_umeyama_never_mirrors(rng: np.random.Generator) -> None:
    points = rng.normal(size=(20, 2))
    matrix = umeyama(points, points * np.array([-1.0, 1.0]))
    assert np.linalg.det(matrix[:, :2]) > 0


def test_the_mean_face_is_upright_symmetric_and_centered() -> None:
    face = mean_face()
    assert face.shape == (68, 2)
    assert np.ptp(face[:, 1]) == pytest.approx(ALIGNED_SIZE_PX / 2, rel=1e-3)
    left, right = face[36:42].mean(axis=0), face[42:48].mean(axis=0)
    assert left[0] < right[0]
    assert left[1] == pytest.approx(right[1], abs=0.5)
    assert face[8, 1] > face[30, 1] > face[27, 1]


def test_alignment_puts_a_face_on_the_mean_face() -> None:
    landmarks = (mean_face() - 128) * 0.6 + np.array([300.0, 200.0])
    matrix = alignment(landmarks)
    moved = landmarks @ matrix[:, :2].T + matrix[:, 2]
    assert np.allclose(moved, mean_face(), atol=1e-6)
    frame = np.zeros((400, 600, 3), np.uint8)
    frame[200, 300] = 255
    peak = np.unravel_index(align(frame, matrix)[..., 0].argmax(), (256, 256))
    assert peak == (128, 128)


@pytest.mark.parametrize("box", [(10, 10, 60, 90), (-20, -20, 40, 40), (80, 70, 130, 120)])
def test_a_crop_is_square_whatever_lies_outside(box: tuple[float, ...]) -> None:
    rgb = np.full((100, 100, 3), 77, np.uint8)
    crop = crop_square(rgb, np.array(box, dtype=float), 1.5, 48)
    assert crop.shape == (48, 48, 3)
    assert (crop == 77).all()


def test_a_box_outside_the_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        crop_square(np.zeros((50, 50, 3), np.uint8), np.array([200.0, 200, 220, 220]), 1.0, 32)


def test_the_square_keeps_the_box_in_its_center() -> None:
    assert square_around(np.array([10.0, 20, 30, 60]), 2.0) == (-20.0, 0.0, 80.0)
