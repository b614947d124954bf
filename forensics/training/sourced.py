"""Held-out people beside their own source: what scoring a face against its original rests on.

Each person is filmed once and published; a copy of it, genuine or swapped, comes back in another
size and compression. Copy and source are cut by the analyzer's own code, so that a calibration
meets what an examination with a found source does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzers.discriminator import DiscriminatorAnalyzer
from forensics.intake.quality import track_quality
from forensics.intake.tracks import FaceTrack
from forensics.interpretation.validation import auc
from forensics.models.loading import Model, load
from forensics.models.scoring import Protocol, alike, network_of, trimmed_mean
from forensics.training.animate import FRAMES, film, sample_take
from forensics.training.calibrating import figures, speaks_for
from forensics.training.degrade import encode_and_measure, encode_clip
from forensics.training.filming import (
    FilmedCase,
    Studio,
    as_track,
    crops_of,
    replacing_recipe,
    swapped_frames,
)
from forensics.training.fitting import Scored, cross_fitted, fit, write
from forensics.training.material import Face
from forensics.training.network import score
from forensics.training.pack import shrink
from forensics.training.pseudo_fakes import Donor, face_size_px

FEATURE = "discriminator.logit_over_source"
RANK = 5
"""After the comparison with the source itself, before the score alone."""

LIMITS = (0.5, 3.0)
"""The score is told apart between these. Below, many swaps leave nothing that the network reads,
and another copy of the swap would look the same; above, no genuine copy was."""

PUBLISHED_CRF = (18, 31)
COPY_CRF = (18, 43)
COPY_SCALE = (0.6, 0.95)
LEAST_FACE_PX = 62.0
"""Copies are not made smaller than what can be examined."""

PLACEMENT_ERROR = 0.004
"""Standard deviation of where the source's face is cut in each frame, share of the face; judged
from the frame comparison's own accuracy of well under a pixel."""

POPULATION = (
    "another person's face put in (autoencoder-like, cross-identity, one-shot-like pseudo-fakes) "
    "on people kept from training, compared with the very footage it was put into; against "
    "copies of that footage without a swap; H.264 at crf 18 to 42, at 0.6 to 1 of the size, at the "
    "same frame rate, upright; the indexed copy shows the face that was filmed"
)

Frames = list[NDArray[np.uint8]]


@dataclass(frozen=True)
class SourcedCase(FilmedCase):
    """A copy of known kind, and the same moments of its source.

    Attributes:
        published_crf: The source was encoded with.
        source_crops: (n, INPUT_PX, INPUT_PX, 3) uint8 of the source, brought to the copy's form.
    """

    published_crf: int
    source_crops: NDArray[np.uint8]


