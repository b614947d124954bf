"""Two translators that undo each other. On faces it changes hair and skin: a negative family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as nnf

from reference_generators.adversarial import (
    PatchDiscriminator,
    Pool,
    Residual,
    least_squares,
    normal_weights,
    set_rate,
    update,
)
from reference_generators.augment import augment
from reference_generators.faces import FaceSet
from reference_generators.generator import Preset, Swapped, Trained
from reference_generators.layers import (
    autocast,
    parameters,
    to_device,
    to_pictures,
    window_batches,
)

RATE, BETAS = 2e-4, (0.5, 0.999)
CYCLE, IDENTITY, POOL = 10.0, 0.5, 50
CONSTANT_SHARE = 0.5
"""The rate is constant for this share of the training and falls to zero in the rest."""


class Translator(nn.Sequential):
    """ResNet with nine blocks: (b, 3, s, s) to the same, in [-1, 1].

    Source: Johnson et al. (arXiv 1603.08155), as used in the CycleGAN paper, appendix 7.2.
    """

    def __init__(self, base: int, blocks: int = 9) -> None:
        steps: list[nn.Module] = [
            nn.ReflectionPad2d(3), nn.Conv2d(3, base, 7), nn.InstanceNorm2d(base), nn.ReLU(),
        ]  # fmt: skip
        for channels in (base, 2 * base):
            steps += [
                nn.Conv2d(channels, 2 * channels, 3, 2, 1), nn.InstanceNorm2d(2 * channels),
                nn.ReLU(),
            ]  # fmt: skip
        steps += [Residual(4 * base) for _ in range(blocks)]
        for channels in (4 * base, 2 * base):
            steps += [
                nn.ConvTranspose2d(channels, channels // 2, 3, 2, 1, output_padding=1),
                nn.InstanceNorm2d(channels // 2), nn.ReLU(),
            ]  # fmt: skip
        super().__init__(*steps, nn.ReflectionPad2d(3), nn.Conv2d(base, 3, 7), nn.Tanh())


class CycleGan(Trained):
    """Target to donor and back, without pairs."""

    name: ClassVar[str] = "cyclegan"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "CycleGAN"
    paper: ClassVar[str] = (
        "Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial "
        "Networks (arXiv 1703.10593)"
    )
    differences: ClassVar[str] = (
        "written from the paper; aligned faces of 128 px in place of photographs of 256. A "
        "negative family: it recolors hair and skin rather than exchange a face, so expect a poor "
        "swap, and do not measure a detector of swaps on it alone"
    )
    window: ClassVar[tuple[int, int]] = (16, 240)
    presets: ClassVar[Mapping[str, Preset]] = {
        "quality": Preset(steps=100_000, size_px=128),
        "quick": Preset(steps=10_000, size_px=64, width=0.25),
    }

    def prepare(
        self, target: FaceSet, donor: FaceSet, preset: Preset, device: str, seed: int
    ) -> None:
        """Build networks and optimizers."""
        del target, donor
        torch.manual_seed(seed)
        self._size, self._device = preset.size_px, device
        base = max(2, round(64 * preset.width))
        self._draw = {name: Translator(base) for name in ("to_donor", "to_target")}
        self._judge = {name: PatchDiscriminator(3, base) for name in ("to_donor", "to_target")}
        self._pool = {name: Pool(POOL, preset.size_px) for name in ("to_donor", "to_target")}
        for network in self.networks().values():
            normal_weights(network)
            to_device(network, device)
        self._adam = {
            "generator": torch.optim.Adam(parameters(*self._draw.values()), RATE, BETAS),
            "discriminator": torch.optim.Adam(parameters(*self._judge.values()), RATE, BETAS),
        }

    def networks(self) -> dict[str, nn.Module]:
        """Return translators, discriminators, and the pools of older pictures."""
        made: dict[str, nn.Module] = {}
        for name in self._draw:
            made[f"{name}_translator"] = self._draw[name]
            made[f"{name}_discriminator"] = self._judge[name]
            made[f"{name}_pool"] = self._pool[name]
        return made

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one optimizer for what draws and one for what judges."""
        return dict(self._adam)

    def step(
        self, target: torch.Tensor, donor: torch.Tensor, random: torch.Generator, done: float
    ) -> dict[str, torch.Tensor]:
        """Step the translators, then the discriminators on old and new pictures."""
        rate = RATE * min(1.0, (1 - done) / (1 - CONSTANT_SHARE))
        for optimizer in self._adam.values():
            set_rate(optimizer, rate)
        a, b = (self._cut(augment(faces, random)) for faces in (target, donor))
        real = {"to_donor": b, "to_target": a}
        with autocast(self._device):
            drawn = {"to_donor": self._draw["to_donor"](a), "to_target": self._draw["to_target"](b)}
            losses = {
                "target": CYCLE * nnf.l1_loss(self._draw["to_target"](drawn["to_donor"]), a),
                "donor": CYCLE * nnf.l1_loss(self._draw["to_donor"](drawn["to_target"]), b),
            }
            for name, network in self._draw.items():
                losses[f"{name}_adversarial"] = least_squares(self._judge[name](drawn[name]), 1.0)
                same = nnf.l1_loss(network(real[name]), real[name])
                losses[f"{name}_identity"] = IDENTITY * CYCLE * same
        update(self._adam["generator"], torch.stack(list(losses.values())).sum())
        with autocast(self._device):
            judging = [
                least_squares(judge(real[name]), 1.0) / 2
                + least_squares(judge(self._pool[name].exchange(drawn[name], random)), 0.0) / 2
                for name, judge in self._judge.items()
            ]
        update(self._adam["discriminator"], torch.stack(judging).sum())
        return losses | {"discriminators": torch.stack(judging).sum()}

    def swap(self, aligned: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> Swapped:
        """Translate target faces to the donor."""
        del landmarks
        return Swapped(self._through(aligned, back=False))

    def reconstruct(self, aligned: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Translate target faces to the donor and back."""
        return self._through(aligned, back=True)

    def _cut(self, faces: torch.Tensor) -> torch.Tensor:
        start, end = self.window
        size = (self._size, self._size)
        return 2 * nnf.interpolate(faces[..., start:end, start:end], size, mode="area") - 1

    @torch.no_grad()
    def _through(self, aligned: NDArray[np.uint8], *, back: bool) -> NDArray[np.uint8]:
        made: list[NDArray[np.uint8]] = []
        for faces in window_batches(aligned, self.window, self._size, self._device):
            drawn = self._draw["to_donor"](2 * faces - 1)
            if back:
                drawn = self._draw["to_target"](drawn)
            made.append(to_pictures((drawn + 1) / 2))
        return np.concatenate(made)
