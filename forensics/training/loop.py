"""The training loop: one file, resumable, several one-thread processes on a CPU.

Two processes of one thread each beat one of two threads, and do not collapse when the machine is
busy; their gradients are averaged over gloo. The schedule runs over time, not steps, so that a
run given 40 minutes ends annealed after 40 minutes on any machine.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch import distributed as dist
from torch.nn import functional

from forensics.training.batches import PairSource
from forensics.training.network import Discriminator, imagenet_discriminator, score, to_input
from forensics.training.pack import CROP_PX, STORED_PX, Pack, shrink

_RESERVE = 0.02  # share of the time that the last step may overrun


@dataclass(frozen=True)
class Settings:
    """What a run is; kept in the checkpoint and in the model's config.

    Attributes:
        minutes: Training time, evaluation not counted.
        pairs: Pairs in one batch of one process.
        rate: Highest learning rate.
        warm_up_steps: Steps to reach it.
        decay: AdamW weight decay.
        boundary_weight: Weight of the boundary loss.
        pair_weight: Weight of the loss on a fake that does not score above its own original.
        average: Decay of the moving average of the weights.
        label_margin: Labels are this far from 0 and 1.
        seed: Of everything random.
        checkpoint_s: Seconds between checkpoints.
        evaluate_s: Seconds between evaluations on held-out identities.
        max_steps: Stop after so many steps; 0 for no limit.
        device: "cpu" or "cuda".
    """

    minutes: float = 40.0
    pairs: int = 8
    rate: float = 4e-4
    warm_up_steps: int = 100
    decay: float = 0.01
    boundary_weight: float = 1.5
    pair_weight: float = 0.5
    average: float = 0.998
    label_margin: float = 0.02
    seed: int = 1
    checkpoint_s: float = 120.0
    evaluate_s: float = 480.0
    max_steps: int = 0
    device: str = "cpu"


def loss_of(
    network: Discriminator, crops: NDArray[np.uint8], maps: NDArray[np.float32], plan: Settings
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of a batch from `PairSource.batch`, and its parts for the log."""
    count = len(maps)
    out = network(to_input(crops).to(plan.device))
    labels = torch.full((2 * count,), plan.label_margin, device=plan.device)
    labels[count:] = 1 - plan.label_margin
    seams = torch.zeros_like(out.boundary)
    seams[count:] = torch.from_numpy(maps).to(plan.device)
    by_class = functional.binary_cross_entropy_with_logits(out.logit, labels)
    by_seam = functional.binary_cross_entropy_with_logits(out.boundary, seams)
    # Most of the error is an offset between videos; within a pair there is none.
    gap = out.logit[count:] - out.logit[:count]
    by_pair = functional.softplus(-gap).mean()
    parts = {
        "class": float(by_class.detach()), "seam": float(by_seam.detach()),
        "pair": float(by_pair.detach()), "above": float((gap.detach() > 0).float().mean()),
    }  # fmt: skip
    return by_class + plan.boundary_weight * by_seam + plan.pair_weight * by_pair, parts


