"""Figures as inline SVG: the very drawings of the PDF, shape by shape."""

from __future__ import annotations

from markupsafe import Markup
from reportlab.graphics.shapes import Drawing, Line, Polygon, PolyLine, Rect, Shape, String
from reportlab.lib.colors import Color

from reports.text import visible

NOTHING = Markup("")
LABEL_LIMIT = 400


def svg(drawing: Drawing, label: str, extra: Markup = NOTHING) -> Markup:
    """Turn a drawing into SVG.

    Args:
        drawing: Of lines, boxes, polygons and text; y points up.
        label: What it shows, for those who cannot see it.
        extra: Put on top.

    Raises:
        TypeError: The drawing holds a kind of shape that figures do not use.
    """
    shapes = Markup("").join(_shape(shape, drawing.height) for shape in drawing.contents)
    return Markup('<svg role="img" aria-label="{}" viewBox="0 0 {} {}">{}{}</svg>').format(
        visible(label, LABEL_LIMIT), number(drawing.width), number(drawing.height), shapes, extra
    )


def number(value: float) -> str:
    """Write a coordinate."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _color(color: Color | None) -> str:
    return "none" if color is None else f"#{color.hexval()[2:]}"


def _stroke(shape: Shape) -> Markup:
    width = shape.strokeWidth or 0
    dash = " ".join(number(part) for part in shape.strokeDashArray or ())
    return Markup('stroke="{}" stroke-width="{}"{}').format(
        _color(shape.strokeColor if width else None), number(width),
        Markup(' stroke-dasharray="{}"').format(dash) if dash else "",
    )  # fmt: skip


def _shape(shape: Shape, tall: float) -> Markup:
    if isinstance(shape, Line):
        return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" {}/>').format(
            number(shape.x1), number(tall - shape.y1), number(shape.x2), number(tall - shape.y2),
            _stroke(shape),
        )  # fmt: skip
    if isinstance(shape, Rect):
        return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="{}" {}/>').format(
            number(shape.x), number(tall - shape.y - shape.height), number(shape.width),
            number(shape.height), _color(shape.fillColor), _stroke(shape),
        )  # fmt: skip
    if isinstance(shape, Polygon):
        return Markup('<polygon points="{}" fill="{}" {}/>').format(
            _points(shape.points, tall), _color(shape.fillColor), _stroke(shape)
        )
    if isinstance(shape, PolyLine):
        return Markup('<polyline points="{}" fill="none" {}/>').format(
            _points(shape.points, tall), _stroke(shape)
        )
    if isinstance(shape, String):
        return Markup(
            '<text x="{}" y="{}" font-size="{}" text-anchor="{}" fill="{}"{}>{}</text>'
        ).format(
            number(shape.x), number(tall - shape.y), number(shape.fontSize), shape.textAnchor,
            _color(shape.fillColor),
            Markup(' font-weight="bold"') if "Bold" in shape.fontName else "", shape.text,
        )  # fmt: skip
    raise TypeError(f"no SVG for {type(shape).__name__}")


def _points(flat: list[float], tall: float) -> str:
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return " ".join(f"{number(x)},{number(tall - y)}" for x, y in pairs)
