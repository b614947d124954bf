"""The parts of a search, each on input whose answer is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from forensics.references.sources import descriptors, geometry, query
from forensics.references.sources.accident import chance_by_accident
from forensics.references.sources.alignment import line_up
from forensics.references.sources.index import Timeline
from forensics.references.sources.query import Query


def test_pdq_knows_mirrors_and_takes_gray_and_alpha() -> None:
    picture = data.astronaut()
    own, quality = descriptors.pdq(picture, turned=True)
    flipped, _ = descriptors.pdq(np.ascontiguousarray(picture[:, ::-1]))
    assert quality >= 50
    assert descriptors.distances(own[1:], flipped)[0, 0] == 0
    assert descriptors.distances(own[:1], flipped)[0, 0] > 60
    gray_alpha = np.dstack([picture[..., 0], np.full(picture.shape[:2], 255, np.uint8)])
    for odd in (picture[..., 0], gray_alpha, np.dstack([picture, gray_alpha[..., 1]])):
        code, _ = descriptors.pdq(descriptors.as_rgb(odd))
        assert descriptors.distances(own[:1], code)[0, 0] <= 31


def test_black_and_plain_pictures_are_flat() -> None:
    assert descriptors.is_flat(np.zeros((90, 160, 3), np.uint8))
    assert descriptors.is_flat(np.full((90, 160, 3), 240, np.uint8))
    assert not descriptors.is_flat(data.coffee())


def _gray(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def test_a_turned_and_shrunk_picture_is_placed_within_two_px() -> None:
    source = _gray(data.coffee())
    height, width = source.shape
    truth = cv2.getRotationMatrix2D((width / 2, height / 2), 7, 0.8)
    moved = cv2.warpAffine(source, truth, (width, height))
    found = geometry.place(
        descriptors.local_features(moved, 1000), descriptors.local_features(source)
    )
    assert found is not None
    assert found.inliers > 60
    corners = np.array([[[100.0, 100]], [[400, 100]], [[400, 300]], [[100, 300]]])
    put = cv2.perspectiveTransform(corners, found.matrix)
    back = cv2.transform(corners, cv2.invertAffineTransform(truth))
    assert np.abs(put - back).max() < 2.0


def test_different_pictures_stay_under_the_line() -> None:
    pictures = [data.coffee(), data.chelsea(), data.astronaut(), data.rocket()]
    local = [descriptors.local_features(_gray(picture), 1000) for picture in pictures]
    for i, one in enumerate(local):
        for other in local[i + 1 :]:
            found = geometry.place(one, other)
            assert found is None or found.inliers < geometry.MIN_INLIERS


def test_unmirror_takes_query_px() -> None:
    source = _gray(data.coffee())
    flipped = np.ascontiguousarray(source[:, ::-1])
    found = geometry.place(
        descriptors.local_features(np.ascontiguousarray(flipped[:, ::-1])),
        descriptors.local_features(source), mirrored=True,
    )  # fmt: skip
    assert found is not None
    matrix = geometry.unmirror(found.matrix, source.shape[1])
    shape = geometry.shape_of(matrix, source.shape[::-1], source.shape[::-1])
    assert shape.mirrored
    assert shape.scale == pytest.approx(1.0, abs=0.01)
    assert abs(shape.rotation_deg) < 0.5


def _moving(times: np.ndarray, height: int, width: int) -> np.ndarray:
    """Blobs that move as smooth random functions of time."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    pictures = np.full((len(times), height, width), 90.0)
    for _ in range(6):
        rate, phase = rng.uniform(0.5, 3, 4), rng.uniform(0, 6, 4)
        waves = [0.2 * np.sin(r * times + p) for r, p in zip(rate, phase, strict=True)]
        cx, cy = 0.5 + waves[0] + waves[1], 0.5 + waves[2] + waves[3]
        near = (x[None] - cx[:, None, None]) ** 2 + (y[None] - cy[:, None, None]) ** 2
        pictures += 60 * np.exp(-near / 0.02)
    return np.clip(pictures, 0, 255).astype(np.uint8)


def _query(times: np.ndarray, source_times: np.ndarray) -> Query:
    return Query(640, 360, {}, (), times, _moving(source_times, 90, 160), (0, 0, 640, 360), 0)


@pytest.mark.parametrize(("offset", "speed"), [(3.0, 1.0), (1.2, 1.15), (4.4, 0.8), (2.0, 1.25)])
def test_offset_and_speed_are_found(offset: float, speed: float) -> None:
    there = np.arange(0, 14, 0.08)
    here = np.arange(0, 5, 0.04)
    timeline = Timeline(there, _moving(there, 24, 24))
    found = line_up(_query(here, offset + speed * here), timeline, np.eye(3), (640, 360))
    assert found.determined
    assert found.speed == pytest.approx(speed, abs=0.02)
    assert found.source_s(2.5) == pytest.approx(offset + speed * 2.5, abs=0.06)
    assert found.correlation > found.rival + 0.2


def test_what_stands_still_is_not_lined_up() -> None:
    there, here = np.arange(0, 8, 0.08), np.arange(0, 3, 0.04)
    still = np.zeros_like(there)
    timeline = Timeline(there, _moving(still, 24, 24))
    found = line_up(_query(here, np.zeros_like(here)), timeline, np.eye(3), (640, 360))
    assert not found.determined


def test_another_take_does_not_correlate() -> None:
    there, here = np.arange(0, 10, 0.08), np.arange(0, 4, 0.04)
    rng = np.random.default_rng(2)
    thumbs = rng.integers(0, 256, (len(there), 6, 6), np.uint8)
    big = np.stack([cv2.resize(t, (24, 24), interpolation=cv2.INTER_CUBIC) for t in thumbs])
    found = line_up(_query(here, here + 2), Timeline(there, big), np.eye(3), (640, 360))
    assert not found.determined


def test_borders_are_found_and_whole_pictures_left_whole() -> None:
    picture = np.ascontiguousarray(data.coffee()[:360, :600])
    assert query.content_box([picture]) == (0, 0, 600, 360)
    boxed = np.zeros((560, 600, 3), np.uint8)
    boxed[100:460] = picture
    x0, y0, x1, y1 = query.content_box([boxed])
    assert (x0, x1) == (0, 600)
    assert abs(y0 - 100) < 8
    assert abs(y1 - 460) < 8


def test_chance_grows_with_the_index_and_falls_with_inliers_to_a_floor() -> None:
    assert chance_by_accident(17, 1) == pytest.approx(0.025 * 2.2**-11, rel=1e-6)
    assert chance_by_accident(17, 1000) < chance_by_accident(17, 100_000)
    assert chance_by_accident(30, 1000) < chance_by_accident(17, 1000)
    assert chance_by_accident(500, 10**6) == pytest.approx(1e-3, rel=0.01)
    assert chance_by_accident(3, 10**6) == pytest.approx(1.0)
