"""One comparison fake made by the whole chain, in a data folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from forensics.casefile.description import Description
from forensics.casefile.fingerprints import VARIABLE
from forensics.casefile.folder import Case
from forensics.intake.landmarks import DlibLandmarker
from reference_generators import making
from reference_generators.faces import FaceSet, faces_of
from reference_generators.making import Made, Wish, make
from tests.generators.small_media import clip, pictures


@dataclass(frozen=True)
class Chain:
    """What went in and what came out."""

    case: Case
    target: Path
    donor: Path
    made: Made

    @property
    def folder(self) -> Path:
        return self.case.folder / self.made.folder


def new_case(folder: Path) -> Case:
    return Case.new(folder, Description.of("A. Examiner", "a test", "public-domain portraits"))


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    folder = tmp_path_factory.mktemp("chain")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(folder / "data"))
        target, donor = clip(folder / "target.mp4", 8), pictures(folder / "donor", 2)
        case = new_case(folder / "case")
        wish = Wish("landmark_swap", target, donor, seed=3)
        made = make(case, wish, lambda *_: None, lambda _line: None)
        yield Chain(case, target, donor, made)


@pytest.fixture(scope="session")
def sets(chain: Chain) -> dict[Path, FaceSet]:
    """The faces of the chain's target and donor, found once."""
    landmarker = DlibLandmarker()
    both = (chain.target, chain.donor)
    return {path: faces_of(path, landmarker, lambda *_: True) for path in both}


@pytest.fixture
def quick(sets: dict[Path, FaceSet], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not look for the same faces again."""

    def found(path: Path, *more: Any) -> FaceSet:
        return sets[path] if path in sets else faces_of(path, *more)

    monkeypatch.setattr(making, "faces_of", found)
