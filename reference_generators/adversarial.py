"""What the adversarial methods share: discriminators, residual blocks, attention, losses."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as nnf


class Residual(nn.Module):
    """Two 3x3 convolutions with instance norm, added to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels),
            nn.ReLU(), nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, channels, s, s) to the same."""
        done: torch.Tensor = x + self.block(x)
        return done


class PatchDiscriminator(nn.Module):
    """Says of each patch of a picture whether it is genuine; 3 levels see 70x70 px.

    Args:
        channels: Of the input.
        base: Channels of the first level.
        levels: Convolutions of stride 2.

    Source: Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks"
    (arXiv 1611.07004), appendix 6.1.2.
    """

    def __init__(self, channels: int, base: int, levels: int = 3) -> None:
        super().__init__()
        blocks: list[nn.Module] = [nn.Conv2d(channels, base, 4, 2, 1), nn.LeakyReLU(0.2)]
        for level in range(1, levels + 1):
            before, after = base * min(8, 2 ** (level - 1)), base * min(8, 2**level)
            stride = 2 if level < levels else 1
            blocks += [
                nn.Conv2d(before, after, 4, stride, 1), nn.InstanceNorm2d(after), nn.LeakyReLU(0.2)
            ]  # fmt: skip
        blocks.append(nn.Conv2d(base * min(8, 2**levels), 1, 4, 1, 1))
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, channels, s, s) to (b, 1, p, p), not squashed."""
        done: torch.Tensor = self.blocks(x)
        return done


class Pool(nn.Module):
    """Pictures drawn before, shown to the discriminator again; saved with the networks.

    Source: Shrivastava et al., "Learning from Simulated and Unsupervised Images through
    Adversarial Training" (arXiv 1612.07828).
    """

    held: torch.Tensor
    filled: torch.Tensor

    def __init__(self, size: int, side_px: int) -> None:
        super().__init__()
        self.register_buffer("held", torch.zeros(size, 3, side_px, side_px))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    def exchange(self, drawn: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        """Keep new pictures (b, 3, s, s); half of the time give an old one in their place."""
        given = []
        for picture in drawn.detach():
            count, size = int(self.filled), len(self.held)
            if count < size:
                self.held[count] = picture
                self.filled += 1
                given.append(picture)
                continue
            place = int(torch.randint(size, (1,), generator=random))
            if float(torch.rand(1, generator=random)) < 0.5:
                given.append(self.held[place].clone())
                self.held[place] = picture
            else:
                given.append(picture)
        return torch.stack(given)


def least_squares(said: torch.Tensor, wanted: float) -> torch.Tensor:
    """Return the least-squares adversarial loss (Mao et al., arXiv 1611.04076)."""
    return nnf.mse_loss(said, torch.full_like(said, wanted))


def normal_weights(network: nn.Module) -> None:
    """Start convolutions from N(0, 0.02), biases from zero, as pix2pix and CycleGAN do."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of an optimizer."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def update(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """Take one step down a loss; gradients that other losses left are dropped first."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
