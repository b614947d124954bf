"""The parts of the HTML that a hand moves: frames with courses below, and pairs of pictures."""

from __future__ import annotations

import json

from markupsafe import Markup

from reports import content, figures
from reports.html_blocks import NOTHING, Sheet, block_html, img, joined, text
from reports.numbers import plain, seconds
from reports.svg import number, svg
from reports.text import visible

__all__ = ["block_html"]

STRIP_WIDE = 360.0
FRAME_PX = 256
COMPARE_PX = 512


@block_html.register
def _(block: content.Viewer, sheet: Sheet) -> Markup:
    """Frames and maps in one place, a slider, and every course with a line that follows it."""
    times = _steps(block)
    if len(times) < 2:
        return _title(block, sheet) + _stage(block, sheet)
    words = sheet.words
    slider, readout, keys = sheet.id(), sheet.id(), sheet.id()
    control = Markup(
        '<p class="scrub"><label for="{slider}">{label}</label>'
        '<input type="range" class="time" id="{slider}" min="0" max="{last}" step="1" value="0" '
        'aria-describedby="{keys}" aria-valuetext="{first}">'
        '<output id="{readout}" for="{slider}">{first}</output></p>'
        '<p class="note" id="{keys}">{help} {note}</p>'
    ).format(
        slider=slider, readout=readout, keys=keys, label=words.viewer_time, last=len(times) - 1,
        first=words.viewer_at.format(time=seconds(times[0])), help=words.viewer_keys,
        note=text(block.note),
    )  # fmt: skip
    return Markup(
        '<div class="viewer" role="group" aria-label="{}" data-times="{}" data-at="{}" '
        'data-nearest="{}">{}<div class="looking">{}<div class="reading">{}{}</div></div>{}</div>'
    ).format(
        visible(words.viewer_title.format(who=block.title)), json.dumps(times), words.viewer_at,
        words.viewer_nearest, _title(block, sheet), _stage(block, sheet), control,
        _overlays(block, sheet), _courses(block, sheet),
    )  # fmt: skip


def _title(block: content.Viewer, sheet: Sheet) -> Markup:
    return block_html(content.Paragraph(block.title, style="subhead"), sheet)


def _steps(block: content.Viewer) -> list[float]:
    """Return every time that the slider can stop at."""
    found = set(block.frames.times_s if block.frames else ())
    for strip in block.timeline.strips if block.timeline else ():
        found |= set(figures.thinned(strip.times_s, strip.values)[0])
    return sorted(found)


def _stage(block: content.Viewer, sheet: Sheet) -> Markup:
    """Stack the frames, and the maps over them; without a script they stand side by side."""
    if block.frames is None:
        return Markup('<p class="note">{}</p>').format(sheet.words.viewer_no_frames)
    cells = sheet.album.cells(block.frames, FRAME_PX)
    frames = [
        Markup('<span class="frame" data-time="{}">{}<span class="note">{}</span></span>').format(
            time, img(cell, f"{block.frames.title}, {when}"), when
        )
        for time, cell in zip(block.frames.times_s, cells, strict=False)
        for when in (sheet.words.viewer_at.format(time=seconds(time)),)
    ]
    maps = [
        Markup('<span class="overlay" data-overlay="{}" hidden>{}</span>').format(
            at, img(sheet.album.picture(one, FRAME_PX), one.title)
        )
        for at, one in enumerate(block.overlays)
    ]
    return Markup('<div class="stage"><div class="frames">{}{}</div></div>').format(
        joined(frames), joined(maps)
    )


def _overlays(block: content.Viewer, sheet: Sheet) -> Markup:
    if block.frames is None or not block.overlays:
        return NOTHING
    boxes = [
        Markup('<label><input type="checkbox" data-overlay="{}"> {}</label>').format(
            at, text(one.title)
        )
        for at, one in enumerate(block.overlays)
    ]
    name = sheet.id()
    strength = Markup(
        '<label for="{0}">{1}</label><input type="range" class="strength" id="{0}" min="10" '
        'max="100" step="5" value="65">'
    ).format(name, sheet.words.viewer_strength)
    return Markup(
        '<fieldset class="overlays"><legend>{}</legend>{}<div>{}</div></fieldset>'
    ).format(sheet.words.viewer_overlays, joined(boxes), strength)


