"""Blocks as reportlab flowables: one function a kind of block, and nothing decided here."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import CondPageBreak, Flowable, Image, KeepTogether, Spacer
from reportlab.platypus import Paragraph as Para
from reportlab.platypus import Table as Grid

from forensics.record import Conclusion, Exhibit
from reports import content, figures
from reports.fonts import BODY, BOLD, markup
from reports.numbers import seconds
from reports.pictures import Album, Picture
from reports.styles import STYLES, WIDE, bullet, para
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


LINE = 15.0
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
            ("BOX", (0, 0), (-1, -1), 1, _edge(block.conclusion)),
            ("TOPPADDING", (0, 0), (-1, -1), 6), ("BOTTOMPADDING", (0, 0), (0, 0), 8),
            ("TOPPADDING", (0, 1), (0, 1), 4), ("BOTTOMPADDING", (0, 1), (0, 1), 1),
            ("LEFTPADDING", (0, 0), (-1, -1), 8), ("RIGHTPADDING", (0, 0), (-1, -1), 8),
        ],
    )  # fmt: skip
    return [grid]


def _edge(conclusion: Conclusion) -> HexColor:
    white = conclusion is Conclusion.NOT_EXAMINABLE
    return figures.FAINT if white else figures.COLORS[conclusion]


def _placed(picture: Picture, wide: float, high: float) -> Flowable:
    """Place a picture in a box of at most so many points, or say what is wrong with it."""
    if picture.problem:
        box = Grid(
            [[para(picture.problem, "note")]], colWidths=[wide],
            style=[("BOX", (0, 0), (-1, -1), 1, figures.SWAP_TINT)],
        )  # fmt: skip
        box.hAlign = "LEFT"
        return box
    scale = min(wide / picture.width_px, high / picture.height_px)
    placed = Image(io.BytesIO(picture.png), picture.width_px * scale, picture.height_px * scale)
    placed.hAlign = "LEFT"
    return placed


THUMBNAIL = 52.0
PLATE = 160.0
BLURRED_PLATE = 70.0
"""A blurred picture only keeps its place; no more room than that."""

COLUMNS = 2
"""Of the small multiples of a timeline."""


@flow.register
def _(block: content.Person, page: Page) -> list[Flowable]:
    face: list[Flowable] = []
    if block.thumbnail is not None:
        face = [_placed(page.picture(block.thumbnail, 240), THUMBNAIL, THUMBNAIL * 1.25)]
    told: list[Flowable] = [
        para(block.title, "note"),
        _badge(block.label, block.conclusion),
        *([para(block.sentence, "cell")] if block.sentence else []),
        *(bullet(reason, "reason") for reason in block.reasons),
    ]
    weight: list[Flowable] = [para(line, "cell") for line in block.strength]
    side = 172.0
    if block.bar is not None:
        weight.append(figures.lr_bar(block.bar, side - 8))
    grid = Grid(
        [[face, told, weight]], colWidths=[THUMBNAIL + 8, WIDE - THUMBNAIL - 8 - side, side],
        splitInRow=1,
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, figures.GRID),
            ("LINEBEFORE", (0, 0), (0, 0), 3, _edge(block.conclusion)),
            ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ("LEFTPADDING", (0, 0), (-1, -1), 5), ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ],
    )  # fmt: skip
    return [grid]


def _badge(label: str, conclusion: Conclusion) -> Para:
    look = ParagraphStyle("badge", parent=STYLES["label"], textColor=_edge(conclusion))
    return Para(markup(label, BOLD), look)


@flow.register
def _(block: content.Plate, page: Page) -> list[Flowable]:
    wide = WIDE / 2 - 10
    shown = (block.exhibit, block.control)
    top: list[Flowable | list[Flowable]] = []
    bottom: list[list[Flowable]] = []
    for exhibit in shown:
        if exhibit is None:
            top.append([])
            bottom.append([para(block.no_control, "note")])
            continue
        before = "" if exhibit is block.exhibit else f"{block.control_label}: "
        hidden = exhibit.shows_face and not page.show_faces
        high = BLURRED_PLATE if hidden else PLATE
        top.append([_placed(page.picture(exhibit, 900), wide, high)])
        digest = para(f"{exhibit.file} · {exhibit.sha256[:16]}…", "mono")
        bottom.append(
            [para(before + exhibit.title, "subhead"), para(exhibit.caption, "note"), digest]
        )
    grid = Grid(
        [top, bottom], colWidths=[WIDE / 2] * 2, spaceAfter=6,
        style=[
            ("VALIGN", (0, 0), (-1, 0), "BOTTOM"), ("VALIGN", (0, 1), (-1, 1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ("LINEBELOW", (0, 1), (-1, 1), 0.5, figures.GRID),
        ],
    )  # fmt: skip
    return [grid]


def _side_by_side(pictures: tuple[Picture, ...], below: tuple[str, ...]) -> Flowable:
    """Place square pictures in one row over the whole width, a line of text under each."""
    n = len(pictures)
    side = min(WIDE / n, PLATE * 1.1)
    labels = [para(text, "caption") for text in below]
    pad = min(2.0, side / 20)
    grid = Grid(
        [[_placed(one, side - 2 * pad, side) for one in pictures], labels], colWidths=[side] * n,
        style=[
            (f"{edge}PADDING", (0, 0), (-1, -1), pad) for edge in ("LEFT", "RIGHT", "TOP", "BOTTOM")
        ],
    )  # fmt: skip
    grid.hAlign = "LEFT"
    return grid


@flow.register
def _(block: content.Viewer, page: Page) -> list[Flowable]:
    drawn: list[Flowable] = [para(block.title, "subhead")]
    if block.frames is not None:
        times = tuple(page.words.viewer_at.format(time=seconds(t)) for t in block.frames.times_s)
        cells = page.cells(block.frames, 200)
        drawn.append(_side_by_side(cells, times if len(cells) == len(times) else ("",)))
    return drawn + (flow(block.timeline, page)[1:] if block.timeline else [])


@flow.register
def _(block: content.Compare, page: Page) -> list[Flowable]:
    cells = page.row(block, 400)
    whole = len(cells) == len(block.labels)
    digests = ", ".join(f"{one.file} · {one.sha256[:16]}…" for one in block.exhibits)
    return [
        _side_by_side(cells, block.labels if whole else ("",) * len(cells)),
        para(block.title, "subhead"),
        *([para(block.caption, "note")] if block.caption else []),
        para(digests, "mono"),
    ]


@flow.register
def _(block: content.Timeline, page: Page) -> list[Flowable]:
    foot = len(block.strips) - COLUMNS
    drawn: list[Flowable | str] = [
        figures.timeline_strip(block, strip, WIDE / COLUMNS, axis=at >= foot)
        for at, strip in enumerate(block.strips)
    ]
    drawn += [""] * (-len(drawn) % COLUMNS)
    rows = [drawn[at : at + COLUMNS] for at in range(0, len(drawn), COLUMNS)]
    bare = [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
    grid = Grid(
        rows,
        colWidths=[WIDE / COLUMNS] * COLUMNS,
        style=[*bare, ("VALIGN", (0, 0), (-1, -1), "TOP")],
    )
    return [para(block.title, "subhead"), grid]


def _captioned(caption: str, figure: Callable[[float], Flowable]) -> list[Flowable]:
    return [para(caption, "note"), figure(WIDE), Spacer(1, 4)]


@flow.register
def _(block: content.FrameTypes, page: Page) -> list[Flowable]:
    return _captioned(block.caption, lambda wide: figures.frame_types(block, wide))


@flow.register
def _(block: content.Course, page: Page) -> list[Flowable]:
    return _captioned(block.caption, lambda wide: figures.course(block, wide))


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
            story += [CondPageBreak(HEADING_ROOM), *lead, *drawn] if lead else drawn
        lead = []
    return story
