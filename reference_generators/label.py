"""The visible label: a strip of text burned into every generated frame, away from the face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

HEIGHT_SHARE = 0.06
LEAST_HEIGHT_PX = 14
DARK, LIGHT = (16, 16, 16), (255, 214, 0)


class Label:
    """Burns one text at the top or bottom edge, wherever the face is not.

    Args:
        text: ASCII.
        boxes_xyxy_px: (n, 4) face boxes of all frames; the edge that most of them leave free is
            used throughout, the other only in frames where the face reaches into the first.
        size: Width and height of the frames, px.
    """

    def __init__(
        self, text: str, boxes_xyxy_px: NDArray[np.float64], size: tuple[int, int]
    ) -> None:
        self._width, self._height = size
        self._strip = self._drawn(text)
        rows = self._strip.shape[0]
        self._places = (0, self._height - rows)
        hidden = [sum(self._covers(box, top) for box in boxes_xyxy_px) for top in self._places]
        self._order = sorted(range(2), key=lambda place: (hidden[place], -place))
        self.over_face = 0

    def burn(
        self, rgb: NDArray[np.uint8], box_xyxy_px: NDArray[np.float64] | None
    ) -> NDArray[np.uint8]:
        """Return a labeled copy of a frame; `over_face` counts frames that left no free edge.

        Args:
            rgb: (H, W, 3) uint8.
            box_xyxy_px: (4,) face box, None where there is no face.
        """
        tops = [self._places[place] for place in self._order]
        free = [top for top in tops if box_xyxy_px is None or not self._covers(box_xyxy_px, top)]
        self.over_face += not free
        top = (free or tops)[0]
        labeled = rgb.copy()
        labeled[top : top + self._strip.shape[0]] = self._strip
        return labeled

    def _covers(self, box: NDArray[np.float64], top: int) -> bool:
        return bool(box[1] < top + self._strip.shape[0] and box[3] > top)

    def _drawn(self, text: str) -> NDArray[np.uint8]:
        rows = min(self._height // 4, max(LEAST_HEIGHT_PX, round(HEIGHT_SHARE * self._height)))
        strip = np.full((rows, self._width, 3), DARK, dtype=np.uint8)
        font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, rows // 20)
        (wide, high), _ = cv2.getTextSize(text, font, 1.0, thick)
        scale = min(0.92 * self._width / wide, 0.55 * rows / high)
        origin = (
            round((self._width - scale * wide) / 2), round((rows + scale * high) / 2)
        )  # fmt: skip
        cv2.putText(strip, text, origin, font, scale, LIGHT, thick, cv2.LINE_AA)
        return strip
