"""What happens to a video between its making and our eyes: seeded attacks for measuring.

Every attack writes a file and, beside it, which source frame each of its frames was made from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Change = Callable[[Rgb, int, np.random.Generator], Rgb]
"""Called with a frame, its number in the output, and a generator seeded alike for every frame."""

WORK_SIDE_PX = 1280
"""Larger sources are shrunk to this first: measuring has to end some day."""


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        name: Shown in tables.
        hard: Whether it belongs to the harder half.
        changes: Applied in order.
        rate: Output frames a second over the source's; 1 keeps it.
        rate_fps: Output frames a second, 0 to use `rate`.
        speed: Source seconds an output second.
        start: Where it begins, as a share of what is possible.
        seconds: Length of the output at most.
        crf: Constant rate factor.
    """

    name: str
    hard: bool = False
    changes: tuple[Change, ...] = ()
    rate_fps: float = 0.0
    speed: float = 1.0
    start: float = 0.0
    seconds: float = 10.0
    crf: int = 23


def _scaled(rgb: Rgb, width: int, height: int) -> Rgb:
    width, height = max(16, width // 2 * 2), max(16, height // 2 * 2)
    how = cv2.INTER_AREA if width < rgb.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=how), np.uint8)


def to_480p(rgb: Rgb, _number: int, _rng: np.random.Generator) -> Rgb:
    """Shrink so that the shorter side is 480 px at most, at 0.75 where it is already."""
    scale = min(480 / min(rgb.shape[:2]), 1.0)
    scale = scale if scale < 0.95 else 0.75
    return _scaled(rgb, round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))


def crop_logo_caption(rgb: Rgb, _number: int, rng: np.random.Generator) -> Rgb:
    """Crop 15 %, print a logo, and lay a caption bar over the bottom."""
    height, width = rgb.shape[:2]
    left, top = (round(0.15 * size * rng.random()) for size in (width, height))
    w, h = round(0.85 * width), round(0.85 * height)
    cut = _scaled(rgb[top : top + h, left : left + w], w, h).copy()
    h, w = cut.shape[:2]
    cv2.circle(cut, (round(0.9 * w), round(0.12 * h)), round(0.07 * h), (230, 40, 40), -1)
    cv2.rectangle(cut, (0, round(0.84 * h)), (w, h), (20, 20, 30), -1)
    text = "BREAKING: " + "".join(chr(65 + int(c)) for c in rng.integers(0, 26, 18))
    cv2.putText(
        cut, text, (round(0.03 * w), round(0.94 * h)), cv2.FONT_HERSHEY_SIMPLEX, h / 480,
        (255, 255, 255), 2, cv2.LINE_AA,
    )  # fmt: skip
    return cut


def mirror(rgb: Rgb, _number: int, _rng: np.random.Generator) -> Rgb:
    """Show it in the mirror."""
    return np.ascontiguousarray(rgb[:, ::-1])


def blurred_bars(rgb: Rgb, _number: int, _rng: np.random.Generator) -> Rgb:
    """Make it 9:16 over a blurred, enlarged copy of itself."""
    height, width = rgb.shape[:2]
    w = 540
    inner = _scaled(rgb, w, round(w * height / width))
    cover = _scaled(rgb, round(960 * width / height), 960) if width / height > w / 960 else inner
    x = max(0, (cover.shape[1] - w) // 2)
    canvas = cv2.GaussianBlur(cover[:960, x : x + w], (0, 0), 18)
    if canvas.shape[0] < 960 or canvas.shape[1] < w:
        canvas = cv2.resize(canvas, (w, 960))
    canvas = np.ascontiguousarray(canvas)
    y = (960 - inner.shape[0]) // 2
    canvas[y : y + inner.shape[0], : inner.shape[1]] = inner
    return canvas


def rotate_5(rgb: Rgb, _number: int, rng: np.random.Generator) -> Rgb:
    """Turn it by five degrees and zoom in so that no corner is empty."""
    height, width = rgb.shape[:2]
    turn = 5.0 if rng.random() < 0.5 else -5.0
    move = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.15)
    return np.asarray(cv2.warpAffine(rgb, move, (width, height), flags=cv2.INTER_CUBIC), np.uint8)


