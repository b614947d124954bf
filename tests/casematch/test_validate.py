"""The whole way: a case with a fake by landmark_swap, validated by the program's own command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from forensics.casefile.checking import verify
from forensics.casefile.description import Description
from forensics.casefile.fingerprints import VARIABLE
from forensics.casefile.folder import Case
from forensics.casefile.items import add_item
from forensics.casefile.layout import Role
from forensics.casefile.roles import note_role
from forensics.casematch import bench
from forensics.casematch import validate as validate_module
from forensics.cli import app
from forensics.record import CaseRecord
from reference_generators.making import Wish, make
from tests.conftest import FIXTURES
from tests.generators.small_media import clip, pictures

pytestmark = pytest.mark.slow

INTERRUPTED_AFTER = 2


@dataclass(frozen=True)
class Validated:
    """A validation that was interrupted once, and finished by the same command."""

    case: Case
    record: CaseRecord
    printed: str
    exhibits: Path
    kept: int
    examined: int
    written: int
    whole_between: bool


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("matched")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(folder / "data"))
        case = Case.new(folder / "case", Description.of("A", "a test", "public-domain portraits"))
        target = clip(folder / "original.mp4", 44, audio="")
        donor = pictures(folder / "donor", 2)
        make(case, Wish("landmark_swap", target, donor, seed=3), lambda *_: None, lambda _: None)
        questioned, _ = add_item(case, FIXTURES / "swapped-one-face.mp4")
        note_role(case, questioned, Role.QUESTIONED)
        yield case


@pytest.fixture(scope="module")
def validated(prepared: Case) -> Validated:
    examined: list[int] = []
    written: list[Path] = []
    examine, write = validate_module.examine, bench.write

    def counted(*args: Any, **more: Any) -> Any:
        if len(examined) == INTERRUPTED_AFTER:
            examined.clear()
            raise KeyboardInterrupt
        examined.append(1)
        return examine(*args, **more)

    def noted(frames: Any, path: Path, *more: Any, **named: Any) -> int:
        written.append(path)
        return write(frames, path, *more, **named)

    args = ["case", "validate", str(prepared.folder), "--seconds", "2", "--json", "--no-pdf"]
    args += ["--device", "cpu"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validate_module, "examine", counted)
        stopped = CliRunner().invoke(app, args)
        assert stopped.exit_code == 130, stopped.output
        work = next((prepared.folder / "work").glob("validate-*"))
        kept = len(list(work.glob("*-[0-9].json")))
        whole = verify(prepared.folder).whole
        again: list[int] = []
        patch.setattr(
            validate_module, "examine", lambda *a, **m: (again.append(1), examine(*a, **m))[1]
        )
        patch.setattr(bench, "write", noted)
        done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    home = next((prepared.folder / "records").iterdir())
    record = CaseRecord.from_json((home / "record.json").read_bytes())
    return Validated(
        prepared, record, done.stdout, home / "exhibits", kept, len(again), len(written), whole
    )


def test_the_record_in_the_case_holds_what_was_printed(validated: Validated) -> None:
    found = validated.record.case_validation
    assert found is not None
    assert json.loads(validated.printed) == found.model_dump(mode="json")
    assert found.questioned == validated.record.item.sha256
    assert validated.record.item.name == "swapped-one-face.mp4"
    assert validated.record.settings.controls == ("original.mp4",)


def test_the_case_verifies_and_its_log_says_what_was_done(validated: Validated) -> None:
    entry = validated.case.entries()[-1]
    assert entry.action == "validate"
    assert entry.detail["clips"] == 3
    assert verify(validated.case.folder).whole
    assert not list((validated.case.folder / "work").glob("validate-*"))


def test_clips_were_brought_to_the_questioned_item_s_encoding(validated: Validated) -> None:
    found = validated.record.case_validation
    assert found is not None
    assert {used.role for used in found.clips} == {"questioned", "original", "comparison_fake"}
    assert [used.re_encoded for used in found.clips] == [False, True, True]
    to = found.encoding
    assert (to.codec, to.encoder, to.width_px, to.height_px) == ("h264", "libx264", 640, 480)
    assert to.reached_quality == pytest.approx(to.questioned_quality, abs=1.5)
    assert all(used.segments == 2 for used in found.clips[1:])


def test_every_method_is_counted_over_all_segments(validated: Validated) -> None:
    found = validated.record.case_validation
    assert found is not None
    assert found.methods[0].method == "verdict"
    assert {"face_bandwidth.softness", "blending_boundary.seam_gradient"} <= {
        one.method for one in found.methods
    }
    for one in found.methods:
        assert one.on_fakes.n + one.on_fakes.silent == 2
        assert one.on_controls.n + one.on_controls.silent == 2
    best = max(one.overall.right for one in found.methods)
    assert best == 4, "no method tells a landmark swap from its own original"


def test_the_questioned_swap_is_told_by_its_identity(validated: Validated) -> None:
    found = validated.record.case_validation
    assert found is not None
    look = found.traces[0]
    assert look.trace == "identity"
    assert look.original == pytest.approx(0, abs=0.2)
    assert look.comparison_fake == pytest.approx(1, abs=0.2)
    assert look.questioned > 0.2  # another donor than ours, but not the original's face


def test_pictures_stand_beside_the_record(validated: Validated) -> None:
    found = validated.record.case_validation
    assert found is not None
    listed = {exhibit.file: exhibit for exhibit in validated.record.exhibits}
    assert found.pictures
    for row in found.pictures:
        for name in (row.questioned, row.original, row.comparison_fake):
            assert listed[name].shows_face
            assert (validated.exhibits / name).is_file()


def test_an_interrupted_validation_goes_on_where_it_was(validated: Validated) -> None:
    found = validated.record.case_validation
    assert found is not None
    assert validated.whole_between
    assert validated.kept == INTERRUPTED_AFTER
    assert validated.examined == sum(used.segments for used in found.clips) - INTERRUPTED_AFTER
    assert validated.written == 0
