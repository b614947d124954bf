"""Paired translation: a face whose inside was coarsened, back to the face. A negative family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as nnf

from forensics.intake.crops import ALIGNED_SIZE_PX, mean_face
from reference_generators.adversarial import PatchDiscriminator, normal_weights, update
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

RATE, BETAS, PIXEL = 2e-4, (0.5, 0.999), 100.0
COARSE_PX = 12
"""Side to which the face is averaged: pose and light stay, identity does not."""

PEOPLE = ("target", "donor")


class UNet(nn.Module):
    """Encoder and decoder with skips at every level: (b, 3, s, s) to the same, in [-1, 1].

    Source: Isola et al. (arXiv 1611.07004), appendix 6.1.1.
    """

    def __init__(self, base: int, size_px: int) -> None:
        super().__init__()
        levels = size_px.bit_length() - 1
        depth = [3, *(base * min(8, 2**level) for level in range(levels))]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level in range(levels):
            norm = 0 < level < levels - 1
            steps: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
            steps.append(nn.Conv2d(depth[level], depth[level + 1], 4, 2, 1))
            self.down.append(nn.Sequential(*steps, *_normed(depth[level + 1], norm)))
        for level in reversed(range(levels)):
            channels = depth[level + 1] * (1 if level == levels - 1 else 2)
            convolution = nn.ConvTranspose2d(channels, depth[level], 4, 2, 1)
            drop = [nn.Dropout(0.5)] if levels - 4 <= level < levels - 1 and level > 0 else []
            steps = [nn.ReLU(), convolution, *_normed(depth[level], level > 0), *drop]
            self.up.append(nn.Sequential(*steps))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map coarsened faces to faces."""
        skips: list[torch.Tensor] = []
        for step in self.down:
            x = step(x)
            skips.append(x)
        x = skips.pop()
        for step in self.up:
            x = step(x)
            if skips:
                x = torch.cat([x, skips.pop()], dim=1)
        return torch.tanh(x)


def _normed(channels: int, norm: bool) -> list[nn.Module]:
    return [nn.InstanceNorm2d(channels)] if norm else []


