"""Saving a training so that a crash leaves the last whole one: safetensors, no pickle."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

from forensics.casefile.durable import replace_file
from forensics.errors import MaterialError, output_error
from reference_generators.generator import Trained

CHECKPOINT = "checkpoint.safetensors"


def save_checkpoint(path: Path, generator: Trained, step: int, key: str) -> None:
    """Write networks, optimizer states and the step, all or nothing.

    Args:
        path: The file; an older one is replaced at once.
        generator: Whose networks.
        step: Steps taken.
        key: What a resumed training must share.
    """
    tensors = model_tensors(generator)
    for name, optimizer in generator.optimizers().items():
        for number, state in optimizer.state_dict()["state"].items():
            for part, value in state.items():
                tensors[f"optimizer/{name}/{number}/{part}"] = torch.as_tensor(value).clone()
    about = {"about": json.dumps({"step": step, "key": key})}
    _write(path, tensors, about)


def save_model(path: Path, generator: Trained, config: dict[str, object]) -> None:
    """Write the networks alone, with their config in the file's metadata."""
    _write(path, model_tensors(generator), {"config": json.dumps(config, sort_keys=True)})


def load_checkpoint(path: Path, generator: Trained, key: str) -> int:
    """Read a checkpoint back into a generator.

    Returns:
        Steps taken.

    Raises:
        MaterialError: It is broken, or of another training.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["about"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if about["key"] != key:
            raise KeyError("key")
        for name, network in generator.networks().items():
            network.load_state_dict(_under(tensors, f"network/{name}/"))
        for name, optimizer in generator.optimizers().items():
            _load_optimizer(optimizer, _under(tensors, f"optimizer/{name}/"))
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise MaterialError(
            f"{path} is not a checkpoint of this training; remove it to start over"
        ) from error
    except Exception as error:  # safetensors has an error class of its own
        if type(error).__name__ != "SafetensorError":
            raise
        raise MaterialError(f"{path} is damaged; remove it to start over") from error
    return int(about["step"])


def model_tensors(generator: Trained) -> dict[str, torch.Tensor]:
    """Return every tensor of every network, by `network/<name>/<key>`, on the CPU."""
    return {
        f"network/{name}/{key}": value.detach().cpu().contiguous().clone()
        for name, network in generator.networks().items()
        for key, value in network.state_dict().items()
    }


def _write(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, save(plain, metadata), path.with_suffix(".partial"))
    except OSError as error:
        raise output_error(error, path) from error


def _under(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        number, _, part = name.partition("/")
        state.setdefault(int(number), {})[part] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
