"""Exhibits of a source match: pairs side by side with their residual, and the line in time."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.references.sources.material import FaceResidual, Panel, SourceMatch

Rgb = NDArray[np.uint8]

GAP_PX = 6
TOP_UNITS = 8.0
"""Noise units shown in the strongest color."""

PAPER = (250, 250, 248)
INK = (40, 40, 44)
OUTLINE = (0, 158, 115)


def heat(units: NDArray[np.float32]) -> Rgb:
    """Color a map of noise units: dark is agreement, bright is `TOP_UNITS` and more."""
    level = np.clip(np.log2(np.maximum(units, 1.0)) / np.log2(TOP_UNITS), 0, 1)
    colored = cv2.applyColorMap((255 * level).astype(np.uint8), cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(colored, cv2.COLOR_BGR2RGB), np.uint8)


def pair_strip(panel: Panel, face: FaceResidual) -> Rgb:
    """Lay questioned frame, source frame, residual and outline side by side.

    Returns:
        (256, 4 * 256 + 3 * gap, 3) uint8.
    """
    outlined = panel.questioned.copy()
    contours, _ = cv2.findContours(
        face.altered.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(outlined, contours, -1, OUTLINE, 2, cv2.LINE_AA)
    gap = np.full((panel.questioned.shape[0], GAP_PX, 3), PAPER, np.uint8)
    parts = [panel.questioned, gap, panel.source, gap, heat(panel.residual), gap, outlined]
    return np.ascontiguousarray(np.hstack(parts))


def timeline(match: SourceMatch) -> Rgb | None:
    """Draw which moment of the source each compared frame shows; None where there is no line.

    Returns:
        (280, 720, 3) uint8: questioned time to the right, source time upwards, the fitted line,
        and a dot a compared frame.
    """
    pairs = [pair for face in match.faces for pair in face.pairs]
    if match.time is None or match.questioned_s is None or match.source_s is None or not pairs:
        return None
    width, height, left, bottom = 720, 280, 80, 50
    canvas = np.full((height, width, 3), PAPER, np.uint8)
    (x0, x1), (y0, y1) = match.questioned_s, match.source_s
    span_x, span_y = max(x1 - x0, 0.04), max(y1 - y0, 0.04)

    def at(x: float, y: float) -> tuple[int, int]:
        return (
            round(left + (x - x0) / span_x * (width - left - 20)),
            round(height - bottom - (y - y0) / span_y * (height - bottom - 20)),
        )

    cv2.line(canvas, (left, 12), (left, height - bottom), INK, 1, cv2.LINE_AA)
    cv2.line(canvas, (left, height - bottom), (width - 12, height - bottom), INK, 1, cv2.LINE_AA)
    line = match.time.source_s
    cv2.line(canvas, at(x0, line(x0)), at(x1, line(x1)), OUTLINE, 2, cv2.LINE_AA)
    for pair in pairs:
        cv2.circle(canvas, at(pair.pts_s, pair.source_s), 4, INK, -1, cv2.LINE_AA)
    font = cv2.FONT_HERSHEY_SIMPLEX
    for text, where in (
        (f"{y1:.1f} s", (8, 24)), (f"{y0:.1f} s", (8, height - bottom)),
        (f"{x0:.1f} s", (left, height - bottom + 20)),
        (f"{x1:.1f} s", (width - 80, height - bottom + 20)),
        ("questioned time to the right, source time upwards", (left + 90, height - 12)),
    ):  # fmt: skip
        cv2.putText(canvas, text, where, font, 0.45, INK, 1, cv2.LINE_AA)
    return canvas
