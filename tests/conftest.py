"""What every test may use: fixture files, shared data where it is, one examination made once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "fixtures"
SHARED = ROOT.parent / "shared" / "data"

os.environ.setdefault("OMP_NUM_THREADS", "1")
cv2.setNumThreads(1)

Run = Callable[..., subprocess.CompletedProcess[str]]


def run_audit(
    *args: str | Path, cwd: Path | None = None, timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """Run the program the way a user does, in a process of its own."""
    command = [sys.executable, "-m", "forensics.cli", *map(str, args)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100"}
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.fixture(scope="session")
def fixtures() -> Path:
    return FIXTURES


@pytest.fixture
def audit_program() -> Run:
    return run_audit


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason="../shared/data is not here")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def examined(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One examination of the swapped fixture by the program: its folder and its stderr."""
    folder = tmp_path_factory.mktemp("examined") / "out"
    item = FIXTURES / "swapped-one-face.mp4"
    done = run_audit("--frames", "8", item, "--out", folder, "--reproducible")
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
