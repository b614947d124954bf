"""Exhibits as pictures: checked against the record's digests, blurred unless told not to."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
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
    """

    png: bytes
    width_px: int
    height_px: int
    problem: str = ""


def load(
    exhibit: Exhibit, folder: Path, words: Words, *, show_faces: bool, most_px: int
) -> Picture:
    """Read an exhibit, check its digest, blur faces, and make it no larger than needed.

    Args:
        exhibit: As the record names it.
        folder: Where the exhibits are.
        words: Wording of problems.
        show_faces: Leave faces as they are.
        most_px: Longest side of the result.
    """
    path = folder / exhibit.file
    try:
        if path.stat().st_size > LARGEST_BYTES:
            return _problem(words.exhibit_unreadable.format(file=exhibit.file))
        data = path.read_bytes()
    except OSError:
        return _problem(words.exhibit_missing.format(file=exhibit.file))
    found = hashlib.sha256(data).hexdigest()
    if found != exhibit.sha256:
        return _problem(
            words.exhibit_altered.format(file=exhibit.file, expected=exhibit.sha256, found=found)
        )
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            if opened.width * opened.height > LARGEST_PX:
                return _problem(words.exhibit_unreadable.format(file=exhibit.file))
            image = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return _problem(words.exhibit_unreadable.format(file=exhibit.file))
    image.thumbnail((most_px, most_px), Image.Resampling.LANCZOS)
    return _encoded(image if show_faces or not exhibit.shows_face else blurred(image))


def blurred(image: Image.Image) -> Image.Image:
    """Reduce a picture to a few cells and smooth them: deterministic, and not to be undone."""
    high = max(1, round(CELLS * image.height / image.width))
    cells = image.resize((CELLS, high), Image.Resampling.BOX)
    coarse = cells.resize(image.size, Image.Resampling.NEAREST)
    return coarse.filter(ImageFilter.GaussianBlur(max(image.width, image.height) / CELLS / 4))


def _encoded(image: Image.Image) -> Picture:
    out = io.BytesIO()
    image.save(out, "PNG")
    return Picture(out.getvalue(), image.width, image.height)


def _problem(sentence: str) -> Picture:
    return Picture(b"", 0, 0, sentence)