def picture_in_picture(rgb: Rgb, number: int, rng: np.random.Generator) -> Rgb:
    """Show it at 40 % in a corner of a moving pattern."""
    height, width = 720, 1280
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    phase = rng.random(4) * 6 + number / 12
    canvas = np.empty((height, width, 3), np.float32)
    for channel in range(3):
        wave = np.sin(x / (23 + 17 * channel) + phase[channel]) * np.cos(y / 31 + phase[3])
        canvas[..., channel] = 128 + 70 * wave + 30 * np.sign(np.sin((x + 2 * y) / 90 + channel))
    scale = 0.4 * min(width / rgb.shape[1], height / rgb.shape[0])
    inner = _scaled(rgb, round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    left = 40 if rng.random() < 0.5 else width - 40 - inner.shape[1]
    top = 40 if rng.random() < 0.5 else height - 40 - inner.shape[0]
    out = np.clip(canvas, 0, 255).astype(np.uint8)
    out[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return out


def grade_and_vignette(rgb: Rgb, _number: int, rng: np.random.Generator) -> Rgb:
    """Change the colors as a look does, and darken the corners."""
    height, width = rgb.shape[:2]
    plane = (rgb.astype(np.float32) / 255) ** np.float32(rng.choice([0.75, 1.3]))
    plane = plane * np.array([1.12, 1.0, 0.84], np.float32)
    gray = plane.mean(axis=2, keepdims=True)
    plane = gray + 0.7 * (plane - gray)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    shade = 1 - 0.45 * np.clip((x**2 + y**2) / 2, 0, 1)
    return np.asarray(np.clip(np.rint(plane * shade[..., None] * 255), 0, 255), np.uint8)


def recapture(rgb: Rgb, number: int, rng: np.random.Generator) -> Rgb:
    """Film it off a screen: perspective, a little sway, blur and a dark surround."""
    height, width = rgb.shape[:2]
    inset = rng.uniform(0.02, 0.09, (4, 2))
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    sway = 0.002 * np.array([np.sin(number / 9), np.cos(number / 13)])
    size = np.array([width, height], np.float64)
    put = (corners + inward * inset + sway) * size
    move = cv2.getPerspectiveTransform((corners * size).astype(np.float32), put.astype(np.float32))
    out = cv2.warpPerspective(
        rgb, move, (width, height), flags=cv2.INTER_LINEAR, borderValue=(24, 22, 20)
    )
    out = cv2.GaussianBlur(out, (0, 0), 1.1 * width / 1280 + 0.3)
    return np.asarray(np.clip(out.astype(np.float32) * 0.9 + 14, 0, 255), np.uint8)


ATTACKS: tuple[Attack, ...] = (
    Attack("none"),
    Attack("crf 35 + 480p", changes=(to_480p,), crf=35),
    Attack("crop + logo + caption", changes=(crop_logo_caption,)),
    Attack("mirror", changes=(mirror,)),
    Attack("9:16 blurred bars", changes=(blurred_bars,)),
    Attack("24 fps + 1.15x", rate_fps=24.0, speed=1.15),
    Attack("3 s excerpt", start=0.4, seconds=3.0),
    Attack("rotation 5 deg", hard=True, changes=(rotate_5,)),
    Attack("picture in picture 40 %", hard=True, changes=(picture_in_picture,)),
    Attack("grade + vignette", hard=True, changes=(grade_and_vignette,)),
    Attack("1.25x speed", hard=True, speed=1.25),
    Attack("mirror + crop + crf 33", hard=True, changes=(mirror, crop_logo_caption), crf=33),
    Attack("1 s excerpt", hard=True, start=0.6, seconds=1.0),
    Attack("perspective + blur recapture", hard=True, changes=(recapture,)),
)


def named(name: str) -> Attack:
    """Return the attack of a name.

    Raises:
        KeyError: There is none.
    """
    return {attack.name: attack for attack in ATTACKS}[name]


def make(source: Path, attack: Attack, target: Path, seed: int = 0) -> list[int]:
    """Write a video under an attack.

    Args:
        source: Video to attack.
        attack: What is done to it.
        target: MP4 to write; kept if it is there already, with its frame list.
        seed: For what is random in it, together with nothing else.

    Returns:
        The source frame number of each frame of the target.
    """
    listing = target.with_suffix(".json")
    if target.exists() and listing.exists():
        kept: list[int] = json.loads(listing.read_text())
        return kept
    target.parent.mkdir(parents=True, exist_ok=True)
    numbers: list[int] = []
    with av.open(str(source)) as container:
        rate = float(container.streams.video[0].average_rate or 25)
        total = container.streams.video[0].frames or 10**6
    out_rate = attack.rate_fps or rate
    first = round(max(0.0, total - attack.seconds * attack.speed * rate) * attack.start)
    partial = target.with_suffix(".partial.mp4")
    with av.open(str(partial), "w") as out:
        stream = out.add_stream("libx264", rate=round(out_rate))
        stream.options = {"crf": str(attack.crf), "preset": "veryfast"}
        stream.pix_fmt = "yuv420p"
        for number, (index, rgb) in enumerate(_resampled(source, attack, rate, out_rate, first)):
            for change in attack.changes:
                rgb = change(rgb, number, np.random.default_rng(seed))
            rgb = rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2]
            if number == 0:
                stream.height, stream.width = rgb.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            out.mux(stream.encode(frame))
            numbers.append(index)
        out.mux(stream.encode())
    partial.replace(target)
    listing.write_text(json.dumps(numbers))
    return numbers


def _resampled(
    source: Path, attack: Attack, rate: float, out_rate: float, first: int
) -> Iterator[tuple[int, Rgb]]:
    """Yield source frame numbers and frames in the order in which the output shows them."""
    wanted = (
        first + round(k * attack.speed * rate / out_rate)
        for k in range(round(attack.seconds * out_rate))
    )
    due = next(wanted, None)
    with av.open(str(source)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if due is None:
                return
            if index < due:
                continue
            rgb = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            scale = WORK_SIDE_PX / max(rgb.shape[:2])
            if scale < 1:
                rgb = _scaled(rgb, round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
            while due is not None and due == index:
                yield index, rgb
                due = next(wanted, None)


def shortened(attack: Attack, seconds: float) -> Attack:
    """Return the attack with a shorter output."""
    return replace(attack, seconds=min(attack.seconds, seconds))
