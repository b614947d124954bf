"""Blocks as HTML: one function a kind of block, and nothing decided here.

Every string goes through `text`, which leaves nothing hidden and nothing that could be markup.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from functools import singledispatch
from itertools import count

from markupsafe import Markup, escape

from forensics.record import Exhibit
from reports import content, figures
from reports.case import Original
from reports.numbers import plain
from reports.pictures import Album, Picture
from reports.styles import CELL_LIMIT
from reports.svg import svg
from reports.text import has_rtl, visible
from reports.tippett import tippett
from reports.words import Words

NOTHING = Markup("")
FIGURE_WIDE = 720.0
BAR_WIDE = 520.0
PERSON_BAR_WIDE = 260.0


@dataclass(frozen=True)
class Sheet:
    """What drawing a block needs besides the block.

    Attributes:
        words: Wording.
        album: Pictures.
        level: Of the section's heading.
        ids: Numbers for the page's ids, in order.
    """

    words: Words
    album: Album
    level: int = 2
    ids: count[int] = field(default_factory=lambda: count(1))

    def at(self, level: int) -> Sheet:
        """Return the sheet for a section with a heading of this level."""
        return replace(self, level=level)

    def id(self) -> str:
        """Return an id that the page has not used."""
        return f"n{next(self.ids)}"


def text(raw: str, limit: int = CELL_LIMIT) -> Markup:
    """Make any text harmless HTML: nothing hidden, isolated where it runs right to left."""
    shown = escape(visible(raw, limit))
    if has_rtl(str(shown)):
        shown = Markup("<bdi>{}</bdi>").format(shown)
    return Markup('<span lang="en">{}</span>').format(shown) if isinstance(raw, Original) else shown


def joined(pieces: list[Markup]) -> Markup:
    """Put pieces together."""
    return NOTHING.join(pieces)


@singledispatch
def block_html(block: content.Block, sheet: Sheet) -> Markup:
    """Turn a block into HTML."""
    raise TypeError(f"no HTML for {type(block).__name__}")


@block_html.register
def _(block: content.Paragraph, sheet: Sheet) -> Markup:
    if block.style == "subhead":
        return _subhead(block.text, sheet)
    label = Markup("<b>{}:</b> ").format(text(block.label)) if block.label else NOTHING
    return Markup('<p class="{}">{}{}</p>').format(block.style, label, text(block.text))


def _subhead(title: str, sheet: Sheet) -> Markup:
    return Markup("<h{level}>{title}</h{level}>").format(level=sheet.level + 1, title=text(title))


@block_html.register
def _(block: content.Name, sheet: Sheet) -> Markup:
    return Markup('<p class="name"><bdi>{}</bdi></p>').format(visible(block.text))


@block_html.register
def _(block: content.Bullets, sheet: Sheet) -> Markup:
    return _bullets(block.items)


def _bullets(items: tuple[str, ...]) -> Markup:
    rows = joined([Markup("<li>{}</li>").format(text(item)) for item in items])
    return Markup("<ul>{}</ul>").format(rows) if items else NOTHING


@block_html.register
def _(block: content.Checklist, sheet: Sheet) -> Markup:
    row = Markup('<li><label><input type="checkbox"> {}</label></li>')
    rows = joined([row.format(text(item)) for item in block.items])
    return Markup('<ul class="checklist">{}</ul>').format(rows)


@block_html.register
def _(block: content.Form, sheet: Sheet) -> Markup:
    rows = []
    for one in block.fields:
        name = sheet.id()
        if one.value:
            entry = Markup('<output id="{}">{}</output>').format(name, text(one.value))
        elif one.lines > 1:
            entry = Markup('<textarea id="{}" rows="{}"></textarea>').format(name, one.lines)
        else:
            entry = Markup('<input id="{}" type="text" autocomplete="off">').format(name)
        rows.append(
            Markup('<div><label for="{}">{}</label>{}</div>').format(name, text(one.label), entry)
        )
    return Markup('<div class="form">{}</div>').format(joined(rows))


@block_html.register
def _(block: content.Table, sheet: Sheet) -> Markup:
    if not block.rows:
        return NOTHING
    head = NOTHING
    if block.head:
        cells = joined([Markup('<th scope="col">{}</th>').format(text(one)) for one in block.head])
        head = Markup("<thead><tr>{}</tr></thead>").format(cells)
    rows = [
        Markup("<tr>{}</tr>").format(
            joined([_cell(cell, at, block) for at, cell in enumerate(row)])
        )
        for row in block.rows
    ]
    return Markup('<div class="scroll"><table>{}<tbody>{}</tbody></table></div>').format(
        head, joined(rows)
    )


def _cell(raw: str, at: int, block: content.Table) -> Markup:
    kind = Markup(' class="mono"') if at in block.mono else NOTHING
    if at == 0:
        return Markup('<th scope="row"{}>{}</th>').format(kind, text(raw))
    return Markup("<td{}>{}</td>").format(kind, text(raw))


def _bar(bar: content.Bar | None, wide: float, label: str) -> Markup:
    return svg(figures.lr_bar(bar, wide), label) if bar else NOTHING


@block_html.register
def _(block: content.Banner, sheet: Sheet) -> Markup:
    lines = joined([Markup('<p class="note">{}</p>').format(text(one)) for one in block.strength])
    return Markup(
        '<div class="banner" data-conclusion="{}"><div class="said"><p class="label">{}</p>'
        "<p>{}</p></div>{}{}</div>"
    ).format(
        block.conclusion.value, text(block.label), text(block.sentence), lines,
        _bar(block.bar, BAR_WIDE, " ".join(block.strength)),
    )  # fmt: skip


@block_html.register
def _(block: content.Person, sheet: Sheet) -> Markup:
    face = image(sheet, block.thumbnail, 240, "thumb") if block.thumbnail else NOTHING
    told = Markup('<p class="note">{}</p><p class="label">{}</p>{}{}').format(
        text(block.title), text(block.label),
        Markup("<p>{}</p>").format(text(block.sentence)) if block.sentence else NOTHING,
        _bullets(block.reasons),
    )  # fmt: skip
    weight = joined([Markup('<p class="note">{}</p>').format(text(s)) for s in block.strength])
    bar = _bar(block.bar, PERSON_BAR_WIDE, " ".join(block.strength))
    return Markup(
        '<article class="person" data-conclusion="{}"><div>{}</div><div>{}</div>'
        "<div>{}{}</div></article>"
    ).format(block.conclusion.value, face, told, weight, bar)


def image(sheet: Sheet, exhibit: Exhibit, most_px: int, kind: str = "") -> Markup:
    """Place an exhibit, or say what is wrong with it."""
    return img(sheet.album.picture(exhibit, most_px), exhibit.title, kind)


def img(picture: Picture, alt: str, kind: str = "") -> Markup:
    """Place a picture with its words, or say what is wrong with it."""
    if picture.problem:
        return Markup('<p class="problem" role="alert">{}</p>').format(text(picture.problem))
    data = base64.b64encode(picture.png).decode("ascii")
    return Markup(
        '<img class="{}" alt="{}" width="{}" height="{}" src="data:image/png;base64,{}">'
    ).format(
        f"{kind} blurred".strip() if picture.blurred else kind,
        visible(alt),
        picture.width_px,
        picture.height_px,
        data,
    )


@block_html.register
def _(block: content.Plate, sheet: Sheet) -> Markup:
    shown = [_figure(sheet, block.exhibit, "")]
    if block.control is None:
        shown.append(Markup('<p class="note">{}</p>').format(text(block.no_control)))
    else:
        shown.append(_figure(sheet, block.control, f"{block.control_label}: "))
    return Markup('<div class="plate">{}</div>').format(joined(shown))


def _figure(sheet: Sheet, exhibit: Exhibit, before: str) -> Markup:
    return Markup(
        "<figure>{}<figcaption><b>{}{}</b> {}<br><code>{}</code></figcaption></figure>"
    ).format(
        image(sheet, exhibit, 900), before, text(exhibit.title), text(exhibit.caption),
        f"{exhibit.file} · {exhibit.sha256[:16]}…",
    )  # fmt: skip


@block_html.register
def _(block: content.FrameTypes, sheet: Sheet) -> Markup:
    return _captioned(block.caption, svg(figures.frame_types(block, FIGURE_WIDE), block.caption))


@block_html.register
def _(block: content.Tippett, sheet: Sheet) -> Markup:
    return _captioned(block.caption, svg(tippett(block, BAR_WIDE), block.caption))


@block_html.register
def _(block: content.Course, sheet: Sheet) -> Markup:
    label = f"{block.caption} {plain(min(block.values))} – {plain(max(block.values))}"
    return _captioned(block.caption, svg(figures.course(block, FIGURE_WIDE), visible(label)))


def _captioned(caption: str, figure: Markup) -> Markup:
    return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(figure, text(caption))
