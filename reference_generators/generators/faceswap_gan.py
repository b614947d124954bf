"""The autoencoder with a learned mask and discriminators, which are kept and saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as nnf

from forensics.face_warp import warped_pair
from forensics.intake.crops import ALIGNED_SIZE_PX, mean_face
from forensics.models.conditional_discriminator import (
    ConditionalDiscriminator,
    SelfAttention,
    block,
)
from reference_generators.adversarial import least_squares, update
from reference_generators.augment import augment
from reference_generators.faces import FaceSet
from reference_generators.generator import Preset, Swapped, Trained
from reference_generators.layers import (
    autocast,
    glorot,
    parameters,
    to_device,
    to_pictures,
    window_batches,
)
from reference_generators.perceptual import Perceptual

RATE_GENERATOR, RATE_DISCRIMINATOR, BETAS = 1e-4, 2e-4, (0.5, 0.999)
MIXUP = 0.2
ADVERSARIAL, PIXEL, EDGE, EYES = 0.1, 1.0, 0.1, 30.0
MASK, MASK_OPEN = 1.0, 0.8
"""Inside the face the mask is kept this open. A young face is worse than the warped input it would
replace, so a mask that nothing regularizes closes, and then has no gradient to open again."""
PERCEPTUAL = (0.01, 0.1, 0.3, 0.1)
PERCEPTUAL_FROM = 0.2


def _up(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, 4 * after, 3, padding=1), nn.LeakyReLU(0.2), nn.PixelShuffle(2),
        nn.InstanceNorm2d(after),
    )  # fmt: skip


class Encoder(nn.Module):
    """Face to code, with self-attention at 256 and 512 channels."""

    def __init__(self, width: float) -> None:
        super().__init__()
        a, b, c, d, e = (round(width * n) for n in (64, 128, 256, 512, 1024))
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, a, 5, padding=2), block(a, b, stride=2), block(b, c, stride=2),
            SelfAttention(c), block(c, d, stride=2), SelfAttention(d), block(d, e, stride=2),
            nn.Flatten(), nn.Linear(16 * e, e), nn.Linear(e, 16 * e), nn.Unflatten(1, (e, 4, 4)),
            _up(e, d),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, 3, 64, 64) in [-1, 1] to (b, 512, 8, 8)."""
        done: torch.Tensor = self.convolutions(x)
        return done