def _courses(block: content.Viewer, sheet: Sheet) -> Markup:
    if block.timeline is None:
        return NOTHING
    strips = [_course(block.timeline, strip) for strip in block.timeline.strips]
    return Markup('<div class="courses">{}</div>').format(joined(strips))


def _course(timeline: content.Timeline, strip: content.Strip) -> Markup:
    """Draw one course as in the PDF, with a line for the slider and its numbers for the script."""
    drawing = figures.timeline_strip(timeline, strip, STRIP_WIDE, axis=True)
    times, values = figures.thinned(strip.times_s, strip.values)
    cursor = Markup('<line class="cursor" x1="{0}" x2="{0}" y1="{1}" y2="{2}" hidden="hidden"/>')
    line = cursor.format(
        number(figures.STRIP_LEFT), number(figures.STRIP_HEAD), number(drawing.height - 11)
    )
    known = [value for value in values if value is not None]
    reach = f", {plain(min(known))} – {plain(max(known))}" if known else ""
    label = visible(f"{strip.title}: {strip.note}{reach}")
    return Markup(
        '<figure class="course" data-left="{}" data-right="{}" data-start="{}" data-end="{}" '
        'data-times="{}" data-values="{}">{}<figcaption><span class="at"></span></figcaption>'
        "</figure>"
    ).format(
        number(figures.STRIP_LEFT), number(STRIP_WIDE - 8), timeline.start_s, timeline.end_s,
        json.dumps(times), json.dumps(values), svg(drawing, label, line),
    )  # fmt: skip


@block_html.register
def _(block: content.Timeline, sheet: Sheet) -> Markup:
    strips = [_course(block, strip) for strip in block.strips]
    return Markup('<div class="courses">{}</div>').format(joined(strips))


@block_html.register
def _(block: content.Compare, sheet: Sheet) -> Markup:
    """Lay the first picture over the second; a slider moves the edge between them."""
    cells = sheet.album.row(block.exhibits, COMPARE_PX)
    caption = Markup("<figcaption><b>{}</b> {}<br><code>{}</code></figcaption>").format(
        text(block.title), text(block.caption),
        ", ".join(f"{one.file} · {one.sha256[:16]}…" for one in block.exhibits),
    )  # fmt: skip
    named = list(zip(cells, block.labels, strict=False))
    if len(named) < 2 or any(cell.problem for cell in cells):
        row = joined([_named(img(cell, label), label) for cell, label in named])
        return Markup('<figure><div class="row">{}</div>{}</figure>').format(row, caption)
    (first, left), (second, right) = named[:2]
    name = sheet.id()
    pair = Markup(
        '<div class="pair">{}<div class="over">{}</div><span class="edge"></span></div>'
        '<p class="scrub"><label for="{id}">{slide}</label><span>{left}</span>'
        '<input type="range" class="slide" id="{id}" min="0" max="100" step="1" value="50" '
        'data-left="{left}" data-right="{right}" aria-valuetext="50 % {left}">'
        "<span>{right}</span></p>"
    ).format(
        img(second, f"{block.title}: {right}"), img(first, f"{block.title}: {left}"),
        id=name, slide=sheet.words.compare_slide, left=left, right=right,
    )  # fmt: skip
    rest = joined([_named(img(cell, label), label) for cell, label in named])
    return Markup(
        '<figure class="compare">{}<details{}><summary>{}</summary><div class="row">{}</div>'
        "</details>{}</figure>"
    ).format(
        pair, Markup(" open") if len(block.exhibits) > 1 else NOTHING, sheet.words.compare_other,
        rest, caption,
    )  # fmt: skip


def _named(picture: Markup, label: str) -> Markup:
    return Markup('<span>{}<span class="note">{}</span></span>').format(picture, text(label))
