"""The questioned item as a query: a few whole frames, thin pictures of all, and its borders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.frames import Frame, RawFrame, decode, open_media
from forensics.references.sources.descriptors import is_flat
from forensics.references.sources.planes import luma
from forensics.references.sources.sparse import decode_sparsely

SMALL_PX = 160
"""Longer side of the pictures kept of every frame."""

SMALL_EVERY_S = 0.045
SEARCH_FRAMES = 8
LIMIT_S = 120.0
"""Only so much of a long item is lined up."""

DENSE_S = 6.0
"""Shorter items are decoded whole: every frame tells something of the time."""


@dataclass(frozen=True)
class Query:
    """What a search needs of the questioned item.

    Attributes:
        width_px: Upright.
        height_px: Upright.
        frames: Whole frames by frame number.
        search: Frame numbers to search with, spread over the item, none flat.
        small_s: (n,) float64 times of the thin pictures.
        small: (n, h, w) uint8 luma, longer side 160 px.
        box: x0, y0, x1, y1 in px: the picture without its borders.
        flat: Frames left out of the search because they hold nothing.
    """

    width_px: int
    height_px: int
    frames: dict[int, Frame]
    search: tuple[int, ...]
    small_s: NDArray[np.float64]
    small: NDArray[np.uint8]
    box: tuple[int, int, int, int]
    flat: int

    @property
    def has_bars(self) -> bool:
        """Say whether borders were found."""
        return self.box != (0, 0, self.width_px, self.height_px)


def read_query(path: Path, pts_s: NDArray[np.float64], wanted: NDArray[np.int64]) -> Query:
    """Decode the item once.

    Args:
        path: The item.
        pts_s: (n,) presentation times of all its frames, s.
        wanted: Frame numbers that the comparison will need.
    """
    within = pts_s <= pts_s[0] + LIMIT_S
    spread = np.linspace(0, int(within.sum()) - 1, SEARCH_FRAMES + 2).round().astype(int)
    search = sorted({int(i) for i in (spread[1:-1] if within.sum() > 2 else spread)})
    keep = {*search, *(int(i) for i in wanted if within[int(i)])}
    seen = pts_s[within]
    taken = None
    if float(seen[-1] - seen[0]) > DENSE_S and bool((np.diff(seen) > 0).all()):
        taken = _decode(path, seen, keep, sparsely=True)
    if taken is None or keep - set(taken.frames):  # times that are not the decoder's, damage
        taken = _decode(path, seen, keep, sparsely=False)
    frames, times, small = taken.frames, taken.times, taken.small
    shapes = [picture.shape for picture in small]
    same = [i for i, shape in enumerate(shapes) if shape == shapes[0]]
    good = tuple(i for i in search if i in frames and not is_flat(frames[i].rgb))
    first = next(iter(frames.values())).rgb if frames else np.zeros((2, 2, 3), np.uint8)
    height, width = first.shape[:2]
    return Query(
        width_px=width, height_px=height, frames=frames, search=good,
        small_s=np.array([times[i] for i in same]), small=np.stack([small[i] for i in same]),
        box=content_box([frames[i].rgb for i in good]) if good else (0, 0, width, height),
        flat=len(search) - len(good),
    )  # fmt: skip


@dataclass(frozen=True)
class _Taken:
    frames: dict[int, Frame]
    times: list[float]
    small: list[NDArray[np.uint8]]


def _decode(path: Path, pts_s: NDArray[np.float64], keep: set[int], *, sparsely: bool) -> _Taken:
    """Decode the item up to the last of some times, and keep some frames by their number."""
    taken = _Taken({}, [], [])
    wanted = {float(pts_s[number]) for number in keep}
    with open_media(path) as container:
        frames = decode_sparsely(container, wanted.__contains__) if sparsely else decode(container)
        for raw in frames:
            number = raw.index
            if sparsely:
                number = int(np.searchsorted(pts_s, raw.pts_s))
                if number < len(pts_s) and pts_s[number] != raw.pts_s:
                    continue
            if number < 0 or number >= len(pts_s):
                break
            if not taken.times or raw.pts_s - taken.times[-1] >= SMALL_EVERY_S:
                taken.times.append(raw.pts_s)
                taken.small.append(_small(raw))
            if number in keep and not raw.picture.is_corrupt:
                taken.frames[number] = Frame(number, raw.pts_s, raw.rgb())
    return taken


def _small(raw: RawFrame) -> NDArray[np.uint8]:
    picture = raw.picture
    scale = min(1.0, SMALL_PX / max(picture.width, picture.height))
    size = (max(8, round(picture.width * scale)), max(8, round(picture.height * scale)))
    return luma(raw, *size)


BOX_SIDE_PX = 320
BORDER_SHARE = 0.16
"""Border rows have less than so much of the usual row's detail."""


def content_box(frames: list[NDArray[np.uint8]]) -> tuple[int, int, int, int]:
    """Find the picture inside plain or blurred borders.

    A border is a run of rows (or columns) from the edge inwards without fine detail; captions in
    a border end the run, which costs a candidate view, not the match.

    Args:
        frames: Each (H, W, 3) uint8, of one size.

    Returns:
        x0, y0, x1, y1 in px; the whole frame where there is no border.
    """
    height, width = frames[0].shape[:2]
    scale = min(1.0, BOX_SIDE_PX / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    detail = []
    for rgb in frames:
        gray = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        detail.append(np.abs(cv2.Laplacian(gray.astype(np.float32), cv2.CV_32F)))
    energy = np.minimum(np.median(detail, axis=0), 40.0)
    top, bottom = _run(energy.mean(axis=1))
    left, right = _run(energy[top:bottom].mean(axis=0))
    if (bottom - top) < 0.15 * size[1] or (right - left) < 0.15 * size[0]:
        return (0, 0, width, height)
    x0, x1 = round(left * width / size[0]), round(right * width / size[0])
    y0, y1 = round(top * height / size[1]), round(bottom * height / size[1])
    if (x1 - x0) * (y1 - y0) > 0.96 * width * height:
        return (0, 0, width, height)
    return (x0, y0, x1, y1)


def _run(profile: NDArray[np.float32]) -> tuple[int, int]:
    """Return where the detail begins and ends along one axis."""
    enough = float(np.percentile(profile, 80)) * BORDER_SHARE
    rich = np.flatnonzero(profile > max(enough, 0.15))
    if len(rich) == 0:
        return 0, len(profile)
    return int(rich[0]), int(rich[-1]) + 1


def crop(rgb: NDArray[np.uint8], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Cut x0, y0, x1, y1 out of a picture."""
    return np.ascontiguousarray(rgb[box[1] : box[3], box[0] : box[2]])


def grid_boxes(
    width: int, height: int, shares: tuple[float, ...] = (0.45, 0.65)
) -> list[tuple[int, int, int, int]]:
    """Lay windows of the frame's own shape over it: corners, edges and middle."""
    boxes = []
    for share in shares:
        w, h = round(width * share), round(height * share)
        for fy in (0.0, 0.5, 1.0):
            for fx in (0.0, 0.5, 1.0):
                x, y = round((width - w) * fx), round((height - h) * fy)
                boxes.append((x, y, x + w, y + h))
    return boxes
