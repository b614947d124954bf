"""Seeded damage to files: what a fuzzer feeds the intake."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fixtures import encode
from fixtures.animate import Rgb

HEAD = 4096
EXTREMES = (0, 1, 7, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFE, 0x10000, 0xFFFF)
BOXES = (
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"stts", b"stsc", b"stsz", b"stco",
    b"ctts", b"stss", b"edts", b"elst", b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"udta", b"meta",
    b"ilst", b"mdat", b"free", b"uuid", b"moof", b"traf", b"trun", b"avcC", b"avc1", b"dref",
    b"alis", b"rdrf", b"cmov", b"sidx", b"keys", b"\xa9too", b"sgpd", b"saio", b"senc", b"ftyp",
)  # fmt: skip


def small_seeds(folder: Path) -> list[Path]:
    """Write short, small clips in every common container: quick to damage and to decode."""
    rng = np.random.default_rng(0)
    step = np.linspace(0, 255, 160)[None, :, None] + np.linspace(0, 90, 120)[:, None, None]
    frames: list[Rgb] = [
        np.clip(
            np.roll(step, 7 * n, axis=1).repeat(3, axis=2) * 0.7 + rng.normal(0, 6, (120, 160, 3)),
            0, 255,
        ).astype(np.uint8)
        for n in range(10)
    ]  # fmt: skip
    quick = {"crf": "40", "deadline": "realtime", "cpu-used": "8"}
    kinds: tuple[tuple[str, str, dict[str, str], str], ...] = (
        ("h264.mp4", "libx264", {"crf": "28"}, ""),
        ("faststart.mov", "libx264", {"crf": "28", "bf": "0"}, "+faststart"),
        ("fragments.mp4", "libx264", {"crf": "28", "g": "4"}, "frag_keyframe+empty_moov"),
        ("hevc.mp4", "libx265", {"crf": "30", "x265-params": "log-level=none:pools=1"}, ""),
        ("h264.mkv", "libx264", {"crf": "28"}, ""),
        ("vp9.webm", "libvpx-vp9", quick, ""),
        ("mpeg4.avi", "mpeg4", {"b": "300k"}, ""),
        ("mpeg2.mpg", "mpeg2video", {"b": "600k"}, ""),
        ("h264.ts", "libx264", {"crf": "28"}, ""),
        ("h264.flv", "libx264", {"crf": "28"}, ""),
        ("mjpeg.avi", "mjpeg", {}, ""),
        ("ffv1.mkv", "ffv1", {}, ""),
    )
    made: list[Path] = []
    for name, codec, options, movflags in kinds:
        path = folder / name
        pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        encode.video(path, frames, codec=codec, options=options, pixels=pixels, movflags=movflags)
        made.append(path)
    for suffix in (".jpg", ".png", ".webp"):
        encode.still(folder / f"small{suffix}", frames[0])
        made.append(folder / f"small{suffix}")
    return made


def mutate(raw: bytes, other: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """Damage a file one to three times.

    Args:
        raw: The file.
        other: Another file, to splice parts of.
        rng: Seeded.

    Returns:
        The damaged bytes and the names of what was done.
    """
    names: list[str] = []
    data = bytearray(raw)
    for _ in range(int(rng.integers(1, 4))):
        if not data:
            break
        name = str(rng.choice(list(WAYS)))
        names.append(name)
        data = WAYS[name](data, other, rng)
    return bytes(data), "+".join(names)


def _at(data: bytearray, rng: np.random.Generator) -> int:
    """Choose a place: half of the time in the head, a quarter near a box's name."""
    chance = rng.random()
    if chance < 0.5:
        return int(rng.integers(0, min(HEAD, len(data))))
    if chance < 0.75:
        near = data.find(BOXES[int(rng.integers(0, len(BOXES)))])
        if near >= 0:
            return min(len(data) - 1, near + int(rng.integers(0, 64)))
    return int(rng.integers(0, len(data)))


def _flip(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    for _ in range(int(rng.integers(1, 33))):
        data[_at(data, rng)] ^= 1 << int(rng.integers(0, 8))
    return data


def _noise(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    at, size = _at(data, rng), int(rng.integers(1, 257))
    data[at : at + size] = rng.integers(0, 256, len(data[at : at + size]), np.uint8).tobytes()
    return data


def _cut(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    return data[: int(len(data) * rng.random())]


def _insert(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    at, size = _at(data, rng), int(rng.integers(1, 2049))
    start = int(rng.integers(0, max(1, len(other) - size)))
    data[at:at] = other[start : start + size]
    return data


def _double(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    at, size = _at(data, rng), int(rng.integers(1, 4097))
    data[at:at] = data[at : at + size]
    return data


def _delete(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    at, size = _at(data, rng), int(rng.integers(1, 1025))
    del data[at : at + size]
    return data


def _zero(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    at, size = _at(data, rng), int(rng.integers(1, 2049))
    data[at : at + size] = bytes(len(data[at : at + size]))
    return data


def _number(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    at = min(_at(data, rng), max(0, len(data) - 4))
    value = EXTREMES[int(rng.integers(0, len(EXTREMES)))]
    data[at : at + 4] = struct.pack(">I" if rng.random() < 0.7 else "<I", value)
    return data


def _box_size(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    at = data.find(BOXES[int(rng.integers(0, len(BOXES)))]) - 4
    if at < 0:
        return _number(data, other, rng)
    size = struct.unpack_from(">I", data, at)[0]
    choice = EXTREMES[int(rng.integers(0, len(EXTREMES)))]
    near = max(0, min(0xFFFFFFFF, size + int(rng.integers(-64, 65))))
    data[at : at + 4] = struct.pack(">I", choice if rng.random() < 0.5 else near)
    return data


def _box_kind(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    at = data.find(BOXES[int(rng.integers(0, len(BOXES)))])
    if at < 0:
        return _noise(data, other, rng)
    data[at : at + 4] = BOXES[int(rng.integers(0, len(BOXES)))]
    return data


def _swap_head(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    size = int(rng.integers(4, HEAD))
    data[:size] = other[:size]
    return data


def _splice(data: bytearray, other: bytes, rng: np.random.Generator) -> bytearray:
    return data[: int(len(data) * rng.random())] + other[int(len(other) * rng.random()) :]


WAYS: dict[str, Callable[[bytearray, bytes, np.random.Generator], bytearray]] = {
    "flip": _flip, "noise": _noise, "cut": _cut, "insert": _insert, "double": _double,
    "delete": _delete, "zero": _zero, "number": _number, "box_size": _box_size,
    "box_kind": _box_kind, "swap_head": _swap_head, "splice": _splice,
}  # fmt: skip
