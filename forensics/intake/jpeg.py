"""A JPEG's quantization tables and sampling, read from its segments without decoding.

Source: ITU-T T.81, annexes B (segments) and K (example tables, scaled as libjpeg does).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

READ_BYTES = 1 << 20
MAX_SEGMENTS = 500

LUMA = (
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37,
    29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
)  # fmt: skip
"""Table K.1 in zigzag order."""


@dataclass(frozen=True)
class Tables:
    """What a JPEG's headers say.

    Attributes:
        quantization: Tables by number, 64 entries each, zigzag order.
        sampling: Such as "4:2:0"; empty where it cannot be told.
    """

    quantization: dict[int, tuple[int, ...]]
    sampling: str

    def standard_quality(self) -> int | None:
        """Return the libjpeg quality whose luma table this is, None where there is none."""
        luma = self.quantization.get(0)
        return next((q for q in range(1, 101) if scaled(q) == luma), None)


def scaled(quality: int) -> tuple[int, ...]:
    """Return the standard luma table at a libjpeg quality of 1 to 100."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(255, max(1, (entry * scale + 50) // 100)) for entry in LUMA)


def read_tables(path: Path) -> Tables | None:
    """Read the tables before the first scan; None where the file is not a JPEG."""
    with path.open("rb") as file:
        raw = file.read(READ_BYTES)
    if raw[:2] != b"\xff\xd8":
        return None
    found: dict[int, tuple[int, ...]] = {}
    sampling, at = "", 2
    for _ in range(MAX_SEGMENTS):
        if at + 4 > len(raw) or raw[at] != 0xFF or raw[at + 1] == 0xDA:
            break
        size = int.from_bytes(raw[at + 2 : at + 4], "big")
        body = raw[at + 4 : at + 2 + size]
        if raw[at + 1] == 0xDB:
            found.update(_quantization(body))
        elif raw[at + 1] in (0xC0, 0xC1, 0xC2):
            sampling = _sampling(body)
        at += 2 + max(2, size)
    return Tables(found, sampling)


def _quantization(body: bytes) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    at = 0
    while at < len(body):
        width, number = 1 + (body[at] >> 4 > 0), body[at] & 15
        entries = body[at + 1 : at + 1 + 64 * width]
        if len(entries) < 64 * width:
            break
        found[number] = tuple(
            int.from_bytes(entries[i : i + width], "big") for i in range(0, 64 * width, width)
        )
        at += 1 + 64 * width
    return found


def _sampling(body: bytes) -> str:
    if len(body) < 15 or body[5] != 3:
        return ""
    factors = tuple(body[7 + 3 * n] for n in range(3))
    names = {0x22: "4:2:0", 0x21: "4:2:2", 0x11: "4:4:4", 0x12: "4:4:0", 0x41: "4:1:1"}
    return names.get(factors[0], "") if factors[1:] == (0x11, 0x11) else ""
