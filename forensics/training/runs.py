"""Runs of the training loop: several processes as one, or one process and one seed each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import torch
from torch import distributed as dist
from torch import multiprocessing

from forensics.errors import MaterialError
from forensics.training.loop import Settings, Trainer
from forensics.training.pack import read_shards

_KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 31),
    "MALLOC_TOP_PAD_": str(1 << 26),
}
"""Tells glibc to keep what is freed; read when a process starts. Each step asks for the same
tensors again, and handing their pages back and forth cost a fifth (50 steps of 16 in 26 s, not
32)."""


@contextmanager
def _keeping_memory() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _KEEP_MEMORY}
    os.environ.update(_KEEP_MEMORY)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _process(
    rank: int, world: int, folder: Path, packs: Path, plan: Settings, start_from: Path | None
) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if world > 1:
        meeting = folder / "meeting"
        dist.init_process_group("gloo", f"file://{meeting.resolve()}", rank=rank, world_size=world)
    weights = None
    if start_from is not None:
        weights = torch.load(start_from, weights_only=True)["network"]
    shards, held_out = read_shards(packs, "train"), read_shards(packs, "held")
    trainer = Trainer(shards, held_out, folder, plan, rank, world, weights)
    trainer.resume()
    trainer.run()
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


def train_branches(
    folder: Path, packs: Path, plan: Settings, branches: int, start_from: Path
) -> list[Path]:
    """Train several runs side by side from the same weights, one process and one seed each.

    On a CPU this learns as fast as one run of all processes and shows how far seeds differ; the
    mean of their weights is about as good as each. They too begin with lightly compressed pairs.

    Args:
        folder: Each run gets a folder in it.
        packs: Folder of shards `train-*` and `held-*`.
        plan: Of every run; seeds count up from its own.
        branches: How many.
        start_from: Checkpoint that all start from.

    Returns:
        The checkpoints.

    Raises:
        MaterialError: A run ended early.
    """
    plans = [replace(plan, seed=plan.seed + 1 + number) for number in range(branches)]
    folders = [folder / f"seed-{one.seed}" for one in plans]
    context = multiprocessing.get_context("spawn")
    runs = [
        context.Process(target=_process, args=(0, 1, where, packs, one, start_from))
        for where, one in zip(folders, plans, strict=True)
    ]
    with _keeping_memory():
        for run in runs:
            run.start()
    for run in runs:
        run.join()
    if any(run.exitcode for run in runs):
        raise MaterialError("a run ended early; the same command takes it up again")
    return [where / "checkpoint.pt" for where in folders]


def train(
    folder: Path, packs: Path, plan: Settings, processes: int = 2, start_from: Path | None = None
) -> None:
    """Train in `processes` processes, taking up the checkpoint in `folder` where there is one.

    Args:
        folder: Where checkpoints and the log go.
        packs: Folder of shards `train-*` and `held-*`.
        plan: The run's settings.
        processes: One-thread processes.
        start_from: Another run's checkpoint to start from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meeting").unlink(missing_ok=True)
    if processes == 1:
        _process(0, 1, folder, packs, plan, start_from)
        return
    with _keeping_memory():
        multiprocessing.spawn(  # type: ignore[no-untyped-call,attr-defined]
            _process, (processes, folder, packs, plan, start_from), nprocs=processes
        )
