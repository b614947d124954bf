"""`audit report` as a user runs it: formats, languages, receipt, case, log, verification."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from report_records import ARABIC, make_viewed
from typer.testing import CliRunner

from forensics.casefile import checking
from forensics.casefile.description import Description
from forensics.casefile.folder import Case
from forensics.casefile.items import add_item, record_run
from forensics.cli import app
from forensics.record import Conclusion


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return examined(tmp_path / "results")


def examined(folder: Path, sha256: str = "", **more: Any) -> Path:
    record = make_viewed(folder / "exhibits", **more)
    if sha256:
        item = record.item.model_copy(update={"sha256": sha256, "sha256_after": sha256})
        record = record.model_copy(update={"item": item})
    (folder / "record.json").write_text(record.to_json(), encoding="utf-8")
    return folder


def run(*args: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["report", *map(str, args)], env={"COLUMNS": "200"})
    assert done.exit_code == code, done.output
    return done.output


def text_of(path: Path) -> str:
    with pypdfium2.PdfDocument(path) as document:
        text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    return " ".join(text.split())


def test_every_template_language_and_format(results: Path, tmp_path: Path) -> None:
    seen = set()
    for template in ("moderator", "examiner", "newsroom"):
        for lang in ("en", "de"):
            for kind in ("pdf", "html"):
                out = tmp_path / f"{template}-{lang}.{kind}"
                run(results, "--template", template, "--lang", lang, "--out", out, "-q")
                start = b"%PDF" if kind == "pdf" else b"<!doctype html>"
                assert out.read_bytes().startswith(start)
                seen.add(out.read_bytes())
    assert len(seen) == 12


def test_names_beside_the_record(results: Path) -> None:
    run(results / "record.json", "-q")
    run(results, "--template", "moderator", "--lang", "de", "--format", "html", "-q")
    assert (results / "report.pdf").is_file()
    assert (results / "report-moderator-de.html").is_file()


@pytest.mark.parametrize(
    "args",
    [("--template", "judge"), ("--lang", "xx"), ("--format", "docx"), ("--received", "yesterday"),
     ("--received", "2026-11-22T20:15"), ("--key", "a.pem"), ("--sign", "--format", "html")],
)  # fmt: skip
def test_what_cannot_be_is_a_usage_error(results: Path, args: tuple[str, ...]) -> None:
    run(results, *args, code=2)
    run(code=2)


@pytest.mark.parametrize("conclusion", list(Conclusion))
@pytest.mark.parametrize("lang", ["en", "de"])
def test_a_moderator_reads_two_pages(tmp_path: Path, conclusion: Conclusion, lang: str) -> None:
    folder = examined(tmp_path / "r", conclusions=(conclusion,), name=ARABIC)
    fact = {"kind": "fact", "analyzer": "fingerprints", "version": "1"}
    record = json.loads((folder / "record.json").read_text("utf-8"))
    record["observations"] += [
        {**fact, "name": "md5", "value": "ab" * 16},
        {**fact, "name": "vpdq", "unit": "frame,quality,hash,seconds",
         "value": [f"{n},100,{'cd' * 32},{n}.000" for n in range(90)]},
    ]  # fmt: skip
    (folder / "record.json").write_text(json.dumps(record), encoding="utf-8")
    out = tmp_path / "out.pdf"
    run(folder, "--template", "moderator", "--lang", lang, "--out", out, "-q")
    with pypdfium2.PdfDocument(out) as document:
        assert len(document) == 2
        last = document[1].get_textpage().get_text_bounded()
    assert "3f3f3f3f" in last
    assert ("Appeal" if lang == "en" else "Widerspruch") in last


def test_the_clock_counts_from_receipt_and_from_nothing_else(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pdf"
    run(results, "--template", "moderator", "--out", out, "-q")
    assert "Receipt is not recorded" in text_of(out)
    run(results, "--template", "moderator", "--received", "2026-12-30T23:30+01:00", "--out", out)
    assert "2026-12-30 22:30" in text_of(out)
    assert "2027-01-01 22:30" in text_of(out)
    assert "Receipt is not recorded" not in text_of(out)


def test_an_examiner_finds_the_whole_checklist(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pdf"
    run(results, "--template", "examiner", "--out", out, "-q")
    text = text_of(out)
    for wanted in (
        "Case and custody", "H1:", "H2:", "Strength of support in words", "ENFSI", "Fitted on",
        "Identities H1 / H2", "How often these methods are right", "Dependence", "±1.9", "seed 0",
        "What was not tested, in full", "To repeat the examination", "Expected digests",
        "Second reviewer", "Appeal", "Signature", "Hash list", "Control:", "SHA-256 after it",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_showing_faces_is_logged_beside_the_record(results: Path) -> None:
    run(results, "-q")
    assert not (results / "disclosures.log").exists()
    said = run(results, "--show-faces", "-q")
    assert "faces are shown: logged in" in said
    run(results, "--show-faces", "--format", "html", "-q")
    lines = (results / "disclosures.log").read_text("utf-8").splitlines()
    assert len(lines) == 2
    assert re.search(r"faces shown in 'report.pdf' sha256 [0-9a-f]{64}$", lines[0])


@pytest.fixture
def case(tmp_path: Path) -> tuple[Case, Path]:
    made = Case.new(
        tmp_path / "case",
        Description.of(
            "A. Examiner", "test", "court order 7", received="2026-11-20T08:00Z by mail"
        ),
    )
    (tmp_path / "item.mp4").write_bytes(b"an item" * 100)
    item, _ = add_item(made, tmp_path / "item.mp4")
    folder = examined(tmp_path / "results", item.sha256)
    return made, made.folder / record_run(made, folder) / "record.json"


def test_a_case_keeps_and_logs_its_reports(case: tuple[Case, Path]) -> None:
    made, record = case
    run(record, "--template", "moderator", "--show-faces", "-q")
    run(record, "--template", "moderator", "-q")
    entries = [entry for entry in made.entries() if entry.action == "report"]
    assert [entry.detail["faces_shown"] for entry in entries] == [True, False]
    paths = [path for entry in entries for path in entry.files]
    assert len(set(paths)) == 2
    text = text_of(made.folder / paths[0])
    assert made.description.id in text
    assert "2026-11-20 08:00" in text
    assert "2026-11-22 08:00" in text
    assert checking.verify(made.folder).whole


def test_a_report_outside_the_case_is_logged_too(case: tuple[Case, Path], tmp_path: Path) -> None:
    made, record = case
    run(record, "--out", tmp_path / "out.html", "--show-faces", "-q")
    last = made.entries()[-1]
    assert (last.action, last.detail["faces_shown"], last.detail["format"]) == (
        "report", True, "html",
    )  # fmt: skip
    assert not list(tmp_path.rglob("disclosures.log"))
    run(record, "--out", made.folder / "reports" / "mine.pdf", "-q", code=9)
    assert checking.verify(made.folder).whole
    text = re.sub("<[^>]*>", "", (tmp_path / "out.html").read_text("utf-8"))
    for wanted in ("court order 7", "A. Examiner", "line 3, digest", made.entries()[2].digest):
        assert wanted in text


def test_custody_does_not_move_with_the_log(case: tuple[Case, Path], tmp_path: Path) -> None:
    _, record = case
    for name in ("a.pdf", "b.pdf"):
        run(record, "--out", tmp_path / name, "--reproducible", "-q")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_a_signed_report_verifies_against_its_record_only(results: Path, tmp_path: Path) -> None:
    out, record = tmp_path / "signed.pdf", results / "record.json"
    run(record, "--sign", "--reproducible", "--out", out, "-q")
    run(record, "--reproducible", "--out", tmp_path / "plain.pdf", "-q")
    assert out.read_bytes().startswith((tmp_path / "plain.pdf").read_bytes())
    said = run("--verify", out, record)
    assert "signature     intact" in said
    assert "this record   matches" in said
    other = json.loads(record.read_text("utf-8"))
    other["item"]["name"] = "other.mp4"
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    assert "DIFFERS" in run("--verify", out, tmp_path / "other.json", code=16)
    broken = bytearray(out.read_bytes())
    broken[len(broken) // 3] ^= 1
    (tmp_path / "broken.pdf").write_bytes(broken)
    run("--verify", tmp_path / "broken.pdf", code=16)
    run("--verify", tmp_path / "plain.pdf", code=16)
    run("--verify", tmp_path / "absent.pdf", code=16)
