"""Two variational autoencoders with a latent space in common, judged at three scales."""

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
    Residual,
    least_squares,
    set_rate,
    update,
)
from reference_generators.augment import augment
from reference_generators.faces import FaceSet
from reference_generators.generator import Preset, Scalar, Swapped, Trained
from reference_generators.layers import (
    autocast,
    parameters,
    to_device,
    to_pictures,
    window_batches,
)
from reference_generators.perceptual import Perceptual

RATE, BETAS, HALVED_EVERY = 1e-4, (0.5, 0.999), 100_000
RECONSTRUCTION, CYCLE, KL, ADVERSARIAL, PERCEPTUAL = 10.0, 10.0, 0.01, 1.0, 1.0
TAPS = (0.25, 0.25, 0.25, 0.25)
SCALES = 3
RESIDUALS = 3
PEOPLE = ("target", "donor")


class Down(nn.Sequential):
    """Own part of an encoder: (b, 3, s, s) to (b, 4 * base, s / 4, s / 4)."""

    def __init__(self, base: int) -> None:
        steps: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, base, 7), nn.LeakyReLU(0.2)]
        for channels in (base, 2 * base):
            steps += [
                nn.Conv2d(channels, 2 * channels, 4, 2, 1), nn.InstanceNorm2d(2 * channels),
                nn.LeakyReLU(0.2),
            ]  # fmt: skip
        super().__init__(*steps, *(Residual(4 * base) for _ in range(RESIDUALS)))