class Pix2Pix(Trained):
    """One U-Net a person learns to finish that person's coarsened faces."""

    name: ClassVar[str] = "pix2pix"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "pix2pix"
    paper: ClassVar[str] = (
        "Isola et al., Image-to-Image Translation with Conditional Adversarial Networks (arXiv "
        "1611.07004)"
    )
    differences: ClassVar[str] = (
        "written from the paper; instance norm, as batches are of one; the pairs are made: inside "
        "an oval the face is averaged to 12 px a side. A negative family: what the donor's "
        "network draws into a target follows the donor's few poses, so expect a poor swap"
    )
    window: ClassVar[tuple[int, int]] = (0, ALIGNED_SIZE_PX)
    presets: ClassVar[Mapping[str, Preset]] = {
        "quality": Preset(steps=100_000, size_px=256),
        "quick": Preset(steps=10_000, size_px=128, width=0.25),
    }

    def prepare(
        self, target: FaceSet, donor: FaceSet, preset: Preset, device: str, seed: int
    ) -> None:
        """Build networks and optimizers."""
        del target, donor
        torch.manual_seed(seed)
        self._size, self._device = preset.size_px, device
        base = max(2, round(64 * preset.width))
        self._draw = {who: UNet(base, preset.size_px) for who in PEOPLE}
        self._judge = {who: PatchDiscriminator(6, base) for who in PEOPLE}
        for network in self.networks().values():
            normal_weights(network)
            to_device(network, device)
        self._adam = {
            "generator": torch.optim.Adam(parameters(*self._draw.values()), RATE, BETAS),
            "discriminator": torch.optim.Adam(parameters(*self._judge.values()), RATE, BETAS),
        }
        self._oval = torch.from_numpy(_oval(preset.size_px)).to(device)

    def networks(self) -> dict[str, nn.Module]:
        """Return both U-Nets and both discriminators."""
        drawing = {f"{who}_unet": network for who, network in self._draw.items()}
        return drawing | {f"{who}_discriminator": judge for who, judge in self._judge.items()}

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one optimizer for what draws and one for what judges."""
        return dict(self._adam)

    def step(
        self, target: torch.Tensor, donor: torch.Tensor, random: torch.Generator, done: float
    ) -> dict[str, torch.Tensor]:
        """Step the discriminators, then the U-Nets, each person apart."""
        del done  # the rate is constant
        torch.manual_seed(int(torch.randint(2**31, (1,), generator=random)))  # for the dropout
        losses: dict[str, torch.Tensor] = {}
        judging: list[torch.Tensor] = []
        pairs: dict[str, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = {}
        with autocast(self._device):
            for who, faces in zip(PEOPLE, (target, donor), strict=True):
                size = (self._size, self._size)
                wanted = 2 * nnf.interpolate(augment(faces, random), size, mode="area") - 1
                coarse = self._coarse(wanted)
                drawn = self._draw[who](coarse)
                judge = self._judge[who]
                genuine = judge(torch.cat([coarse, wanted], 1))
                made = judge(torch.cat([coarse, drawn.detach()], 1))
                judging.append((_unsure(genuine, 1.0) + _unsure(made, 0.0)) / 2)
                pairs[who] = (coarse, wanted, drawn)
        update(self._adam["discriminator"], torch.stack(judging).sum())
        with autocast(self._device):
            for who, (coarse, wanted, drawn) in pairs.items():
                losses[who] = PIXEL * nnf.l1_loss(drawn, wanted)
                said = self._judge[who](torch.cat([coarse, drawn], 1))
                losses[f"{who}_adversarial"] = _unsure(said, 1.0)
        update(self._adam["generator"], torch.stack(list(losses.values())).sum())
        return losses | {"discriminators": torch.stack(judging).sum()}

    def swap(self, aligned: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> Swapped:
        """Finish the target's coarsened faces with the donor's network."""
        del landmarks
        return Swapped(self._through(aligned, "donor"))

    def reconstruct(self, aligned: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Finish the target's coarsened faces with the target's network."""
        return self._through(aligned, "target")

    def _coarse(self, faces: torch.Tensor) -> torch.Tensor:
        """Average (b, 3, s, s) faces inside the oval to COARSE_PX a side."""
        small = nnf.interpolate(faces, (COARSE_PX, COARSE_PX), mode="area")
        plain = nnf.interpolate(small, faces.shape[-2:], mode="bilinear", align_corners=False)
        return self._oval * plain + (1 - self._oval) * faces

    @torch.no_grad()
    def _through(self, aligned: NDArray[np.uint8], who: str) -> NDArray[np.uint8]:
        network = self._draw[who].eval()  # no dropout: the same video twice gives the same fake
        drawn = [
            to_pictures((network(self._coarse(2 * faces - 1)) + 1) / 2)
            for faces in window_batches(aligned, self.window, self._size, self._device)
        ]
        network.train()
        return np.concatenate(drawn)


def _unsure(said: torch.Tensor, wanted: float) -> torch.Tensor:
    """Return the cross entropy of the published loss."""
    return nnf.binary_cross_entropy_with_logits(said, torch.full_like(said, wanted))


def _oval(size_px: int) -> NDArray[np.float32]:
    """Return (s, s) float32, 1 inside the ellipse around the mean face, soft at its edge."""
    points = mean_face() * (size_px / ALIGNED_SIZE_PX)
    low, high = points.min(axis=0), points.max(axis=0)
    center, axes = (low + high) / 2, 0.55 * (high - low)
    mask = np.zeros((size_px, size_px), np.float32)
    whole = tuple(int(v) for v in np.round(center)), tuple(int(v) for v in np.round(axes))
    cv2.ellipse(mask, *whole, 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(1.0, size_px / 64)), np.float32)
