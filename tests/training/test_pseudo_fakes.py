import json

import numpy as np
import pytest

from forensics.intake.crops import mean_face
from forensics.training.masks import SEAMS, SHAPES, distort, shape_mask, soften
from forensics.training.pseudo_fakes import FAMILIES, Recipe, apply, sample_recipe


def picture(seed: int = 0, side: int = 160) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 220, (side // 8, side // 8, 3))
    return np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1).astype(np.uint8)


def landmarks(side: int = 160) -> np.ndarray:
    return mean_face() * (side / 256)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_changes_the_face_and_nothing_outside_its_mask(family: str) -> None:
    rgb, donor = picture(), picture(1)
    changed = 0.0
    for seed in range(6):
        recipe = sample_recipe(np.random.default_rng(seed), family)
        if recipe.change_target or recipe.clone:
            continue
        fake, alpha = apply(recipe, rgb, landmarks(), donor=(donor, landmarks()))
        assert fake.shape == rgb.shape
        assert fake.dtype == np.uint8
        assert alpha.shape == rgb.shape[:2]
        assert alpha.dtype == np.float32
        assert alpha.min() >= 0
        assert alpha.max() <= 1
        outside = alpha == 0
        assert np.array_equal(fake[outside], rgb[outside])
        changed += float(np.abs(fake.astype(int) - rgb)[alpha > 0.2].mean())
    assert changed > 1


def test_a_seed_gives_the_same_recipe_and_the_same_pixels() -> None:
    first = sample_recipe(np.random.default_rng(7))
    second = sample_recipe(np.random.default_rng(7))
    assert first == second
    donor = (picture(1), landmarks())
    one, _ = apply(first, picture(), landmarks(), donor=donor)
    two, _ = apply(second, picture(), landmarks(), donor=donor)
    assert np.array_equal(one, two)
    other = sample_recipe(np.random.default_rng(8))
    assert other != first


def test_a_recipe_survives_json() -> None:
    for seed in range(20):
        recipe = sample_recipe(np.random.default_rng(seed))
        assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_a_recipe_follows_the_face_when_it_moves() -> None:
    recipe = Recipe("self_blend", 3, "hull", "soft", bend=0.03, shift_rgb=(30.0, 0.0, 0.0))
    _, still = apply(recipe, picture(), landmarks())
    _, moved = apply(recipe, picture(), landmarks() + np.array([10.0, 0.0]))
    assert np.abs(np.roll(still, 10, axis=1) - moved).mean() < 0.004
    assert np.abs(still - moved).mean() > 0.02


def test_families_are_drawn_by_their_shares() -> None:
    rng = np.random.default_rng(0)
    drawn = [sample_recipe(rng).family for _ in range(800)]
    for family, share in FAMILIES.items():
        assert drawn.count(family) / 800 == pytest.approx(share, abs=0.06)
    assert sum(FAMILIES.values()) == pytest.approx(1)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_lies_on_the_face(shape: str) -> None:
    mask = shape_mask(shape, landmarks(), (160, 160))
    assert 0.005 < mask.mean() < 0.6
    assert mask[88, 80] == 1 or shape in ("lower_face", "mouth")
    assert mask[:8].max() == 0


def test_an_unknown_shape_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown mask shape"):
        shape_mask("moon", landmarks(), (160, 160))


def test_seams_differ_in_width() -> None:
    mask = shape_mask("hull", landmarks(), (160, 160))
    between = {}
    for seam in SEAMS:
        soft = soften(mask, seam, 6.0)
        between[seam] = float(((soft > 0.05) & (soft < 0.95)).mean())
    assert between["hard"] < between["box_2"] < between["gaussian_15"]
    assert between["box_2"] < between["soft"]


def test_bending_moves_the_outline_but_keeps_the_size() -> None:
    mask = shape_mask("hull", landmarks(), (160, 160))
    bent = distort(mask, landmarks(), 5.0, np.random.default_rng(0))
    assert np.abs(bent - mask).mean() > 0.005
    assert bent.sum() == pytest.approx(mask.sum(), rel=0.25)
