"""Fonts that show any name on any machine, and text that can be drawn with them.

Why these: DejaVu Sans covers Latin, Greek, Cyrillic, Hebrew and joined Arabic; Droid Sans
Fallback covers Chinese, Japanese and Korean. Both are free, travel in `reports/fonts` and are
embedded as subsets, so no viewer needs fonts of its own. What neither covers (Thai, Devanagari,
most emoji) is spelled out as ⟨U+0E01⟩ rather than shown as an empty box.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from itertools import groupby
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

from reports.text import LIMIT, code_point, in_visual_order, visible

BODY, BOLD, MONO, WIDE = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DroidSansFallback"


@cache
def glyphs_of(name: str) -> frozenset[int]:
    """Register a font of ours and return the code points it has glyphs for.

    Args:
        name: File stem in `reports/fonts`.
    """
    with as_file(files("reports") / "fonts" / f"{name}.ttf") as path:
        font = TTFont(name, str(path))
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)


def runs(text: str, font: str, limit: int = LIMIT) -> list[tuple[str, str]]:
    """Make hostile text drawable: pairs of font name and text, left to right.

    Args:
        text: As it came from the file or the record.
        font: For what it covers.
        limit: See `visible`.
    """
    drawn = in_visual_order(visible(text, limit))
    chosen = [pair for char in drawn for pair in _chosen(char, font)]
    return [
        (name, "".join(char for _, char in group))
        for name, group in groupby(chosen, key=lambda pair: pair[0])
    ]


def _chosen(char: str, font: str) -> list[tuple[str, str]]:
    for name in (font, BODY):
        if ord(char) in glyphs_of(name):
            return [(name, char)]
    if ord(char) >= 0x1100 and ord(char) in glyphs_of(WIDE):  # the big font is read only if needed
        return [(WIDE, char)]
    return [(font, spelled) for spelled in code_point(char)]


def markup(text: str, font: str, limit: int = LIMIT) -> str:
    """Make hostile text into reportlab paragraph markup that says exactly that text.

    Args:
        text: As it came from the file or the record.
        font: The paragraph's own.
        limit: See `visible`.
    """
    pieces = []
    for name, run in runs(text, font, limit):
        safe = escape(run).replace("  ", " \u00a0")  # paragraphs would merge spaces
        pieces.append(safe if name == font else f'<font name="{name}">{safe}</font>')
    return "".join(pieces)


def line(text: str, font: str, limit: int = 120) -> str:
    """Make hostile text into one line of one font, for labels in figures.

    Args:
        text: As it came from the file or the record.
        font: Of the label.
        limit: See `visible`.
    """
    drawn = in_visual_order(visible(text, limit))
    has = glyphs_of(font)
    return "".join(char if ord(char) in has else code_point(char) for char in drawn)


def width(text: str, font: str, size: float) -> float:
    """Measure text that `line` made, in points."""
    glyphs_of(font)
    return float(pdfmetrics.stringWidth(text, font, size))


def fitted(text: str, font: str, size: float, room: float) -> str:
    """Make text into one line like `line`, cut where it would be wider than there is room.

    Args:
        text: As it came from the file or the record.
        font: Of the label.
        size: Points.
        room: Points.
    """
    drawn = line(text, font)
    if width(drawn, font, size) <= room:
        return drawn
    while drawn and width(f"{drawn}…", font, size) > room:
        drawn = drawn[:-1]
    return f"{drawn.rstrip()}…"


def register() -> None:
    """Make the fonts that every report uses known to reportlab."""
    for name in (BODY, BOLD, MONO):
        glyphs_of(name)
