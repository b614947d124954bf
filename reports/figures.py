"""Figures drawn as vectors from numbers alone: the same numbers give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from reportlab.graphics.shapes import Drawing, Line, Polygon, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor

from forensics.record import Conclusion
from reports.content import Bar, Course, FrameTypes, Strip, Timeline
from reports.fonts import BODY, BOLD, fitted, line
from reports.numbers import MINUS, plain, ticks

# Darkened from the Okabe-Ito palette, which color-blind readers can tell apart; white text on
# each has a contrast of at least 5:1, and in gray print the words and marks still differ.
COLORS = {
    Conclusion.SUPPORTS_FACE_SWAP: HexColor("#A63F00"),
    Conclusion.SUPPORTS_NO_FACE_SWAP: HexColor("#005A94"),
    Conclusion.INCONCLUSIVE: HexColor("#595959"),
    Conclusion.NOT_EXAMINABLE: HexColor("#FFFFFF"),
}
INK = HexColor("#1A1A1A")
FAINT = HexColor("#6B6B6B")
GRID = HexColor("#D5D5D5")
PAPER = HexColor("#F4F4F4")
SWAP_TINT, GENUINE_TINT = HexColor("#D55E00"), HexColor("#0072B2")


def ink_on(conclusion: Conclusion) -> Color:
    """Return the color of text on a conclusion's color."""
    white = HexColor("#FFFFFF")
    return INK if conclusion is Conclusion.NOT_EXAMINABLE else white


def _tint(color: Color, share: float) -> Color:
    return Color(*(1 - share * (1 - part) for part in (color.red, color.green, color.blue)))


def _label(
    x: float, y: float, text: str, size: float, anchor: str = "start", font: str = BODY,
    color: Color = FAINT,
) -> String:  # fmt: skip
    return String(
        x, y, line(text, font), fontName=font, fontSize=size, textAnchor=anchor, fillColor=color
    )


def lr_bar(bar: Bar, wide: float) -> Drawing:
    """Draw a log10 LR with its interval on the verbal scale.

    Bands of the scale are tinted, orange towards a face swap and blue away from it; the line is
    the 95 % interval and the diamond the value. An interval beyond the scale ends in an arrow.

    Args:
        bar: Numbers and scale.
        wide: Points.
    """
    high, base, tall = 31.0, 13.0, 9.0
    figure = Drawing(wide, high)
    left, right = 4.0, wide - 4.0

    def x_of(value: float) -> float:
        held = min(max(value, -bar.half_range), bar.half_range)
        return left + (held / bar.half_range + 1) / 2 * (right - left)

    for number, band in enumerate(bar.bands):
        upper = bar.half_range if band.upper_log10 is None else band.upper_log10
        for side, color in ((1, SWAP_TINT), (-1, GENUINE_TINT)):
            ends = sorted((x_of(side * band.lower_log10), x_of(side * upper)))
            if ends[1] > ends[0]:
                fill = _tint(color, 0.09 * number) if number else PAPER
                figure.add(
                    Rect(ends[0], base, ends[1] - ends[0], tall, fillColor=fill,
                         strokeColor=HexColor("#FFFFFF"), strokeWidth=0.4)
                )  # fmt: skip
    for value in ticks(-bar.half_range, bar.half_range, 8):
        shown = f"{value:+g}".replace("-", MINUS) if value else "0"
        figure.add(_label(x_of(value), base - 7.5, shown, 5.5, "middle"))
    figure.add(
        Line(x_of(0), base - 1.5, x_of(0), base + tall + 1.5, strokeColor=INK, strokeWidth=0.7)
    )
    _interval(figure, bar, x_of, base + tall / 2)
    figure.add(_label(left, base + tall + 2.5, f"◂ {bar.left}", 5.5))
    figure.add(_label(right, base + tall + 2.5, f"{bar.right} ▸", 5.5, "end"))
    return figure


def _interval(figure: Drawing, bar: Bar, x_of: Callable[[float], float], y: float) -> None:
    """Draw the interval and the value; arrows where the scale ends before the interval does."""
    low, high, value = x_of(bar.lower), x_of(bar.upper), x_of(bar.log10_lr)
    figure.add(Line(low, y, high, y, strokeColor=INK, strokeWidth=1.6))
    for end, beyond, way in (
        (low, bar.lower < -bar.half_range, -1),
        (high, bar.upper > bar.half_range, 1),
    ):
        if beyond:
            tip = [end + 3 * way, y, end - way, y + 2.5, end - way, y - 2.5]
            figure.add(Polygon(tip, fillColor=INK, strokeWidth=0))
        else:
            figure.add(Line(end, y - 2.5, end, y + 2.5, strokeColor=INK, strokeWidth=1.2))
    diamond = [value - 3, y, value, y + 4, value + 3, y, value, y - 4]
    white = HexColor("#FFFFFF")
    figure.add(Polygon(diamond, fillColor=INK, strokeColor=white, strokeWidth=0.6))


STRIP_HIGH = 30.0
STRIP_LEFT = 32.0
STRIP_HEAD = 17.0
MOST_POINTS = 800


