"""Exhibits as pictures: checked against the record's digests, blurred unless told not to."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageFilter

from forensics.record import Exhibit
from reports.words import Words

CELLS = 8
"""A blurred picture keeps so many cells across: too few to know a person by."""

LARGEST_BYTES = 64 * 1024 * 1024
LARGEST_PX = 40_000_000


@dataclass(frozen=True)
class Picture:
    """An exhibit ready to be placed, or why there is none.

    Attributes:
        png: Encoded; empty where there is a problem.
        width_px: Of it.
        height_px: Of it.
        problem: One sentence for the reader, in place of the picture.
        blurred: It only keeps its place.
    """

    png: bytes
    width_px: int
    height_px: int
    problem: str = ""
    blurred: bool = False


@dataclass(frozen=True)
class Album:
    """The exhibits of one record, loaded once each, checked and blurred as they must be.

    Attributes:
        folder: Where the exhibits are.
        words: Wording of problems.
        show_faces: Leave faces as they are.
        loaded: Pictures so far; a report is laid out twice.
    """

    folder: Path
    words: Words
    show_faces: bool
    loaded: dict[tuple[str, int], tuple[Picture, ...]] = field(default_factory=dict)

    def picture(self, exhibit: Exhibit, most_px: int) -> Picture:
        """Return an exhibit as one picture, no larger than needed.

        Args:
            exhibit: As the record names it.
            most_px: Longest side of the result.
        """
        return self._kept(exhibit, most_px, 1)[0]

    def cells(self, exhibit: Exhibit, most_px: int) -> tuple[Picture, ...]:
        """Return the square pictures of a strip, left to right; one where it has a problem.

        Args:
            exhibit: With `times_s` or `panels`.
            most_px: Longest side of each.
        """
        return self._kept(exhibit, most_px, max(len(exhibit.times_s), len(exhibit.panels), 1))

    def row(self, exhibits: tuple[Exhibit, ...], most_px: int) -> tuple[Picture, ...]:
        """Return pictures side by side: the cells of one strip, or one of each exhibit."""
        if len(exhibits) == 1:
            return self.cells(exhibits[0], most_px)
        return tuple(self.picture(one, most_px) for one in exhibits)

    def _kept(self, exhibit: Exhibit, most_px: int, n: int) -> tuple[Picture, ...]:
        key = (exhibit.file, most_px * 100 + n)
        if key not in self.loaded:
            whole = opened(exhibit, self.folder, self.words)
            hidden = exhibit.shows_face and not self.show_faces
            self.loaded[key] = (
                (_problem(whole),)
                if isinstance(whole, str)
                else tuple(_ready(cell, most_px, hidden) for cell in _squares(whole, n))
            )
        return self.loaded[key]


def opened(exhibit: Exhibit, folder: Path, words: Words) -> Image.Image | str:
    """Read an exhibit and check its digest, or say what is wrong with it.

    Args:
        exhibit: As the record names it.
        folder: Where the exhibits are.
        words: Wording of problems.
    """
    path = folder / exhibit.file
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return words.exhibit_unreadable.format(file=exhibit.file)
        data = path.read_bytes()
    except OSError:
        return words.exhibit_missing.format(file=exhibit.file)
    found = hashlib.sha256(data).hexdigest()
    if found != exhibit.sha256:
        return words.exhibit_altered.format(file=exhibit.file, expected=exhibit.sha256, found=found)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.width * image.height > LARGEST_PX:
                return words.exhibit_unreadable.format(file=exhibit.file)
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return words.exhibit_unreadable.format(file=exhibit.file)


def _squares(whole: Image.Image, n: int) -> list[Image.Image]:
    """Cut a strip of n squares, with equal gaps between them; one picture stays as it is."""
    side = whole.height
    if n == 1 or whole.width < side * n:
        return [whole] * n
    step = (whole.width - side) / (n - 1)
    return [whole.crop((round(k * step), 0, round(k * step) + side, side)) for k in range(n)]


def _ready(image: Image.Image, most_px: int, hidden: bool) -> Picture:
    image.thumbnail((most_px, most_px), Image.Resampling.LANCZOS)
    return _encoded(blurred(image) if hidden else image, hidden=hidden)


def blurred(image: Image.Image) -> Image.Image:
    """Reduce a picture to a few cells and smooth them: deterministic, and not to be undone."""
    high = max(1, round(CELLS * image.height / image.width))
    cells = image.resize((CELLS, high), Image.Resampling.BOX)
    coarse = cells.resize(image.size, Image.Resampling.NEAREST)
    return coarse.filter(ImageFilter.GaussianBlur(max(image.width, image.height) / CELLS / 4))


def _encoded(image: Image.Image, *, hidden: bool) -> Picture:
    out = io.BytesIO()
    image.save(out, "PNG")
    return Picture(out.getvalue(), image.width, image.height, blurred=hidden)


def _problem(sentence: str) -> Picture:
    return Picture(b"", 0, 0, sentence)
