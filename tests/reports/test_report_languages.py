from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from report_records import make

from forensics.interpretation import strength, verdict
from forensics.record import Conclusion
from reports.html import html_bytes
from reports.pdf import pdf_bytes
from reports.subject import subject
from reports.template import FIRST_LANGUAGE, languages, load, names, source

OTHERS = [lang for lang in languages() if lang != FIRST_LANGUAGE]


def flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        return {k: v for key, one in value.items() for k, v in flat(one, f"{path}/{key}").items()}
    if isinstance(value, list):
        return {k: v for at, one in enumerate(value) for k, v in flat(one, f"{path}/{at}").items()}
    return {path: str(value)}


def language(name: str) -> dict[str, str]:
    stored = tomllib.loads(source("languages", name))
    stored.pop("sentences", None)
    return flat(stored)


def test_there_is_a_second_language() -> None:
    assert "de" in OTHERS


@pytest.mark.parametrize("lang", OTHERS)
def test_every_text_is_there_in_every_language(lang: str) -> None:
    first, other = language(FIRST_LANGUAGE), language(lang)
    assert set(first) == set(other)
    for key, text in first.items():
        wanted, has = (
            {name for _, name, _, _ in string.Formatter().parse(one) if name}
            for one in (text, other[key])
        )
        assert wanted == has, key
        assert bool(text) == bool(other[key]), key


@pytest.mark.parametrize("lang", OTHERS)
def test_the_records_fixed_sentences_are_translated(lang: str) -> None:
    sentences = load("examiner", lang).sentences
    sides = [strength.words_for(side * band.lower_log10 * 1.01)
             for band in strength.BANDS[1:] for side in (1, -1)]  # fmt: skip
    for text in (
        verdict.H1, verdict.H2, *verdict.LIMITATIONS, strength.words_for(0.0), "not weighed",
        *(band.words for band in strength.BANDS), *sides,
    ):  # fmt: skip
        assert sentences[text] != text


@pytest.mark.parametrize("template", names())
@pytest.mark.parametrize("conclusion", list(Conclusion))
def test_a_german_report_is_german(tmp_path: Path, template: str, conclusion: Conclusion) -> None:
    record = make(tmp_path, (conclusion,))
    case = subject(record, template, lang="de", reproducible=True)
    with pypdfium2.PdfDocument(pdf_bytes(case, tmp_path)) as document:
        text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    text = " ".join(text.split())
    own = load(template, "de").conclusions[conclusion]
    assert own.label.upper() in text or own.label in text
    assert "Seite 1 von" in text
    # English stands only where it is marked as the tool's own wording, or is a command or a name
    for reason in record.verdict.tracks[0].reasons:
        if reason[:40] in text and reason not in record.verdict.sentence:
            assert f"‹{reason[:40]}" in text
    for english in ("What was not tested", "Strength of support", "page 1 of", " the item "):
        assert english not in text
    page = html_bytes(case, tmp_path).decode()
    assert '<html lang="de">' in page
    assert '<span lang="en">‹' in page


@pytest.mark.parametrize("lang", languages())
def test_words_that_no_language_prints(lang: str) -> None:
    text = re.sub(r"\s+", " ", source("languages", lang)).lower()
    for never in (
        "probability that it is fake", "probability of", "proves ", "wahrscheinlichkeit",
        "beweist", "zu 9", "certainly",
    ):  # fmt: skip
        assert never not in text
