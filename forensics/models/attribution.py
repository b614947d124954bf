"""Where the discriminator looked: an aid to reading its score, never evidence of anything."""

from __future__ import annotations

import numpy as np
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray

from forensics.training.network import Discriminator, to_input

STEPS = 16
CELLS = 20


def attribution(network: Discriminator, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how much each part of a crop moved its logit, by integrated gradients.

    The baseline is mid gray (zero after normalization). Completeness: over all pixels the
    attributions sum to the logit less the baseline's; here their absolute values are summed in
    cells, because pixel by pixel they are noise.

    Args:
        network: In `eval` mode.
        rgb: (n, S, S, 3) uint8 crops at the network's input size.

    Returns:
        (n, CELLS, CELLS) float32, each at most 1.

    Source: Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks" (ICML 2017).
    """
    device = network.logit.weight.device
    explain = IntegratedGradients(lambda x: network(x).logit)
    found = []
    for crop in rgb:
        moved = explain.attribute(to_input(crop[None]).to(device), n_steps=STEPS)
        strength = moved.detach().abs().sum(dim=1, keepdim=True)
        cells = torch.nn.functional.adaptive_avg_pool2d(strength, CELLS)[0, 0]
        found.append((cells / cells.max().clamp_min(1e-12)).cpu().numpy())
    return np.stack(found).astype(np.float32)
