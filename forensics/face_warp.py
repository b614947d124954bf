"""Warps of aligned faces, batched in torch: what the 2018 autoencoder learns to undo.

The generators train on them, and a discriminator of theirs can only be asked about a face together
with a warp of it. Random numbers come from a CPU generator, so that a device does not change what
is drawn.

Source: facts in field notes, section 1, and the public descriptions of the 2018 scripts.
"""

from __future__ import annotations

import torch
from torch.nn import functional as nnf

NODES = 5
CENTER_PX, REACH_PX = 128.0, 80.0
JITTER_PX = 5.0


def warped_pair(
    faces: torch.Tensor, size_px: int, random: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Make training pairs: the face warped on a jittered grid, and the face it came from.

    The grid has 5x5 nodes over 128 +- 80 px, each moved by N(0, 5 px) in x and y, enlarged to 80
    points a side of which the inner 64 are kept (twice that for 128 px). The face it came from is
    cut out by the similarity that takes the moved nodes to a regular grid, least squares.

    Args:
        faces: (b, 3, 256, 256) float32.
        size_px: Side of the results, 64 or a multiple.
        random: CPU generator.

    Returns:
        Input and wanted output, (b, 3, size_px, size_px) each.
    """
    nodes = warp_nodes(len(faces), random).to(faces.device)  # (b, 2, 5, 5), x and y
    whole = size_px * 80 // 64
    rim = (whole - size_px) // 2
    grid = nnf.interpolate(nodes, (whole, whole), mode="bilinear", align_corners=False)
    grid = grid[:, :, rim : rim + size_px, rim : rim + size_px]
    warped = sample(faces, grid)
    regular = torch.linspace(0, size_px, NODES, device=faces.device)
    y, x = torch.meshgrid(regular, regular, indexing="ij")
    goal = torch.stack([x, y])[None].expand_as(nodes)
    matrix = similarity(nodes.flatten(2), goal.flatten(2))
    return warped, warp_affine(faces, matrix, size_px)


def warp_nodes(count: int, random: torch.Generator) -> torch.Tensor:
    """Return (count, 2, 5, 5) float32, jittered x and y of the grid's nodes in aligned px."""
    line = torch.linspace(CENTER_PX - REACH_PX, CENTER_PX + REACH_PX, NODES)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y]) + JITTER_PX * torch.randn(count, 2, NODES, NODES, generator=random)


def similarity(source: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
    """Fit rotation, scale and shift, least squares; Umeyama's answer where nothing is mirrored.

    Args:
        source: (b, 2, n), x and y.
        goal: (b, 2, n).

    Returns:
        (b, 2, 3).

    Source: Umeyama (1991); in the plane, the complex number sum(conj(p) q) / sum(|p|^2).
    """
    mean_p, mean_q = source.mean(-1, keepdim=True), goal.mean(-1, keepdim=True)
    p, q = source - mean_p, goal - mean_q
    size = (p**2).sum((1, 2))
    real = (p * q).sum((1, 2)) / size
    imaginary = (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum(-1) / size
    turn = torch.stack(
        [torch.stack([real, -imaginary], -1), torch.stack([imaginary, real], -1)], -2
    )
    return torch.cat([turn, mean_q - turn @ mean_p], -1)


def warp_affine(faces: torch.Tensor, matrix: torch.Tensor, side: int) -> torch.Tensor:
    """Warp by (b, 2, 3) matrices from input px to output px into (b, c, side, side)."""
    turn, shift = matrix[:, :, :2], matrix[:, :, 2:]
    line = torch.arange(side, dtype=faces.dtype, device=faces.device)
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y]).reshape(1, 2, -1)
    origin = torch.linalg.inv(turn) @ (points - shift)  # (b, 2, side * side)
    return sample(faces, origin.reshape(-1, 2, side, side))


def sample(faces: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Look faces up at (b, 2, h, w) px positions, bilinear; outside repeats the border."""
    height, width = faces.shape[-2:]
    size = torch.tensor([width - 1, height - 1], device=faces.device, dtype=faces.dtype)
    normal = 2 * places.permute(0, 2, 3, 1) / size - 1
    return nnf.grid_sample(
        faces, normal, mode="bilinear", padding_mode="border", align_corners=True
    )
