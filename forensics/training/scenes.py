"""Scenes: genuine pictures that look odd, so that oddness alone is not taken for a swap.

Side light, colored light, glasses, bars, borders, filters, make-up and captions are laid on a
genuine face *before* its pseudo-fake is made: both branches show them.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Points = NDArray[np.floating[Any]]


def _ramp(size: tuple[int, int], points: Points, rng: np.random.Generator, soft: float) -> Picture:
    """Return (H, W) in [0, 1]: one side of a line through the face, `soft` its width in px."""
    height, width = size
    turn = rng.uniform(0, 2 * np.pi)
    center = points.mean(axis=0) + rng.normal(0, 0.2, 2) * np.ptp(points, axis=0)
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    along = (xs - center[0]) * np.cos(turn) + (ys - center[1]) * np.sin(turn)
    wave = rng.uniform(0, 6) * np.sin(
        (ys - center[1]) * np.float32(rng.uniform(0.01, 0.08)) + rng.uniform(0, 6)
    )
    return np.asarray(1 / (1 + np.exp(-(along + wave) / max(0.7, soft))), dtype=np.float32)


def side_light(picture: Picture, points: Points, rng: np.random.Generator) -> Picture:
    """Darken one side, with a soft or a hard shadow edge."""
    soft = float(np.exp(rng.uniform(np.log(0.8), np.log(60))))
    dark = rng.uniform(0.2, 0.75)
    shade = 1 - (1 - dark) * _ramp(picture.shape[:2], points, rng, soft)
    return np.asarray(picture * shade[..., None], dtype=np.float32)


def colored_light(picture: Picture, points: Points, rng: np.random.Generator) -> Picture:
    """Color the light of one side, or of all."""
    tint = np.float32(1) + rng.uniform(-0.45, 0.3, 3).astype(np.float32)
    soft = float(np.exp(rng.uniform(np.log(2), np.log(60))))
    share = (
        _ramp(picture.shape[:2], points, rng, soft)
        if rng.random() < 0.7
        else np.ones(picture.shape[:2], dtype=np.float32)
    )
    return np.asarray(picture * (1 + share[..., None] * (tint - 1)), dtype=np.float32)


def glasses(picture: Picture, points: Points, rng: np.random.Generator) -> Picture:
    """Draw clear or dark glasses."""
    out = picture.copy()
    color = rng.uniform(0, 90, 3) if rng.random() < 0.8 else rng.uniform(0, 255, 3)
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    apart = float(np.hypot(*(right - left)))
    turn = float(np.degrees(np.arctan2(*(right - left)[::-1])))
    axes = (int(apart * rng.uniform(0.34, 0.44)), int(apart * rng.uniform(0.24, 0.4)))
    thick = max(1, round(apart * rng.uniform(0.02, 0.08)))
    shade = 0.0 if rng.random() < 0.6 else float(rng.uniform(0.3, 0.95))
    for eye in (left, right):
        center = (round(float(eye[0])), round(float(eye[1]) + apart * 0.05))
        lens = np.zeros(picture.shape[:2], dtype=np.float32)
        cv2.ellipse(lens, center, axes, turn, 0, 360, 1.0, -1, cv2.LINE_AA)
        out = out + shade * lens[..., None] * (color.astype(np.float32) - out)
        cv2.ellipse(out, center, axes, turn, 0, 360, color.tolist(), thick, cv2.LINE_AA)
    bridge = [tuple(int(v) for v in left + (right - left) * share) for share in (0.36, 0.64)]
    cv2.line(out, bridge[0], bridge[1], color.tolist(), thick, cv2.LINE_AA)
    return np.asarray(out, dtype=np.float32)


def occlusion(picture: Picture, points: Points, rng: np.random.Generator) -> Picture:
    """Lay a bar, a strand or a hand-sized patch over part of the face."""
    out = picture.copy()
    size = float(np.ptp(points, axis=0).max())
    center = points.mean(axis=0) + rng.normal(0, 0.35, 2) * size
    half = np.array([rng.uniform(0.03, 0.2), rng.uniform(0.3, 1.2)]) * size
    turn = rng.uniform(0, np.pi)
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = center + (np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half) @ spin.T
    mask = np.zeros(picture.shape[:2], dtype=np.float32)
    cv2.fillConvexPoly(mask, np.round(corners * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    if rng.random() < 0.5:
        mask = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.6, 4)))
    color = rng.uniform(0, 255, 3).astype(np.float32)
    grain = cv2.GaussianBlur(
        rng.normal(0, 40, picture.shape).astype(np.float32), (0, 0), float(rng.uniform(0.7, 4))
    )
    return np.asarray(out + mask[..., None] * (color + grain - out), dtype=np.float32)


def borders(picture: Picture, points: Points, rng: np.random.Generator) -> Picture:
    """Put constant bars at the sides or above and below, as pillarboxes and letterboxes do."""
    out = picture.copy()
    height, width = picture.shape[:2]
    color = np.zeros(3) if rng.random() < 0.6 else np.full(3, 255.0) * rng.random()
    low, high = points.min(axis=0), points.max(axis=0)
    margin = rng.uniform(0.0, 0.25) * np.ptp(points, axis=0).max()
    edges = [int(low[0] - margin), int(high[0] + margin), int(low[1] - margin),
             int(high[1] + margin)]  # fmt: skip
    sides = rng.random(4) < (0.5 if rng.random() < 0.7 else 1.0)
    if sides[0]:
        out[:, : max(0, edges[0])] = color
    if sides[1]:
        out[:, min(width, edges[1]) :] = color
    if sides[2]:
        out[: max(0, edges[2])] = color
    if sides[3]:
        out[min(height, edges[3]) :] = color
    return out


def beauty_filter(picture: Picture, points: Points, rng: np.random.Generator) -> Picture:
    """Smooth the skin of the whole crop, or of the face alone with eyes, brows and lips left."""
    strength = float(rng.uniform(15, 60))
    flat = cv2.bilateralFilter(picture, 7, strength, 4)
    share = np.ones(picture.shape[:2], dtype=np.float32)
    if rng.random() < 0.6:
        share = np.zeros(picture.shape[:2], dtype=np.float32)
        hull = cv2.convexHull(points.astype(np.float32))
        cv2.fillConvexPoly(share, np.round(hull).astype(np.int32), 1.0)
        for part in (points[36:42], points[42:48], points[48:60], points[17:22], points[22:27]):
            cv2.fillConvexPoly(
                share, np.round(cv2.convexHull(part.astype(np.float32))).astype(np.int32), 0.0
            )
        share = cv2.GaussianBlur(share, (0, 0), float(rng.uniform(1.5, 6)))
    brighter = np.float32(rng.uniform(0, 10))
    return np.asarray(picture + share[..., None] * (flat + brighter - picture), dtype=np.float32)


def make_up(picture: Picture, points: Points, rng: np.random.Generator) -> Picture:
    """Color lips, eyelids and cheeks."""
    out = picture.copy()
    size = float(np.ptp(points, axis=0).max())
    patches = [
        (points[48:60], rng.uniform([90, 0, 20], [230, 90, 120])),
        (points[36:42] - [0, 0.03 * size], rng.uniform(0, 140, 3)),
        (points[42:48] - [0, 0.03 * size], rng.uniform(0, 140, 3)),
    ]
    for part, color in patches:
        if rng.random() < 0.7:
            mask = np.zeros(picture.shape[:2], dtype=np.float32)
            hull = cv2.convexHull(part.astype(np.float32))
            cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), 1.0, cv2.LINE_AA)
            mask = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.8, 0.03 * size + 1)))
            share = float(rng.uniform(0.2, 0.7)) * mask[..., None]
            out = out + share * (color.astype(np.float32) - out)
    return np.asarray(out, dtype=np.float32)


def caption(picture: Picture, points: Points, rng: np.random.Generator) -> Picture:
    """Write a caption or a station mark into the picture."""
    out = picture.copy()
    height, width = picture.shape[:2]
    words = "".join(chr(int(code)) for code in rng.integers(65, 91, int(rng.integers(4, 14))))
    place = (int(rng.uniform(0, 0.6) * width), int(rng.choice([0.12, 0.9]) * height))
    color = rng.uniform(0, 255, 3).tolist()
    cv2.putText(
        out, words, place, cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.3, 1.2)), color,
        int(rng.integers(1, 3)), cv2.LINE_AA,
    )  # fmt: skip
    return out


def low_light(picture: Picture, points: Points, rng: np.random.Generator) -> Picture:
    """Underexpose, with the noise that comes of it."""
    gain = float(rng.uniform(0.2, 0.6))
    grain = rng.standard_normal(picture.shape, dtype=np.float32) * float(rng.uniform(2, 9))
    if rng.random() < 0.6:  # noise as a camera's denoiser leaves it
        grain = 1.6 * cv2.GaussianBlur(grain, (0, 0), 1.0)
    return np.asarray(picture * gain + grain, dtype=np.float32)


SCENES = (
    (side_light, 0.10), (colored_light, 0.08), (glasses, 0.06), (occlusion, 0.07),
    (borders, 0.07), (beauty_filter, 0.08), (make_up, 0.06), (caption, 0.03), (low_light, 0.05),
)  # fmt: skip
"""What may be laid on a genuine picture, and how often."""


def stage(
    rgb: NDArray[np.uint8], landmarks_px: Points, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Lay a random choice of `SCENES` on a genuine (H, W, 3) uint8 picture."""
    chosen = [lay for lay, share in SCENES if rng.random() < share]
    if not chosen:
        return rgb
    picture = rgb.astype(np.float32)
    for lay in chosen:
        picture = np.clip(lay(picture, landmarks_px, rng), 0, 255).astype(np.float32)
    return np.rint(picture).astype(np.uint8)
