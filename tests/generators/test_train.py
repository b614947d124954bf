from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
import torch
from safetensors import safe_open

from forensics.errors import MaterialError
from reference_generators.checkpoint import CHECKPOINT
from reference_generators.generator import Preset
from reference_generators.generators.autoencoder import Autoencoder
from reference_generators.train import LOSSES, MODEL, PREVIEW, Plan, Training, train
from tests.conftest import ROOT
from tests.generators.small_faces import face_set

TOY = Preset(steps=6, batch=2, size_px=64, width=1 / 32)


def run(work: Path, steps: int, *, resume: bool = False, seed: int = 0) -> Training:
    target, donor = face_set("target", 6, 1), face_set("donor", 6, 2)
    generator = Autoencoder()
    generator.prepare(target, donor, TOY, "cpu", seed)
    plan = Plan(steps=steps, batch=2, save_every=3, seed=seed, resume=resume)
    return train(generator, target, donor, plan, work, lambda *_: None, lambda _line: None)


def test_losses_fall_and_everything_is_kept(tmp_path: Path) -> None:
    done = run(tmp_path / "work", 40)
    assert done.step == 40
    first = sum(row["target"] for row in done.curve[:8])
    assert sum(row["target"] for row in done.curve[-8:]) < first
    sheet = cv2.imread(str(tmp_path / "work" / PREVIEW))
    assert sheet.shape == (20 + 6 * 128, 3 * 128, 3)
    assert len((tmp_path / "work" / LOSSES).read_text("ascii").splitlines()) == 41
    with safe_open(tmp_path / "work" / MODEL, framework="pt") as file:
        names = set(file.keys())
        assert "steps" in file.metadata()["config"]
    assert {name.split("/")[1] for name in names} == {"encoder", "target_decoder", "donor_decoder"}


def test_a_resumed_training_draws_the_same_curve(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 8)
    run(tmp_path / "parts", 3)
    parts = run(tmp_path / "parts", 8, resume=True)
    assert [row["step"] for row in parts.curve] == list(range(8))
    for a, b in zip(whole.curve, parts.curve, strict=True):
        assert a["target"] == pytest.approx(b["target"], abs=1e-6)
        assert a["donor"] == pytest.approx(b["donor"], abs=1e-6)
    other = run(tmp_path / "other", 8, seed=5)
    assert other.curve[0]["target"] != pytest.approx(whole.curve[0]["target"], abs=1e-6)


def test_resume_is_asked_for_and_possible(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with pytest.raises(MaterialError, match="nothing to resume"):
        run(work, 2, resume=True)
    run(work, 1)
    with pytest.raises(MaterialError, match="go on with --resume"):
        run(work, 2)
    (work / CHECKPOINT).write_bytes(b"torn")
    with pytest.raises(MaterialError, match=r"damaged|not a checkpoint"):
        run(work, 2, resume=True)


def test_a_loss_that_is_no_number_stops_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Autoencoder, "step", lambda *_: {"target": torch.tensor(float("nan"))})
    with pytest.raises(MaterialError, match="not a number at step 0"):
        run(tmp_path / "work", 3)
    assert not (tmp_path / "work" / CHECKPOINT).exists(), "worthless weights were kept"


def test_ctrl_c_keeps_what_was_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, taken = Autoencoder.step, 0

    def step(*args: object) -> object:
        nonlocal taken
        taken += 1
        if taken == 3:
            raise KeyboardInterrupt
        return real(*args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Autoencoder, "step", step)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "work", 50)
    assert run(tmp_path / "work", 4, resume=True).step == 4


ENDLESS = """
import sys
from pathlib import Path
from tests.generators.test_train import run
run(Path(sys.argv[1]), 100_000)
"""


def test_kill_9_loses_no_more_than_the_last_steps(tmp_path: Path) -> None:
    work = tmp_path / "work"
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(work)], env=env)
    waited = time.monotonic() + 120
    while not (work / CHECKPOINT).exists() and time.monotonic() < waited:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with safe_open(work / CHECKPOINT, framework="pt") as file:
        reached = int(file.metadata()["about"].split('"step": ')[1].split(",")[0])
    assert reached >= 3
    resumed = run(work, reached + 2, resume=True)
    assert [row["step"] for row in resumed.curve] == list(range(reached + 2))
    if reached < 40:
        straight = run(tmp_path / "straight", reached + 2)
        for a, b in zip(straight.curve, resumed.curve, strict=True):
            assert a["target"] == pytest.approx(b["target"], abs=1e-5)
