from __future__ import annotations

import json
from pathlib import Path

import pytest

from forensics.cli_video import reaches
from forensics.errors import leaves
from forensics.record import CaseRecord, Conclusion
from tests.conftest import FIXTURES, Run


def test_the_folder_is_complete(examined: tuple[Path, str]) -> None:
    folder, stderr = examined
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["exhibits", "hashes", "record.json", "report.pdf", "signals.csv"]
    record = CaseRecord.from_json((folder / "record.json").read_bytes())
    assert sorted(e.file for e in record.exhibits) == sorted(
        path.name for path in (folder / "exhibits").iterdir()
    )
    header, first = (folder / "signals.csv").read_text(encoding="utf-8").splitlines()[:2]
    assert header.startswith("track,time_s,")
    assert first.startswith("1,")
    assert "report.pdf" in stderr


def test_json_is_alone_on_stdout_and_option_order_does_not_matter(
    audit_program: Run, tmp_path: Path
) -> None:
    out = tmp_path / "with space"
    item = FIXTURES / "no-face.mp4"
    done = audit_program("--out", out, "--json", "--no-pdf", item, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    record = CaseRecord.from_json(done.stdout)
    assert json.loads(done.stdout) == json.loads((out / "record.json").read_text("utf-8"))
    assert record.item.name == "no-face.mp4"
    assert not (out / "report.pdf").exists()


def test_the_default_folder_is_named_after_the_item(audit_program: Run, tmp_path: Path) -> None:
    done = audit_program(FIXTURES / "still.jpg", "--quiet", "--no-pdf", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == ""
    assert done.stderr == ""
    assert (tmp_path / "still-audit" / "record.json").exists()


def test_report_renders_again_without_the_video(
    audit_program: Run, examined: tuple[Path, str], tmp_path: Path
) -> None:
    folder, _ = examined
    again = tmp_path / "again.pdf"
    done = audit_program("report", folder / "record.json", "--out", again, "--reproducible")
    assert done.returncode == 0, done.stderr
    assert again.read_bytes() == (folder / "report.pdf").read_bytes()


def test_a_broken_record_has_its_own_exit_code(audit_program: Run, tmp_path: Path) -> None:
    broken = tmp_path / "record.json"
    broken.write_text("{}", encoding="utf-8")
    done = audit_program("report", broken)
    assert done.returncode == 8
    assert "not a record" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_lists_every_exit_code(audit_program: Run) -> None:
    done = audit_program("--help")
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    for kind in leaves():
        assert f"{kind.exit_code} {kind.summary}" in text


def test_version_names_tool_models_and_libraries(audit_program: Run) -> None:
    done = audit_program("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("face-swap-audit ")
    assert "calibration " in done.stdout
    assert "opencv-python 4.14.0.94" in done.stdout


@pytest.mark.parametrize("args", [("--bogus", "x.mp4"), (), ("x.mp4", "--fail-at", "certain")])
def test_usage_errors_exit_2(audit_program: Run, args: tuple[str, ...], tmp_path: Path) -> None:
    done = audit_program(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_fail_at_needs_support_of_that_strength(examined: tuple[Path, str]) -> None:
    record = CaseRecord.from_json((examined[0] / "record.json").read_bytes())

    def with_verdict(conclusion: Conclusion, log10_lr: float) -> CaseRecord:
        verdict = record.verdict.model_copy(
            update={"conclusion": conclusion, "log10_lr": log10_lr, "tracks": ()}
        )
        return record.model_copy(update={"verdict": verdict})

    swap, none = Conclusion.SUPPORTS_FACE_SWAP, Conclusion.SUPPORTS_NO_FACE_SWAP
    assert reaches(with_verdict(swap, 1.2), "moderate")
    assert not reaches(with_verdict(swap, 1.2), "strong")
    assert not reaches(with_verdict(none, -3.0), "moderate")
