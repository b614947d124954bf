"""Blocks with pictures and figures as reportlab flowables."""

from __future__ import annotations

import io
from collections.abc import Callable

from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Flowable, Image, Spacer
from reportlab.platypus import Paragraph as Para
from reportlab.platypus import Table as Grid

from forensics.record import Conclusion
from reports import content, figures
from reports.flow import Page, edge, flow
from reports.fonts import BOLD, markup
from reports.numbers import seconds
from reports.pictures import Picture
from reports.styles import STYLES, WIDE, bullet, para
from reports.tippett import tippett

__all__ = ["flow"]


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
            ("LINEBEFORE", (0, 0), (0, 0), 3, edge(block.conclusion)),
            ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ("LEFTPADDING", (0, 0), (-1, -1), 5), ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ],
    )  # fmt: skip
    return [grid]


def _badge(label: str, conclusion: Conclusion) -> Para:
    look = ParagraphStyle("badge", parent=STYLES["label"], textColor=edge(conclusion))
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
    hidden = all(one.blurred for one in pictures)
    side = min(WIDE / n, BLURRED_PLATE if hidden else PLATE * 1.1)
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
def _(block: content.Tippett, page: Page) -> list[Flowable]:
    return _captioned(block.caption, lambda wide: tippett(block, wide * 0.72))


@flow.register
def _(block: content.Course, page: Page) -> list[Flowable]:
    return _captioned(block.caption, lambda wide: figures.course(block, wide))
