from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from report_records import make

from forensics.interpretation import strength
from forensics.record import Conclusion
from reports.content import Case, Scale
from reports.sections import BUILDERS, compose
from reports.template import TemplateError, load, names, parse

TEXT = (files("reports") / "templates" / "moderator.toml").read_text("utf-8")


def test_the_shipped_templates_load_and_use_every_section() -> None:
    assert "moderator" in names()
    for name in names():
        assert load(name).name == name
    used = {key for part in load("moderator").parts for key in part.sections}
    assert used == set(BUILDERS)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('label = "Inconclusive"', "", "conclusions.inconclusive.label"),
        ('panel_none = "none"', "", "words.panel_none"),
        ('panel_none = "none"', 'panel_none = "{secret}"', "cannot fill in {secret}"),
        ("[sections.limits]", "[sections.others]", "sections without wording: limits"),
        ("people_first_page = 3", "people_first_page = 0", "people_first_page"),
        ('name = "moderator"', 'name = "other"', "'other'"),
        ('lang = "en"', 'lang = "English!"', "lang"),
        ('failed = "failed"', "", "no wording for failed"),
        ("[words]", "[words", "not TOML"),
    ],
)
def test_a_misfit_is_named(before: str, after: str, said: str) -> None:
    assert before in TEXT
    with pytest.raises(TemplateError, match="template moderator") as caught:
        parse(TEXT.replace(before, after, 1), "moderator")
    assert said in str(caught.value)


def test_an_unknown_template_names_the_known() -> None:
    with pytest.raises(TemplateError, match="moderator"):
        load("../../etc/passwd")


def test_an_unknown_section_is_named(tmp_path: Path) -> None:
    template = parse(
        TEXT.replace('"limits"', '"moods"').replace("[sections.limits]", "[sections.moods]"),
        "moderator",
    )
    scale = Scale(strength.BANDS, strength.CITATION, strength.SUPPORT_FROM_LOG10)
    with pytest.raises(TemplateError, match="moods"):
        compose(Case(make(tmp_path), template, scale))


def test_order_is_the_templates(tmp_path: Path) -> None:
    scale = Scale(strength.BANDS, strength.CITATION, strength.SUPPORT_FROM_LOG10)
    case = Case(make(tmp_path, (Conclusion.INCONCLUSIVE,)), load("moderator"), scale)
    swapped = TEXT.replace('"not_tested", "not_meant"', '"not_meant", "not_tested"')
    assert swapped != TEXT

    def titles(one: Case) -> list[str]:
        return [section.title for section in compose(one)[0].sections]

    usual, other = titles(case), titles(replace(case, template=parse(swapped, "moderator")))
    assert usual != other
    assert sorted(usual) == sorted(other)
