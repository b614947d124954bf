"""Is there a seam around the face?

A swap ends somewhere: along the hull of the landmarks, or along a square. Noise, color, sharpness
and gradients are compared across that line in aligned face space, averaged over the track, where a
seam stands still and noise does not.
"""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Analyzer, Findings, Material, Picture, extent_of, too_little
from forensics.face_space import (
    Plane,
    Regions,
    high_pass,
    log_ratio,
    luma,
    profiles,
    regions,
    robust_mean,
    spread,
)
from forensics.intake.tracks import FaceTrack
from forensics.record import Extent, Observation

MIN_FACE_PX = 64.0
MIN_FRAMES = 4
SEAM_PX = 5
"""A seam is looked for within this distance of the hull's outline."""


class BlendingBoundary(Analyzer):
    """Seven differences across the outline of the face, each a signal of its own.

    Limits: beards, glasses, head scarves, fringes and hard side light make edges there too;
    seamless cloning leaves almost none; each signal alone is weak, which its calibration says.
    Source: Li et al., "Face X-ray for More General Face Forgery Detection" (CVPR 2020), for the
    idea that a blend has a boundary; the statistics are ours.
    """

    name: ClassVar[str] = "blending_boundary"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Blending boundary"
    examines: ClassVar[str] = "whether noise, color, sharpness or gradients break along a seam"

    def analyze(self, material: Material) -> Findings:
        """Measure every track; small or short ones are abstained from."""
        said: list[Observation] = []
        pictures: list[Picture] = []
        for track in material.tracks:
            where = extent_of(track)
            refused = too_little(track, MIN_FACE_PX, MIN_FRAMES)
            if refused:
                said.append(self.abstain(*refused, where))
            else:
                layout = regions(track)
                said += self._measure(track, layout, where)
                pictures += _pictures(track, layout)
        return Findings(tuple(said), tuple(pictures))

    def _measure(self, track: FaceTrack, layout: Regions, where: Extent) -> list[Observation]:
        rows = [_frame(track, i, layout) for i in range(len(track))]
        noise, texture, color, flicker, quantization = np.array(rows).T
        mean = _mean_luma(track)
        times = track.pts_s
        ratio = "log10 ratio"
        return [
            self.signal(
                "seam_gradient", _seam_gradient(mean, layout), ratio,
                "In the average of the track, the gradient on the outline of the face is "
                f"{10 ** _seam_gradient(mean, layout):.2f} times that beside it.", where,
            ),
            self.signal(
                "square_gradient", _square_gradient(mean), ratio,
                "In the average of the track, the strongest upright square edge around the face "
                f"is {10 ** _square_gradient(mean):.2f} times the usual one.", where,
            ),
            self.signal(
                "noise_break", robust_mean(noise), ratio,
                "Noise from frame to frame around the face is "
                f"{10 ** robust_mean(noise):.2f} times that inside it.", where, times, noise,
            ),
            self.signal(
                "texture_break", robust_mean(texture), ratio,
                "Fine texture around the face is "
                f"{10 ** robust_mean(texture):.2f} times that inside it.", where, times, texture,
            ),
            self.signal(
                "color_step", robust_mean(color), "CIELAB delta E",
                "Skin color steps by "
                f"{robust_mean(color):.1f} units across the upper outline of the face.",
                where, times, color,
            ),
            self.signal(
                "outline_flicker", robust_mean(flicker), ratio,
                "From frame to frame the outline changes "
                f"{10 ** robust_mean(flicker):.2f} times as much as the inside of the face.",
                where, times, flicker,
            ),
            self.signal(
                "block_break", robust_mean(quantization), ratio,
                "The strength of compression blocks differs by a factor of "
                f"{10 ** robust_mean(quantization):.2f} between face and surroundings.",
                where, times, quantization,
            ),
        ]  # fmt: skip


def _frame(track: FaceTrack, i: int, layout: Regions) -> tuple[float, float, float, float, float]:
    """Return noise, texture, color, flicker and block differences of one examined frame."""
    rgb = track.aligned(i)
    plane = luma(rgb)
    fine = high_pass(plane)
    texture = log_ratio(spread(fine[layout.around]), spread(fine[layout.interior]))
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    color = float("nan")
    if layout.brow_inside.any() and layout.brow_outside.any():
        step = np.median(lab[layout.brow_inside], axis=0) - np.median(
            lab[layout.brow_outside], axis=0
        )
        color = float(np.linalg.norm(step[1:]))  # chroma only: light falls off over a forehead
    following = track.aligned_next(i)
    noise = flicker = float("nan")
    if following is not None:
        change = high_pass(luma(following) - plane)
        noise = log_ratio(spread(change[layout.around]), spread(change[layout.interior]))
        moved = cv2.GaussianBlur(luma(following) - plane, (0, 0), 1.0)
        flicker = log_ratio(spread(moved[layout.ring]), spread(moved[layout.interior]))
    return noise, texture, color, flicker, _block_contrast(fine, layout)