class Up(nn.Sequential):
    """Own part of a decoder: (b, 4 * base, s / 4, s / 4) to (b, 3, s, s) in [-1, 1]."""

    def __init__(self, base: int) -> None:
        steps: list[nn.Module] = [Residual(4 * base) for _ in range(RESIDUALS)]
        for channels in (4 * base, 2 * base):
            steps += [
                nn.Upsample(scale_factor=2), nn.Conv2d(channels, channels // 2, 5, padding=2),
                nn.InstanceNorm2d(channels // 2), nn.LeakyReLU(0.2),
            ]  # fmt: skip
        super().__init__(*steps, nn.ReflectionPad2d(3), nn.Conv2d(base, 3, 7), nn.Tanh())


class Scales(nn.Module):
    """One patch discriminator a scale, each on half the side of the one before."""

    def __init__(self, base: int) -> None:
        super().__init__()
        self.judges = nn.ModuleList(PatchDiscriminator(3, base, levels=2) for _ in range(SCALES))

    def loss(self, faces: torch.Tensor, wanted: float) -> torch.Tensor:
        """Return the mean least-squares loss over the scales, for (b, 3, s, s)."""
        losses = []
        for judge in self.judges:
            losses.append(least_squares(judge(faces), wanted))
            faces = nnf.avg_pool2d(faces, 3, 2, 1, count_include_pad=False)
        return torch.stack(losses).mean()


class Unit(Trained):
    """What the 2018 autoencoder simplifies: it drops the VAE, the GAN and the cycle."""

    name: ClassVar[str] = "unit"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "UNIT: VAE-GAN with a shared latent space"
    paper: ClassVar[str] = (
        "Liu et al., Unsupervised Image-to-Image Translation Networks (arXiv 1703.00848)"
    )
    differences: ClassVar[str] = (
        "written from the paper; perceptual features are EfficientNet-Lite0's, not VGG's; 128 px "
        "aligned faces, augmented as the 2018 autoencoder's but not warped"
    )
    blend: ClassVar[str] = "hull"
    presets: ClassVar[Mapping[str, Preset]] = {
        "quality": Preset(steps=200_000, size_px=128),
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
        made: dict[str, nn.Module] = {"shared_encoder": Residual(4 * base)}
        made["shared_decoder"] = Residual(4 * base)
        for who in PEOPLE:
            made |= {
                f"{who}_encoder": Down(base), f"{who}_decoder": Up(base),
                f"{who}_discriminator": Scales(base),
            }  # fmt: skip
        for network in made.values():
            to_device(network, device)
        self._made = made
        judges = [made[f"{who}_discriminator"] for who in PEOPLE]
        drawing = [network for network in made.values() if network not in judges]
        self._adam = {
            "generator": torch.optim.Adam(parameters(*drawing), lr=RATE, betas=BETAS),
            "discriminator": torch.optim.Adam(parameters(*judges), lr=RATE, betas=BETAS),
        }
        self._planned = preset.steps
        self._perceptual = Perceptual().to(device)

    def networks(self) -> dict[str, nn.Module]:
        """Return all parts, the discriminators too."""
        return self._made

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one optimizer for what draws and one for what judges."""
        return dict(self._adam)

    def settings(self) -> dict[str, Scalar]:
        """Return the published weights that were used."""
        return {"kl": KL, "cycle": CYCLE, "reconstruction": RECONSTRUCTION, "scales": SCALES}

    def step(
        self, target: torch.Tensor, donor: torch.Tensor, random: torch.Generator, done: float
    ) -> dict[str, torch.Tensor]:
        """Step the discriminators on what is drawn now, then the generators."""
        for optimizer in self._adam.values():
            set_rate(optimizer, RATE * 0.5 ** (done * self._planned // HALVED_EVERY))
        size = (self._size, self._size)
        start, end = self.window
        faces = {
            who: 2 * nnf.interpolate(
                augment(seen, random)[..., start:end, start:end], size, mode="area"
            ) - 1
            for who, seen in zip(PEOPLE, (target, donor), strict=True)
        }  # fmt: skip
        with autocast(self._device):
            codes = {who: self._encode(who, faces[who]) for who in PEOPLE}
            noisy = {who: _noisy(codes[who], random) for who in PEOPLE}
            drawn = {who: self._decode(who, noisy[_other(who)]) for who in PEOPLE}
            judging = torch.stack(
                [
                    self._judge(who).loss(faces[who], 1.0)
                    + self._judge(who).loss(drawn[who].detach(), 0.0)
                    for who in PEOPLE
                ]
            ).sum()
        update(self._adam["discriminator"], judging)
        with autocast(self._device):
            losses = self._drawing_losses(faces, codes, noisy, drawn, random)
        update(self._adam["generator"], torch.stack(list(losses.values())).sum())
        return losses | {"discriminators": judging}

    def swap(self, aligned: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> Swapped:
        """Decode the target's code with the donor's decoder, without noise."""
        del landmarks
        return Swapped(self._through(aligned, "donor"))

    def reconstruct(self, aligned: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Decode the target's code with the target's decoder."""
        return self._through(aligned, "target")

    def _drawing_losses(
        self, faces: dict[str, torch.Tensor], codes: dict[str, torch.Tensor],
        noisy: dict[str, torch.Tensor], drawn: dict[str, torch.Tensor], random: torch.Generator,
    ) -> dict[str, torch.Tensor]:  # fmt: skip
        """Return the weighted losses of encoders and decoders, by name."""
        losses: dict[str, torch.Tensor] = {}
        for who in PEOPLE:
            other = _other(who)
            own = self._decode(who, noisy[who])
            back_code = self._encode(other, drawn[other])
            back = self._decode(who, _noisy(back_code, random))
            losses[who] = RECONSTRUCTION * nnf.l1_loss(own, faces[who])
            losses[f"{who}_cycle"] = CYCLE * nnf.l1_loss(back, faces[who])
            losses[f"{who}_kl"] = KL * ((codes[who] ** 2).mean() + (back_code**2).mean())
            losses[f"{who}_adversarial"] = ADVERSARIAL * self._judge(who).loss(drawn[who], 1.0)
            # what is drawn of `other`'s face should keep what is in it
            seen = self._perceptual(
                (drawn[who].float() + 1) / 2, (faces[other].float() + 1) / 2, TAPS
            )
            losses[f"{who}_perceptual"] = PERCEPTUAL * seen
        return losses

    def _encode(self, who: str, faces: torch.Tensor) -> torch.Tensor:
        done: torch.Tensor = self._made["shared_encoder"](self._made[f"{who}_encoder"](faces))
        return done

    def _decode(self, who: str, code: torch.Tensor) -> torch.Tensor:
        done: torch.Tensor = self._made[f"{who}_decoder"](self._made["shared_decoder"](code))
        return done

    def _judge(self, who: str) -> Scales:
        judge = self._made[f"{who}_discriminator"]
        if not isinstance(judge, Scales):
            raise TypeError(f"{who}_discriminator is no discriminator")
        return judge

    @torch.no_grad()
    def _through(self, aligned: NDArray[np.uint8], who: str) -> NDArray[np.uint8]:
        drawn = [
            to_pictures((self._decode(who, self._encode("target", 2 * faces - 1)) + 1) / 2)
            for faces in window_batches(aligned, self.window, self._size, self._device)
        ]
        return np.concatenate(drawn)


def _other(who: str) -> str:
    return PEOPLE[1 - PEOPLE.index(who)]


def _noisy(code: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Draw from the code's posterior, N(code, 1)."""
    return code + torch.randn(code.shape, generator=random).to(code.device, code.dtype)
