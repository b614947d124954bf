"""A report template: order and limits for one audience, joined with one language's wording.

`templates/<name>.toml` says which sections stand in which order, `languages/<lang>.toml` in which
words. What a section holds is decided by the record; how it is drawn, by the renderer.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forensics.record import Conclusion, Reason
from reports.words import Words

Count = Annotated[int, Field(ge=1, le=50)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
FIRST_LANGUAGE = "en"
"""Every other language has exactly its keys."""


class TemplateError(ValueError):
    """A template or language does not exist, or its data does not fit; the sentence says where."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Frozen):
    """Sections that start together on a new page.

    Attributes:
        key: Names the title in the language.
        sections: In order.
        title: As the language has it; may be empty.
    """

    key: Key
    sections: tuple[Key, ...]
    title: str


class SectionWords(_Frozen):
    """What stands around a section's content.

    Attributes:
        title: Heading; empty for none.
        intro: Under the heading.
        empty: Printed instead of content where the record has none; empty drops the section.
        text: Paragraphs before the content; a section may have nothing else.
    """

    title: str
    intro: str = ""
    empty: str = ""
    text: tuple[str, ...] = ()


class ConclusionWords(_Frozen):
    """How one conclusion is put, and what follows from it.

    Attributes:
        label: In a few words.
        mark: A sign, so that color is never alone.
        not_meant: What it must not be taken for.
        aid: What a moderator should ask next.
        uploader: What to tell the uploader.
        may_say: What can be published.
        may_not_say: What cannot.
    """

    label: str
    mark: str = Field(min_length=1, max_length=1)
    not_meant: tuple[str, ...] = Field(min_length=1)
    aid: tuple[str, ...] = Field(min_length=1)
    uploader: str
    may_say: tuple[str, ...] = Field(min_length=1)
    may_not_say: tuple[str, ...] = Field(min_length=1)


class FactGroups(_Frozen):
    """Which analyzers' facts stand in which section."""

    container: tuple[str, ...]
    credentials: tuple[str, ...]
    hashes: tuple[str, ...]


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
        own_sentences: Put verdicts in the language's own words, instead of the record's English.
        title: Of the report.
        subtitle: Under it.
        people_first_page: Faces shown on the first page.
        reasons_first_page: Reasons a face there.
        facts_first_page: Notable facts there.
        untested_first_page: Entries of what was not tested there.
        against_first_page: Contradictions there.
        people_timelines: People whose measurements are drawn and listed.
        list_measurements: Under the courses, every measurement in a table.
        hashes_shown: Rows of the hash list.
        first_page_facts: "analyzer.fact" printed there even when not notable.
        parts: In order.
        facts: Which facts go where.
        against: Which facts contradict which conclusion.
        conclusions: Wording of each.
        reasons: Wording of each reason to abstain.
        sections: Wording around each section.
        words: All other wording.
        sentences: The record's fixed English sentences in this language.
    """

    name: Key
    lang: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")
    own_sentences: bool
    title: str = Field(min_length=1)
    subtitle: str
    people_first_page: Count
    reasons_first_page: Count
    facts_first_page: Count
    untested_first_page: Count
    against_first_page: Count
    people_timelines: Count
    list_measurements: bool
    hashes_shown: Count
    first_page_facts: tuple[str, ...] = ()
    parts: tuple[Part, ...] = Field(min_length=1)
    facts: FactGroups
    against: tuple[AgainstFact, ...] = ()
    conclusions: dict[Conclusion, ConclusionWords]
    reasons: dict[Reason, str]
    sections: dict[Key, SectionWords]
    words: Words
    sentences: dict[str, str] = {}

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
    return _stems("templates")


def languages() -> tuple[str, ...]:
    """List the languages there are."""
    return _stems("languages")


def _stems(folder: str) -> tuple[str, ...]:
    found = (entry.name for entry in (files("reports") / folder).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load(name: str, lang: str = FIRST_LANGUAGE) -> Template:
    """Read a template by name, in a language.

    Raises:
        TemplateError: There is none of that name or language, or it does not fit.
    """
    return parse(source("templates", name), source("languages", lang), name)


def source(folder: str, name: str) -> str:
    """Return the text of a template or a language.

    Raises:
        TemplateError: There is none.
    """
    if name not in _stems(folder):
        known = ", ".join(_stems(folder))
        raise TemplateError(f"no {folder.removesuffix('s')} {name!r}; there are: {known}")
    return (files("reports") / folder / f"{name}.toml").read_text("utf-8")


def parse(order: str, language: str, name: str) -> Template:
    """Join and check a template's order and a language's wording.

    Args:
        order: TOML of the template.
        language: TOML of the language.
        name: That the template must carry.

    Raises:
        TemplateError: They are not TOML, or do not fit; the first misfit is named.
    """
    try:
        joined = _joined(tomllib.loads(order), tomllib.loads(language), name)
        template = Template.model_validate(joined)
    except tomllib.TOMLDecodeError as error:
        raise TemplateError(f"template {name}: not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise TemplateError(f"template {name}: {where}: {first['msg']}") from error
    if template.name != name:
        raise TemplateError(f"template {name}: its name says {template.name!r}")
    return template


def _joined(order: dict[str, Any], language: dict[str, Any], name: str) -> dict[str, Any]:
    """Lay the wording for one template over the common one, and fill it into the order."""
    documents = language.pop("documents", {})
    wording = _overlaid(language, documents.get(name, {}))
    titles, rules = wording.pop("parts", {}), wording.pop("against", {})
    parts = [part | {"title": titles.get(part.get("key"))} for part in order.pop("parts", [])]
    against = [rule | {"text": rules.get(rule.get("text"))} for rule in order.pop("against", [])]
    return wording | order | {"parts": parts, "against": against}


def _overlaid(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    return below | {
        key: _overlaid(below.get(key, {}), value) if isinstance(value, dict) else value
        for key, value in above.items()
    }