def _block_contrast(fine: Plane, layout: Regions) -> float:
    """Return log10 of how flat cells are inside over around: quantization flattens cells."""
    power = cv2.blur(fine * fine, (8, 8))
    inside = float(np.percentile(power[layout.interior], 20)) + 1e-2
    around = float(np.percentile(power[layout.around], 20)) + 1e-2
    return float(0.5 * np.log10(around / inside))


def _mean_luma(track: FaceTrack) -> Plane:
    total = np.zeros((256, 256), np.float64)
    for i in range(len(track)):
        total += luma(track.aligned(i))
    return (total / len(track)).astype(np.float32)


def _seam_gradient(mean: Plane, layout: Regions) -> float:
    """Return log10 of gradient on the upper outline over gradient beside it.

    Only the upper outline, across the forehead, is used: along the jaw every face has an edge.
    """
    sampled = cv2.GaussianBlur(profiles(mean, layout), (3, 1), 0)
    steps = np.abs(np.diff(sampled, axis=1))[layout.on_brow]  # (k, 2 reach)
    if len(steps) == 0:
        return 0.0
    middle = steps.shape[1] // 2
    usual = np.median(steps, axis=0)
    seam = float(usual[middle - SEAM_PX : middle + SEAM_PX].max())
    beside = float(np.median(np.concatenate([usual[: middle - 8], usual[middle + 8 :]])))
    return log_ratio(seam, beside)


def _square_gradient(mean: Plane) -> float:
    """Return log10 of the strongest straight upright or level line over the usual line.

    A hard square paste leaves four such lines around the face; they are looked for where the
    square of 160 of 256 px can lie, 30 to 62 px from the crop's edges.
    """
    across = np.abs(cv2.Sobel(mean, cv2.CV_32F, 1, 0)), np.abs(cv2.Sobel(mean, cv2.CV_32F, 0, 1))
    best = 0.0
    for axis, gradient in enumerate(across):
        lines = np.percentile(gradient[64:192] if axis == 0 else gradient[:, 64:192].T, 35, axis=0)
        lines = lines / (np.median(lines) + 0.5)
        low, high = lines[26:66].max(), lines[190:230].max()
        best = max(best, float(min(low, high)))
    return float(np.log10(max(best, 0.1)))


def _pictures(track: FaceTrack, layout: Regions) -> list[Picture]:
    """Draw the averaged track's gradient with the outline, and with a control line beside it."""
    mean = _mean_luma(track)
    gradient = cv2.magnitude(cv2.Sobel(mean, cv2.CV_32F, 1, 0), cv2.Sobel(mean, cv2.CV_32F, 0, 1))
    shown = _shade(gradient)
    outline = layout.outline_px.round().astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(shown, [outline], True, (255, 176, 0), 1, cv2.LINE_AA)
    lifted = outline - np.array([[[0, 34]]], np.int32)
    control = _shade(gradient)
    cv2.polylines(control, [lifted], True, (100, 143, 255), 1, cv2.LINE_AA)
    name = f"boundary-person-{track.id}"
    return [
        Picture(
            name, "Gradient along the outline of the face",
            f"Average of {len(track)} frames of person {track.id} in aligned face space, strength "
            "of edges; the line is where a hull-shaped swap would end. An edge on the line is not "
            "proof of a swap: hair, glasses and shadows make edges too.",
            shown, track.id, True, f"{name}-control", aligned=True,
        ),
        Picture(
            f"{name}-control", "The same line moved up, as a control",
            "The same picture with the same line moved to where no swap ends: compare how the line "
            "and the edges meet.",
            control, track.id, True, None, aligned=True,
        ),
    ]  # fmt: skip


def _shade(gradient: NDArray[np.float32]) -> NDArray[np.uint8]:
    top = float(np.percentile(gradient, 99)) + 1e-6
    gray = np.clip(255 * np.sqrt(gradient / top), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(gray[:, :, None], 3, axis=2))
