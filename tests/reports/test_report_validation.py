"""The signature page: case-matched validation, rendered from the record alone."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from report_records import DIGEST, make, picture

from forensics.case_validation import (
    CaseValidation,
    ClipUsed,
    MatchedEncoding,
    MethodValidation,
    Rate,
    SideBySide,
    TraceComparison,
)
from forensics.record import CaseRecord, Conclusion, Fact
from reports.content import Table
from reports.html import html_bytes
from reports.pdf import pdf_bytes
from reports.sections import BUILDERS
from reports.subject import subject


def validated(folder: Path) -> CaseRecord:
    record = make(folder, (Conclusion.SUPPORTS_FACE_SWAP,))
    names = ("side-questioned.png", "side-original.png", "side-fake.png")
    shown = tuple(picture(folder, name, n, name, track=1) for n, name in enumerate(names))
    spoken = Rate(right=11, wrong=1, silent=2, share=11 / 12, lower=0.615, upper=0.998)
    never = Rate(right=0, wrong=0, silent=14, share=None, lower=None, upper=None)
    method = MethodValidation(
        method="verdict", title="Verdict", rule="log10 LR of 1 or more", unit="log10",
        on_fakes=spoken, on_controls=never, overall=spoken, questioned=1.42, threshold=None,
        questioned_reads="fake",
    )  # fmt: skip
    found = CaseValidation(
        case="case-7", questioned=DIGEST,
        encoding=MatchedEncoding(
            codec="h264", encoder="libx264", width_px=1280, height_px=720, rate_fps=25.0,
            setting="crf 24", questioned_quality=27.1, reached_quality=27.4,
            quality_unit="mean quantization parameter", notes=("profile differs",),
        ),
        clips=(
            ClipUsed(
                role="comparison_fake", name="fake.mp4", sha256=DIGEST, method="autoencoder",
                segments=14, seconds=2.0, face_px=211.0, qp=27.0, re_encoded=True,
            ),
        ),
        methods=(method, method.model_copy(update={"title": "Silent one", "overall": never})),
        traces=(
            TraceComparison(
                trace="identity", title="Identity", unit="distance", questioned=0.41,
                comparison_fake=0.40, original=0.71, spread=0.05, fake_from_original=6.2,
                to_fake=0.2, to_original=6.0, closer="comparison_fake",
                sentence="The face is as far from the original as the fake is.",
            ),
        ),
        pictures=(
            SideBySide(title="At 3.2 s", questioned=names[0], original=names[1],
                       comparison_fake=names[2]),
        ),
        summary=("On this footage the verdict was right in 11 of 12 segments.",),
        limitations=("One generator only.",),
    )  # fmt: skip
    return record.model_copy(
        update={"case_validation": found, "exhibits": (*record.exhibits, *shown)}
    )


@pytest.mark.parametrize("template", ["examiner", "newsroom"])
def test_right_and_wrong_are_printed_with_n_and_interval(tmp_path: Path, template: str) -> None:
    case = subject(validated(tmp_path), template)
    with pypdfium2.PdfDocument(pdf_bytes(case, tmp_path)) as document:
        text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    text = " ".join(text.split())
    for wanted in (
        "right on this very footage", "11 right, 1 wrong, 2 silent", "91.7 % [61.5, 99.8], n = 12",
        "Where no rule is named: log10 LR of 1 or more.",
        "never spoke", "reads as a fake", "0.2 / 6", "One generator only.", "profile differs",
        "crf 24: 27.4 mean quantization parameter reached, 27.1 measured", "comparison fake",
        "The face is as far from the original", "fake.mp4 (autoencoder)", "14 × 2 s",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_questioned_original_and_fake_stand_side_by_side_once(tmp_path: Path) -> None:
    page = html_bytes(subject(validated(tmp_path), "examiner"), tmp_path).decode("utf-8")
    section = page.split('id="case_validation"')[1].split("</section>")[0]
    order = [section.index(word) for word in ("questioned item", "original", "comparison fake")]
    assert order == sorted(order)
    assert section.count('class="pair"') == 1
    pictures = page.split('id="pictures"')[1].split("</section>")[0]
    assert "side-questioned.png" not in pictures


def test_without_it_there_is_no_page_of_it(tmp_path: Path) -> None:
    page = html_bytes(subject(make(tmp_path), "examiner"), tmp_path).decode("utf-8")
    assert 'id="case_validation"' not in page
    assert "very footage" not in page


def test_a_fingerprint_of_two_parts_is_one_row(tmp_path: Path) -> None:
    def fact(name: str, value: tuple[str | int, ...], unit: str) -> Fact:
        return Fact(analyzer="fingerprints", version="1", name=name, value=value, unit=unit)

    facts = (
        fact("pdq frame 3", ("ab" * 32, 100), "hash, quality"),
        fact("vpdq", ("0,100,ff", "1,90,ee", "2,80,dd"), "frame,quality,hash"),
    )
    record = make(tmp_path).model_copy(update={"observations": facts})
    table = BUILDERS["hashes"](subject(record, "examiner"))[0]
    assert isinstance(table, Table)
    assert table.rows[2:] == (
        ("PDQ frame 3 (hash, quality)", f"{'ab' * 32}, 100"),
        ("vPDQ (frame,quality,hash)", "0,100,ff"), ("", "1,90,ee"), ("", "2,80,dd"),
    )  # fmt: skip
