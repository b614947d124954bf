"""Layers and conversions that more than one method uses."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as nnf


class SameConv(nn.Module):
    """A strided convolution padded as TensorFlow's "same": the odd pixel goes right and below."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        spare = kernel - stride
        self._pad = (spare // 2, spare - spare // 2) * 2
        self.conv = nn.Conv2d(channels, out, kernel, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (b, channels, s, s) to (b, out, s / stride, s / stride)."""
        done: torch.Tensor = self.conv(nnf.pad(x, self._pad))
        return done


def upscale(channels: int, out: int) -> nn.Sequential:
    """Double the side: conv 3x3 to 4 times the channels, LeakyReLU 0.1, pixel shuffle."""
    return nn.Sequential(
        nn.Conv2d(channels, 4 * out, 3, padding=1), nn.LeakyReLU(0.1), nn.PixelShuffle(2)
    )


def glorot(network: nn.Module) -> None:
    """Give every convolution and dense layer Glorot-uniform weights and zero biases."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def to_device(network: nn.Module, device: str) -> nn.Module:
    """Move a network; on a GPU also to channels_last, compiled in place."""
    if device == "cuda":
        network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.compile()
        return network
    return network.to(device)


def autocast(device: str) -> torch.autocast:
    """Return the precision that steps run in: bfloat16 on a GPU, float32 on a CPU."""
    return torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda")


def window_batches(
    aligned: NDArray[np.uint8], window: tuple[int, int], size_px: int, device: str, batch: int = 16
) -> Iterator[torch.Tensor]:
    """Cut the window out of aligned faces, a batch at a time.

    Args:
        aligned: (n, 256, 256, 3) uint8 RGB.
        window: First and last+1 px.
        size_px: Side to resample to, bilinear as in 2018.
        device: "cpu" or "cuda".
        batch: Faces at a time.

    Yields:
        (b, 3, size_px, size_px) float32 RGB in [0, 1].
    """
    start, end = window
    size = (size_px, size_px)
    for at in range(0, len(aligned), batch):
        cut = [cv2.resize(face[start:end, start:end], size) for face in aligned[at : at + batch]]
        yield torch.from_numpy(np.stack(cut)).to(device).permute(0, 3, 1, 2).float() / 255


def to_pictures(drawn: torch.Tensor) -> NDArray[np.uint8]:
    """Return (b, 3, s, s) RGB in [0, 1] as (b, s, s, 3) uint8."""
    rounded = (drawn.detach().float().clamp(0, 1) * 255).round().to(torch.uint8)
    return np.asarray(rounded.permute(0, 2, 3, 1).contiguous().cpu().numpy(), np.uint8)


def parameters(*networks: nn.Module) -> list[nn.Parameter]:
    """List the parameters of several networks."""
    return [parameter for network in networks for parameter in network.parameters()]
