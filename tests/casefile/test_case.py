from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from forensics.casefile import folder as folder_module
from forensics.casefile import layout
from forensics.casefile.checking import verify
from forensics.casefile.description import Description
from forensics.casefile.export import export
from forensics.casefile.folder import Case
from forensics.casefile.items import add_item, items, record_run
from forensics.casefile.log import Entry
from forensics.cli import app
from forensics.errors import CaseError, DiskFull, OutputNotWritable, UnreadableItem
from forensics.record import CaseRecord
from tests.casefile.tampering import small_case
from tests.conftest import FIXTURES, ROOT, Run
from tests.reports.report_records import make

ABOUT = ("--operator", "A", "--purpose", "a test", "--authority", "our own footage")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case.new(tmp_path / "case", Description.of("A", "a test", "our own footage"))


def test_the_folder_opens_without_us(case: Case) -> None:
    about = tomllib.loads((case.folder / "case.toml").read_text("utf-8"))
    assert about["operator"] == "A"
    item, fresh = add_item(case, FIXTURES / "no-face.mp4")
    assert fresh
    kept = case.folder / item.path
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == kept.stem
    assert stat.S_IMODE(kept.stat().st_mode) == 0o444
    lines = (case.folder / "log.jsonl").read_text("ascii").splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["new", "add"]
    assert json.loads(lines[1])["previous"] == json.loads(lines[0])["digest"]
    assert json.loads(lines[1])["files"] == {item.path: kept.stem}
    assert verify(case.folder).whole


def test_the_same_bytes_are_kept_once(case: Case, tmp_path: Path) -> None:
    other = tmp_path / "Ein anderer Name.MP4"
    other.write_bytes((FIXTURES / "no-face.mp4").read_bytes())
    add_item(case, other)
    item, fresh = add_item(case, FIXTURES / "no-face.mp4")
    assert not fresh
    assert item.name == "Ein anderer Name.MP4"
    assert len(items(case)) == 1
    assert len(case.entries()) == 2


@pytest.mark.parametrize("missing", ["operator", "purpose", "authority"])
def test_a_case_needs_someone_to_answer_for_it(missing: str) -> None:
    given = {"operator": "A", "purpose": "B", "authority": "C"} | {missing: "  "}
    with pytest.raises(CaseError, match=f"a case needs --{missing}"):
        Description.of(**given)


def test_text_of_any_kind_survives(tmp_path: Path) -> None:
    odd = 'Ünïcødé "quoted" \\ back 🙂 = #'
    made = Case.new(tmp_path / "case", Description.of(odd, odd, odd))
    assert Case(made.folder).description.purpose == odd
    assert verify(made.folder).whole
    with pytest.raises(CaseError, match="one line"):
        Description.of("two\nlines", "b", "c")


def test_bad_folders_have_one_sentence(tmp_path: Path, case: Case) -> None:
    with pytest.raises(CaseError, match="there is no case at"):
        Case(tmp_path / "nowhere")
    (tmp_path / "plain").mkdir()
    with pytest.raises(CaseError, match="is not a case"):
        Case(tmp_path / "plain")
    with pytest.raises(CaseError, match="exists already"):
        Case.new(case.folder, case.description)
    with pytest.raises(UnreadableItem, match="is not there"):
        add_item(case, tmp_path / "nothing.mp4")
    with pytest.raises(UnreadableItem, match="empty"):
        add_item(case, FIXTURES / "zero.mp4")
    (case.folder / "case.toml").chmod(0o644)
    (case.folder / "case.toml").write_text("][")
    with pytest.raises(CaseError, match="was changed or is broken"):
        Case(case.folder)
    assert [finding.path for finding in verify(case.folder).findings] == ["case.toml"]


def test_nothing_is_appended_to_a_broken_log(case: Case) -> None:
    log = case.folder / layout.LOG
    log.write_bytes(log.read_bytes().replace(b"our own", b"out own"))
    with pytest.raises(CaseError, match="line 1 was edited"):
        add_item(case, FIXTURES / "no-face.mp4")
    assert not list((case.folder / "items").iterdir())


