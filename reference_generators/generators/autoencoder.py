"""The 2018 original: one encoder that both people share, and a decoder for each."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as nnf

from forensics.face_warp import warped_pair
from reference_generators.augment import augment
from reference_generators.faces import FaceSet
from reference_generators.generator import Preset, Scalar, Swapped, Trained
from reference_generators.layers import (
    SameConv,
    autocast,
    glorot,
    parameters,
    to_device,
    to_pictures,
    upscale,
    window_batches,
)

LEARNING_RATE = 5e-5
"""As published. A quarter of the width learns as much in 600 steps at ten times the rate as in
2,500 at this one (target loss 0.052), so the quick preset takes that."""
BETAS = (0.5, 0.999)


class Encoder(nn.Module):
    """Face to code: 5x5 convolutions of stride 2, two dense layers, one upscaling.

    Args:
        size_px: Side of the input, 64 or 128 (one more convolution).
        width: Channels as a share of the original's.
    """

    def __init__(self, size_px: int, width: float) -> None:
        super().__init__()
        depths = [128, 256, 512, 1024, *[1024] * (size_px // 64 - 1)]
        channels = [3, *(round(depth * width) for depth in depths)]
        convolutions = [
            layer
            for before, after in pairwise(channels)
            for layer in (SameConv(before, after, 5, 2), nn.LeakyReLU(0.1))
        ]
        code, flat = round(1024 * width), channels[-1] * 16
        self.convolutions = nn.Sequential(*convolutions)  # (b, 1024, 4, 4)
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(flat, code), nn.Linear(code, flat))
        self.upscale = upscale(channels[-1], round(512 * width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, 3, s, s) BGR in [0, 1] to (b, 512, 8, 8)."""
        dense: torch.Tensor = self.dense(self.convolutions(x))
        done: torch.Tensor = self.upscale(dense.reshape(len(x), -1, 4, 4))
        return done


class Decoder(nn.Module):
    """Code to face: upscalings and a 5x5 convolution to three channels, sigmoid."""

    def __init__(self, size_px: int, width: float) -> None:
        super().__init__()
        depths = [512, *([512] if size_px == 128 else []), 256, 128, 64]
        channels = [round(depth * width) for depth in depths]
        steps = [upscale(a, b) for a, b in pairwise(channels)]
        self.steps = nn.Sequential(*steps)
        self.last = nn.Conv2d(channels[-1], 3, 5, padding=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, 512, 8, 8) to (b, 3, s, s) BGR in [0, 1]."""
        return torch.sigmoid(self.last(self.steps(x)))


class Autoencoder(Trained):
    """Learns to undo warps of both people; the swap is the target's code in the donor's decoder."""

    name: ClassVar[str] = "autoencoder"
    version: ClassVar[str] = "3"
    title: ClassVar[str] = "Shared-encoder autoencoder (2018)"
    paper: ClassVar[str] = (
        "the public face-swap scripts of December 2017; as a simplification of Liu et al., "
        "Unsupervised Image-to-Image Translation Networks (arXiv 1703.00848)"
    )
    differences: ClassVar[str] = (
        "faithful-2018: none known in network, losses, optimizer, mean shift and warp; faces come "
        "from another detector and landmarker, warps are drawn in batches, and a GPU runs in "
        "bfloat16. quick: a quarter of the channels, ten times the rate, colors adjusted to the "
        "frame. quality: 128 px, one more level each way. Both apply the mean shift in conversion "
        "too; the original did in training only"
    )
    presets: ClassVar[Mapping[str, Preset]] = {
        "faithful-2018": Preset(steps=60_000, batch=64),
        "quick": Preset(steps=6_000, batch=16, width=0.25, rate=5e-4, blend="adjust"),
        "quality": Preset(steps=100_000, batch=64, size_px=128),
    }

    def prepare(
        self, target: FaceSet, donor: FaceSet, preset: Preset, device: str, seed: int
    ) -> None:
        """Build the networks and the one optimizer, and measure the mean shift."""
        torch.manual_seed(seed)
        self._size, self._device = preset.size_px, device
        sizes = (preset.size_px, preset.width)
        self.encoder, self.target_decoder, self.donor_decoder = (
            Encoder(*sizes), Decoder(*sizes), Decoder(*sizes),
        )  # fmt: skip
        for network in self.networks().values():
            glorot(network)
            to_device(network, device)
        self._adam = torch.optim.Adam(
            parameters(*self.networks().values()), lr=preset.rate or LEARNING_RATE, betas=BETAS
        )
        means = [
            one.aligned.mean(axis=(0, 1, 2), dtype=np.float64) / 255 for one in (target, donor)
        ]
        self.shift = means[1] - means[0]  # (3,) RGB
        self._faithful = preset == self.presets["faithful-2018"]

    def networks(self) -> dict[str, nn.Module]:
        """Return the encoder and both decoders."""
        return {
            "encoder": self.encoder, "target_decoder": self.target_decoder,
            "donor_decoder": self.donor_decoder,
        }  # fmt: skip

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return the one optimizer: both steps move the encoder with the same momenta."""
        return {"adam": self._adam}

    def step(
        self, target: torch.Tensor, donor: torch.Tensor, random: torch.Generator, done: float
    ) -> dict[str, torch.Tensor]:
        """Take a step on the target's faces, then one on the donor's."""
        del done  # the rate is constant
        shift = torch.tensor(self.shift, dtype=target.dtype, device=target.device)
        people = {
            "target": (target + shift[:, None, None], self.target_decoder),
            "donor": (donor, self.donor_decoder),
        }
        losses: dict[str, torch.Tensor] = {}
        for name, (faces, decoder) in people.items():
            warped, wanted = warped_pair(augment(faces, random), self._size, random)
            with autocast(self._device):
                drawn = decoder(self.encoder(warped.flip(1)))  # RGB to BGR
                losses[name] = nnf.l1_loss(drawn.float(), wanted.flip(1))
            self._adam.zero_grad(set_to_none=True)
            losses[name].backward()  # type: ignore[no-untyped-call]
            self._adam.step()
        return losses

    def swap(self, aligned: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> Swapped:
        """Decode target faces with the donor's decoder."""
        del landmarks
        shift = np.zeros(3) if self._faithful else self.shift
        return Swapped(self._through(aligned, self.donor_decoder, shift, np.zeros(3)))

    def reconstruct(self, aligned: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Decode target faces with their own decoder, which learned them with the mean shift."""
        return self._through(aligned, self.target_decoder, self.shift, -self.shift)

    def settings(self) -> dict[str, Scalar]:
        """Return the mean shift, red, green, blue."""
        return {f"mean_shift_{c}": float(v) for c, v in zip("rgb", self.shift, strict=True)}

    @torch.no_grad()
    def _through(
        self, aligned: NDArray[np.uint8], decoder: nn.Module, before: NDArray[np.float64],
        after: NDArray[np.float64],
    ) -> NDArray[np.uint8]:  # fmt: skip
        """Encode and decode, with these (3,) RGB shifts before and after."""
        shifts = [
            torch.tensor(shift, dtype=torch.float32, device=self._device)[:, None, None]
            for shift in (before, after)
        ]
        drawn = [
            to_pictures(decoder(self.encoder((faces + shifts[0]).flip(1))).flip(1) + shifts[1])
            for faces in window_batches(aligned, self.window, self._size, self._device)
        ]
        return np.concatenate(drawn)