class Trainer:
    """One process of a run.

    Args:
        shards: Packed training pairs.
        held_out: Packed pairs of held-out identities, or none.
        folder: Where checkpoints and the log go.
        plan: The run's settings.
        rank: This process's number.
        world: Number of processes.
        start_from: Weights to start from instead of ImageNet's.
    """

    def __init__(
        self, shards: list[Pack], held_out: list[Pack], folder: Path, plan: Settings,
        rank: int = 0, world: int = 1, start_from: dict[str, Tensor] | None = None,
    ) -> None:  # fmt: skip
        torch.manual_seed(plan.seed + 1000 * rank)
        self.plan, self.rank, self.world = plan, rank, world
        self.folder = folder
        self.source = PairSource(shards)
        self.held_out = held_out
        self.network = imagenet_discriminator()
        if start_from is not None:
            own = self.network.state_dict()  # heads of another width stay as they are
            fitting = {k: v for k, v in start_from.items() if own[k].shape == v.shape}
            self.network.load_state_dict(fitting, strict=False)
        self.network.to(plan.device)
        self.average = {name: value.clone() for name, value in self.network.state_dict().items()}
        weights = self.network.parameters()
        self.optimizer = torch.optim.AdamW(weights, lr=plan.rate, weight_decay=plan.decay)
        self.step, self.elapsed_s = 0, 0.0

    @property
    def checkpoint_path(self) -> Path:
        """Where this run can be taken up again."""
        return self.folder / "checkpoint.pt"

    def resume(self) -> bool:
        """Take up the run where its checkpoint left it; say whether there was one."""
        if not self.checkpoint_path.exists():
            return False
        stored: dict[str, Any] = torch.load(
            self.checkpoint_path, map_location=self.plan.device, weights_only=True
        )
        self.network.load_state_dict(stored["network"])
        self.optimizer.load_state_dict(stored["optimizer"])
        self.average = stored["average"]
        self.step, self.elapsed_s = stored["step"], stored["elapsed_s"]
        return True

    def save(self) -> None:
        """Write the checkpoint, whole or not at all (first process only)."""
        if self.rank != 0:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.checkpoint_path.with_suffix(".partial")
        torch.save(
            {
                "network": self.network.state_dict(), "optimizer": self.optimizer.state_dict(),
                "average": self.average, "step": self.step, "elapsed_s": self.elapsed_s,
                "plan": asdict(self.plan),
            },
            partial,
        )  # fmt: skip
        partial.replace(self.checkpoint_path)

    def rate_now(self) -> float:
        """Return the learning rate: a short rise, then half a cosine over the time given."""
        share = min(1.0, self.elapsed_s / (60 * self.plan.minutes))
        rise = min(1.0, (self.step + 1) / self.plan.warm_up_steps)
        return self.plan.rate * rise * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))

    def train_step(self) -> dict[str, float]:
        """Learn from one batch; all processes together."""
        rng = np.random.default_rng((self.plan.seed, self.rank, self.step))
        torch.manual_seed(self.plan.seed + 1000 * self.rank + 7919 * self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate_now()
        self.network.train()
        share = self.elapsed_s / (60 * self.plan.minutes)
        batch = self.source.batch(self.plan.pairs, rng, max(0.0, 1 - 2 * share))
        loss, parts = loss_of(self.network, *batch, self.plan)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._share_gradients()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimizer.step()
        self.step += 1
        decay = min(self.plan.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                self.average[name].lerp_(value, 1 - decay)
        return parts

    def _share_gradients(self) -> None:
        if self.world == 1:
            return
        gradients = [weight.grad for weight in self.network.parameters() if weight.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.world
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def averaged(self) -> Discriminator:
        """Return the network with the averaged weights, in `eval` mode."""
        network = Discriminator().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.load_state_dict(self.average)
        return network.eval()  # type: ignore[no-any-return]

    def run(self) -> None:
        """Train until the time is up, with checkpoints, evaluations and a log."""
        saved_s = evaluated_s = self.elapsed_s
        recent: list[dict[str, float]] = []
        self._log({"pairs": len(self.source)})
        while not self._finished():
            began = time.perf_counter()
            parts = self.train_step()
            self.elapsed_s += self._agreed(time.perf_counter() - began)
            recent.append(parts)
            if self.step % 50 == 0:
                left = max(0.0, self.plan.minutes - self.elapsed_s / 60)
                means = {k: round(float(np.mean([p[k] for p in recent])), 4) for k in parts}
                recent.clear()
                self._log({"loss": means, "rate": self.rate_now(), "minutes_left": round(left, 1)})
            if self.elapsed_s - saved_s > self.plan.checkpoint_s:
                self.save()
                saved_s = self.elapsed_s
            if self.elapsed_s - evaluated_s > self.plan.evaluate_s:
                evaluated_s = self.elapsed_s
                if self.rank == 0 and self.held_out:
                    self._log({"held_out": evaluate(self.averaged(), self.held_out, most=256)})
        self.save()
        if self.rank == 0 and self.held_out:
            self._log({"held_out": evaluate(self.averaged(), self.held_out)})

    def _finished(self) -> bool:
        if self.plan.max_steps and self.step >= self.plan.max_steps:
            return True
        return self.elapsed_s >= 60 * self.plan.minutes * (1 - _RESERVE / 10)

    def _agreed(self, seconds: float) -> float:
        """Return the first process's time, so that all processes end at the same step."""
        if self.world == 1:
            return seconds
        agreed = torch.tensor([seconds])
        dist.broadcast(agreed, src=0)
        return float(agreed)

    def _log(self, what: dict[str, Any]) -> None:
        if self.rank != 0:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        line = {"step": self.step, "elapsed_s": round(self.elapsed_s, 1), **what}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")


def evaluate(network: Discriminator, held_out: list[Pack], most: int = 10**6) -> dict[str, Any]:
    """Return image AUC on held-out pairs, in all, by family and by compression."""
    from sklearn.metrics import roc_auc_score

    shift = (STORED_PX - CROP_PX) // 2
    middle = slice(shift, shift + CROP_PX)
    genuine: list[float] = []
    fake: list[float] = []
    notes: list[dict[str, Any]] = []
    for shard in held_out:
        count = min(len(shard), most - len(notes))
        if count <= 0:
            break
        for branch, scores in ((shard.genuine, genuine), (shard.fake, fake)):
            crops = np.stack([shrink(crop) for crop in branch[:count, middle, middle]])
            scores += score(network, crops)[0].tolist()
        notes += shard.notes[:count]
    groups: dict[str, list[int]] = {"all": list(range(len(notes)))}
    for index, note in enumerate(notes):
        crf = note["degradation"]["crf"]
        band = "none" if crf == 0 else "18-26" if crf <= 26 else "27-34" if crf <= 34 else "35-42"
        groups.setdefault(note["recipe"]["family"], []).append(index)
        groups.setdefault(f"crf {band}", []).append(index)
    result: dict[str, Any] = {}
    for name, members in groups.items():
        values = [genuine[i] for i in members] + [fake[i] for i in members]
        labels = [0] * len(members) + [1] * len(members)
        result[name] = round(float(roc_auc_score(labels, values)), 4)
    return result
