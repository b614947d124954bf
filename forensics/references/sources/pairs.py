"""Pairs with known truth, for calibrating: animated stills and clips, swapped or only edited.

Nothing of the evaluation sets is in them. Every still is one identity.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.detection import FaceDetector
from forensics.intake.frames import decode, open_media
from forensics.intake.landmarks import DlibLandmarker
from forensics.references.sources.edits import EDITS, Points, Rgb, retimed, write_clip
from forensics.training.pseudo_fakes import Recipe, apply, sample_recipe

FRAMES = 40
RATE_FPS = 25
SIDE_PX = 400
FAMILIES = ("cross_identity", "autoencoder", "one_shot")
"""Recipes that put another person's face in; the others keep the identity."""


@dataclass(frozen=True)
class TruePair:
    """One questioned clip with its source and what was done to it.

    Attributes:
        questioned: File.
        source: File.
        identity: Whose face is in the source.
        swapped: Whether the face was replaced.
        kind: Family of the recipe, or name of the edit.
        masks: File with (n, h, w) bool, packed, where the face was replaced; None for edits.
        source_frame: Source frame number of each questioned frame.
    """

    questioned: Path
    source: Path
    identity: str
    swapped: bool
    kind: str
    masks: Path | None
    source_frame: tuple[int, ...]


@dataclass(frozen=True)
class Footage:
    """Genuine frames and the landmarks in each."""

    identity: str
    frames: list[Rgb]
    marks: list[Points]


def find_face(rgb: Rgb, detector: FaceDetector, landmarker: DlibLandmarker) -> Points | None:
    """Return the largest face's landmarks, (68, 2) px, or None."""
    found = [f for f in detector.detect(rgb)[0] if f.confidence > 0.6]
    if not found:
        return None
    sizes = [float(np.prod(f.box_xyxy_px[2:] - f.box_xyxy_px[:2])) for f in found]
    box = found[int(np.argmax(sizes))].box_xyxy_px
    if box[3] - box[1] < 70:
        return None
    return landmarker(np.ascontiguousarray(rgb), box)


