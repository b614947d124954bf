"""Blocks as reportlab flowables: one function a kind of block, and nothing decided here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Spacer
from reportlab.platypus import Paragraph as Para
from reportlab.platypus import Table as Grid

from forensics.record import Conclusion, Exhibit
from reports import content, figures
from reports.fonts import BODY, BOLD, markup
from reports.pictures import Album, Picture
from reports.styles import WIDE, bullet, para
from reports.text import break_lines, visible
from reports.words import Words

NAME_LIMIT = 160
NAME_COLUMNS = 74


@dataclass(frozen=True)
class Page:
    """What drawing a block needs besides the block: wording, and pictures loaded once."""

    words: Words
    album: Album

    def picture(self, exhibit: Exhibit, most_px: int) -> Picture:
        """Load an exhibit, checked and blurred as it must be."""
        return self.album.picture(exhibit, most_px)

    def cells(self, exhibit: Exhibit, most_px: int) -> tuple[Picture, ...]:
        """Load the square pictures of a strip, each blurred for itself."""
        return self.album.cells(exhibit, most_px)

    def row(self, block: content.Compare, most_px: int) -> tuple[Picture, ...]:
        """Load the pictures of a comparison, from one strip or one by one."""
        return self.album.row(block.exhibits, most_px)

    @property
    def show_faces(self) -> bool:
        """Whether faces are not blurred."""
        return self.album.show_faces


@singledispatch
def flow(block: content.Block, page: Page) -> list[Flowable]:
    """Turn a block into flowables."""
    raise TypeError(f"no drawing for {type(block).__name__}")


@flow.register
def _(block: content.Paragraph, page: Page) -> list[Flowable]:
    return [para(block.text, block.style, label=block.label)]


@flow.register
def _(block: content.Name, page: Page) -> list[Flowable]:
    # broken before it is put in visual order, so that right-to-left lines stay in order
    lines = break_lines(visible(block.text, NAME_LIMIT), NAME_COLUMNS)
    return [para(one, "name") for one in lines]


@flow.register
def _(block: content.Bullets, page: Page) -> list[Flowable]:
    return [bullet(item) for item in block.items]


@flow.register
def _(block: content.Checklist, page: Page) -> list[Flowable]:
    return [bullet(item, sign="☐") for item in block.items]


LINE = 14.0
"""Points a handwritten line needs."""


@flow.register
def _(block: content.Form, page: Page) -> list[Flowable]:
    label_wide, pad = WIDE * 0.31, 2.0
    rows, heights = [], []
    for one in block.fields:
        label, value = para(one.label, "cell"), para(one.value, "cell")
        _, tall = label.wrap(label_wide - 4, 1000)
        rows.append([label, value])
        heights.append(None if one.value else max(LINE * one.lines, tall + 2 * pad + 1))
    grid = Grid(
        rows, colWidths=[label_wide, WIDE - label_wide], rowHeights=heights,
        spaceBefore=1, spaceAfter=3,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("BOX", (1, 0), (1, -1), 0.6, figures.FAINT),
            ("INNERGRID", (1, 0), (1, -1), 0.4, figures.GRID),
            ("TOPPADDING", (0, 0), (-1, -1), pad), ("BOTTOMPADDING", (0, 0), (-1, -1), pad),
            ("LEFTPADDING", (0, 0), (0, -1), 0), ("LEFTPADDING", (1, 0), (1, -1), 4),
            ("RIGHTPADDING", (0, 0), (0, -1), 4),
        ],
    )  # fmt: skip
    return [grid]


@flow.register
def _(block: content.Table, page: Page) -> list[Flowable]:
    rows = [
        [para(cell, "mono" if at in block.mono else "cell") for at, cell in enumerate(row)]
        for row in block.rows
    ]
    head = [[para(cell, "head") for cell in block.head]] if block.head else []
    if not rows:
        return []
    grid = Grid(
        head + rows, colWidths=[share * WIDE for share in block.shares], repeatRows=len(head),
        splitInRow=1, spaceAfter=5, spaceBefore=2,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, figures.GRID),
            *([("BACKGROUND", (0, 0), (-1, 0), figures.PAPER)] if head else []),
            ("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ],
    )  # fmt: skip
    return [grid]


def _colored(text: str, font: str, size: float, conclusion: Conclusion) -> Para:
    look = ParagraphStyle(
        "on", fontName=font, fontSize=size, leading=size * 1.35,
        textColor=figures.ink_on(conclusion), splitLongWords=1,
    )  # fmt: skip
    return Para(markup(text, font), look)


@flow.register
def _(block: content.Banner, page: Page) -> list[Flowable]:
    words = [
        _colored(block.label.upper(), BOLD, 13, block.conclusion),
        Spacer(1, 2),
        _colored(block.sentence, BODY, 9.5, block.conclusion),
    ]
    below: list[Flowable] = [para(line, "note") for line in block.strength]
    if block.bar is not None:
        below.append(figures.lr_bar(block.bar, WIDE - 16))
    grid = Grid(
        [[words], [below]], colWidths=[WIDE], spaceBefore=5,
        style=[
            ("BACKGROUND", (0, 0), (0, 0), figures.COLORS[block.conclusion]),
            ("BOX", (0, 0), (-1, -1), 1, edge(block.conclusion)),
            ("TOPPADDING", (0, 0), (-1, -1), 6), ("BOTTOMPADDING", (0, 0), (0, 0), 8),
            ("TOPPADDING", (0, 1), (0, 1), 4), ("BOTTOMPADDING", (0, 1), (0, 1), 1),
            ("LEFTPADDING", (0, 0), (-1, -1), 8), ("RIGHTPADDING", (0, 0), (-1, -1), 8),
        ],
    )  # fmt: skip
    return [grid]


def edge(conclusion: Conclusion) -> HexColor:
    """Return the color of lines around a conclusion."""
    white = conclusion is Conclusion.NOT_EXAMINABLE
    return figures.FAINT if white else figures.COLORS[conclusion]