class SourceStudio:
    """Films held-out faces, publishes them, and makes copies.

    Args:
        faces: Held-out stills; donors come from them too.
        seed: Of every take.
        plan: How tracks are scored.
    """

    def __init__(self, faces: list[Face], seed: int, plan: Protocol) -> None:
        self._faces, self._seed, self._plan = faces, seed, plan
        self._studio = Studio(faces, seed)

    def person(self, index: int) -> list[SourcedCase]:
        """Film one still; return its genuine and its swapped copy."""
        face = self._faces[index]
        rng = np.random.default_rng((self._seed, index, 77))
        take = sample_take(rng, face.box_side_px)
        donor = self._studio.donor_for(index, rng)
        filmed = film(face, take, None, None, FRAMES)
        boxes = filmed.boxes_px + rng.normal(0, 0.015, filmed.boxes_px.shape) * take.face_px
        return self._copies(
            filmed.frames, boxes, filmed.points_px, take.jitter, donor,
            (face.identity, face.source), rng,
        )  # fmt: skip

    def clip(self, path: Path) -> list[SourcedCase]:
        """Copy segments of a genuine clip."""
        name = hashlib.sha256(path.name.encode("utf-8")).digest()
        rng = np.random.default_rng((self._seed, int.from_bytes(name[:4], "big")))
        made: list[SourcedCase] = []
        for frames, boxes, points in self._studio.segments(path):
            donor = self._studio.any_donor(rng)
            jitter = float(rng.choice([0.0, 0.003, 0.008]))
            who = (path.name, "clip")
            made += self._copies(frames, boxes, points, jitter, donor, who, rng)
        return made

    def _copies(
        self,
        frames: Frames,
        boxes: NDArray[np.float64],
        points: NDArray[np.float64],
        jitter: float,
        donor: Donor,
        who: tuple[str, str],
        rng: np.random.Generator,
    ) -> list[SourcedCase]:
        recipe = replacing_recipe(rng)
        published_crf, crf = int(rng.integers(*PUBLISHED_CRF)), int(rng.integers(*COPY_CRF))
        published = encode_clip(frames, published_crf)
        base = published if rng.random() < 0.5 else frames  # altered after, or before publishing
        face_px = float(np.median(boxes[:, 3] - boxes[:, 1]))
        scale = float(rng.uniform(*COPY_SCALE)) if rng.random() < 0.5 else 1.0
        scale = min(1.0, max(scale, LEAST_FACE_PX / face_px))
        moved = points + rng.normal(0, 1, points.shape) * jitter * face_size_px(points[0])
        off = rng.normal(0, PLACEMENT_ERROR, (len(boxes), 2)) * face_px
        source = as_track(published, boxes + np.tile(off, (1, 2)), points)
        return [
            self._case(_sized(branch, scale), scale * boxes, scale * points, crf, source,
                       published_crf, who, family)
            for branch, family in (
                (base, "genuine"), (swapped_frames(base, moved, recipe, donor), recipe.family)
            )
        ]  # fmt: skip

    def _case(
        self,
        frames: Frames,
        boxes: NDArray[np.float64],
        points: NDArray[np.float64],
        crf: int,
        source: FaceTrack,
        published_crf: int,
        who: tuple[str, str],
        family: str,
    ) -> SourcedCase:
        coded, qp = encode_and_measure(frames, crf, boxes)
        copy = as_track(coded, boxes, points, qp)
        quality = track_quality(copy)
        used = np.arange(len(copy))
        of_source = alike(source, used, copy.face_px, quality.qp, self._plan)
        return SourcedCase(
            who[0], who[1], family != "genuine", family, crf, quality, crops_of(copy),
            published_crf, np.stack([shrink(crop) for crop in of_source]),
        )  # fmt: skip


def _sized(frames: Frames, scale: float) -> Frames:
    if scale == 1:
        return frames
    height, width = frames[0].shape[:2]
    size = (round(width * scale), round(height * scale))
    return [np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)) for rgb in frames]


def calibrate_sourced(
    model: Path, cases: list[SourcedCase], folder: Path, command: str, seed: int = 0
) -> str:
    """Fit the score over the source to likelihood ratios; calibration and validation are written.

    Args:
        model: The discriminator's folder.
        cases: Held-out people.
        folder: `forensics/models/discriminator_over_source/<version>`.
        command: That makes it again.
        seed: Of bootstrap and folds.

    Returns:
        The figures as one line of JSON a group, and the AUC of the copy's score alone.
    """
    loaded = load(model.parent.name, model.name, model.parent.parent)
    plan = Protocol.of(loaded.config)
    rows = _rows(loaded, plan, [case for case in cases if speaks_for(plan, case.quality)])
    fitted = fit(
        Scored.of(rows), DiscriminatorAnalyzer.version, loaded.digests, POPULATION, command,
        source="discriminator over the source", feature=FEATURE, rank=RANK,
        limits=LIMITS, by_sharpness=False, seed=seed,
    )  # fmt: skip
    ratios = cross_fitted(Scored.of(rows), seed=seed, limits=LIMITS, by_sharpness=False)
    folder.mkdir(parents=True, exist_ok=True)
    write(fitted, rows, ratios, folder)
    swapped = np.array([row["swapped"] for row in rows])
    apart = {}
    for name, key in (("over the source", "score"), ("alone", "alone")):
        values = np.array([row[key] for row in rows])
        apart[name] = round(auc(values[swapped], values[~swapped]), 4)
    return f"AUC {json.dumps(apart)}\n{figures(rows, ratios)}"


def _rows(model: Model, plan: Protocol, cases: list[SourcedCase]) -> list[dict[str, Any]]:
    network = network_of(model)
    rows = []
    for case in cases:
        own, of_source = (
            score(network, crops, mirrored=plan.mirrored)[0]
            for crops in (case.crops, case.source_crops)
        )
        rows.append(
            {
                **case.notes(), "score": trimmed_mean(own - of_source, plan.trim),
                "alone": trimmed_mean(own, plan.trim),
            }
        )  # fmt: skip
    return rows
