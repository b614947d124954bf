"""How fast does a method train here, and what share of the device's matrix rate is that?

Run from the repository's root::

    python -m reference_generators.speed autoencoder/faithful-2018 --steps 200
    python -m reference_generators.speed --steps 20 --out benchmarks/results/generators-speed.json

The work of a step is counted, not guessed; the device's rate is that of large matrix products
in the precision that steps run in, measured just before.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from forensics.environment import device as chosen_device
from forensics.environment import libraries
from forensics.intake.crops import mean_face
from reference_generators.faces import FaceSet
from reference_generators.generator import Preset, Trained, discover

MATRIX_SIDE = {"cpu": 1024, "cuda": 8192}
MATRIX_RUNS = 10
WARM_STEPS = 2


def measure(kind: type[Trained], preset: Preset, device: str, steps: int) -> dict[str, object]:
    """Train on noise and count.

    Args:
        kind: The method.
        preset: Sizes and batch.
        device: "cpu" or "cuda".
        steps: Steps that are timed, after a few that are not.

    Returns:
        Steps a second, work a step, measured matrix rate and the share reached.
    """
    generator = kind()
    generator.prepare(_noise("target", 1), _noise("donor", 2), preset, device, 0)
    random = torch.Generator().manual_seed(0)
    faces = [torch.rand(preset.batch, 3, 256, 256, device=device) for _ in range(2)]
    with FlopCounterMode(display=False) as counter:
        generator.step(faces[0], faces[1], random, 0.5)
    for _ in range(WARM_STEPS):
        generator.step(faces[0], faces[1], random, 0.5)
    _wait(device)
    start = time.perf_counter()
    for _ in range(steps):
        generator.step(faces[0], faces[1], random, 0.5)
    _wait(device)
    rate = steps / (time.perf_counter() - start)
    work = float(counter.get_total_flops())
    matrix = matrix_rate(device)
    return {
        "method": kind.name, "device": device, "batch": preset.batch, "size_px": preset.size_px,
        "width": preset.width, "steps_per_s": round(rate, 3),
        "tera_operations_per_step": round(work / 1e12, 4),
        "matrix_tera_operations_per_s": round(matrix / 1e12, 3),
        "share_of_matrix_rate": round(rate * work / matrix, 4),
        "parameters": sum(
            p.numel() for network in generator.networks().values() for p in network.parameters()
        ),
        "threads": torch.get_num_threads(), "libraries": libraries(),
    }  # fmt: skip


def matrix_rate(device: str) -> float:
    """Return operations a second of large products, bfloat16 on a GPU, float32 on a CPU."""
    side = MATRIX_SIDE[device]
    kind = torch.bfloat16 if device == "cuda" else torch.float32
    a, b = (torch.rand(side, side, dtype=kind, device=device) for _ in range(2))
    torch.mm(a, b)
    _wait(device)
    start = time.perf_counter()
    for _ in range(MATRIX_RUNS):
        torch.mm(a, b)
    _wait(device)
    return MATRIX_RUNS * 2.0 * side**3 / (time.perf_counter() - start)


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _noise(name: str, seed: int) -> FaceSet:
    """Return four faces of noise: speed does not depend on what is in a picture."""
    rng = np.random.default_rng(seed)
    marks = np.tile(mean_face(), (4, 1, 1))
    return FaceSet(
        name=name, sha256=f"{seed:064x}",
        aligned=rng.integers(0, 255, (4, 256, 256, 3), dtype=np.uint8), landmarks=marks,
        landmarks_px=marks, boxes_xyxy_px=np.tile(np.array([60.0, 50, 196, 210]), (4, 1)),
        to_aligned=np.tile(np.eye(2, 3), (4, 1, 1)), frame_index=np.arange(4),
        pose_deg=np.zeros((4, 3)),
    )  # fmt: skip


def main() -> None:
    """Measure and print as JSON, one entry a run."""
    known = {
        f"{name}/{preset}": (kind, chosen)
        for name, kind in discover().items()
        if issubclass(kind, Trained)
        for preset, chosen in kind.presets.items()
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "runs", nargs="*", metavar="METHOD/PRESET", help=f"of: {', '.join(known)}; default: all"
    )
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="write the JSON here as well")
    wanted = parser.parse_args()
    strangers = [run for run in wanted.runs if run not in known]
    if strangers:
        parser.error(f"no such run: {', '.join(strangers)}; there are: {', '.join(known)}")
    device = chosen_device(wanted.device)
    found = {}
    for run in wanted.runs or known:
        kind, preset = known[run]
        print(run, file=sys.stderr)
        found[run] = measure(kind, preset, device, wanted.steps)
    text = json.dumps(found, indent=2)
    if wanted.out:
        wanted.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