def test_a_path_is_written_once_and_inside(case: Case) -> None:
    with case.staging() as staged:
        staged.write("records/a/x.json", b"1")
        case.commit(staged, "record")
    with case.staging() as staged:
        staged.write("records/a/x.json", b"2")
        with pytest.raises(CaseError, match="in the case already"):
            case.commit(staged, "record")
    for path in ("../x", "records/../../x", "/etc/x", "log.jsonl", "items/a b", "items/a\nb"):
        with case.staging() as staged, pytest.raises(ValueError, match="not a path of a case"):
            staged.write(path, b"")
    assert verify(case.folder).whole


def test_links_and_planted_folders_are_found(case: Case, tmp_path: Path) -> None:
    item, _ = add_item(case, FIXTURES / "no-face.mp4")
    kept = case.folder / item.path
    kept.unlink()
    kept.symlink_to(FIXTURES / "no-face.mp4")
    (case.folder / "records" / "empty").mkdir()
    (case.folder / "items" / "loop").symlink_to(case.folder)
    (case.folder / "note.txt").write_text("x")
    found = {finding.path for finding in verify(case.folder).findings}
    assert found == {item.path, "records/empty", "items/loop", "note.txt"}


def test_a_consistent_rewrite_needs_the_head_from_elsewhere(case: Case) -> None:
    noted = case.entries()[-1].digest
    add_item(case, FIXTURES / "no-face.mp4")
    assert verify(case.folder).whole
    check = verify(case.folder, noted[:16])
    assert [finding.path for finding in check.findings] == [layout.LOG]
    assert verify(case.folder, check.head[:16]).whole


def test_a_planted_journal_is_found(case: Case) -> None:
    entry = Entry(9, "0" * 64, "now", "B", "add", {}, {})
    journal = {"line": entry.to_line().decode(), "moves": {}}
    (case.folder / layout.JOURNAL).write_text(json.dumps(journal))
    assert [finding.path for finding in verify(case.folder).findings] == [layout.JOURNAL]
    with pytest.raises(CaseError, match=r"journal\.json"):
        case.entries()


def test_debris_is_a_note_and_goes(case: Case) -> None:
    left = case.folder / ".staging-0123456789ab"
    left.mkdir()
    (left / "x").write_bytes(b"1")
    (case.folder / ".head.json.01234567.tmp").write_bytes(b"1")
    check = verify(case.folder)
    assert check.whole
    assert len(check.notes) == 2
    with case.staging() as alive:
        Case(case.folder).note("note", {})
        assert alive.folder.exists(), "another command's files were taken for debris"
    assert not left.exists()
    assert verify(case.folder).notes == ()


@pytest.mark.parametrize("broken", ["copy_digested", "replace_file"])
def test_a_full_disk_leaves_a_case_that_verifies(
    case: Case, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(folder_module, broken, full)
        with pytest.raises(DiskFull, match="no space is left"):
            add_item(case, FIXTURES / "no-face.mp4")
    assert verify(case.folder).whole
    assert len(case.entries()) == 1
    add_item(case, FIXTURES / "no-face.mp4")
    assert len(case.entries()) == 2
    assert verify(case.folder).whole


def test_a_folder_that_cannot_be_read_has_one_sentence(case: Case) -> None:
    (case.folder / layout.HEAD).unlink()
    (case.folder / layout.HEAD).mkdir()
    with pytest.raises(CaseError, match=r"head\.json of case cannot be read"):
        case.entries()
    assert layout.HEAD in {finding.path for finding in verify(case.folder).findings}


WRITER = """
import sys
from pathlib import Path
from forensics.casefile.folder import Case
case = Case(Path(sys.argv[1]))
for number in range(20):
    with case.staging() as staged:
        staged.write(f"records/{sys.argv[2]}-{number}/x", sys.argv[2].encode())
        case.commit(staged, "record", {"by": sys.argv[2], "number": number})
"""


def test_two_processes_at_once_lose_no_line(case: Case) -> None:
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(case.folder), name], env=env)
        for name in ("a", "b")
    ]
    assert [process.wait(120) for process in both] == [0, 0]
    check = verify(case.folder)
    assert check.whole, check.findings
    assert check.lines == 41
    for name in ("a", "b"):
        mine = [e.detail["number"] for e in case.entries() if e.detail.get("by") == name]
        assert mine == list(range(20))


