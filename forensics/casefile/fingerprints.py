"""What this installation remembers of the comparison fakes it made, so that it knows them again.

The registry is one file of JSON lines in the installation's data folder. A swapped face hardly
changes the fingerprint of a whole frame: the genuine footage would be taken for the fake. So each
sampled frame has three fingerprints: of the frame, to find the footage; of the fake's face and of
the target's face in the same box, to tell the two apart.

Source: PDQ (Meta, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm",
2019): 256 bits, a match at 31 or fewer different bits.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pdqhash
from filelock import FileLock
from numpy.typing import NDArray

from forensics.errors import output_error

VARIABLE = "AUDIT_DATA"
"""Environment variable that moves the data folder."""

REGISTRY = "own-comparisons.jsonl"
EVERY_S = 0.5
LONGEST_SIDE_PX = 512
FACE_SCALE = 1.2
MATCH_BITS = 31

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class FramePrint:
    """Fingerprints of one frame of a fake.

    Attributes:
        pts_s: Presentation time.
        frame: Of the whole frame, 64 hex digits.
        box: Face box, left, top, right, bottom as shares of width and height.
        face: Of the fake's face.
        target_face: Of the target's face in the same box.
    """

    pts_s: float
    frame: str
    box: Box
    face: str
    target_face: str


@dataclass(frozen=True)
class Registered:
    """One comparison fake that this installation made."""

    sha256: str
    case: str
    method: str
    made_utc: str
    frames: tuple[FramePrint, ...]


def data_folder() -> Path:
    """Return where this installation keeps what it must remember."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    name = "face-swap-audit"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / name
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / name
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / name


def fingerprint(rgb: NDArray[np.uint8]) -> str:
    """Return the PDQ hash of a picture (H, W, 3) uint8 as 64 hex digits."""
    factor = LONGEST_SIDE_PX / max(rgb.shape[:2])
    size = (max(64, round(rgb.shape[1] * factor)), max(64, round(rgb.shape[0] * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    small = cv2.resize(np.ascontiguousarray(rgb), size, interpolation=how)
    bits, _ = pdqhash.compute(small)
    return bytes(np.packbits(np.asarray(bits, dtype=np.uint8))).hex()


def face_fingerprint(rgb: NDArray[np.uint8], box: Box) -> str:
    """Return the PDQ hash of the face in a box given in shares of the frame's sides."""
    height, width = rgb.shape[:2]
    middle = ((box[0] + box[2]) / 2 * width, (box[1] + box[3]) / 2 * height)
    half = FACE_SCALE / 2 * max((box[2] - box[0]) * width, (box[3] - box[1]) * height)
    left, right = (round(np.clip(middle[0] + s * half, 0, width)) for s in (-1, 1))
    top, bottom = (round(np.clip(middle[1] + s * half, 0, height)) for s in (-1, 1))
    if right - left < 8 or bottom - top < 8:
        return fingerprint(rgb)
    return fingerprint(rgb[top:bottom, left:right])


def distance(a: str, b: str) -> int:
    """Return in how many of 256 bits two fingerprints differ."""
    return (int(a, 16) ^ int(b, 16)).bit_count()


def register(fake: Registered) -> None:
    """Remember a fake; two processes may do so at once.

    Raises:
        OutputError: The data folder cannot be written to.
    """
    folder = data_folder()
    line = json.dumps(asdict(fake), separators=(",", ":")) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{REGISTRY}.lock"), (folder / REGISTRY).open("ab") as file:
            file.write(line.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise output_error(error, folder) from error


def registered() -> tuple[Registered, ...]:
    """Return every fake that is remembered; lines that a crash tore are skipped."""
    try:
        lines = (data_folder() / REGISTRY).read_text("ascii", errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(_parsed(lines))


def _parsed(lines: Iterable[str]) -> Iterable[Registered]:
    for line in lines:
        try:
            plain: dict[str, Any] = json.loads(line)
            frames = tuple(
                FramePrint(**(row | {"box": tuple(row["box"])})) for row in plain.pop("frames")
            )
            yield Registered(**plain, frames=frames)
        except (ValueError, KeyError, TypeError):
            continue
