"""Do the face's points shake more than a head can?

Swaps are made frame by frame: the inserted face is placed anew each time, so its points jump
against each other while the head moves smoothly.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Analyzer, Findings, Material, extent_of, too_little
from forensics.face_space import robust_mean
from forensics.intake.crops import umeyama
from forensics.intake.tracks import FaceTrack
from forensics.record import Observation, Reason

MIN_TRIPLES = 6
MIN_FACE_PX = 64.0

JAW, INNER = list(range(17)), list(range(17, 68))


class LandmarkJitter(Analyzer):
    """Second differences of landmarks over three consecutive frames, head motion removed.

    Limits: speech and compression shake points too; landmarks of a tree ensemble have a noise of
    their own; weak on its own.
    Source: Sun et al., "Improving the Efficiency and Robustness of Deepfakes Detection through
    Precise Geometric Features" (CVPR 2021), for the idea; the statistic is ours.
    """

    name: ClassVar[str] = "landmark_jitter"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Landmark jitter"
    examines: ClassVar[str] = "whether the face's points shake against the head's motion"

    def analyze(self, material: Material) -> Findings:
        """Measure every track that has enough consecutive frames."""
        said: list[Observation] = []
        for track in material.tracks:
            where = extent_of(track)
            whole = np.isfinite(track.burst_px).all(axis=(1, 2, 3)) & ~track.disagreement
            refused = too_little(track, MIN_FACE_PX, 0)
            if refused:
                said.append(self.abstain(*refused, where))
            elif int(whole.sum()) < MIN_TRIPLES:
                detail = (
                    f"{int(whole.sum())} runs of three frames with steady landmarks; "
                    f"{MIN_TRIPLES} are needed"
                )
                said.append(self.abstain(Reason.INSUFFICIENT, detail, where))
            else:
                said += self._measure(track, whole)
        return Findings(tuple(said))

    def _measure(self, track: FaceTrack, whole: NDArray[np.bool_]) -> list[Observation]:
        inner = np.full(len(track), np.nan)
        outline = np.full(len(track), np.nan)
        for i in np.flatnonzero(whole):
            inner[i], outline[i] = _jitter(track.burst_px[i])
        where = extent_of(track)
        words = "Over three consecutive frames, points {} shake by {:.2f} % of the eye distance."
        return [
            self.signal(
                "inner_jitter", robust_mean(inner), "log10 share of eye distance",
                words.format("inside the face", 100 * 10 ** robust_mean(inner)),
                where, track.pts_s, inner,
            ),
            self.signal(
                "outline_jitter", robust_mean(outline), "log10 ratio",
                "The face's outline shakes "
                f"{10 ** robust_mean(outline):.2f} times as much as its inside.",
                where, track.pts_s, outline,
            ),
        ]  # fmt: skip


def _jitter(burst: NDArray[np.float64]) -> tuple[float, float]:
    """Return log10 inner jitter over eye distance, and log10 outline over inner jitter.

    Args:
        burst: (3, 68, 2) landmarks of consecutive frames, px.
    """
    middle = burst[1]
    eyes = float(np.linalg.norm(middle[42:48].mean(axis=0) - middle[36:42].mean(axis=0))) + 1e-6
    moved = []
    for points in (burst[0], burst[2]):
        matrix = umeyama(points[INNER], middle[INNER])
        moved.append(points @ matrix[:, :2].T + matrix[:, 2])
    second = np.linalg.norm(moved[0] - 2 * middle + moved[1], axis=1) / eyes  # (68,)
    inner = float(np.median(second[INNER])) + 1e-4
    return float(np.log10(inner)), float(np.log10((np.median(second[JAW]) + 1e-4) / inner))
