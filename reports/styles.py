"""The look of running text, and the only way text becomes a paragraph."""

from __future__ import annotations

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph as Para

from reports.figures import INK
from reports.fonts import BODY, BOLD, MONO, markup

WIDE = 515.0
"""Points between the margins of an A4 page."""

CELL_LIMIT = 1200


def _style(
    name: str, font: str, size: float, leading: float, color: Color = INK, **more: float
) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=font, fontSize=size, leading=leading, textColor=color, splitLongWords=1,
        **more,
    )  # fmt: skip


STYLES = {
    "title": _style("title", BOLD, 15, 19),
    "part": _style("part", BOLD, 14, 18, spaceAfter=2),
    "heading": _style("heading", BOLD, 9.5, 12.5, spaceBefore=8, spaceAfter=2.5),
    "subhead": _style("subhead", BOLD, 8, 11, spaceBefore=4, spaceAfter=1.5),
    "body": _style("body", BODY, 8, 11, spaceAfter=1.5),
    "bullet": _style(
        "bullet", BODY, 8, 10.6, leftIndent=10, bulletIndent=1, bulletFontSize=8, spaceAfter=1
    ),
    "reason": _style("reason", BODY, 7, 9, leftIndent=8.5, bulletIndent=1, bulletFontSize=7),
    "note": _style("note", BODY, 7, 9.2, HexColor("#4A4A4A"), spaceAfter=2),
    "cell": _style("cell", BODY, 7, 9),
    "head": _style("head", BOLD, 7, 9),
    "mono": _style("mono", MONO, 6.6, 8.8, spaceAfter=2),
    "name": _style("name", BOLD, 11, 14.5),
    "caption": _style("caption", BODY, 6, 7.5, HexColor("#4A4A4A")),
    "label": _style("label", BOLD, 9, 11.5),
}


def para(text: str, style: str, limit: int = CELL_LIMIT, label: str = "") -> Para:
    """Make a paragraph of any text whatever.

    Args:
        text: Raw; harmless afterwards.
        style: Key of `STYLES`.
        limit: Characters kept.
        label: Bold words before it.
    """
    look = STYLES[style]
    before = f'<font name="{BOLD}">{markup(label, BOLD)}:</font> ' if label else ""
    return Para(before + markup(text, look.fontName, limit), look)


def bullet(text: str, style: str = "bullet", sign: str = "•") -> Para:
    """Make a bulleted paragraph of any text whatever."""
    before = f'<bullet><font name="{BODY}">{sign}</font></bullet>'
    return Para(before + markup(text, BODY, CELL_LIMIT), STYLES[style])
