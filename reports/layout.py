"""Sections on pages: headings with their place in the outline, and what must not be torn."""

from __future__ import annotations

from reportlab.platypus import CondPageBreak, Flowable, KeepTogether
from reportlab.platypus import Paragraph as Para

from reports import content
from reports.flow import Page
from reports.flow_pictures import flow
from reports.fonts import BOLD, markup
from reports.styles import STYLES
from reports.text import visible


class Heading(Para):  # type: ignore[misc]
    """A heading that also stands in the PDF's outline."""

    def __init__(self, text: str, style: str, level: int) -> None:
        super().__init__(markup(text, BOLD), STYLES[style])
        self.outline = (visible(text), level)

    def draw(self) -> None:
        """Draw the heading and bookmark its place."""
        text, level = self.outline
        key = f"h{self.canv.getPageNumber()}-{self.canv.absolutePosition(0, 0)[1]:.0f}"
        self.canv.bookmarkPage(key)
        self.canv.addOutlineEntry(text, key, level, closed=level > 0)
        super().draw()


KEPT = (
    content.Plate,
    content.Viewer,
    content.Compare,
    content.Timeline,
    content.Form,
    content.Tippett,
    content.FrameTypes,
    content.Course,
    content.Person,
)
"""Blocks that are not torn over two pages."""

HEADING_ROOM = 84.0
"""Points that must be left on a page for a heading and the beginning of what follows."""


def section(found: content.Section, page: Page, level: int) -> list[Flowable]:
    """Lay out a section; its heading never stands alone at the foot of a page."""
    lead: list[Flowable] = [Heading(found.title, "heading", level)] if found.title else []
    story: list[Flowable] = []
    for block in found.blocks:
        drawn = flow(block, page)
        if isinstance(block, KEPT):
            story.append(KeepTogether([*lead, *drawn]))
        elif lead and isinstance(block, content.Paragraph) and block is not found.blocks[-1]:
            lead += drawn  # an introduction moves with the heading
            continue
        else:
            alone = isinstance(block, content.Paragraph) and block.style == "subhead"
            story += [CondPageBreak(HEADING_ROOM)] if lead or alone else []
            story += [*lead, *drawn]
        lead = []
    return story
