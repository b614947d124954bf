"""Is the face softer than its own surroundings allow?

A generator that works at 64 to 256 px leaves a resolution ceiling in aligned face space: the
finest band is empty inside the face while hair, ears and neck of the same person have it.
"""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Analyzer, Findings, Material, Picture, extent_of, too_little
from forensics.face_space import Regions, band, log_ratio, luma, regions, robust_mean, spread
from forensics.intake.tracks import FaceTrack
from forensics.record import Observation

MIN_FACE_PX = 64.0
"""Below this the item itself holds no finer band than the generator's."""

MIN_FRAMES = 4

FINE, MIDDLE, COARSE = (0.6, 1.2), (1.2, 2.4), (3.0, 6.0)
"""Bands as pairs of Gaussian sigmas in aligned px, finest first."""


class FaceBandwidth(Analyzer):
    """Compares band energies inside the face with those around it, over the whole track.

    Limits: soft genuine footage, beauty filters, shallow focus and heavy make-up look alike;
    one-shot swappers and face restoration leave no ceiling.
    Source: Li and Lyu, "Exposing DeepFake Videos By Detecting Face Warping Artifacts" (2018), for
    the idea that generated faces are limited in resolution; the statistic is ours.
    """

    name: ClassVar[str] = "face_bandwidth"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Face bandwidth"
    examines: ClassVar[str] = "whether the face is softer than the same person's surroundings"

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
                said += self._measure(track)
        return Findings(tuple(said), tuple(pictures))

    def _measure(self, track: FaceTrack) -> list[Observation]:
        layout = regions(track)
        rows = np.array([_bands(luma(track.aligned(i)), layout) for i in range(len(track))])
        where, times = extent_of(track), track.pts_s
        ceiling, contrast, slope, edges = rows.T
        return [
            self.signal(
                "softness", robust_mean(ceiling), "log10 luma",
                "The finest detail of the face is "
                f"{10 ** -robust_mean(ceiling):.2f} luma levels strong; less points to a "
                "generator of low resolution.",
                where, times, ceiling,
            ),
            self.signal(
                "softer_than_surroundings", robust_mean(contrast), "log10 ratio",
                "The finest detail around the face (hair, ears, neck) is "
                f"{10 ** robust_mean(contrast):.2f} times as strong as inside it, after "
                "allowing for coarse detail.",
                where, times, contrast,
            ),
            self.signal(
                "band_slope", robust_mean(slope), "log10 ratio",
                "Middle detail of the face is "
                f"{10 ** robust_mean(slope):.2f} times as strong as its finest detail; a large "
                "factor points to a resolution ceiling.",
                where, times, slope,
            ),
            self.signal(
                "edge_softness", robust_mean(edges), "log10 luma squared",
                "The variance of the face's second derivative, eyes and mouth included, is "
                f"{10 ** -robust_mean(edges):.0f}; a small one points to a soft face, whatever "
                "the cause.",
                where, times, edges,
            ),
        ]  # fmt: skip


def _bands(plane: NDArray[np.float32], layout: Regions) -> tuple[float, float, float, float]:
    """Return softness, contrast with the surroundings, slope and edge softness of one frame."""
    inside, outside = {}, {}
    for name, (fine, coarse) in {"fine": FINE, "middle": MIDDLE, "coarse": COARSE}.items():
        detail = band(plane, fine, coarse)
        inside[name] = spread(detail[layout.interior])
        outside[name] = spread(detail[layout.around])
    softness = -float(np.log10(max(inside["fine"], 0.02)))
    own = log_ratio(inside["fine"], inside["coarse"])
    near = log_ratio(outside["fine"], outside["coarse"])
    edges = cv2.Laplacian(plane, cv2.CV_32F)[layout.interior].var()
    slope = log_ratio(inside["middle"], inside["fine"])
    return softness, near - own, slope, -float(np.log10(edges + 1e-3))
