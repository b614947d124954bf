"""Degradation: what a camera, an encoder and a platform do to a picture, alike for both branches.

JPEG quality follows the source of a still, and a network finds that shortcut; so a genuine face
and its pseudo-fake always pass the very same degradation, noise included.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.quantization import block_qp

CRF_RANGE = (18, 42)
"""Constant rate factors that training covers."""


@dataclass(frozen=True)
class Degradation:
    """One chain of losses, in the order in which they are applied.

    Attributes:
        seed: What noise and motion are drawn from.
        blur_px: Standard deviation of a Gaussian blur.
        motion_px: Length of a motion blur, 0 for none.
        motion_deg: Its direction.
        resize: Factor by which the picture is shrunk and enlarged again, 1 for none.
        noise_levels: Standard deviation of sensor noise.
        gamma: Exponent on [0, 1].
        tint_rgb: Factors on R, G, B.
        jpeg: JPEG quality, 0 for none.
        crf: H.264 constant rate factor, 0 for none.
        frames: Length of the clip whose last frame is kept.
        drift_px: Motion from frame to frame in that clip.
        preset: x264 preset.
    """

    seed: int
    blur_px: float = 0.0
    motion_px: int = 0
    motion_deg: float = 0.0
    resize: float = 1.0
    noise_levels: float = 0.0
    gamma: float = 1.0
    tint_rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)
    jpeg: int = 0
    crf: int = 0
    frames: int = 3
    drift_px: float = 1.0
    preset: str = "veryfast"

    def to_json(self) -> dict[str, Any]:
        """Return the degradation as JSON values."""
        return asdict(self)


def sample_degradation(rng: np.random.Generator) -> Degradation:
    """Draw a degradation as a published video may have met it; most meet H.264."""
    chain = Degradation(seed=int(rng.integers(2**31)))
    if rng.random() < 0.25:
        chain = replace(chain, blur_px=float(rng.uniform(0.3, 1.3)))
    if rng.random() < 0.08:
        chain = replace(
            chain, motion_px=int(rng.integers(3, 9)), motion_deg=float(rng.uniform(0, 180))
        )
    if rng.random() < 0.3:
        chain = replace(chain, resize=float(rng.uniform(0.45, 0.95)))
    if rng.random() < 0.3:
        chain = replace(chain, noise_levels=float(rng.exponential(3.0)))
    if rng.random() < 0.5:
        tint = 1 + rng.uniform(-0.08, 0.08, 3)
        chain = replace(
            chain, gamma=float(np.exp(rng.uniform(-0.4, 0.4))),
            tint_rgb=(float(tint[0]), float(tint[1]), float(tint[2])),
        )  # fmt: skip
    if rng.random() < 0.25:
        chain = replace(chain, jpeg=int(rng.integers(40, 98)))
    if rng.random() < 0.85:
        chain = replace(
            chain, crf=int(rng.integers(CRF_RANGE[0], CRF_RANGE[1] + 1)),
            frames=int(rng.choice([1, 3, 5])), drift_px=float(rng.choice([0.0, 0.5, 1.5])),
            preset=str(rng.choice(["ultrafast", "veryfast", "medium"], p=[0.1, 0.6, 0.3])),
        )  # fmt: skip
    return chain


def encode_clip(
    frames: list[NDArray[np.uint8]], crf: int, preset: str = "veryfast", fps: int = 25
) -> list[NDArray[np.uint8]]:
    """Pass frames through H.264 (4:2:0) in memory.

    Args:
        frames: Each (H, W, 3) uint8, all of one size.
        crf: Constant rate factor, 0 to 51.
        preset: x264 preset.
        fps: Frames a second, which rate control looks at.

    Returns:
        As many frames of the same size.
    """
    if not frames:
        return []
    decoded = _through_h264(frames, _constant_rate(crf, preset), fps)
    return [_rgb(frame, frames[0]) for frame in decoded]


def encode_at_qp(frames: list[NDArray[np.uint8]], qp: int) -> list[NDArray[np.uint8]]:
    """Pass frames through H.264 with one quantization parameter for all blocks of all frames.

    Args:
        frames: Each (H, W, 3) uint8, all of one size.
        qp: 0 to 51, higher is coarser.
    """
    if not frames:
        return []
    options = {"qp": str(qp), "preset": "veryfast", "x264-params": "ipratio=1:pbratio=1"}
    return [_rgb(frame, frames[0]) for frame in _through_h264(frames, options)]


def encode_and_measure(
    frames: list[NDArray[np.uint8]], crf: int, boxes: NDArray[np.float64]
) -> tuple[list[NDArray[np.uint8]], NDArray[np.float64]]:
    """Pass frames through H.264 as `encode_clip` does, and read what an examination would.

    Args:
        frames: n of (H, W, 3) uint8, all of one size.
        crf: Constant rate factor, 0 to 51.
        boxes: (n, 4) px, of the faces.

    Returns:
        The frames, and (n,) the median quantization parameter in each box.
    """
    decoded = _through_h264(frames, _constant_rate(crf), measured=True)
    blocks = [block_qp(frame) for frame in decoded]
    measured = [
        one.median_in(box) if one else float("nan") for one, box in zip(blocks, boxes, strict=True)
    ]
    return [_rgb(frame, frames[0]) for frame in decoded], np.array(measured)


def _constant_rate(crf: int, preset: str = "veryfast") -> dict[str, str]:
    # Macroblock-tree rate control differs from run to run on clips of a few frames.
    return {"crf": str(crf), "preset": preset, "x264-params": "mbtree=0"}


def _rgb(frame: av.VideoFrame, like: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = like.shape[:2]
    return np.asarray(frame.to_ndarray(format="rgb24")[:height, :width], dtype=np.uint8)


def _through_h264(
    frames: list[NDArray[np.uint8]], options: dict[str, str], fps: int = 25, measured: bool = False
) -> list[av.VideoFrame]:
    """Encode and decode frames of one size in memory; odd sides are padded."""
    height, width = frames[0].shape[:2]
    high, wide = height + height % 2, width + width % 2
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = wide, high, "yuv420p"
    encoder.framerate, encoder.thread_count = fps, 1
    encoder.options = options
    packets = []
    for rgb in frames:
        even = rgb
        if (high, wide) != (height, width):
            even = cv2.copyMakeBorder(rgb, 0, high - height, 0, wide - width, cv2.BORDER_REPLICATE)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
        packets += encoder.encode(frame.reformat(format="yuv420p"))
    packets += encoder.encode(None)
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    decoder.options = {"export_side_data": "venc_params"} if measured else {}
    return [frame for packet in [*packets, None] for frame in decoder.decode(packet)]


def recompress_jpeg(rgb: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Pass a (H, W, 3) uint8 picture through JPEG of a quality in 1 to 100."""
    coded = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    bgr = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.ascontiguousarray(bgr[..., ::-1])


