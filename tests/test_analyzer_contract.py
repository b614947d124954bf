"""What holds for every analyzer, whoever wrote it. A new file in the folder is tested by itself."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import forensics.analyzers as folder
from forensics.analyzer import Analyzer, Material, discover
from forensics.intake.landmarks import DlibLandmarker
from forensics.intake.probe import probe
from forensics.intake.scan import scan
from forensics.intake.tracks import cut_tracks
from forensics.record import Abstention, Fact, Signal
from tests.conftest import FIXTURES

FOLDER = Path(folder.__path__[0])
FILES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def material_of(name: str) -> Material:
    path = FIXTURES / name
    found = scan(path, frames=6)
    tracks = cut_tracks(path, found, DlibLandmarker(), frames=6)
    return Material(
        path=path, media=found.media, container=probe(path), frame_table=found.table,
        shots=found.shots, tracks=tracks,
    )  # fmt: skip


@pytest.fixture(scope="module")
def materials() -> dict[str, Material]:
    names = ("two-people-one-swapped.mp4", "no-face.mp4", "still.jpg", "one-frame.mp4")
    return {name: material_of(name) for name in names}


def test_every_file_holds_one_analyzer_of_its_name() -> None:
    assert [kind.name for kind in discover()] == FILES
    assert [kind.__module__.rpartition(".")[2] for kind in discover()] == FILES


@pytest.mark.parametrize("name", FILES)
def test_no_analyzer_imports_another(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    assert not [module for module in imported if module.startswith("forensics.analyzers")]
    assert not [module for module in imported if module.startswith("reference_generators")]


@pytest.mark.parametrize("kind", discover(), ids=lambda kind: kind.name)
def test_every_analyzer_keeps_the_contract(
    kind: type[Analyzer], materials: dict[str, Material]
) -> None:
    assert kind.version
    assert kind.title
    assert kind.examines
    for name, material in materials.items():
        findings = kind().analyze(material)
        again = kind().analyze(material)
        assert findings.observations == again.observations, f"{name}: not deterministic"
        if material.tracks:
            assert findings.observations, f"{name}: faces, and nothing said of them"
        tracks = {track.id for track in material.tracks}
        seen: set[tuple[str, int | None]] = set()
        for said in findings.observations:
            assert (said.analyzer, said.version) == (kind.name, kind.version)
            assert said.extent.track is None or said.extent.track in tracks
            if isinstance(said, Signal):
                assert np.isfinite(said.score)
                assert said.unit
                assert said.words.endswith(".")
                assert (said.name, said.extent.track) not in seen
                seen.add((said.name, said.extent.track))
            elif isinstance(said, Abstention):
                assert said.detail
                assert not said.detail.endswith(".")
            else:
                assert isinstance(said, Fact)
                assert said.name
        names = [picture.name for picture in findings.pictures]
        assert len(names) == len(set(names))
        for picture in findings.pictures:
            assert picture.rgb.dtype == np.uint8
            assert picture.rgb.ndim == 3
            assert picture.control is None or picture.control in names
            assert picture.caption
            assert "proves" not in picture.caption


@pytest.mark.parametrize("kind", discover(), ids=lambda kind: kind.name)
def test_without_faces_nothing_breaks_and_nothing_is_scored(
    kind: type[Analyzer], materials: dict[str, Material]
) -> None:
    findings = kind().analyze(materials["no-face.mp4"])
    assert not [said for said in findings.observations if isinstance(said, Signal)]
