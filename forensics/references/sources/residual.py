"""What differs inside the face and not around it, in aligned face space.

A change of codec, color or sharpness touches the face and its surroundings alike, so the
surroundings say how large a difference may be; what exceeds that inside the face is the residual.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.face_space import Regions

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
Rgb = NDArray[np.uint8]

MIDDLE = (2.0, 7.0)
"""Band of eyes, nose, mouth and wrinkles: pairs of Gaussian sigmas in aligned px."""

FINE_PX = 1.5
"""The finest detail: what is left after a blur of this sigma."""

WINDOW_PX = 7.0
"""Sigma of the window of local statistics."""

FLOOR_LEVELS = 0.6
"""Differences below rounding and dither are no differences."""

ALTERED_UNITS = 2.2
"""Noise units above which a place counts as altered."""

EDGE = 0.65
"""Where between the surroundings and the face, on the log scale, the outline is drawn: blurred
differences reach outwards, so it lies above half way (best of five on eight pairs of our own)."""


@dataclass(frozen=True)
class Comparison:
    """One pair of frames.

    Attributes:
        inside: Correlation of the middle band inside the face.
        outside: Around it.
        fine_inside: Correlation of the finest detail inside.
        fine_outside: Around it.
        local_inside: Median local correlation inside.
        local_outside: Around it.
        excess: Median inside of the log10 of the middle band's difference in noise units.
        units: (256, 256) float32, difference in noise units, all bands and colors.
        source: (256, 256, 3) uint8, color-matched.
    """

    inside: float
    outside: float
    fine_inside: float
    fine_outside: float
    local_inside: float
    local_outside: float
    excess: float
    units: Plane
    source: Rgb


def luma(rgb: Rgb) -> Plane:
    """Return (H, W) float32 luma of 0 to 255."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)


def blur(plane: Plane, sigma_px: float) -> Plane:
    """Return the Gaussian blur of a plane."""
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma_px), np.float32)


def middle(plane: Plane) -> Plane:
    """Return the middle band."""
    return blur(plane, MIDDLE[0]) - blur(plane, MIDDLE[1])


def fine(plane: Plane) -> Plane:
    """Return the finest detail."""
    return plane - blur(plane, FINE_PX)


def correlation(a: Plane, b: Plane, where: Mask) -> float:
    """Return the correlation of two planes over a mask; NaN where there is too little."""
    if where.sum() < 200:
        return float("nan")
    x, y = a[where] - a[where].mean(), b[where] - b[where].mean()
    size = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum() / size) if size > 0 else float("nan")


def local_correlation(a: Plane, b: Plane, noise: float) -> Plane:
    """Return the correlation in a Gaussian window around each place.

    Args:
        a: (H, W) float32, a band.
        b: (H, W) float32, the same band.
        noise: Standard deviation, in levels, that is no structure; flat places give 0.
    """
    mean_a, mean_b = blur(a, WINDOW_PX), blur(b, WINDOW_PX)
    both = blur(a * b, WINDOW_PX) - mean_a * mean_b
    var_a = np.maximum(blur(a * a, WINDOW_PX) - mean_a**2, 0)
    var_b = np.maximum(blur(b * b, WINDOW_PX) - mean_b**2, 0)
    return np.asarray(both / (np.sqrt(var_a * var_b) + noise**2), np.float32)


def match_color(questioned: Rgb, source: Rgb, where: Mask) -> Rgb:
    """Move the source's colors onto the questioned picture's by what lies around the face.

    A parabola a channel, fitted twice, the second time without what fits badly.
    """
    out = np.empty(source.shape, np.float32)
    for c in range(3):
        x, y = source[..., c].astype(np.float64) / 255, questioned[..., c].astype(np.float64)
        rows = np.column_stack([np.ones(int(where.sum())), x[where], x[where] ** 2])
        goal = y[where]
        keep = np.ones(len(goal), bool)
        fit = np.array([0.0, 255.0, 0.0])
        for _ in range(2):
            ridge = 1e-3 * len(goal) * np.diag([0.0, 0.0, 1.0])
            fit = np.linalg.solve(
                rows[keep].T @ rows[keep] + ridge + 1e-6 * np.eye(3), rows[keep].T @ goal[keep]
            )
            error = np.abs(goal - rows @ fit)
            keep = error <= max(3.0, 2.5 * 1.4826 * float(np.median(error)))
        out[..., c] = fit[0] + fit[1] * x + fit[2] * x**2
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def match_sharpness(questioned: Plane, source: Plane, where: Mask) -> tuple[float, float]:
    """Return the blurs, px, to give the questioned and the source picture so that they agree."""
    best, chosen = -2.0, (0.0, 0.0)
    for sigma in (0.0, 0.7, 1.1, 1.6, 2.3):
        for pair in ((0.0, sigma), (sigma, 0.0)) if sigma else ((0.0, 0.0),):
            a = blur(questioned, pair[0]) if pair[0] else questioned
            b = blur(source, pair[1]) if pair[1] else source
            # Scale-free correlation would always like blur: the residual must shrink too.
            x, y = (a - blur(a, 4.0))[where], (b - blur(b, 4.0))[where]
            value = -float(((x - y) ** 2).sum() / max(1e-6, float((x**2).sum() + (y**2).sum())))
            if value > best + 0.004:
                best, chosen = value, pair
    return chosen


