"""What holds for every generator. A new file in the folder is tested by itself."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

import reference_generators.generators as folder
from reference_generators.convert import Blend, paste
from reference_generators.generator import Generator, Preset, Trained, discover
from reference_generators.train import MODEL, Plan, Training, train
from tests.generators.small_faces import face_set

FOLDER = Path(folder.__path__[0])
FILES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
KINDS = list(discover().values())
TRAINED = [kind for kind in KINDS if issubclass(kind, Trained)]
TOY = Preset(steps=4, batch=2, size_px=64, width=1 / 32)
TARGET, DONOR = face_set("target", 4, 1), face_set("donor", 4, 2)


def prepared(kind: type[Generator], seed: int = 0) -> Generator:
    generator = kind()
    generator.prepare(TARGET, DONOR, TOY, "cpu", seed)
    return generator


def trained(kind: type[Generator], work: Path, steps: int, *, resume: bool = False) -> Training:
    generator = prepared(kind)
    assert isinstance(generator, Trained)
    plan = Plan(steps=steps, batch=TOY.batch, save_every=2, resume=resume)
    return train(generator, TARGET, DONOR, plan, work, lambda *_: None, lambda _line: None)


def test_every_file_holds_one_generator_of_its_name() -> None:
    assert list(discover()) == FILES
    assert [kind.__module__.rpartition(".")[2] for kind in KINDS] == FILES


@pytest.mark.parametrize("name", FILES)
def test_no_generator_imports_another_or_writes(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert not [module for module in imported if module.startswith(folder.__name__)]
    assert not [m for m in imported if m.endswith(("release", "making", "convert")) or m == "av"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_generator_says_what_it_is(kind: type[Generator]) -> None:
    assert kind.version
    assert kind.title
    assert "(" in kind.paper
    assert len(kind.differences) > 40
    assert kind.presets
    Blend(kind.blend)
    start, end = kind.window
    assert 0 <= start < end <= 256


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_generator_redraws_its_window(kind: type[Generator]) -> None:
    generator = prepared(kind)
    swapped = generator.swap(TARGET.aligned[:3], TARGET.landmarks[:3])
    assert swapped.faces.dtype == np.uint8
    count, height, width, colors = swapped.faces.shape
    assert (count, colors) == (3, 3)
    assert height == width
    if swapped.alpha is not None:
        assert swapped.alpha.shape == (3, height, width)
        assert 0 <= swapped.alpha.min() <= swapped.alpha.max() <= 1
    again = prepared(kind).swap(TARGET.aligned[:3], TARGET.landmarks[:3])
    assert np.array_equal(again.faces, swapped.faces), "not deterministic"
    for name, value in generator.settings().items():
        assert name
        assert value is None or isinstance(value, str | int | float | bool)


@pytest.mark.parametrize("kind", TRAINED, ids=lambda kind: kind.name)
def test_every_trained_generator_trains_saves_and_resumes(
    kind: type[Generator], tmp_path: Path
) -> None:
    whole = trained(kind, tmp_path / "whole", 4)
    losses = [value for row in whole.curve for value in row.values()]
    assert np.isfinite(losses).all()
    trained(kind, tmp_path / "parts", 2)
    parts = trained(kind, tmp_path / "parts", 4, resume=True)
    assert len(parts.curve) == len(whole.curve) == 4
    for a, b in zip(whole.curve, parts.curve, strict=True):
        assert a.keys() == b.keys()
        # the planned length differs, so what depends on it may, a little
        assert b["target"] == pytest.approx(a["target"], rel=0.05)
    fresh = prepared(kind)
    assert isinstance(fresh, Trained)
    with safe_open(tmp_path / "whole" / MODEL, framework="pt") as file:
        kept = {name.split("/")[1] for name in file.keys()}  # noqa: SIM118
        assert kept == set(fresh.networks())
        moved = 0
        for name, network in fresh.networks().items():
            for key, value in network.state_dict().items():
                moved += not torch.equal(file.get_tensor(f"network/{name}/{key}"), value)
    assert moved > 4
    drawn = fresh.reconstruct(TARGET.aligned[:2])
    assert drawn.dtype == np.uint8
    assert drawn.shape == (2, TOY.size_px, TOY.size_px, 3)


@pytest.mark.parametrize("kind", TRAINED, ids=lambda kind: kind.name)
def test_discriminators_are_kept(kind: type[Generator]) -> None:
    generator = prepared(kind)
    assert isinstance(generator, Trained)
    judges = [name for name in generator.networks() if "discriminator" in name]
    assert len(judges) == (0 if kind.name == "autoencoder" else 2)


@pytest.mark.parametrize("blend", Blend)
def test_every_blend_pastes_where_the_face_is(blend: Blend) -> None:
    frame = np.full((200, 300, 3), 80, np.uint8)
    frame[:, 150:] = 120
    to_aligned = np.array([[1.6, 0, -110.0], [0, 1.6, -40.0]])
    marks = (TARGET.landmarks[0] - to_aligned[:, 2]) / 1.6
    face = np.full((64, 64, 3), (200, 90, 60), np.uint8)
    face[::2] += 20
    rgb, share = paste(frame, face, to_aligned, marks, (48, 208), blend)
    assert share.min() >= 0
    assert share.max() == pytest.approx(1, abs=0.02)
    inside = share > 0.9
    center = marks[17:].mean(axis=0)
    ys, xs = np.nonzero(inside)
    assert abs(xs.mean() - center[0]) < 12
    assert abs(ys.mean() - center[1]) < 12
    assert np.array_equal(rgb[share == 0], frame[share == 0])
    assert np.abs(rgb[inside].astype(int) - frame[inside]).mean() > 1
    if blend is Blend.SQUARE:
        assert inside.sum() == pytest.approx((160 / 1.6) ** 2, rel=0.03)
        assert set(np.unique(share)) == {0.0, 1.0}
    if blend is Blend.ADJUST:
        assert np.abs(rgb[inside].mean(axis=0) - frame[inside].mean(axis=0)).max() < 2


def test_the_square_paste_puts_pixels_where_they_came_from() -> None:
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 255, (256, 256, 3), dtype=np.uint8)
    same = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    rgb, _ = paste(frame, frame[48:208, 48:208], same, TARGET.landmarks[0], (48, 208), Blend.SQUARE)
    assert np.array_equal(rgb, frame)