def animate(identity: str, rgb: Rgb, marks: Points, rng: np.random.Generator) -> Footage:
    """Give a still a moving camera, a head that sways against its background, and noise."""
    scale = SIDE_PX / max(rgb.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    rgb = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    marks = marks * scale
    height, width = rgb.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    size, center = float(np.ptp(marks[:, 1])), marks.mean(axis=0)
    weight = np.minimum(
        1.0, 1.6 * np.exp(-(((x - center[0]) / (0.9 * size)) ** 2 + ((y - center[1]) / size) ** 2))
    )
    phase = rng.random(8) * 6.28
    pace = rng.uniform(0.6, 1.6)
    frames, moved = [], []
    for number in range(FRAMES):
        t = number / RATE_FPS * pace
        sway = 0.05 * size * np.array([np.sin(2.1 * t + phase[0]), np.sin(2.9 * t + phase[1])])
        turn = np.deg2rad(1.2 * np.sin(1.3 * t + phase[2]))
        zoom = 1 + 0.02 * np.sin(0.9 * t + phase[3])
        matrix = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        shift = np.array([4 * np.sin(1.1 * t + phase[4]), 3 * np.sin(0.7 * t + phase[5])])
        mouth = 0.03 * size * (0.5 + 0.5 * np.sin(8 * t + phase[6]))
        lip_x, lip_y = (x - marks[57, 0]) / (0.2 * size), (y - marks[57, 1]) / (0.12 * size)
        chin = np.exp(-(lip_x**2 + lip_y**2))
        back = np.linalg.inv(matrix)
        px, py = x - center[0] - shift[0], y - center[1] - shift[1]
        where_x = back[0, 0] * px + back[0, 1] * py + center[0] - weight * sway[0]
        where_y = back[1, 0] * px + back[1, 1] * py + center[1] - weight * sway[1] - chin * mouth
        frame = cv2.remap(
            rgb, where_x.astype(np.float32), where_y.astype(np.float32), cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        )  # fmt: skip
        noisy = frame + rng.normal(0, 1.5, frame.shape)
        frames.append(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
        moved.append((marks + sway - center) @ matrix.T + center + shift)
    return Footage(identity, frames, moved)


def read_clip(path: Path, start_s: float) -> Footage | None:
    """Take `FRAMES` frames of a genuine clip with a face in every frame."""
    detector, landmarker = FaceDetector(), DlibLandmarker()
    frames: list[Rgb] = []
    marks: list[Points] = []
    with open_media(path) as container:
        for raw in decode(container):
            if raw.index < 0 or len(frames) >= FRAMES:
                break
            if raw.pts_s < start_s:
                continue
            rgb = raw.rgb()
            scale = min(1.0, 640 / max(rgb.shape[:2]))
            size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
            rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
            found = find_face(rgb, detector, landmarker)
            if found is None:
                return None
            frames.append(rgb)
            marks.append(found)
    return Footage(f"{path.name}", frames, marks) if len(frames) == FRAMES else None


def stills(
    folder: Path, count: int, seed: int, sources: tuple[str, ...]
) -> Iterator[tuple[str, Rgb, Points]]:
    """Yield identity, picture and landmarks of stills with one clear face, in a seeded order."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["source"] in sources]
    detector, landmarker = FaceDetector(), DlibLandmarker()
    given = 0
    for number in np.random.default_rng(seed).permutation(len(rows)):
        row = rows[int(number)]
        bgr = cv2.imread(str(folder / row["path"]))
        if bgr is None or given >= count:
            continue
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        marks = find_face(rgb, detector, landmarker)
        if marks is not None and np.ptp(marks[:, 1]) < 0.75 * rgb.shape[0]:
            given += 1
            yield row["identity"], rgb, marks


def swap_recipe(rng: np.random.Generator, family: str) -> Recipe:
    """Draw a recipe of a family that puts another person's face in whole."""
    values: dict[str, Any] = sample_recipe(rng, family).to_json()
    shapes = (
        "hull", "inner_hull", "ellipse", "square_160", "hull_and_rectangle", "hull_brow_raised",
    )  # fmt: skip
    values.update(use_donor=True, opacity=1.0)
    if values["shape"] not in shapes:
        values["shape"] = str(rng.choice(shapes))
    return Recipe.from_json(values)


def make_pairs(
    footage: Footage, donor: tuple[Rgb, Points], kinds: list[str], folder: Path, seed: int
) -> list[TruePair]:
    """Write a source and its questioned clips; what is there already is kept.

    Args:
        footage: Genuine frames.
        donor: Another person's picture and landmarks.
        kinds: Families of `FAMILIES` and names of `EDITS`.
        folder: Of this footage.
        seed: For everything random.
    """
    rng = np.random.default_rng(seed)
    source = folder / "source.mp4"
    crf = int(rng.integers(17, 27))
    if not source.exists():
        write_clip(source, footage.frames, RATE_FPS, crf)
    made = []
    for kind in kinds:
        own = np.random.default_rng([seed, *kind.encode()])
        path = folder / f"{kind.replace(' ', '-')}.mp4"
        listing, masks = path.with_suffix(".json"), path.with_suffix(".npz")
        swapped = kind in FAMILIES
        share = 1.0 if swapped else EDITS[kind][1]
        if not path.exists() or not listing.exists():
            frames, alphas = _changed(footage, donor, kind, own)
            frames, numbers = retimed(frames, share)
            write_clip(path, frames, RATE_FPS * share, int(own.integers(18, 35)))
            if alphas:
                np.savez(masks, packed=np.packbits(np.stack(alphas), axis=-1),
                         width=np.array(alphas[0].shape[1]))  # fmt: skip
            listing.write_text(json.dumps(numbers))
        made.append(
            TruePair(
                path, source, footage.identity, swapped, kind, masks if swapped else None,
                tuple(json.loads(listing.read_text())),
            )
        )  # fmt: skip
    return made


def _changed(
    footage: Footage, donor: tuple[Rgb, Points], kind: str, rng: np.random.Generator
) -> tuple[list[Rgb], list[NDArray[np.bool_]]]:
    if kind in FAMILIES:
        recipe = swap_recipe(rng, kind)
        done = [
            apply(recipe, rgb, marks, donor=donor)
            for rgb, marks in zip(footage.frames, footage.marks, strict=True)
        ]
        return [rgb for rgb, _ in done], [alpha > 0.5 for _, alpha in done]
    seed = int(rng.integers(2**31))
    edit = EDITS[kind][0]
    return [
        edit(rgb, marks, np.random.default_rng(seed))
        for rgb, marks in zip(footage.frames, footage.marks, strict=True)
    ], []


def true_mask(pair: TruePair, index: int) -> NDArray[np.bool_] | None:
    """Return (h, w) bool, where the face of a questioned frame was replaced."""
    if pair.masks is None:
        return None
    with np.load(pair.masks, allow_pickle=False) as stored:
        row = stored["packed"][index]
        return np.asarray(np.unpackbits(row, axis=-1)[:, : int(stored["width"])] > 0)
