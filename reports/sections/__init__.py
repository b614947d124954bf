"""What each section of a report holds, by the name templates use for it."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from reports.case import Case
from reports.content import Block, Paragraph, Part, Section
from reports.sections import (
    custody,
    desk,
    exhibits,
    front,
    hashes,
    method,
    newsroom,
    people,
    performance,
    review,
    validation,
)
from reports.template import TemplateError

Builder = Callable[[Case], list[Block]]

_ALL: tuple[Builder, ...] = (
    front.item, front.verdict, people.people, front.notable, front.contradictions,
    front.not_tested, front.not_meant, people.all_people,
    desk.clock, desk.aid, desk.decision, desk.uploader, desk.notice, desk.appeal,
    exhibits.timelines, exhibits.pictures, exhibits.container, exhibits.credentials,
    exhibits.other_facts, hashes.hashes, validation.case_validation,
    custody.custody, method.propositions, method.scale, method.calibration,
    performance.performance, method.analyzers, method.media, method.abstentions, method.limits,
    method.untested_all, method.rerun, method.expected, method.run,
    review.second_review, review.signature, newsroom.publish, newsroom.cite,
)  # fmt: skip

BUILDERS = MappingProxyType({builder.__name__: builder for builder in _ALL})


def compose(case: Case) -> tuple[Part, ...]:
    """Build every section the template asks for, in its order; parts without any are left out.

    Raises:
        TemplateError: The template asks for a section that does not exist.
    """
    parts = (
        Part(part.key, part.title, tuple(s for key in part.sections if (s := _section(case, key))))
        for part in case.template.parts
    )
    return tuple(part for part in parts if part.sections)


def _section(case: Case, key: str) -> Section | None:
    """Build one section; one without a builder consists of the language's own paragraphs."""
    words = case.template.sections[key]
    if key not in BUILDERS and not words.text:
        known = ", ".join(BUILDERS)
        raise TemplateError(f"template {case.template.name}: no section {key!r}; there is {known}")
    blocks = BUILDERS[key](case) if key in BUILDERS else []
    told = tuple(Paragraph(text) for text in words.text)
    if not blocks and not told:
        return Section(key, words.title, (Paragraph(words.empty),)) if words.empty else None
    intro = (Paragraph(words.intro, style="note"),) if words.intro else ()
    return Section(key, words.title, (*intro, *told, *blocks))
