"""Augmentation of the 2018 autoencoder, batched in torch on the device.

No Python loop runs over faces. Random numbers come from a CPU generator, so that a device does not
change what is drawn.

Source: facts in field notes, section 1, and the public descriptions of the 2018 scripts.
"""

from __future__ import annotations

import math

import torch

from forensics.face_warp import warp_affine

ROTATION_DEG = 10.0
ZOOM = 0.05
SHIFT = 0.05
FLIP_SHARE = 0.4


def augment(faces: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Turn, zoom, shift and mirror faces; what comes from outside repeats the border.

    Args:
        faces: (b, 3, s, s) float32.
        random: CPU generator.

    Returns:
        The same shape.
    """
    count, side = len(faces), faces.shape[-1]
    draw = 2 * torch.rand(4, count, generator=random) - 1  # in [-1, 1)
    angle = draw[0] * math.radians(ROTATION_DEG)
    scale = 1 + draw[1] * ZOOM
    a, b = scale * angle.cos(), scale * angle.sin()
    turn = torch.stack([torch.stack([a, b], -1), torch.stack([-b, a], -1)], -2)  # (b, 2, 2)
    center = torch.full((count, 2, 1), side / 2)
    shift = center - turn @ center + (draw[2:].T * SHIFT * side)[..., None]
    moved = warp_affine(faces, torch.cat([turn, shift], -1).to(faces.device), side)
    mirrored = (torch.rand(count, generator=random) < FLIP_SHARE).to(faces.device)
    return torch.where(mirrored[:, None, None, None], moved.flip(-1), moved)