def _noise_units(difference: Plane, texture: Plane, where: Mask) -> Plane:
    """Divide a difference by what the surroundings show at the same strength of texture."""
    size = np.sqrt(blur(difference**2, 3.0))
    strength = np.sqrt(blur(texture**2, 3.0))
    x, y = strength[where], size[where]
    edges = np.quantile(x, np.linspace(0, 1, 9))
    centers, usual = [], []
    for low, high in pairwise(edges):
        rows = (x >= low) & (x <= high)
        if rows.sum() >= 30:
            centers.append(float(np.median(x[rows])))
            usual.append(float(np.quantile(y[rows], 0.6)))
    if not centers:
        return np.asarray(size / FLOOR_LEVELS, np.float32)
    grown = np.maximum.accumulate(np.array(usual))  # stronger texture never has less noise
    expected = np.interp(strength.ravel(), centers, grown).reshape(strength.shape)
    beyond = strength > centers[-1]
    slope = grown[-1] / max(centers[-1], 1e-3)
    expected = np.where(beyond, np.maximum(expected, slope * strength), expected)
    return np.asarray(size / np.maximum(expected, FLOOR_LEVELS), np.float32)


def compare(
    questioned: Rgb, source: Rgb, layout: Regions, valid: Mask,
    blurs: tuple[float, float] = (0.0, 0.0),
) -> Comparison:  # fmt: skip
    """Compare two aligned crops of the same moment.

    Args:
        questioned: (256, 256, 3) uint8.
        source: (256, 256, 3) uint8, moved onto it.
        layout: Regions of the face.
        valid: (256, 256) bool, where both show something.
        blurs: From `match_sharpness`.
    """
    around = layout.around & valid
    matched = match_color(questioned, source, around)
    a, b = luma(questioned), luma(matched)
    a = blur(a, blurs[0]) if blurs[0] else a
    b = blur(b, blurs[1]) if blurs[1] else b
    inner = layout.interior & valid
    middle_a, middle_b = middle(a), middle(b)
    local = local_correlation(middle_a, middle_b, 1.0)
    band = _noise_units(middle_a - middle_b, np.maximum(np.abs(middle_a), np.abs(middle_b)), around)
    x, y = questioned.astype(np.float32), matched.astype(np.float32)
    color = np.sqrt((blur(x, 1.5) - blur(y, 1.5)) ** 2).mean(axis=2).astype(np.float32)
    broad = _noise_units(color, np.abs(fine(b)) + np.abs(middle_b), around)
    shift_a, shift_b = fine(luma(questioned)), fine(luma(matched))
    return Comparison(
        inside=correlation(middle_a, middle_b, inner),
        outside=correlation(middle_a, middle_b, around),
        fine_inside=correlation(shift_a, shift_b, inner),
        fine_outside=correlation(shift_a, shift_b, around),
        local_inside=float(np.median(local[inner])) if inner.any() else float("nan"),
        local_outside=_strong_median(local, middle_b, around),
        excess=float(np.median(np.log10(np.maximum(band[inner], 0.1)))),
        units=np.asarray(np.sqrt((band**2 + broad**2) / 2), np.float32), source=matched,
    )  # fmt: skip


def _strong_median(local: Plane, texture: Plane, where: Mask) -> float:
    """Return the median local correlation where there is structure to correlate."""
    strength = np.sqrt(blur(texture**2, WINDOW_PX))
    rich = where & (strength >= 2.0)
    if rich.sum() < 200:
        return float("nan")
    return float(np.median(local[rich]))


def altered_region(units: list[Plane], layout: Regions, valid: Mask) -> tuple[Mask, Plane, float]:
    """Outline what was altered, from the disagreement of several frames.

    Args:
        units: Maps of single frames, (256, 256) float32, in noise units.
        layout: Regions of the face.
        valid: (256, 256) bool.

    Returns:
        (256, 256) bool region that touches the face, the mean map, and the consistency of the
        single maps with it.
    """
    logs = [np.log10(np.maximum(blur(unit, 2.0), 0.1)) for unit in units]
    mean = np.median(np.stack(logs), axis=0).astype(np.float32)
    smooth = blur(mean, 3.0)
    around = layout.around & valid
    usual = float(np.median(smooth[around])) if around.any() else 0.0
    inner = layout.interior & valid
    high = float(np.median(smooth[inner])) if inner.any() else usual
    line = max(np.log10(ALTERED_UNITS) + usual, usual + EDGE * (high - usual))
    found = ((smooth > line) & valid).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (19, 19))
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, kernel)
    found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    filled = _filled(np.asarray(found, np.uint8), layout.hull)
    consistency = [correlation(log.astype(np.float32), mean, layout.hull | around) for log in logs]
    return filled, mean, float(np.nanmean(consistency)) if consistency else float("nan")


def _filled(found: NDArray[np.uint8], hull: Mask) -> Mask:
    """Keep components that lie on the face for a good part, without their holes."""
    count, labels = cv2.connectedComponents(found)
    kept = np.zeros(found.shape, np.uint8)
    for label in range(1, count):
        part = labels == label
        if (part & hull).sum() >= max(60, 0.3 * part.sum()):
            kept |= part.astype(np.uint8)
    contours, _ = cv2.findContours(kept, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(kept, contours, -1, 1, cv2.FILLED)
    return np.asarray(kept > 0)
