"""The population that the hand-made calibration speaks for: stills animated as videos.

Each identity gives pairs of short H.264 videos that differ in the recipe alone, over a grid of
sizes and compression. They go through intake and every analyzer like any item.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forensics.analyzer import discover
from forensics.audit import audit
from forensics.benchmark.protocol import remembering
from forensics.errors import ForensicsError
from forensics.interpretation.calibration import signal_values
from forensics.record import Settings
from forensics.training.animate import FRAMES, animate, sample_take, swap_recipe, write_video
from forensics.training.material import Face, load
from forensics.training.pseudo_fakes import Donor

CHUNK = 20
"""Identities a worker takes at a time."""

DONOR_POOL = 24
"""Of so many other faces the most alike in shape is put in."""


@dataclass(frozen=True)
class Plan:
    """Which videos are made.

    Attributes:
        material: Faces, as `material.save` writes them.
        videos: Folder the videos are kept in; those that are there are not made again.
        train: Identities whose signals the weights are fitted on.
        held_out: Identities whose signals the map to likelihood ratios is fitted on.
        takes: Pairs of videos of each held-out identity; the others give one.
        seed: Of everything drawn.
    """

    material: Path
    videos: Path
    train: int = 150
    held_out: int = 150
    takes: int = 1
    seed: int = 0

    @property
    def faces(self) -> Path:
        """Faces that were found: where only a method changed, only the methods run again."""
        return self.videos / "faces"


def measure(
    plan: Plan, jobs: int, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> pd.DataFrame:
    """Make the videos and run intake and every analyzer over them.

    Returns:
        A row a video: identity, source, held_out, fake, family, quality, and a column a signal
        named "analyzer.name". Videos in which no face is found are left out.
    """
    faces = [face for face in load(plan.material) if face.source != "clip"]
    others = [i for i, face in enumerate(faces) if not face.held_out]
    rng = np.random.default_rng(plan.seed)
    train = rng.permutation(others)[: plan.train].tolist()
    held_out = [i for i, face in enumerate(faces) if face.held_out][: plan.held_out]
    todo = [(i, 0) for i in train] + [(i, take) for i in held_out for take in range(plan.takes)]
    plan.videos.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    progress(0, len(todo))
    chunks = [todo[start : start + CHUNK] for start in range(0, len(todo), CHUNK)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start) as pool:
        waiting = {pool.submit(_measure, plan, chunk): len(chunk) for chunk in chunks}
        done = 0
        for finished in as_completed(waiting):
            rows += finished.result()
            done += waiting[finished]
            progress(done, len(todo))
    table = pd.DataFrame(rows)
    return table.sort_values(["identity", "take", "fake"]).reset_index(drop=True)


def _start() -> None:
    cv2.setNumThreads(1)


def _measure(plan: Plan, chunk: list[tuple[int, int]]) -> list[dict[str, object]]:
    faces = load(plan.material)
    rows = [_one(plan, faces, n, take, fake) for n, take in chunk for fake in (False, True)]
    return [row for row in rows if row is not None]


def _one(
    plan: Plan, faces: list[Face], number: int, take_number: int, fake: bool
) -> dict[str, object] | None:
    face = faces[number]
    key = hashlib.sha256(f"{plan.seed}:{face.identity}:{take_number}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(key[:8], "big"))
    take = sample_take(rng, face.box_side_px)
    recipe = swap_recipe(rng)
    path = plan.videos / f"{key[:8].hex()}-{'fake' if fake else 'real'}.mp4"
    if not path.exists():
        donor = _donor(faces, face, rng) if recipe.use_donor else None
        frames = animate(face, take, recipe if fake else None, donor, FRAMES)
        partial = path.with_suffix(".partial.mp4")
        write_video(frames, partial, take.crf)
        partial.replace(path)
    signals = signals_of(path, plan.faces)
    if signals is None:
        return None
    return {
        "identity": face.identity, "source": face.source, "held_out": face.held_out,
        "take": take_number, "fake": fake, "family": recipe.family if fake else "genuine",
        "crf": take.crf, "video": path.name, **signals,
    }  # fmt: skip


def _donor(faces: list[Face], face: Face, rng: np.random.Generator) -> Donor:
    """Pick the nearest of a few other faces of the same side of the split, by landmark shape."""
    pool = [f for f in faces if f.held_out == face.held_out and f.identity != face.identity]
    picks = [pool[int(i)] for i in rng.integers(0, len(pool), DONOR_POOL)]
    own = _shape(face)
    best = min(picks, key=lambda other: float(np.abs(_shape(other) - own).sum()))
    return best.rgb, best.landmarks_px


def _shape(face: Face) -> NDArray[np.float64]:
    points = face.landmarks_px.astype(np.float64)
    centered = points - points.mean(axis=0)
    return np.asarray(centered / np.abs(centered).max(), dtype=np.float64)


def signals_of(path: Path, faces: Path) -> dict[str, float] | None:
    """Run the weighed methods over one video; None without a face, else the longest track."""
    weighed = tuple(kind for kind in discover() if kind.weighed)
    try:
        settings = Settings(frames=FRAMES, device="cpu", landmarks="dlib")
        finder = remembering(faces)
        record = audit(path, settings, analyzers=weighed, faces=finder).record
    except ForensicsError:
        return None
    if not record.tracks:
        return None
    track = max(record.tracks, key=lambda t: (t.frames_examined, t.quality.face_px))
    quality = track.quality
    return {
        "face_px": quality.face_px, "sharpness": quality.sharpness,
        "blockiness": quality.blockiness, "qp": quality.qp or float("nan"),
        **signal_values(record.signals(), track.id),
    }  # fmt: skip
