from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_records import make

from forensics.interpretation import strength
from forensics.record import Conclusion, Fact
from reports.case import Case, Scale
from reports.content import Course, FrameTypes
from reports.sections import BUILDERS, compose
from reports.template import TemplateError, load, names, parse, source

ORDER, LANGUAGE = source("templates", "moderator"), source("languages", "en")


def test_the_shipped_templates_load_and_use_every_section() -> None:
    assert "moderator" in names()
    for name in names():
        assert load(name).name == name
    used = {key for name in names() for part in load(name).parts for key in part.sections}
    assert used >= set(BUILDERS)
    assert used == set(load("examiner").sections), "wording for sections that no template has"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('label = "Inconclusive"', "", "conclusions.inconclusive.label"),
        ('panel_none = "none"', "", "words.panel_none"),
        ('panel_none = "none"', 'panel_none = "{secret}"', "cannot fill in {secret}"),
        ("[sections.clock]", "[sections.others]", "sections without wording: clock"),
        ("people_first_page = 2", "people_first_page = 0", "people_first_page"),
        ('name = "moderator"', 'name = "other"', "'other'"),
        ('lang = "en"', 'lang = "English!"', "lang"),
        ('failed = "failed"', "", "no wording for failed"),
        ("[words]", "[words", "not TOML"),
        ('desk = "Decision desk"', "", "parts.1.title"),
        ("tag_of_a_swap_tool = ", "tag = ", "against.2.text"),
    ],
)
def test_a_misfit_is_named(before: str, after: str, said: str) -> None:
    assert before in ORDER + LANGUAGE
    order, language = (text.replace(before, after, 1) for text in (ORDER, LANGUAGE))
    with pytest.raises(TemplateError, match="template moderator") as caught:
        parse(order, language, "moderator")
    assert said in str(caught.value)


def test_an_unknown_template_names_the_known() -> None:
    with pytest.raises(TemplateError, match="moderator"):
        load("../../etc/passwd")


def test_an_unknown_section_is_named(tmp_path: Path) -> None:
    template = parse(
        ORDER.replace('"aid"', '"moods"'),
        LANGUAGE.replace("[sections.aid]", "[sections.moods]"),
        "moderator",
    )
    scale = Scale(strength.BANDS, strength.CITATION, strength.SUPPORT_FROM_LOG10)
    with pytest.raises(TemplateError, match="moods"):
        compose(Case(make(tmp_path), template, scale))


def test_order_is_the_templates(tmp_path: Path) -> None:
    scale = Scale(strength.BANDS, strength.CITATION, strength.SUPPORT_FROM_LOG10)
    case = Case(make(tmp_path, (Conclusion.INCONCLUSIVE,)), load("moderator"), scale)
    swapped = ORDER.replace('"not_tested", "not_meant"', '"not_meant", "not_tested"')
    assert swapped != ORDER

    def titles(one: Case) -> list[str]:
        return [section.title for section in compose(one)[0].sections]

    usual, other = (
        titles(case),
        titles(replace(case, template=parse(swapped, LANGUAGE, "moderator"))),
    )
    assert usual != other
    assert sorted(usual) == sorted(other)


def contradictions(tmp_path: Path, conclusion: Conclusion, fact: Fact) -> str:
    record = make(tmp_path, (conclusion,))
    record = record.model_copy(update={"observations": (*record.observations, fact)})
    scale = Scale(strength.BANDS, strength.CITATION, strength.SUPPORT_FROM_LOG10)
    return str(BUILDERS["contradictions"](Case(record, load("moderator"), scale)))


def test_facts_that_do_not_fit_the_conclusion_are_said(tmp_path: Path) -> None:
    trusted = Fact(
        analyzer="content_credentials", version="1", name="state", value="trusted", notable=True
    )
    made = trusted.model_copy(update={"name": "ai_generation", "value": ("x",)})
    tag = trusted.model_copy(update={"analyzer": "container", "name": "tag comment"})
    swap, no_swap = Conclusion.SUPPORTS_FACE_SWAP, Conclusion.SUPPORTS_NO_FACE_SWAP
    assert "are trusted" in contradictions(tmp_path, swap, trusted)
    assert "are trusted" not in contradictions(tmp_path, no_swap, trusted)
    valid = trusted.model_copy(update={"value": "valid"})
    assert "are trusted" not in contradictions(tmp_path, swap, valid)
    assert "a model made" in contradictions(tmp_path, no_swap, made)
    assert "A tag in the file" in contradictions(tmp_path, no_swap, tag)
    dull = tag.model_copy(update={"notable": False})
    assert "A tag in the file" not in contradictions(tmp_path, no_swap, dull)


@pytest.mark.parametrize(
    ("value", "drawn"),
    [("IPPBPPBPPBPP", True), (tuple("IPPBPPBPPBPP"), True), ("a tag", False), ("IPB", False),
     (tuple(range(20)), False), (tuple([60, 60, 43] * 6), True), (("moov", "mdat"), False)],
)  # fmt: skip
def test_long_rows_are_drawn_and_everything_else_is_printed(
    tmp_path: Path, value: Any, drawn: bool
) -> None:
    fact = Fact(analyzer="container", version="1", name="n", value=value)
    record = make(tmp_path).model_copy(update={"observations": (fact,)})
    scale = Scale(strength.BANDS, strength.CITATION, strength.SUPPORT_FROM_LOG10)
    blocks = BUILDERS["container"](Case(record, load("moderator"), scale))
    assert isinstance(blocks[0], Course | FrameTypes) == drawn
    assert len(blocks) == 1