def timeline_strip(timeline: Timeline, strip: Strip, wide: float, *, axis: bool) -> Drawing:
    """Draw one signal over time.

    Args:
        timeline: Its time axis and cuts.
        strip: The signal.
        wide: Points.
        axis: Write the times under it.
    """
    base = 11.0 if axis else 3.0
    figure = Drawing(wide, base + STRIP_HIGH + STRIP_HEAD)
    left, right, top = STRIP_LEFT, wide - 8, base + STRIP_HIGH
    span = max(timeline.end_s - timeline.start_s, 1e-9)

    def x_of(time_s: float) -> float:
        return left + (time_s - timeline.start_s) / span * (right - left)

    for text, up, font, size, color in (
        (strip.title, 9.5, BOLD, 6.8, INK), (strip.note, 2.2, BODY, 6.0, FAINT),
    ):  # fmt: skip
        shown = fitted(text, font, size, right - left)
        figure.add(_label(left, top + up, shown, size, font=font, color=color))
    figure.add(
        Rect(
            left, base, right - left, STRIP_HIGH, fillColor=PAPER, strokeColor=GRID, strokeWidth=0.5
        )
    )
    for time_s in ticks(timeline.start_s, timeline.end_s, 6):
        x = x_of(time_s)
        figure.add(Line(x, base, x, top, strokeColor=GRID, strokeWidth=0.4))
        if axis and x < right - 16:
            figure.add(_label(x, base - 7, plain(time_s, 4), 5.5, "middle"))
    if axis:
        figure.add(_label(right, base - 7, timeline.axis, 5.5, "end"))
    for cut in timeline.cuts_s:
        figure.add(
            Line(x_of(cut), base, x_of(cut), top, strokeColor=INK, strokeWidth=0.8,
                 strokeDashArray=[2, 2])
        )  # fmt: skip
    times, values = thinned(strip.times_s, strip.values)
    _course(figure, [x_of(time_s) for time_s in times], values, base, top)
    return figure


def _course(
    figure: Drawing, xs: Sequence[float], values: Sequence[float | None], base: float, top: float
) -> None:
    """Draw values over given x with their own scale; missing values leave gaps."""
    known = [value for value in values if value is not None]
    if not known:
        return
    low, high = min(known), max(known)
    span = high - low

    def y_of(value: float) -> float:
        share = (value - low) / span if span > 0 else 0.5
        return base + 3 + share * (top - base - 6)

    for stretch in _stretches(xs, values):
        points = [at for x, value in stretch for at in (x, y_of(value))]
        if len(stretch) > 1:
            figure.add(PolyLine(points, strokeColor=GENUINE_TINT, strokeWidth=0.9))
        else:
            x, y = points
            figure.add(Rect(x - 0.8, y - 0.8, 1.6, 1.6, fillColor=GENUINE_TINT, strokeWidth=0))
    figure.add(_label(STRIP_LEFT - 3, y_of(high) - 2, plain(high), 5.5, "end"))
    if span > 0:
        figure.add(_label(STRIP_LEFT - 3, y_of(low) - 2, plain(low), 5.5, "end"))


def thinned(
    times: Sequence[float], values: Sequence[float | None], most: int = MOST_POINTS
) -> tuple[list[float], list[float | None]]:
    """Reduce a long course to the lowest and highest value of each short stretch.

    Args:
        times: (n,) ascending.
        values: (n,) None where nothing was measured.
        most: Points of the result, about.

    Returns:
        Times and values; no extreme is lost, and a stretch without any value stays a gap.
    """
    step = -(-len(times) // (most // 2))
    if step <= 2:
        return list(times), list(values)
    kept: list[int] = []
    for start in range(0, len(times), step):
        known = [
            (value, at)
            for at, value in enumerate(values[start : start + step], start)
            if value is not None
        ]
        kept += sorted({min(known)[1], max(known)[1]}) if known else [start]
    return [times[at] for at in kept], [values[at] for at in kept]


def _stretches(
    xs: Sequence[float], values: Sequence[float | None]
) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[]]
    for x, value in zip(xs, values, strict=True):
        if value is None or not math.isfinite(value):
            found.append([])
        else:
            found[-1].append((x, value))
    return [stretch for stretch in found if stretch]


def frame_types(block: FrameTypes, wide: float) -> Drawing:
    """Draw frame types as bars: I tallest and dark, P middle, B short and light.

    Args:
        block: The types.
        wide: Points.
    """
    high = 26.0
    figure = Drawing(wide, high)
    step = (wide - STRIP_LEFT - 6) / max(len(block.types), 1)
    looks = {"I": (22.0, INK), "P": (13.0, GENUINE_TINT), "B": (7.0, _tint(GENUINE_TINT, 0.45))}
    for number, letter in enumerate(block.types):
        tall, color = looks.get(letter, (3.0, SWAP_TINT))
        x = STRIP_LEFT + number * step
        bar = max(step * 0.85, 0.3)
        figure.add(Rect(x, 1, bar, tall, fillColor=color, strokeColor=None, strokeWidth=0))
    for letter, y in (("I", 19.0), ("P", 10.0), ("B", 3.0)):
        figure.add(_label(STRIP_LEFT - 4, y, letter, 6, "end"))
    return figure


def course(block: Course, wide: float) -> Drawing:
    """Draw numbers over their own order.

    Args:
        block: The numbers.
        wide: Points.
    """
    figure = Drawing(wide, STRIP_HIGH + 4)
    left, right, top = STRIP_LEFT, wide - 6, STRIP_HIGH + 2
    figure.add(
        Rect(left, 2, right - left, STRIP_HIGH, fillColor=PAPER, strokeColor=GRID, strokeWidth=0.5)
    )
    last = max(len(block.values) - 1, 1)
    xs = [left + number / last * (right - left) for number in range(len(block.values))]
    _course(figure, xs, block.values, 2, top)
    return figure
