"""Packs: pairs of a genuine face and its pseudo-fake, made beforehand and read by the loop.

Making a pair costs as much as learning from it, so pairs are made once, by as many processes as
there are cores, and seen a few times with cheap changes (mirroring, position, color).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.errors import MaterialError
from forensics.training.degrade import degrade, encode_clip, sample_degradation
from forensics.training.material import CONTEXT_SCALE, Face
from forensics.training.pseudo_fakes import apply, face_size_px, sample_recipe
from forensics.training.scenes import stage

STORED_PX = 208
"""Side of a stored crop; the network sees a square of `CROP_PX` within it."""

CROP_PX = 192
"""Side of a crop as it is cut from a frame, a square of `CROP_SCALE` around the box."""

INPUT_PX = 160
"""Side of what the network sees: the crop, averaged down."""

CROP_SCALE = 1.3
"""Side of a crop over the longer side of the detector's box."""

MAP_PX = 52
"""Side of a stored boundary map: a quarter of `STORED_PX`."""

_WORK_SCALE = 1.65
_DONORS_LOOKED_AT = 60
_CLIP_SHARE = 0.15


@dataclass(frozen=True)
class Pack:
    """Pairs, as arrays that may lie on disk.

    Attributes:
        genuine: (n, STORED_PX, STORED_PX, 3) uint8.
        fake: (n, STORED_PX, STORED_PX, 3) uint8.
        boundary: (n, MAP_PX, MAP_PX) uint8, 255 where alpha is one half.
        notes: One per pair: identity, source, recipe, degradation, face_px.
    """

    genuine: NDArray[np.uint8]
    fake: NDArray[np.uint8]
    boundary: NDArray[np.uint8]
    notes: list[dict[str, Any]]

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.notes)


