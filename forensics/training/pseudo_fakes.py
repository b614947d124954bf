"""Pseudo-fakes: swapped and re-rendered faces made from genuine ones, by recipe.

A recipe is drawn once and can be applied to every frame of a clip: all that is random in it is
tied to the face, not to the frame. Nothing here was copied from a program of others; the facts
built on are in the field notes (self-blending, Face X-ray, the 2018 face-swap pipelines).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.training import texture
from forensics.training.masks import distort, grow, shape_mask, soften

FAMILIES: dict[str, float] = {
    "self_blend": 0.26,
    "autoencoder": 0.30,
    "cross_identity": 0.13,
    "lower_face": 0.15,
    "re_render": 0.10,
    "one_shot": 0.06,
}
"""Families of pseudo-fakes and the share of each in training."""

Donor = tuple[NDArray[np.uint8], NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Recipe:
    """How one pseudo-fake is made. Lengths are shares of the face's size.

    Attributes:
        family: One of `FAMILIES`.
        seed: What every random field is drawn from.
        shape: Mask shape, see `masks.SHAPES`.
        seam: Seam, see `masks.SEAMS`.
        grow: Dilation (> 0) or erosion of the mask.
        bend: Amplitude of the mask's random distortion.
        softness: Standard deviation of a wide seam.
        opacity: Highest alpha.
        shift: x, y displacement of the face put in.
        scale: Magnification of the face put in.
        shape_change: Amplitude by which landmarks of the face put in are moved.
        mouth_change: Amplitude by which mouth and jaw alone are moved.
        use_donor: Whether another person's face is put in.
        color: "none", "mean" (mean moved to the target's) or "mean_std".
        shift_rgb: Levels added to R, G, B.
        gain: Contrast factor.
        saturation: Saturation factor.
        change_target: Whether the statistics change falls on the target instead.
        bandwidth_px: Side of the aligned square that the face put in passes through, 0 for none.
        smooth: Strength of texture loss at that size, in [0, 1].
        sharpen: Unsharp amount after it.
        jpeg: JPEG quality of the face put in, 0 for none.
        grid: Amplitude, in levels, of an upsampling pattern.
        rescale: Factor by which the face put in is shrunk and enlarged again, 1 for none.
        clone: Whether the seam is closed by Poisson blending.
    """

    family: str
    seed: int
    shape: str
    seam: str
    grow: float = 0.0
    bend: float = 0.0
    softness: float = 0.03
    opacity: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    shape_change: float = 0.0
    mouth_change: float = 0.0
    use_donor: bool = False
    color: str = "none"
    shift_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gain: float = 1.0
    saturation: float = 1.0
    change_target: bool = False
    bandwidth_px: int = 0
    smooth: float = 0.0
    sharpen: float = 0.0
    jpeg: int = 0
    grid: float = 0.0
    rescale: float = 1.0
    clone: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Recipe:
        """Read what `to_json` gave."""
        red, green, blue = values["shift_rgb"]
        x, y = values["shift"]
        return cls(**{**values, "shift_rgb": (red, green, blue), "shift": (x, y)})


def _pick(rng: np.random.Generator, options: dict[str, float]) -> str:
    names = list(options)
    shares = np.array([options[name] for name in names])
    return names[int(rng.choice(len(names), p=shares / shares.sum()))]


def _color_change(rng: np.random.Generator, amount: float) -> dict[str, Any]:
    """Draw a color shift of up to 20 levels x `amount`, common to the channels or not."""
    spread = 20.0 * amount
    common = rng.uniform(-spread, spread) if rng.random() < 0.5 else 0.0
    shift = rng.uniform(-spread, spread, 3) * (0.5 if common else 1.0) + common
    return {
        "shift_rgb": (float(shift[0]), float(shift[1]), float(shift[2])),
        "gain": float(1 + rng.uniform(-0.12, 0.12) * amount),
        "saturation": float(1 + rng.uniform(-0.25, 0.25) * amount),
    }


def _self_blend(rng: np.random.Generator) -> dict[str, Any]:
    shapes = {
        "hull": 2, "hull_brow_raised": 2, "inner_hull": 2, "eyes_to_mouth": 1, "ellipse": 1,
        "square_160": 0.7, "hull_and_rectangle": 1,
    }  # fmt: skip
    blur = rng.random() < 0.5
    return {
        "shape": _pick(rng, shapes),
        "seam": _pick(rng, {"soft": 2, "two_gaussians": 2, "gaussian_15": 1, "box_2": 0.7}),
        "bend": float(rng.uniform(0, 0.05)),
        "shift": (float(rng.uniform(-0.03, 0.03)), float(rng.uniform(-0.015, 0.015))),
        "scale": float(rng.uniform(0.95, 1 / 0.95)),
        "opacity": float(rng.choice([0.5, 0.75, 1.0, 1.0, 1.0])),
        "change_target": bool(rng.random() < 0.4),
        "rescale": float(rng.uniform(1.5, 4)) if blur else 1.0,
        "sharpen": 0.0 if blur else float(rng.choice([0.0, rng.uniform(0.3, 1.2)])),
        **_color_change(rng, 1.0),
    }


def _autoencoder(rng: np.random.Generator) -> dict[str, Any]:
    shapes = {
        "square_160": 1.5, "hull_and_rectangle": 3, "inner_hull": 2, "hull": 2, "ellipse": 0.5,
        "square_256": 0.4, "eyes_to_mouth": 0.7,
    }  # fmt: skip
    bandwidth = float(np.exp(rng.uniform(np.log(45), np.log(190))))
    return {
        "shape": _pick(rng, shapes),
        "seam": _pick(rng, {"box_2": 2, "gaussian_15": 2, "soft": 2, "hard": 0.4}),
        "bend": float(rng.choice([0.0, rng.uniform(0, 0.03)])),
        "shape_change": float(rng.uniform(0, 0.035)),
        "use_donor": bool(rng.random() < 0.35),
        "color": _pick(rng, {"none": 1, "mean": 2, "mean_std": 1}),
        "bandwidth_px": round(bandwidth),
        "smooth": float(rng.choice([0.0, rng.uniform(0.2, 1.0)])),
        "sharpen": float(rng.choice([0.0, rng.uniform(0.2, 1.5)])),
        "grid": float(rng.choice([0.0, 0.0, rng.uniform(0.3, 2.0)])),
        "clone": bool(rng.random() < 0.15),
        **_color_change(rng, float(rng.choice([0.0, 0.4, 0.8]))),
    }


def _cross_identity(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "shape": _pick(rng, {"hull": 3, "hull_brow_raised": 1, "inner_hull": 2, "ellipse": 1}),
        "seam": _pick(rng, {"soft": 2, "gaussian_15": 2, "two_gaussians": 1, "box_2": 1}),
        "bend": float(rng.uniform(0, 0.02)),
        "use_donor": True,
        "color": _pick(rng, {"mean": 2, "mean_std": 2, "none": 0.3}),
        "rescale": float(rng.choice([1.0, rng.uniform(1.2, 2.5)])),
        "sharpen": float(rng.choice([0.0, rng.uniform(0.2, 0.8)])),
        "clone": bool(rng.random() < 0.15),
        **_color_change(rng, 0.3),
    }


def _lower_face(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "shape": _pick(rng, {"lower_face": 3, "mouth": 2}),
        "seam": _pick(rng, {"soft": 3, "gaussian_15": 1, "two_gaussians": 1}),
        "bend": float(rng.uniform(0, 0.03)),
        "mouth_change": float(rng.uniform(0.02, 0.09)),
        "bandwidth_px": round(float(np.exp(rng.uniform(np.log(60), np.log(220))))),
        "smooth": float(rng.uniform(0, 0.8)),
        "sharpen": float(rng.choice([0.0, rng.uniform(0.2, 1.2)])),
        "grid": float(rng.choice([0.0, rng.uniform(0.3, 2.0)])),
        **_color_change(rng, float(rng.choice([0.1, 0.4]))),
    }


def _re_render(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "shape": _pick(rng, {"hull": 3, "inner_hull": 1, "hull_brow_raised": 0.5}),
        "seam": _pick(rng, {"soft": 2, "gaussian_15": 1, "box_2": 2}),
        "bend": float(rng.uniform(0, 0.015)),
        "shape_change": float(rng.uniform(0, 0.02)),
        "mouth_change": float(rng.uniform(0.0, 0.07)),
        "bandwidth_px": round(float(np.exp(rng.uniform(np.log(80), np.log(240))))),
        "smooth": float(rng.uniform(0.1, 1.0)),
        "sharpen": float(rng.choice([0.0, rng.uniform(0.2, 1.0)])),
        **_color_change(rng, float(rng.choice([0.2, 0.5]))),
    }


def _one_shot(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "shape": _pick(rng, {"hull": 2, "square_256": 1, "ellipse": 1, "hull_brow_raised": 1}),
        "seam": _pick(rng, {"soft": 3, "gaussian_15": 1}),
        "use_donor": bool(rng.random() < 0.5),
        "shape_change": float(rng.uniform(0, 0.03)),
        "color": "mean_std",
        "bandwidth_px": round(float(rng.choice([128, 160, 224, 256]))),
        "smooth": float(rng.uniform(0.0, 0.4)),
        "sharpen": float(rng.uniform(0.0, 1.0)),
        **_color_change(rng, 0.15),
    }


_DRAW = {
    "self_blend": _self_blend, "autoencoder": _autoencoder, "cross_identity": _cross_identity,
    "lower_face": _lower_face, "re_render": _re_render, "one_shot": _one_shot,
}  # fmt: skip


def sample_recipe(rng: np.random.Generator, family: str | None = None) -> Recipe:
    """Draw a recipe.

    Args:
        rng: Where the draw comes from.
        family: One of `FAMILIES`; drawn by their shares where not given.
    """
    name = family or _pick(rng, FAMILIES)
    common: dict[str, Any] = {
        "grow": float(rng.uniform(-0.06, 0.05)),
        "softness": float(np.exp(rng.uniform(np.log(0.008), np.log(0.07)))),
        "jpeg": int(rng.integers(50, 96)) if rng.random() < 0.15 else 0,
    }
    seed = int(rng.integers(2**31))
    return Recipe(family=name, seed=seed, **{**common, **_DRAW[name](rng)})


def face_size_px(landmarks_px: NDArray[np.floating[Any]]) -> float:
    """Return the face's size: the longer side of the box of its 68 landmarks, in px."""
    return float(np.ptp(landmarks_px, axis=0).max())


def apply(
    recipe: Recipe,
    rgb: NDArray[np.uint8],
    landmarks_px: NDArray[np.floating[Any]],
    *,
    donor: Donor | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Make a pseudo-fake of one frame; the same recipe gives the same change on every frame.

    Args:
        recipe: From `sample_recipe`.
        rgb: (H, W, 3) uint8.
        landmarks_px: (68, 2) in px of `rgb`.
        donor: The other person's picture and landmarks. A recipe that wants one and gets none
            puts in the changed face of the same person.

    Returns:
        (H, W, 3) uint8 pseudo-fake, and (H, W) float32 alpha of the face put in, in [0, 1].

    Limits: nothing moves of its own: a pseudo-fake clip shows no flicker between frames.
    """
    rng = np.random.default_rng(recipe.seed)
    points = np.asarray(landmarks_px, dtype=np.float64)
    size = face_size_px(points)
    moved = texture.move_landmarks(points, recipe.shape_change, recipe.mouth_change, rng)
    moved = moved.mean(axis=0) + (moved - moved.mean(axis=0)) * recipe.scale
    moved = moved + np.array(recipe.shift) * size
    alpha = shape_mask(recipe.shape, points, rgb.shape[:2])
    alpha = distort(grow(alpha, recipe.grow * size), points, recipe.bend * size, rng)
    alpha = soften(alpha, recipe.seam, recipe.softness * size) * np.float32(recipe.opacity)
    if recipe.use_donor and donor is not None:
        face = texture.warp_face(donor[0], np.asarray(donor[1], np.float64), moved, rgb.shape[:2])
    else:
        face = texture.warp_face(rgb, points, moved, rgb.shape[:2])
    face = texture.through_bottleneck(
        face, points, recipe.bandwidth_px, recipe.smooth, recipe.sharpen, recipe.grid,
        recipe.rescale, recipe.jpeg,
    )  # fmt: skip
    target = rgb.astype(np.float32)
    if recipe.change_target:
        target = texture.change_color(target, recipe.shift_rgb, recipe.gain, recipe.saturation)
    else:
        face = texture.change_color(face, recipe.shift_rgb, recipe.gain, recipe.saturation)
    face = texture.match_color(face, target, alpha, recipe.color)
    if recipe.clone:
        fake = texture.poisson_blend(face, target, alpha)
    else:
        fake = target + alpha[..., None] * (face - target)
    return np.clip(np.rint(fake), 0, 255).astype(np.uint8), alpha
