"""The discriminator of faceswap-GAN v2.2: is this face genuine, given a warp of it?

`reference_generators` trains one of each person; a case keeps them with the fake, and an analyzer
asks them about the questioned face.
"""

from __future__ import annotations

import torch
from torch import nn

INPUT_PX = 64


def block(before: int, after: int, *, stride: int = 1) -> nn.Sequential:
    """Return a convolution with instance norm; stride 2 takes a 5x5 kernel."""
    kernel = 5 if stride == 2 else 3
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, kernel // 2), nn.InstanceNorm2d(after),
        nn.LeakyReLU(0.2),
    )  # fmt: skip


class SelfAttention(nn.Module):
    """Every place looks at every other, with a gain that starts at zero.

    Source: Zhang et al., "Self-Attention Generative Adversarial Networks" (arXiv 1805.08318).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 8)
        self.query = nn.Conv2d(channels, inner, 1)
        self.key = nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, channels, s, s) to the same."""
        query, key, value = (part(x).flatten(2) for part in (self.query, self.key, self.value))
        weights = torch.softmax(query.transpose(1, 2) @ key, dim=-1)  # (b, s * s, s * s)
        seen = (value @ weights.transpose(1, 2)).reshape(x.shape)
        done: torch.Tensor = x + self.gain * seen
        return done


class ConditionalDiscriminator(nn.Module):
    """Is this face genuine, given the warped input it was drawn from? 6 channels, 4x4 answers."""

    def __init__(self, width: float) -> None:
        super().__init__()
        a, b, c, d = (round(width * n) for n in (64, 128, 256, 512))
        self.blocks = nn.Sequential(
            nn.Conv2d(6, a, 4, 2, 1), nn.LeakyReLU(0.2), block(a, b, stride=2),
            block(b, c, stride=2), SelfAttention(c), block(c, d, stride=2),
            nn.Conv2d(d, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, face: torch.Tensor, warped: torch.Tensor) -> torch.Tensor:
        """Map two (b, 3, 64, 64) to (b, 1, 4, 4)."""
        done: torch.Tensor = self.blocks(torch.cat([face, warped], dim=1))
        return done
