"""From a finished run to a model folder: fp16 weights, and a config that pins their digest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from forensics.errors import MaterialError
from forensics.models.loading import sha256_of
from forensics.training.pack import CROP_PX, CROP_SCALE, INPUT_PX

WEIGHTS = "weights.safetensors"

PROTOCOL: dict[str, Any] = {
    "crop_scale": CROP_SCALE,
    "crop_px": CROP_PX,
    "input_px": INPUT_PX,
    "frames": 32,
    "mirrored": True,
    "trim": 0.1,
    "least_frames": 4,
    "face_px": [60.0, 720.0],
    "sharpness": [0.0, 9.0],
    "highest_qp": 46.0,
}
"""How tracks are scored; written into the config, and fixed with it."""


def export(
    checkpoints: Sequence[Path], folder: Path, genuine_map: list[list[float]] | None = None
) -> Path:
    """Write the averaged weights of one checkpoint, or the mean of several, and their config.

    Args:
        checkpoints: `checkpoint.pt` of runs that started from the same weights.
        folder: `forensics/models/<name>/<version>`.
        genuine_map: Mean boundary map of genuine faces in aligned space, the exhibit's control.

    Returns:
        The config's path.

    Raises:
        MaterialError: There is no such checkpoint.

    Source: Wortsman et al., "Model soups" (ICML 2022), the uniform soup.
    """
    stored: list[dict[str, Any]] = []
    for checkpoint in checkpoints:
        if not checkpoint.is_file():
            raise MaterialError(f"no checkpoint at {checkpoint}; train first")
        stored.append(torch.load(checkpoint, map_location="cpu", weights_only=True))
    folder.mkdir(parents=True, exist_ok=True)
    names = stored[0]["average"]
    mean = {name: torch.stack([one["average"][name] for one in stored]).mean(0) for name in names}
    weights = {name: value.to(torch.float16).contiguous() for name, value in mean.items()}
    save_file(weights, folder / WEIGHTS)
    config = {
        "name": folder.parent.name,
        "version": folder.name,
        "architecture": "EfficientNet-Lite0, batch norm folded; class logit, boundary map",
        "weights": {"file": WEIGHTS, "sha256": sha256_of(folder / WEIGHTS), "dtype": "float16"},
        "score": "logit; higher supports H1, the face was replaced",
        "protocol": PROTOCOL,
        "training": [{**one["plan"], "steps": one["step"]} for one in stored],
        "genuine_map": genuine_map or [[0.0]],
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return path
