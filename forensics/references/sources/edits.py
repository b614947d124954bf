"""What genuine footage goes through without any face being replaced: the H2 of source matching."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Points = NDArray[np.float64]
Edit = Callable[[Rgb, Points | None, np.random.Generator], Rgb]
"""Called with a frame, the face's landmarks (68, 2) or None, and a generator seeded alike."""


def untouched(rgb: Rgb, _marks: Points | None, _rng: np.random.Generator) -> Rgb:
    """Leave it to the encoder."""
    return rgb


def half_size(rgb: Rgb, _marks: Points | None, rng: np.random.Generator) -> Rgb:
    """Shrink to between half and three quarters."""
    share = rng.uniform(0.5, 0.75)
    size = (round(rgb.shape[1] * share / 2) * 2, round(rgb.shape[0] * share / 2) * 2)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def color_grade(rgb: Rgb, _marks: Points | None, rng: np.random.Generator) -> Rgb:
    """Change gamma, tint and contrast."""
    gamma, gains = rng.uniform(0.75, 1.35), rng.uniform(0.85, 1.15, 3)
    plane = np.clip((rgb.astype(np.float32) / 255) ** np.float32(gamma), 0, 1)
    plane = (plane - 0.5) * np.float32(rng.uniform(0.85, 1.25)) + 0.5
    return np.clip(np.rint(plane * gains.astype(np.float32) * 255), 0, 255).astype(np.uint8)


def caption_over_face(rgb: Rgb, marks: Points | None, rng: np.random.Generator) -> Rgb:
    """Print a caption with its bar over the lower face."""
    height, width = rgb.shape[:2]
    bottom = 0.9 * height if marks is None else float(marks[8, 1])
    face = 0.25 * height if marks is None else float(np.ptp(marks[:, 1]))
    out = rgb.copy()
    top = round(bottom - face * rng.uniform(0.15, 0.32))
    shade = out[top : top + round(0.22 * face)]
    shade[:] = (shade * 0.35).astype(np.uint8)
    text = "".join(chr(65 + int(c)) for c in rng.integers(0, 26, 24))
    place = (round(0.04 * width), top + round(0.16 * face))
    cv2.putText(
        out, text, place, cv2.FONT_HERSHEY_SIMPLEX, max(0.35, face / 220), (255, 255, 255), 2,
        cv2.LINE_AA,
    )  # fmt: skip
    return out


def beauty_filter(rgb: Rgb, marks: Points | None, rng: np.random.Generator) -> Rgb:
    """Smooth and brighten the skin, as phones do."""
    strength = rng.uniform(20, 45)
    smooth = cv2.bilateralFilter(rgb, 9, strength, 7).astype(np.float32)
    gain, lift = np.float32(rng.uniform(1.0, 1.08)), np.float32(rng.uniform(0, 6))
    smooth = np.clip(smooth * gain + lift, 0, 255)
    mask = np.ones((*rgb.shape[:2], 1), np.float32)
    if marks is not None:
        hull = np.zeros(rgb.shape[:2], np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(marks.astype(np.float32)).astype(np.int32), 255)
        soft = cv2.GaussianBlur(hull.astype(np.float32) / 255, (0, 0), 0.04 * np.ptp(marks[:, 1]))
        mask = soft[..., None]
    return np.asarray(np.clip(np.rint(rgb + mask * (smooth - rgb)), 0, 255), np.uint8)


def sharpening(rgb: Rgb, _marks: Points | None, rng: np.random.Generator) -> Rgb:
    """Sharpen by an unsharp mask."""
    plane = rgb.astype(np.float32)
    detail = plane - cv2.GaussianBlur(plane, (0, 0), 1.4)
    sharp = plane + np.float32(rng.uniform(0.5, 1.4)) * detail
    return np.asarray(np.clip(np.rint(sharp), 0, 255), np.uint8)


def denoising(rgb: Rgb, _marks: Points | None, rng: np.random.Generator) -> Rgb:
    """Smooth the whole picture, edges kept."""
    return np.asarray(cv2.bilateralFilter(rgb, 7, rng.uniform(12, 28), 5), np.uint8)


EDITS: dict[str, tuple[Edit, float]] = {
    "re-encode": (untouched, 1.0),
    "half size": (half_size, 1.0),
    "color grade": (color_grade, 1.0),
    "caption over the face": (caption_over_face, 1.0),
    "beauty filter": (beauty_filter, 1.0),
    "sharpening": (sharpening, 1.0),
    "frame-rate change": (untouched, 0.8),
    "denoising": (denoising, 1.0),
}
"""Edits by name, with the output's frame rate over the source's."""


def write_clip(path: Path, frames: list[Rgb], rate_fps: float, crf: int) -> None:
    """Encode frames as H.264, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.mp4")
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    with av.open(str(partial), "w") as out:
        stream = out.add_stream("libx264", rate=round(rate_fps))
        stream.options = {"crf": str(crf), "preset": "veryfast"}
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        for rgb in frames:
            even = np.ascontiguousarray(rgb[:height, :width])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        out.mux(stream.encode())
    partial.replace(path)


def retimed(frames: list[Rgb], share: float) -> tuple[list[Rgb], list[int]]:
    """Keep a share of the frames, evenly, as a lower frame rate does."""
    count = max(1, int(len(frames) * share))
    numbers = [min(len(frames) - 1, round(k / share)) for k in range(count)]
    return [frames[n] for n in numbers], numbers
