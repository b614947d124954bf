from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from report_records import picture
from reportlab.graphics.shapes import Drawing, Line, Polygon, PolyLine, String

from forensics.interpretation.strength import BANDS
from forensics.record import Conclusion
from reports import figures, fonts, numbers
from reports.content import Bar, FrameTypes, Strip, Timeline
from reports.pictures import Album
from reports.template import load as load_template

WORDS = load_template("moderator").words


def bar(value: float, lower: float, upper: float, half: float = 3.0) -> Bar:
    return Bar(value, lower, upper, half, BANDS, "left", "right")


def of(drawing: Drawing, kind: type) -> list:  # type: ignore[type-arg]
    return [shape for shape in drawing.contents if isinstance(shape, kind)]


def diamond(drawing: Drawing) -> float:
    points = of(drawing, Polygon)[-1].points
    return float(np.mean(points[::2]))


def test_the_value_stands_where_it_belongs() -> None:
    wide = 200.0
    assert diamond(figures.lr_bar(bar(0, -1, 1), wide)) == pytest.approx(wide / 2)
    assert diamond(figures.lr_bar(bar(1.5, 1, 2), wide)) > wide / 2
    assert diamond(figures.lr_bar(bar(-1.5, -2, -1), wide)) < wide / 2


def test_an_interval_beyond_the_scale_ends_in_an_arrow() -> None:
    inside, beyond = (figures.lr_bar(bar(2, 1, top), 200.0) for top in (2.9, 5.0))
    assert len(of(beyond, Polygon)) == len(of(inside, Polygon)) + 1
    widest = max(max(shape.x1, shape.x2) for shape in of(beyond, Line))
    assert widest <= 200.0


def test_a_missing_value_leaves_a_gap() -> None:
    times = tuple(float(k) for k in range(8))
    whole = Strip("a", "", times, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0))
    torn = Strip("a", "", times, (1.0, 2.0, 3.0, None, 5.0, 6.0, 7.0, 8.0))
    line = Timeline("", 0.0, 7.0, (3.5,), (whole,), "s")
    drawn = [figures.timeline_strip(line, strip, 400.0, axis=False) for strip in (whole, torn)]
    assert [len(of(one, PolyLine)) for one in drawn] == [1, 2]
    dashed = [one for one in of(drawn[0], Line) if one.strokeDashArray]
    assert len(dashed) == 1


@pytest.mark.parametrize("values", [(), (None, None), (2.0, 2.0), (2.0,)])
def test_odd_series_can_be_drawn(values: tuple[float | None, ...]) -> None:
    strip = Strip("a", "b", tuple(map(float, range(len(values)))), values)
    figures.timeline_strip(Timeline("", 0.0, 0.0, (), (strip,), "s"), strip, 300.0, axis=True)


def test_labels_stay_inside_and_hostile_ones_are_cut() -> None:
    strip = Strip("\x1b" + "x" * 500, "note", (0.0, 1.0), (0.0, 1.0))
    drawing = figures.timeline_strip(Timeline("", 0, 1, (), (strip,), "s"), strip, 300.0, axis=True)
    title = next(one for one in of(drawing, String) if "x" in one.text)
    assert fonts.width(title.text, title.fontName, title.fontSize) < 300
    assert "\x1b" not in title.text


def test_frame_types_differ_in_height() -> None:
    drawing = figures.frame_types(FrameTypes("IPB?", ""), 300.0)
    heights = [shape.height for shape in drawing.contents if hasattr(shape, "height")]
    assert heights == sorted(heights, reverse=True)
    assert len(set(heights)) == 4


def test_colors_can_be_told_apart_and_read() -> None:
    def luminance(color: object) -> float:
        parts = [getattr(color, name) for name in ("red", "green", "blue")]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    for conclusion, color in figures.COLORS.items():
        pair = sorted((luminance(color), luminance(figures.ink_on(conclusion))))
        assert (pair[1] + 0.05) / (pair[0] + 0.05) > 4.5, conclusion
    assert len({color.hexval() for color in figures.COLORS.values()}) == len(Conclusion)


def test_blurring_leaves_no_face(tmp_path: Path) -> None:
    exhibit = picture(tmp_path, "thumb-1.png", 1, "t")
    hidden, shown = (
        Album(tmp_path, WORDS, show_faces=on).picture(exhibit, 400) for on in (False, True)
    )

    def detail(png: bytes) -> float:
        gray = np.asarray(Image.open(io.BytesIO(png)).convert("L"), np.float64)
        return float(np.abs(np.diff(gray, axis=1)).mean())

    assert detail(hidden.png) < detail(shown.png) / 4
    again = Album(tmp_path, WORDS, show_faces=False).picture(exhibit, 400)
    assert hashlib.sha256(again.png).digest() == hashlib.sha256(hidden.png).digest()


@pytest.mark.parametrize(
    ("log10", "written"),
    [(0, "1"), (1, "10"), (1.42, "26"), (-1.31, "1/20"), (-0.4, "1/2.5"), (3.3, "2,000"),
     (9, "10^9.0"), (-0.001, "1")],
)  # fmt: skip
def test_ratios_read_well(log10: float, written: str) -> None:
    assert numbers.ratio(log10) == written


def test_signs_are_written() -> None:
    assert numbers.signed(1.234) == "+1.23"
    assert numbers.signed(-1.234) == "−1.23"
    assert numbers.signed(-0.001) == "0.00"


def test_long_courses_lose_no_extreme() -> None:
    n = 50_000
    values: list[float | None] = list(np.sin(np.arange(n) / 900.0).tolist())
    values[31_007], values[12] = 9.0, -9.0
    values[20_000:30_000] = [None] * 10_000
    times, kept = figures.thinned([k / 25 for k in range(n)], values)
    assert len(kept) <= figures.MOST_POINTS * 1.1
    assert {9.0, -9.0} <= set(kept)
    assert times == sorted(times)
    assert None in kept
    assert figures.thinned([0.0, 1.0], [1.0, None]) == ([0.0, 1.0], [1.0, None])