def test_the_export_is_checked_by_sha256sum_alone(tmp_path: Path) -> None:
    case = small_case(tmp_path)
    (case.folder / "work" / "scratch.bin").write_bytes(b"1")
    digest = export(case, tmp_path / "case.zip")
    assert digest == hashlib.sha256((tmp_path / "case.zip").read_bytes()).hexdigest()
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        archive.extractall(tmp_path / "there")
    there = tmp_path / "there" / "case"
    assert not (there / "work").exists()
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=there, check=False).returncode == 0
    listed = {line.split("  ")[1] for line in (there / layout.SUMS).read_text().splitlines()}
    present = {p.relative_to(there).as_posix() for p in there.rglob("*") if p.is_file()}
    assert present == listed | {layout.SUMS}
    assert verify(there).whole
    changed = there / "records" / "r-0" / "record.json"
    changed.chmod(0o644)
    changed.write_bytes(b"other")
    assert subprocess.run(command, cwd=there, check=False, capture_output=True).returncode
    with pytest.raises(CaseError, match="does not verify"):
        export(Case(there), tmp_path / "again.zip")
    with pytest.raises(OutputNotWritable, match="exists already"):
        export(case, tmp_path / "case.zip")
    with pytest.raises(OutputNotWritable, match="in the case itself"):
        export(case, case.folder / "case.zip")


def test_a_run_is_recorded(case: Case, tmp_path: Path) -> None:
    folder, item = tmp_path / "out", tmp_path / "interview.mp4"
    (folder / "exhibits").mkdir(parents=True)
    item.write_bytes(b"not looked at")
    digest = hashlib.sha256(item.read_bytes()).hexdigest()
    made = make(folder / "exhibits")
    same = made.item.model_copy(update={"sha256": digest, "sha256_after": digest})
    text = made.model_copy(update={"item": same}).to_json()
    (folder / "record.json").write_text(text, encoding="utf-8")
    (folder / "report.pdf").write_bytes(b"%PDF")
    with pytest.raises(CaseError, match="is not in case"):
        record_run(case, folder)
    add_item(case, item)
    first, second = record_run(case, folder), record_run(case, folder)
    assert first.endswith("-1")
    assert second.endswith("-2")
    assert (case.folder / first / "record.json").read_text("utf-8") == text
    assert (case.folder / "reports" / f"{Path(first).name}.pdf").exists()
    assert list((case.folder / first / "exhibits").iterdir())
    assert verify(case.folder).whole


def test_the_program(audit_program: Run, tmp_path: Path) -> None:
    folder = tmp_path / "case"

    def case(command: str, *args: str | Path) -> Any:
        return CliRunner().invoke(app, ["case", command, str(folder), *map(str, args)])

    done = audit_program("case", "new", folder, *ABOUT[:4])
    assert (done.returncode, done.stdout) == (14, "")
    assert "a case needs --authority" in done.stderr
    assert case("new", *ABOUT).exit_code == 0
    assert "added as items/" in case("add", FIXTURES / "still.jpg").stdout
    assert "is there already" in case("add", FIXTURES / "still.jpg").stdout
    assert "still.jpg" in case("list").stdout
    assert "our own footage" in case("show").stdout
    assert case("log").stdout.count("\n") == 2
    done = case("verify")
    assert done.exit_code == 0
    assert done.stdout.startswith("verifies: 2 files, 2 log lines; head ")
    assert case("export").exit_code == 0
    assert (tmp_path / "case.zip").exists()
    (folder / "items" / "more.txt").write_text("x")
    done = case("verify")
    assert done.exit_code == 14
    assert "items/more.txt: was added" in done.stdout


def test_an_examination_is_kept_in_the_case(audit_program: Run, tmp_path: Path) -> None:
    folder, out = tmp_path / "case", tmp_path / "out"
    made = Case.new(folder, Description.of("A. Examiner", "a test", "our own footage"))
    item = FIXTURES / "no-face.mp4"
    done = audit_program(item, "--out", out, "--no-pdf", "--quiet", "--case", tmp_path / "nowhere")
    assert done.returncode == 14
    assert not out.exists()
    done = audit_program(item, "--out", out, "--no-pdf", "--quiet", "--case", folder)
    assert done.returncode == 0, done.stderr
    entry = made.entries()[-1]
    assert (entry.action, entry.detail["conclusion"]) == ("record", "not_examinable")
    (path,) = [path for path in entry.files if path.endswith("record.json")]
    record = CaseRecord.from_json((folder / path).read_bytes())
    assert record.run.operator == "A. Examiner"
    assert verify(folder).whole