def _motion_blur(rgb: NDArray[np.uint8], length: int, degrees: float) -> NDArray[np.uint8]:
    kernel = np.zeros((length, length), dtype=np.float32)
    kernel[length // 2] = 1.0
    center = ((length - 1) / 2, (length - 1) / 2)
    turned = cv2.warpAffine(kernel, cv2.getRotationMatrix2D(center, degrees, 1), (length, length))
    return np.asarray(cv2.filter2D(rgb, -1, turned / max(1e-6, turned.sum())), dtype=np.uint8)


def _optics(chain: Degradation, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    if chain.gamma != 1 or chain.tint_rgb != (1.0, 1.0, 1.0):
        levels = np.linspace(0, 1, 256)[:, None] ** chain.gamma * np.array(chain.tint_rgb) * 255
        table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)  # (256, 3)
        rgb = cv2.LUT(rgb, table[None])
    if chain.blur_px > 0:
        rgb = cv2.GaussianBlur(rgb, (0, 0), chain.blur_px)
    if chain.motion_px > 1:
        rgb = _motion_blur(rgb, chain.motion_px, chain.motion_deg)
    if chain.resize < 1:
        less = (max(8, round(width * chain.resize)), max(8, round(height * chain.resize)))
        small = cv2.resize(rgb, less, interpolation=cv2.INTER_AREA)
        rgb = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(rgb, dtype=np.uint8)


def degrade(chain: Degradation, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Apply a degradation to one picture.

    The chain alone decides noise and motion: two pictures of one size get the same.

    Args:
        chain: From `sample_degradation`.
        rgb: (H, W, 3) uint8.

    Returns:
        (H, W, 3) uint8.
    """
    rng = np.random.default_rng(chain.seed)
    rgb = _optics(chain, rgb)
    height, width = rgb.shape[:2]
    count = max(1, chain.frames) if chain.crf else 1
    velocity = rng.normal(0, 1, 2) * chain.drift_px
    clip = []
    for index in range(count):
        frame = rgb
        if index < count - 1 and chain.drift_px > 0:
            x, y = velocity * (count - 1 - index)
            move = np.array([[1, 0, x], [0, 1, y]], dtype=np.float64)
            frame = cv2.warpAffine(rgb, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
        if chain.noise_levels > 0:
            grain = rng.standard_normal((height, width, 3), dtype=np.float32)
            noisy = frame.astype(np.float32) + np.float32(chain.noise_levels) * grain
            frame = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        clip.append(np.asarray(frame, dtype=np.uint8))
    if chain.jpeg:
        clip = [recompress_jpeg(frame, chain.jpeg) for frame in clip]
    if chain.crf:
        return encode_clip(clip, chain.crf, chain.preset)[-1]
    return clip[-1]
