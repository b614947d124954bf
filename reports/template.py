"""A report template: order and wording as data, checked when it is read.

`templates/<name>.toml` says which sections stand in which order and in which words. What a
section holds is decided by the record; how it is drawn, by the renderer.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forensics.record import Conclusion, Reason
from reports.words import Words

Count = Annotated[int, Field(ge=1, le=50)]


class TemplateError(ValueError):
    """A template does not exist, or its data does not fit; the sentence says where."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Frozen):
    """Sections that start together on a new page."""

    title: str
    sections: tuple[str, ...]


class SectionWords(_Frozen):
    """What stands around a section's content.

    Attributes:
        title: Heading; empty for none.
        intro: Under the heading.
        empty: Printed instead of content where the record has none; empty drops the section.
    """

    title: str
    intro: str = ""
    empty: str = ""


class ConclusionWords(_Frozen):
    """How one conclusion is put."""

    label: str
    mark: str = Field(min_length=1, max_length=1)
    not_meant: tuple[str, ...] = Field(min_length=1)


class FactGroups(_Frozen):
    """Which analyzers' facts stand in which section."""

    container: tuple[str, ...]
    credentials: tuple[str, ...]


class AgainstFact(_Frozen):
    """A notable fact that does not fit some conclusions.

    Attributes:
        fact: "analyzer.name", where * stands for anything.
        value: Only this value; None for any.
        conclusions: That it does not fit.
        text: What to print.
    """

    fact: str
    value: str | None = None
    conclusions: tuple[Conclusion, ...] = Field(min_length=1)
    text: str


class Template(_Frozen):
    """One audience, one language.

    Attributes:
        name: Same as the file's.
        lang: BCP 47 tag of the wording.
        title: Of the report.
        subtitle: Under it.
        people_first_page: Faces shown on the first page.
        reasons_first_page: Reasons a face there.
        facts_first_page: Notable facts there.
        untested_first_page: Entries of what was not tested there.
        against_first_page: Contradictions there.
        people_timelines: People whose measurements are drawn and listed.
        first_page_facts: "analyzer.fact" printed there even when not notable.
        parts: In order.
        facts: Which facts go where.
        against: Which facts contradict which conclusion.
        conclusions: Wording of each.
        reasons: Wording of each reason to abstain.
        sections: Wording around each section.
        words: All other wording.
    """

    name: str
    lang: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")
    title: str = Field(min_length=1)
    subtitle: str
    people_first_page: Count
    reasons_first_page: Count
    facts_first_page: Count
    untested_first_page: Count
    against_first_page: Count
    people_timelines: Count
    first_page_facts: tuple[str, ...] = ()
    parts: tuple[Part, ...] = Field(min_length=1)
    facts: FactGroups
    against: tuple[AgainstFact, ...] = ()
    conclusions: dict[Conclusion, ConclusionWords]
    reasons: dict[Reason, str]
    sections: dict[str, SectionWords]
    words: Words

    @model_validator(mode="after")
    def _complete(self) -> Template:
        for kind, given in ((Conclusion, self.conclusions), (Reason, self.reasons)):
            missing = sorted(set(kind) - set(given))
            if missing:
                raise ValueError(f"no wording for {', '.join(missing)}")
        unworded = {key for part in self.parts for key in part.sections} - set(self.sections)
        if unworded:
            raise ValueError(f"sections without wording: {', '.join(sorted(unworded))}")
        return self


def names() -> tuple[str, ...]:
    """List the templates there are."""
    folder = files("reports") / "templates"
    found = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load(name: str) -> Template:
    """Read a template by name.

    Raises:
        TemplateError: There is none of that name, or it does not fit.
    """
    if name not in names():
        raise TemplateError(f"no template {name!r}; there are: {', '.join(names())}")
    return parse((files("reports") / "templates" / f"{name}.toml").read_text("utf-8"), name)


def parse(text: str, name: str) -> Template:
    """Check a template's text.

    Args:
        text: TOML.
        name: It must carry.

    Raises:
        TemplateError: It is not TOML, or does not fit; the first misfit is named.
    """
    try:
        template = Template.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"template {name}: not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise TemplateError(f"template {name}: {where}: {first['msg']}") from error
    if template.name != name:
        raise TemplateError(f"template {name}: its name says {template.name!r}")
    return template
