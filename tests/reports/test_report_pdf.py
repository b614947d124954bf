from __future__ import annotations

import errno
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from report_records import ARABIC, CJK, DIGEST, HEBREW, HOSTILE, make, poisoned, run

from forensics.errors import DiskFull, OutputNotWritable
from forensics.record import CaseRecord, Conclusion
from reports.case import DIGEST_COMMAND, record_digest
from reports.pdf import render_pdf

EVERYONE = tuple(Conclusion)


def render(record: CaseRecord, tmp_path: Path, name: str = "report.pdf", **more: bool) -> Path:
    out = tmp_path / name
    render_pdf(record, tmp_path, out, **more)  # type: ignore[arg-type]
    return out


def pages(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def text_of(path: Path) -> str:
    # lines are broken anywhere in long digests: compare without white space
    return re.sub(r"\s+", "", "".join(pages(path)))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_reproducible_reports_are_the_same_bytes(tmp_path: Path) -> None:
    record = make(tmp_path, EVERYONE)
    later = record.model_copy(update={"run": run("2027-01-01T00:00:00Z", "/elsewhere/x.mp4")})
    assert record_digest(record) == record_digest(later)
    first = render(record, tmp_path, "1.pdf", reproducible=True).read_bytes()
    second = render(later, tmp_path, "2.pdf", reproducible=True).read_bytes()
    assert first == second
    assert render(later, tmp_path, "3.pdf").read_bytes() != first


def test_reproducible_reports_are_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    record = make(tmp_path, (Conclusion.INCONCLUSIVE,), name=CJK)
    (tmp_path / "record.json").write_text(record.to_json(), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from forensics.record import CaseRecord\n"
        "from reports.pdf import render_pdf; at = Path(sys.argv[1])\n"
        "render_pdf(CaseRecord.from_json((at / 'record.json').read_bytes()), at, at / 'b.pdf',"
        " reproducible=True)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, env={"PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    here = render(record, tmp_path, "a.pdf", reproducible=True).read_bytes()
    assert here == (tmp_path / "b.pdf").read_bytes()


def test_run_is_printed_unless_reproducible(tmp_path: Path) -> None:
    record = make(tmp_path)
    assert squeezed(record.run.started_utc) in text_of(render(record, tmp_path))
    quiet = text_of(render(record, tmp_path, reproducible=True))
    assert squeezed(record.run.started_utc) not in quiet
    assert record.run.path not in quiet


@pytest.mark.parametrize("conclusion", EVERYONE)
def test_what_must_be_there_is_there(tmp_path: Path, conclusion: Conclusion) -> None:
    record = make(tmp_path, (conclusion,))
    path = render(record, tmp_path)
    text = text_of(path)
    wanted = [
        record.item.name, record.item.sha256, record.verdict.sentence,
        record.verdict.proposition_h1, record.verdict.proposition_h2,
        *record.verdict.limitations, *record.verdict.not_examined,
        *record.model_digests.values(), *(one.sha256 for one in record.exhibits),
        *(seen.detail for seen in record.abstentions()),
        *(reason for person in record.verdict.tracks for reason in person.reasons),
        *(weight.calibration_id for weight in record.weights),
        *(weight.population for weight in record.weights),
        "ENFSI", "audit interview.mp4 --frames 32",
    ]  # fmt: skip
    for each in wanted:
        assert squeezed(each) in text, each


@pytest.mark.parametrize("conclusion", EVERYONE)
def test_the_first_page_says_it_all(tmp_path: Path, conclusion: Conclusion) -> None:
    record = make(tmp_path, (conclusion, Conclusion.INCONCLUSIVE, Conclusion.NOT_EXAMINABLE))
    front = squeezed(pages(render(record, tmp_path))[0])
    for each in (
        DIGEST, record.verdict.sentence, "What was not tested", "What this verdict does not mean",
        "Notable facts", "What points the other way", "Person 2",
    ):  # fmt: skip
        assert squeezed(each) in front, each


def test_words_that_are_never_printed(tmp_path: Path) -> None:
    text = " ".join(pages(render(make(tmp_path, EVERYONE), tmp_path))).lower()
    for never in ("probability that it is fake", "proves", "% fake", "probability of"):
        assert never not in text


def test_every_page_carries_the_digest_and_its_number(tmp_path: Path) -> None:
    record = make(tmp_path, EVERYONE * 5)
    found = pages(render(record, tmp_path))
    assert len(found) > 5
    for number, text in enumerate(found, 1):
        assert record_digest(record) in text
        assert f"page {number} of {len(found)}" in re.sub(r"\s+", " ", text)


def test_the_printed_command_gives_the_printed_digest(tmp_path: Path) -> None:
    record = make(tmp_path, EVERYONE, name=ARABIC)
    (tmp_path / "record.json").write_text(record.to_json(), encoding="utf-8")
    code = DIGEST_COMMAND.removeprefix('python3 -c "').removesuffix('"')
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert said.stdout.strip() == record_digest(record)
    assert json.loads((tmp_path / "record.json").read_text("utf-8"))["run"]


def test_every_one_of_twenty_people_is_there(tmp_path: Path) -> None:
    found = pages(render(make(tmp_path, EVERYONE * 5), tmp_path))
    assert "17 more" in found[0]
    everything = " ".join(found)
    for number in range(1, 21):
        assert f"Person {number} ·" in everything


def test_no_face_is_a_report_too(tmp_path: Path) -> None:
    found = pages(render(make(tmp_path, ()), tmp_path))
    assert "NOT EXAMINABLE" in found[0]
    assert "No face was found" in found[0]


def test_a_still_is_not_called_a_video(tmp_path: Path) -> None:
    front = pages(render(make(tmp_path, kind="still"), tmp_path))[0]
    assert "still picture" in front
    assert "0.40 to" not in front


def test_hostile_text_shows_harmlessly(tmp_path: Path) -> None:
    tag = "<img src='x'/><para>&#0; </font>\u202e" * 30_000
    text = text_of(render(make(tmp_path, name=HOSTILE, tag=tag), tmp_path))
    assert squeezed("<b>&bad;</b> [red]x[/red] ⟨U+001B⟩[31m⟨U+202E⟩") in text
    assert squeezed("<img src='x'/><para>&#0; </font>⟨U+202E⟩") in text
    assert "morecharacters]" in text


@pytest.mark.parametrize(
    "name",
    ["x" * 255 + ".mp4", "長" * 80 + ".mp4", "e" + "\u0301" * 200, "\u202e" * 100, "a  b " * 40,
     "-rf $(reboot) `x`.mp4", "\U0001f600ไทย.mp4", "</para><br/>&lt;"],
    ids=["long", "wide", "marks", "overrides", "spaces", "shell", "no-font", "markup"],
)  # fmt: skip
def test_no_name_breaks_the_report(tmp_path: Path, name: str) -> None:
    path = render(make(tmp_path, EVERYONE, name=name, tag=name * 50), tmp_path)
    assert len(pages(path)) > 5


def test_names_show_as_glyphs(tmp_path: Path) -> None:
    for name, glyphs in ((CJK, "大臣インタビュー"), (HEBREW, "השר"), (ARABIC, ".mp4")):
        front = pages(render(make(tmp_path, name=name), tmp_path))[0]
        assert any(part in front for part in (glyphs, glyphs[::-1])), name
        assert "⟨U+" not in front


def test_a_shell_is_never_given_a_hostile_name(tmp_path: Path) -> None:
    text = text_of(render(make(tmp_path, name="-rf $(reboot).mp4"), tmp_path))
    assert "auditFILE--frames32" in text


def test_an_altered_exhibit_is_not_shown(tmp_path: Path) -> None:
    record = make(tmp_path)
    whole = render(record, tmp_path, "whole.pdf")
    assert "Exhibitaltered" not in text_of(whole)
    data = bytearray((tmp_path / "map-1.png").read_bytes())
    data[-20] ^= 1
    (tmp_path / "map-1.png").write_bytes(bytes(data))
    (tmp_path / "map-1-control.png").unlink()
    text = text_of(render(record, tmp_path))
    assert "Exhibitaltered:map-1.png" in text
    assert "Exhibitmissing:map-1-control.png" in text


def test_an_exhibit_that_is_no_picture_is_said(tmp_path: Path) -> None:
    record = make(tmp_path)
    (tmp_path / "map-1.png").write_bytes(b"not a picture")
    digest = hashlib.sha256(b"not a picture").hexdigest()
    broken = record.exhibits[1].model_copy(update={"sha256": digest})
    record = record.model_copy(
        update={"exhibits": (record.exhibits[0], broken, *record.exhibits[2:])}
    )
    assert "Exhibitunreadable:map-1.png" in text_of(render(record, tmp_path))


def test_faces_are_shown_only_on_request(tmp_path: Path) -> None:
    record = make(tmp_path)
    hidden, shown = (
        render(record, tmp_path, f"{on}.pdf", show_faces=on, reproducible=True)
        for on in (False, True)
    )
    assert "Facesareblurred" in text_of(hidden)
    assert "unblurred" in text_of(shown)
    assert hidden.read_bytes() != shown.read_bytes()


def test_pages_render_and_differ_by_conclusion(tmp_path: Path) -> None:
    seen = []
    for conclusion in EVERYONE:
        path = render(make(tmp_path, (conclusion,)), tmp_path)
        with pypdfium2.PdfDocument(path) as document:
            image = np.asarray(document[0].render(scale=0.5).to_numpy())
        assert image.std() > 10
        seen.append(image[90:120].mean(axis=(0, 1)).round().tolist())
    assert len({tuple(color) for color in seen}) == len(EVERYONE)


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    record = make(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskFull):
        render_pdf(record, tmp_path, out / "report.pdf")
    assert list(out.iterdir()) == []


def test_a_missing_folder_is_our_error(tmp_path: Path) -> None:
    with pytest.raises(OutputNotWritable):
        render_pdf(make(tmp_path), tmp_path, tmp_path / "absent" / "report.pdf")


def test_every_text_of_a_record_may_be_hostile(tmp_path: Path) -> None:
    plain = poisoned(make(tmp_path, EVERYONE).to_plain())
    record = CaseRecord.model_validate_json(json.dumps(plain))
    text = text_of(render(record, tmp_path))
    assert text.count("⟨U+202E⟩") > 100
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_crowd_stays_readable(tmp_path: Path) -> None:
    found = pages(render(make(tmp_path, (Conclusion.INCONCLUSIVE,) * 40), tmp_path))
    assert len(found) < 40
    assert "Measurements of 28 more people" in " ".join(" ".join(found).split())


def test_a_bounded_ratio_is_not_printed_as_certain(tmp_path: Path) -> None:
    record = make(tmp_path)
    ends = {"log10_lr": 1.9, "lower": 1.9, "upper": 1.9}
    people = tuple(one.model_copy(update=ends) for one in record.verdict.tracks)
    verdict = record.verdict.model_copy(update={**ends, "tracks": people})
    bounded = text_of(render(record.model_copy(update={"verdict": verdict}), tmp_path))
    assert "95%interval+1.90to+1.90" not in bounded
    assert squeezed("log10 LR +1.90, the most that 78 people behind the calibration") in bounded
    assert "95%interval+0.61to+1.90" in text_of(render(record, tmp_path))


def test_everything_asked_for_is_asked_for_again(tmp_path: Path) -> None:
    asked = make(tmp_path).settings.model_copy(
        update={"controls": ("c d.mp4",), "references": ("her",), "donors": ("x", "y")}
    )
    record = make(tmp_path).model_copy(update={"settings": asked})
    text = text_of(render(record, tmp_path))
    assert squeezed("--control 'c d.mp4' --reference her --donor x --donor y") in text