class Decoder(nn.Module):
    """Code to mask and face."""

    def __init__(self, width: float) -> None:
        super().__init__()
        a, b, c, d = (round(width * n) for n in (64, 128, 256, 512))
        self.steps = nn.Sequential(_up(d, c), SelfAttention(c), _up(c, b), _up(b, a), block(a, a))
        self.alpha = nn.Conv2d(a, 1, 5, padding=2)
        self.face = nn.Conv2d(a, 3, 5, padding=2)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map (b, 512, 8, 8) to alpha (b, 1, 64, 64) in [0, 1] and face (b, 3, 64, 64)."""
        done = self.steps(x)
        return torch.sigmoid(self.alpha(done)), torch.tanh(self.face(done))


class FaceswapGan(Trained):
    """Shared encoder, a decoder and a discriminator for each person."""

    name: ClassVar[str] = "faceswap_gan"
    version: ClassVar[str] = "2"
    title: ClassVar[str] = "faceswap-GAN v2.2 (self-attention, alpha mask, mixup LSGAN)"
    paper: ClassVar[str] = (
        "the public faceswap-GAN v2.2 of 2018; Zhang et al., SAGAN (arXiv 1805.08318); Mao et "
        "al., LSGAN (arXiv 1611.04076); Zhang et al., mixup (arXiv 1710.09412)"
    )
    differences: ClassVar[str] = (
        "written from published facts, so channel counts between those named may differ; "
        "perceptual features are EfficientNet-Lite0's, not VGGFace's; the eyes are those of the "
        "mean face; pixel, edge and eye losses are taken before the mask, the discriminators see "
        "the face with and without it, and a hinge keeps the mask open inside the face: without "
        "them it closed within a few hundred steps and nothing was replaced"
    )
    presets: ClassVar[Mapping[str, Preset]] = {
        "faithful-2018": Preset(steps=40_000, batch=8),
        "quick": Preset(steps=15_000, batch=8, width=0.25),
    }

    def prepare(
        self, target: FaceSet, donor: FaceSet, preset: Preset, device: str, seed: int
    ) -> None:
        """Build networks and optimizers."""
        del target, donor
        torch.manual_seed(seed)
        self._device, width = device, preset.width
        self._made: dict[str, nn.Module] = {
            "encoder": Encoder(width), "target_decoder": Decoder(width),
            "donor_decoder": Decoder(width),
            "target_discriminator": ConditionalDiscriminator(width),
            "donor_discriminator": ConditionalDiscriminator(width),
        }  # fmt: skip
        for network in self._made.values():
            glorot(network)
            to_device(network, device)
        drawing = [n for name, n in self._made.items() if "discriminator" not in name]
        judging = [n for name, n in self._made.items() if "discriminator" in name]
        self._adam = {
            "generator": torch.optim.Adam(parameters(*drawing), lr=RATE_GENERATOR, betas=BETAS),
            "discriminator": torch.optim.Adam(
                parameters(*judging), lr=RATE_DISCRIMINATOR, betas=BETAS
            ),
        }
        self._perceptual = Perceptual().to(device)
        self._places = torch.from_numpy(np.stack([_eyes(), _hull()])).to(device)

    def networks(self) -> dict[str, nn.Module]:
        """Return encoder, decoders and the discriminators: fakers never publish theirs."""
        return self._made

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return one optimizer for what draws and one for what judges."""
        return dict(self._adam)

    def step(
        self, target: torch.Tensor, donor: torch.Tensor, random: torch.Generator, done: float
    ) -> dict[str, torch.Tensor]:
        """Step the discriminators, then the generator, both people at once."""
        drawing: dict[str, torch.Tensor] = {}
        judging: dict[str, torch.Tensor] = {}
        for name, faces in (("target", target), ("donor", donor)):
            places = self._places.expand(len(faces), 2, -1, -1)
            both = augment(torch.cat([faces, places], dim=1), random)
            warped, wanted = warped_pair(both, 64, random)
            share = float(np.random.default_rng(_integer(random)).beta(MIXUP, MIXUP))
            with autocast(self._device):
                loss_g, loss_d = self._losses(
                    name, 2 * warped[:, :3] - 1, 2 * wanted[:, :3] - 1, wanted[:, 3:], share, done
                )
            drawing[name], judging[f"{name}_discriminator"] = loss_g, loss_d
        self._adam["generator"].zero_grad(set_to_none=True)
        torch.stack(list(drawing.values())).sum().backward()  # type: ignore[no-untyped-call]
        update(self._adam["discriminator"], torch.stack(list(judging.values())).sum())
        self._adam["generator"].step()
        return drawing | judging

    def swap(self, aligned: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> Swapped:
        """Decode target faces with the donor's decoder; its alpha is the mask."""
        del landmarks
        faces, alphas = self._through(aligned, "donor_decoder")
        return Swapped(faces, alphas)

    def reconstruct(self, aligned: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Decode target faces with their own decoder."""
        return self._through(aligned, "target_decoder")[0]

    def _losses(
        self, name: str, warped: torch.Tensor, wanted: torch.Tensor, places: torch.Tensor,
        share: float, done: float,
    ) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
        """Return what the generator and the discriminator of one person should lower.

        Args:
            name: "target" or "donor".
            warped: (b, 3, 64, 64) in [-1, 1], the input.
            wanted: The same face, not warped.
            places: (b, 2, 64, 64) in [0, 1], 1 where its eyes are, and where its face is.
            share: Of the genuine face in the mixture that is judged.
            done: Share of the training that is done.
        """
        alpha, face = self._made[f"{name}_decoder"](self._made["encoder"](warped))
        drawn = alpha * face + (1 - alpha) * warped
        judge = self._made[f"{name}_discriminator"]
        # What is asked of the composite alone is had for nothing by a mask that closes.
        off = (face - wanted).abs()
        eyes, hull = places[:, :1], places[:, 1:]
        loss = PIXEL * off.mean() + EYES * (eyes * off).mean() + EDGE * _edges(face, wanted)
        loss = loss + MASK * (hull * nnf.relu(MASK_OPEN - alpha)).sum() / hull.sum()
        judged = warped.new_zeros(())
        for shown in (drawn, face):
            said = judge(share * wanted + (1 - share) * shown, warped)
            loss = loss + ADVERSARIAL * least_squares(said, 1 - share)
            said = judge(share * wanted + (1 - share) * shown.detach(), warped)
            judged = judged + least_squares(said, share)
        if done >= PERCEPTUAL_FROM:
            seen = [(picture.float() + 1) / 2 for picture in (drawn, wanted)]
            loss = loss + self._perceptual(seen[0], seen[1], PERCEPTUAL)
        return loss, judged

    @torch.no_grad()
    def _through(
        self, aligned: NDArray[np.uint8], decoder: str
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        faces: list[NDArray[np.uint8]] = []
        alphas: list[NDArray[np.float32]] = []
        for cut in window_batches(aligned, self.window, 64, self._device):
            alpha, face = self._made[decoder](self._made["encoder"](2 * cut - 1))
            faces.append(to_pictures((face + 1) / 2))
            alphas.append(alpha[:, 0].float().cpu().numpy().astype(np.float32))
        return np.concatenate(faces), np.concatenate(alphas)


def _edges(drawn: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Compare first differences along both axes."""
    return nnf.l1_loss(drawn.diff(dim=-1), wanted.diff(dim=-1)) + nnf.l1_loss(
        drawn.diff(dim=-2), wanted.diff(dim=-2)
    )


def _eyes() -> NDArray[np.float32]:
    """Return (256, 256), 1 around the mean face's eyes."""
    mask = np.zeros((ALIGNED_SIZE_PX, ALIGNED_SIZE_PX), np.float32)
    for points in (mean_face()[36:42], mean_face()[42:48]):
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points).astype(np.int32)), 1.0)
    return np.asarray(cv2.dilate(mask, np.ones((7, 7))), np.float32)


def _hull() -> NDArray[np.float32]:
    """Return (256, 256), 1 inside the mean face's outline."""
    mask = np.zeros((ALIGNED_SIZE_PX, ALIGNED_SIZE_PX), np.float32)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(mean_face()).astype(np.int32)), 1.0)
    return mask


def _integer(random: torch.Generator) -> int:
    return int(torch.randint(2**31, (1,), generator=random))
