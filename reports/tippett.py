"""The Tippett diagram: how the likelihood ratios of known cases are spread."""

from __future__ import annotations

from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import Color

from reports.content import Tippett
from reports.figures import FAINT, GENUINE_TINT, GRID, INK, PAPER, SWAP_TINT
from reports.fonts import BODY, line
from reports.numbers import MINUS, ticks

HIGH, BASE, LEFT, TOP = 120.0, 22.0, 34.0, 8.0


def tippett(block: Tippett, wide: float) -> Drawing:
    """Draw the share of known cases at or above each log10 LR, and where this item's faces lie.

    Args:
        block: The curves.
        wide: Points.
    """
    figure = Drawing(wide, HIGH)
    right, top = wide - 8, HIGH - TOP
    low, high = block.grid[0], block.grid[-1]

    def x_of(value: float) -> float:
        return LEFT + (min(max(value, low), high) - low) / max(high - low, 1e-9) * (right - LEFT)

    def y_of(share: float) -> float:
        return BASE + share * (top - BASE)

    figure.add(
        Rect(LEFT, BASE, right - LEFT, top - BASE, fillColor=PAPER, strokeColor=GRID, strokeWidth=1)
    )
    for value in ticks(low, high, 8):
        figure.add(Line(x_of(value), BASE, x_of(value), top, strokeColor=GRID, strokeWidth=0.4))
        shown = f"{value:+g}".replace("-", MINUS) if value else "0"
        figure.add(_label(x_of(value), BASE - 8, shown, "middle"))
    for share in (0.0, 0.5, 1.0):
        figure.add(_label(LEFT - 3, y_of(share) - 2, f"{100 * share:.0f} %", "end"))
    for shares, color in ((block.above_h1, SWAP_TINT), (block.above_h2, GENUINE_TINT)):
        points = [at for x, y in zip(block.grid, shares, strict=True) for at in (x_of(x), y_of(y))]
        figure.add(PolyLine(points, strokeColor=color, strokeWidth=1.3))
    for name, value in block.marks:
        x = x_of(value)
        figure.add(Line(x, BASE, x, top, strokeColor=INK, strokeWidth=0.9, strokeDashArray=[3, 2]))
        beside = x + 2 if x < (LEFT + right) / 2 else x - 2
        figure.add(_label(beside, top - 7, name, "start" if beside > x else "end", INK))
    figure.add(_label((LEFT + right) / 2, 3, block.axis, "middle"))
    return figure


def _label(x: float, y: float, text: str, anchor: str, color: Color = FAINT) -> String:
    return String(
        x, y, line(text, BODY), fontName=BODY, fontSize=6, textAnchor=anchor, fillColor=color
    )
