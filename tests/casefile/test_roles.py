from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forensics.casefile.checking import verify
from forensics.casefile.description import Description
from forensics.casefile.folder import Case
from forensics.casefile.items import Item, add_item
from forensics.casefile.layout import Role
from forensics.casefile.roles import fakes, material_of, note_role, roles, roles_in_effect
from forensics.cli import app
from forensics.errors import CaseError


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case.new(tmp_path / "case", Description.of("A", "a test", "our own footage"))


def item(case: Case, tmp_path: Path, name: str) -> Item:
    path = tmp_path / name
    path.write_bytes(name.encode())
    return add_item(case, path)[0]


def add_fake(case: Case, target: str, donor: str = "d" * 64) -> None:
    manifest = {
        "recipe": {"method": "landmark_swap"}, "crf": 18,
        "target": {"sha256": target}, "donor": {"sha256": donor},
    }  # fmt: skip
    table = "frame,pts_s,target_frame,target_pts_s,face,left_px,top_px,right_px,bottom_px\n"
    table += "0,0,0,0,1,10,20,30,40\n1,0.04,1,0.04,0,,,,\n"
    with case.staging() as staged:
        staged.write("comparison/x/fake.mp4", f"fake of {target}".encode())
        staged.write("comparison/x/manifest.json", json.dumps(manifest).encode())
        staged.write("comparison/x/frames.csv", table.encode())
        case.commit(staged, "generate")


def test_a_role_is_logged_and_the_last_one_counts(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"a")
    for role in ("control", "control", "original"):
        done = CliRunner().invoke(app, ["case", "add", str(case.folder), str(path), "--as", role])
        assert done.exit_code == 0, done.output
    assert [entry.action for entry in case.entries()] == ["new", "add", "role", "role"]
    assert list(roles(case).values()) == [Role.ORIGINAL]
    assert verify(case.folder).whole
    listed = CliRunner().invoke(app, ["case", "list", str(case.folder)]).output
    assert "a.mp4 (original)" in listed


def test_an_unknown_role_is_a_usage_error(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"a")
    done = CliRunner().invoke(app, ["case", "add", str(case.folder), str(path), "--as", "fake"])
    assert done.exit_code == 2
    assert [entry.action for entry in case.entries()] == ["new"]


def test_what_the_case_tells_by_itself(case: Case, tmp_path: Path) -> None:
    questioned, target, donor = (item(case, tmp_path, name) for name in ("q", "t", "d"))
    add_fake(case, target.sha256, donor.sha256)
    assert roles_in_effect(case) == {
        questioned.sha256: Role.QUESTIONED, target.sha256: Role.ORIGINAL,
        donor.sha256: Role.DONOR,
    }  # fmt: skip
    found = material_of(case)
    assert found.questioned == questioned
    assert found.originals == (target,)
    assert found.fakes[0].boxes == {0: (10.0, 20.0, 30.0, 40.0)}


def test_a_fake_of_the_questioned_item_itself_does_not_make_it_an_original(
    case: Case, tmp_path: Path
) -> None:
    questioned, control = (item(case, tmp_path, name) for name in ("q", "c"))
    note_role(case, questioned, Role.QUESTIONED)
    note_role(case, control, Role.CONTROL)
    add_fake(case, questioned.sha256)
    found = material_of(case)
    assert (found.originals, found.controls) == ((), (control,))


def test_what_lacks_is_said_in_one_sentence(case: Case, tmp_path: Path) -> None:
    first = item(case, tmp_path, "q.mp4")
    with pytest.raises(CaseError, match="no comparison fake; make one with `audit generate"):
        material_of(case)
    add_fake(case, "0" * 64)
    with pytest.raises(CaseError, match=r"no genuine footage.*--as original"):
        material_of(case)
    note_role(case, item(case, tmp_path, "c.mp4"), Role.CONTROL)
    item(case, tmp_path, "other.mp4")
    with pytest.raises(CaseError, match="0 questioned items; say which with --item"):
        material_of(case)
    assert material_of(case, "q.mp4").questioned == first
    assert material_of(case, first.sha256[:8]).questioned == first
    with pytest.raises(CaseError, match="0 questioned items called nobody"):
        material_of(case, "nobody")


def test_the_command_ends_with_the_case_code(case: Case, tmp_path: Path) -> None:
    item(case, tmp_path, "q.mp4")
    done = CliRunner().invoke(app, ["case", "validate", str(case.folder)])
    assert done.exit_code == 14
    assert "no comparison fake" in done.output
    assert verify(case.folder).whole


def test_a_broken_manifest_is_named(case: Case, tmp_path: Path) -> None:
    item(case, tmp_path, "q.mp4")
    add_fake(case, "0" * 64)
    path = case.folder / "comparison/x/manifest.json"
    path.chmod(0o644)
    path.write_text("{}")
    with pytest.raises(CaseError, match="x is incomplete or broken"):
        fakes(case)
