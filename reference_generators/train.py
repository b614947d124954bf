"""The one training loop: every trained method goes through it.

Each step draws from a generator seeded by (seed, step), so a training that was killed and resumed
sees the very batches, flips and warps that it would have seen.
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from forensics.casefile.durable import replace_file
from forensics.errors import MaterialError
from reference_generators.checkpoint import (
    CHECKPOINT,
    load_checkpoint,
    save_checkpoint,
    save_model,
)
from reference_generators.faces import FaceSet
from reference_generators.generator import Trained

PREVIEW, LOSSES, MODEL = "preview.png", "losses.csv", "model.safetensors"
SAY_EVERY_S = 10.0
PREVIEW_ROWS = 6
PREVIEW_PX = 128


@dataclass(frozen=True)
class Plan:
    """How long and how to train.

    Attributes:
        steps: To take in all.
        batch: Faces of each person a step.
        minutes: Stop after so long; 0 for no limit.
        save_every: Steps between checkpoints: a kill loses no more than these.
        device: "cpu" or "cuda".
        seed: Of everything random.
        resume: Go on from the checkpoint.
    """

    steps: int
    batch: int
    minutes: float = 0.0
    save_every: int = 500
    device: str = "cpu"
    seed: int = 0
    resume: bool = False


@dataclass
class Training:
    """Where a training stands.

    Attributes:
        step: Steps taken.
        losses: Means over the last hundred steps, by name.
        curve: Step and losses, a row a step.
        files: What to keep with a fake, by name.
    """

    step: int
    losses: dict[str, float] = field(default_factory=dict)
    curve: list[dict[str, float]] = field(default_factory=list)
    files: dict[str, Path] = field(default_factory=dict)


def train(
    generator: Trained, target: FaceSet, donor: FaceSet, plan: Plan, work: Path,
    progress: Callable[[str, int, int], None], say: Callable[[str], None],
) -> Training:  # fmt: skip
    """Train a prepared generator until its steps or minutes are used up.

    Args:
        generator: `prepare` has been called.
        target: Faces of the footage kept.
        donor: Faces of the identity inserted.
        plan: How long.
        work: Where checkpoint, losses and preview are kept.
        progress: Called with ("train", step, steps).
        say: Called with one line for people every ten seconds.

    Raises:
        MaterialError: There is a checkpoint and resume was not asked for, or the reverse, or the
            losses are not numbers any more.
    """
    state = _begin(generator, plan, work)
    faces = [_on_device(one, plan.device) for one in (target, donor)]
    clock, said_at, said_step = time.monotonic(), time.monotonic(), state.step
    pending: list[tuple[int, dict[str, torch.Tensor]]] = []
    try:
        while state.step < plan.steps and not _late(clock, plan):
            random = torch.Generator().manual_seed(plan.seed * 1_000_003 + state.step)
            target_batch, donor_batch = (_batch(one, plan.batch, random) for one in faces)
            losses = generator.step(target_batch, donor_batch, random, state.step / plan.steps)
            pending.append((state.step, {name: loss.detach() for name, loss in losses.items()}))
            state.step += 1
            if state.step % plan.save_every == 0:
                _settle(state, pending)
                _save(generator, state, work, target)
            if time.monotonic() - said_at >= SAY_EVERY_S:
                _settle(state, pending)
                rate = (state.step - said_step) / (time.monotonic() - said_at)
                say(_line(state, plan, rate))
                said_at, said_step = time.monotonic(), state.step
            progress("train", state.step, plan.steps)
        _settle(state, pending)
    except MaterialError:
        raise  # these weights are worth nothing; the last checkpoint is
    except BaseException:  # Ctrl-C too: nothing of what was learned is lost
        _settle(state, pending)
        _save(generator, state, work, target)
        raise
    _save(generator, state, work, target)
    save_model(work / MODEL, generator, {"seed": plan.seed, "steps": state.step})
    state.files = {name: work / name for name in (MODEL, PREVIEW, LOSSES)}
    return state


def _begin(generator: Trained, plan: Plan, work: Path) -> Training:
    path = work / CHECKPOINT
    if path.exists() and not plan.resume:
        raise MaterialError(
            f"an unfinished training of the same kind is in {work}; go on with --resume, or "
            "remove that folder to start over"
        )
    if plan.resume and not path.exists():
        raise MaterialError(f"there is nothing to resume: no checkpoint in {work}")
    if not plan.resume:
        return Training(0)
    step = load_checkpoint(path, generator, work.name)
    return Training(step, curve=_read_curve(work / LOSSES, step))


def _late(started: float, plan: Plan) -> bool:
    return plan.minutes > 0 and time.monotonic() - started > 60 * plan.minutes


def _on_device(faces: FaceSet, device: str) -> torch.Tensor:
    """Return (n, 3, 256, 256) uint8 on the device: all faces once, augmented there."""
    plain = torch.from_numpy(np.ascontiguousarray(faces.aligned))
    return plain.permute(0, 3, 1, 2).contiguous().to(device)


def _batch(faces: torch.Tensor, count: int, random: torch.Generator) -> torch.Tensor:
    """Draw (count, 3, 256, 256) float32 in [0, 1]."""
    chosen = torch.randint(len(faces), (count,), generator=random).to(faces.device)
    return faces[chosen].float() / 255


def _settle(state: Training, pending: list[tuple[int, dict[str, torch.Tensor]]]) -> None:
    """Wait for the losses of the last steps; asking every step would make the device wait."""
    for step, losses in pending:
        row = {name: float(loss) for name, loss in losses.items()}
        bad = [name for name, value in row.items() if not math.isfinite(value)]
        if bad:
            pending.clear()
            raise MaterialError(
                f"the loss {bad[0]} was not a number at step {step}; the last checkpoint is whole: "
                "resume with another --seed, or give other footage"
            )
        state.curve.append({"step": step, **row})
    pending.clear()
    last = state.curve[-100:]
    if last:
        names = [name for name in last[-1] if name != "step"]
        state.losses = {
            name: round(float(np.mean([row[name] for row in last])), 6) for name in names
        }


def _save(generator: Trained, state: Training, work: Path, target: FaceSet) -> None:
    work.mkdir(parents=True, exist_ok=True)
    _write_curve(work / LOSSES, state.curve)
    sheet = preview(generator, target)
    coded = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1].tobytes()
    replace_file(work / PREVIEW, coded)
    save_checkpoint(work / CHECKPOINT, generator, state.step, work.name)


def preview(generator: Trained, target: FaceSet) -> NDArray[np.uint8]:
    """Return a sheet with a row a face: target, own decoder, other decoder (the donor's)."""
    rows = np.unique(np.linspace(0, len(target) - 1, PREVIEW_ROWS).round().astype(int))
    aligned = target.aligned[rows]
    start, end = generator.window
    columns = (
        aligned[:, start:end, start:end],
        generator.reconstruct(aligned),
        generator.swap(aligned, target.landmarks[rows]).faces,
    )
    side = (PREVIEW_PX, PREVIEW_PX)
    sheet = np.vstack(
        [np.hstack([cv2.resize(column[i], side) for column in columns]) for i in range(len(rows))]
    )
    head = np.zeros((20, sheet.shape[1], 3), np.uint8)
    for number, title in enumerate(("target (kept)", "own decoder", "donor put in")):
        place = (number * PREVIEW_PX + 4, 14)
        cv2.putText(head, title, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1)
    return np.asarray(np.vstack([head, sheet]), np.uint8)


def _line(state: Training, plan: Plan, rate: float) -> str:
    losses = ", ".join(f"{name} {value:.4f}" for name, value in state.losses.items())
    left = (plan.steps - state.step) / rate if rate else 0.0
    return f"step {state.step} of {plan.steps}, {rate:.2f} it/s, {left / 60:.0f} min left: {losses}"


def _write_curve(path: Path, curve: list[dict[str, float]]) -> None:
    names = list(curve[-1]) if curve else ["step"]
    lines = [",".join(names)]
    lines += [",".join(f"{row.get(name, float('nan')):.8g}" for name in names) for row in curve]
    replace_file(path, ("\n".join(lines) + "\n").encode("ascii"))


def _read_curve(path: Path, step: int) -> list[dict[str, float]]:
    if not path.exists():
        return []
    with path.open(encoding="ascii", newline="") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    return [row for row in rows if row["step"] < step]