def boundary_of(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 4 a (1 - a), in [0, 1], over the highest alpha.

    Source: Li et al., "Face X-ray for More General Face Forgery Detection" (CVPR 2020), eq. 2.
    """
    peak = float(alpha.max())
    share = alpha / peak if peak > 0 else alpha
    return np.asarray(4 * share * (1 - share), dtype=np.float32)


def unit_shape(landmarks_px: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return (136,) landmarks, centered and of unit spread, to compare poses with."""
    centered = landmarks_px - landmarks_px.mean(axis=0)
    return np.asarray((centered / np.sqrt((centered**2).sum())).ravel(), dtype=np.float32)


class PairMaker:
    """Makes pairs from genuine faces.

    Args:
        faces: The material; donors come from it too.
        seed: What every pair is drawn from, with its number.
    """

    def __init__(self, faces: list[Face], seed: int) -> None:
        if len(faces) < 2:
            raise MaterialError("at least two faces are needed to make pseudo-fakes")
        self._faces = faces
        self._seed = seed
        self._shapes = np.stack([unit_shape(face.landmarks_px) for face in faces])
        self._colors = np.stack([self._skin(face) for face in faces])
        self._clips = [i for i, face in enumerate(faces) if face.source == "clip"]
        self._stills = [i for i, face in enumerate(faces) if face.source != "clip"]

    @staticmethod
    def _skin(face: Face) -> NDArray[np.float32]:
        low, high = face.landmarks_px[29:36].min(axis=0), face.landmarks_px[29:36].max(axis=0)
        (x0, y0), (x1, y1) = np.maximum(low, 0).astype(int), np.maximum(high, 1).astype(int) + 1
        patch = face.rgb[y0:y1, x0:x1].reshape(-1, 3)
        return np.asarray(patch.mean(axis=0) if len(patch) else np.full(3, 127), np.float32)

    def donor_for(self, index: int, rng: np.random.Generator) -> Face:
        """Choose another person of near pose and color among a random few.

        Source: Face X-ray's nearest-landmark donor.
        """
        looked_at = rng.choice(len(self._faces), min(_DONORS_LOOKED_AT, len(self._faces)), False)
        identity = self._faces[index].identity
        others = [int(i) for i in looked_at if self._faces[i].identity != identity]
        if not others:
            return self._faces[int(looked_at[0])]
        pose = np.linalg.norm(self._shapes[others] - self._shapes[index], axis=1)
        color = np.linalg.norm(self._colors[others] - self._colors[index], axis=1)
        nearest = int(others[int(np.argmin(pose + 0.001 * color))])
        return self._faces[nearest]

    def make(
        self, number: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], dict[str, Any]]:
        """Make pair `number`; the same number gives the same pair.

        Returns:
            Genuine and fake (STORED_PX, STORED_PX, 3), boundary (MAP_PX, MAP_PX), notes.
        """
        rng = np.random.default_rng((self._seed, number))
        from_clip = bool(self._clips) and (not self._stills or rng.random() < _CLIP_SHARE)
        index = int(rng.choice(self._clips if from_clip else self._stills))
        face = self._faces[index]
        rgb, landmarks, box_px = self._place(face, rng)
        rgb = stage(rgb, landmarks, rng)
        if rng.random() < 0.4:  # published footage was compressed before it was tampered with
            rgb = encode_clip([rgb], int(rng.integers(18, 32)))[0]
        recipe = sample_recipe(rng)
        donor = self.donor_for(index, rng)
        fake, alpha = apply(recipe, rgb, landmarks, donor=(donor.rgb, donor.landmarks_px))
        chain = sample_degradation(rng)
        jitter = (float(rng.uniform(-0.04, 0.04)), float(rng.uniform(-0.04, 0.04)))
        zoom = float(np.exp(rng.uniform(np.log(0.9), np.log(1.12))))
        side = box_px * CROP_SCALE * zoom * STORED_PX / CROP_PX
        where = (rgb.shape[0] / 2 + jitter[0] * box_px, rgb.shape[0] / 2 + jitter[1] * box_px)
        crops = [cut(degrade(chain, branch), where, side, STORED_PX) for branch in (rgb, fake)]
        edge = cut(boundary_of(alpha), where, side, MAP_PX)
        notes = {
            "identity": face.identity, "source": face.source, "recipe": recipe.to_json(),
            "degradation": chain.to_json(), "face_px": box_px,
        }  # fmt: skip
        return crops[0], crops[1], np.rint(255 * edge).astype(np.uint8), notes

    @staticmethod
    def _place(
        face: Face, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64], float]:
        """Turn, mirror nothing, and scale a face; return it, its landmarks and box side in px."""
        largest = min(face.box_side_px, 230.0)
        box_px = float(np.exp(rng.uniform(np.log(min(64.0, largest)), np.log(largest))))
        scale = box_px / face.box_side_px
        side = round(box_px * _WORK_SCALE)
        turn = cv2.getRotationMatrix2D(
            (face.rgb.shape[1] / 2, face.rgb.shape[0] / 2), float(rng.normal(0, 5)), 1.0
        )
        whole = face.rgb
        if scale < 1:
            size_px = max(16, round(face.rgb.shape[0] * scale))
            whole = np.asarray(
                cv2.resize(face.rgb, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8
            )
        matrix = turn.copy()
        matrix[:, 2] = turn[:, 2] * scale + side / 2 - whole.shape[0] / 2
        rgb = cv2.warpAffine(
            whole, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        landmarks = face.landmarks_px.astype(np.float64) * scale @ matrix[:, :2].T + matrix[:, 2]
        return np.asarray(rgb, dtype=np.uint8), landmarks, box_px


def cut(
    picture: NDArray[Any], center_xy: tuple[float, float], side: float, size_px: int
) -> NDArray[Any]:
    """Cut a square of a (H, W[, 3]) picture and resample it as `crops.crop_square` does."""
    x0, y0 = int(np.floor(center_xy[0] - side / 2)), int(np.floor(center_xy[1] - side / 2))
    whole = max(2, round(side))
    height, width = picture.shape[:2]
    inner = picture[max(0, y0) : min(height, y0 + whole), max(0, x0) : min(width, x0 + whole)]
    padded = cv2.copyMakeBorder(
        inner, max(0, -y0), max(0, y0 + whole - height), max(0, -x0), max(0, x0 + whole - width),
        cv2.BORDER_REPLICATE,
    )  # fmt: skip
    how = cv2.INTER_AREA if whole > size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(padded, (size_px, size_px), interpolation=how))


def shrink(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Average a (CROP_PX, CROP_PX, 3) crop down to what the network sees."""
    size = (INPUT_PX, INPUT_PX)
    return np.asarray(cv2.resize(np.ascontiguousarray(crop), size, interpolation=cv2.INTER_AREA))


def write_shard(maker: PairMaker, numbers: range, folder: Path, name: str) -> Path:
    """Make the pairs of `numbers` and write them as one shard; a shard that is there is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    notes_path = folder / f"{name}.json"
    if notes_path.exists():
        return notes_path
    made = [maker.make(number) for number in numbers]
    np.save(folder / f"{name}.genuine.npy", np.stack([pair[0] for pair in made]))
    np.save(folder / f"{name}.fake.npy", np.stack([pair[1] for pair in made]))
    np.save(folder / f"{name}.boundary.npy", np.stack([pair[2] for pair in made]))
    partial = notes_path.with_suffix(".partial")
    partial.write_text(json.dumps([pair[3] for pair in made]), encoding="utf-8")
    partial.replace(notes_path)
    return notes_path


def read_shards(folder: Path, prefix: str) -> list[Pack]:
    """Open the shards of a folder whose names begin with `prefix`, without reading the pixels."""
    shards = []
    for notes_path in sorted(folder.glob(f"{prefix}*.json")):
        arrays = [
            np.load(notes_path.with_suffix(f".{part}.npy"), mmap_mode="r")
            for part in ("genuine", "fake", "boundary")
        ]
        notes = json.loads(notes_path.read_text("utf-8"))
        shards.append(Pack(arrays[0], arrays[1], arrays[2], notes))
    if not shards:
        raise MaterialError(f"no packed pairs {prefix}* in {folder}")
    return shards


def usable(face: Face) -> bool:
    """Say whether a face's landmarks lie plausibly in its box: profile failures are left out."""
    size = face_size_px(face.landmarks_px)
    center = face.landmarks_px.mean(axis=0) / face.rgb.shape[0]
    return bool(
        0.55 < size / (face.rgb.shape[0] / CONTEXT_SCALE) < 1.4
        and np.abs(center - 0.52).max() < 0.15
    )
