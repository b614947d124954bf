"""Numbers as people read them."""

from __future__ import annotations

import math

MINUS = "−"


def signed(value: float, digits: int = 2) -> str:
    """Write a number with its sign, as log10 units are written."""
    rounded = round(value, digits)
    if rounded == 0:
        return f"{0:.{digits}f}"
    return f"{'+' if rounded > 0 else MINUS}{abs(rounded):.{digits}f}"


def plain(value: float | None, digits: int = 3) -> str:
    """Write a number in so many significant digits."""
    if value is None:
        return "–"
    written = f"{value:.{digits}g}"
    if "e" not in written:
        return written.replace("-", MINUS)
    return f"{value:,.0f}".replace("-", MINUS) if abs(value) < 1e15 else written


def ratio(log10_value: float) -> str:
    """Write a likelihood ratio from its log10: two significant digits, below one as 1/20."""
    if log10_value < 0 and _times(-log10_value) != "1":
        return f"1/{_times(-log10_value)}"
    return _times(abs(log10_value))


def _times(log10_value: float) -> str:
    if log10_value >= 7:
        return f"10^{log10_value:.1f}"
    value = 10.0**log10_value
    if value < 9.95:
        return f"{value:.1f}".removesuffix(".0")
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return f"{round(value / step) * step:,.0f}"


def seconds(value: float) -> str:
    """Write a time in the item."""
    return f"{value:.2f}"


def ticks(start: float, end: float, most: int = 8) -> list[float]:
    """Choose round values between two ends.

    Args:
        start: First.
        end: Last; larger.
        most: Of them.
    """
    span = max(end - start, 1e-9)
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough - 1e-12)
    first = math.ceil(start / step - 1e-9)
    return [round(k * step, 9) for k in range(first, math.floor(end / step + 1e-9) + 1)]
