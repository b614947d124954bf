"""What each section of a report holds, by the name templates use for it."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from reports.content import Block, Case, Paragraph, Part, Section
from reports.sections import exhibits, front, method, people
from reports.template import TemplateError

Builder = Callable[[Case], list[Block]]

_ALL: tuple[Builder, ...] = (
    front.item, front.verdict, people.people, front.notable, front.contradictions,
    front.not_tested, front.not_meant, people.all_people,
    exhibits.timelines, exhibits.pictures, exhibits.container, exhibits.credentials,
    exhibits.other_facts,
    method.propositions, method.scale, method.calibration, method.analyzers, method.media,
    method.abstentions, method.limits, method.untested_all, method.rerun, method.expected,
    method.run,
)  # fmt: skip

BUILDERS = MappingProxyType({builder.__name__: builder for builder in _ALL})


def compose(case: Case) -> tuple[Part, ...]:
    """Build every section the template asks for, in its order.

    Raises:
        TemplateError: The template asks for a section that does not exist.
    """
    return tuple(
        Part(part.title, tuple(found for key in part.sections if (found := _section(case, key))))
        for part in case.template.parts
    )


def _section(case: Case, key: str) -> Section | None:
    if key not in BUILDERS:
        known = ", ".join(BUILDERS)
        raise TemplateError(f"template {case.template.name}: no section {key!r}; there is {known}")
    words = case.template.sections[key]
    blocks = BUILDERS[key](case)
    if not blocks:
        return Section(words.title, (Paragraph(words.empty),)) if words.empty else None
    intro = (Paragraph(words.intro, style="note"),) if words.intro else ()
    return Section(words.title, (*intro, *blocks))
