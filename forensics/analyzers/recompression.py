"""Traces of an earlier compression, where the present one lets them show.

A video without B-frames that was coded before with another spacing of whole pictures (I) pays more
for the frames that used to be whole: their packets are larger, at the earlier period. A picture
without loss that was a JPEG before keeps its 8 px grid, wherever the crop put it.

Source: after Vázquez-Padín et al., "Detection of video double encoding with GOP size estimation"
(WIFS 2012); Luo et al., blocking-artifact characteristics matrix (ICASSP 2007).
Limits: measured in `benchmarks/recompression.py`. B-frames, and a second JPEG over the first, hide
both traces: then it abstains. Being compressed twice is usual for honest video and says nothing of
a swap.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Analyzer, Findings, Material
from forensics.intake.jpeg import read_tables
from forensics.record import Abstention, Fact, Observation, Reason, round_floats

PERIODS = (
    10, 12, 13, 15, 16, 18, 20, 24, 25, 30, 32, 40, 45, 48, 50, 60, 64, 72, 75, 90, 96, 100, 120,
    125, 128, 150, 180, 200, 240, 250, 300,
)  # fmt: skip
"""Spacings of whole pictures that encoders use, frames."""

DIVISORS = range(2, 10)
AS_LARGE = 0.5
"""Shorter patterns are left by an earlier encoder's B-frames or a change of frame rate. Where the
frames between, at a divisor of the period, have this share of the excess, it is no spacing."""

MIN_FRAMES = 60
NEIGHBORS = 4
SHUFFLES = 100
CLEAR = 1.5
"""How far above the best of the shuffled sequences a period must stand."""

GRID_PX = 8
MIN_SIDE_PX = 128
GRID_Z = 4.0
"""Twice the largest of 108 pictures without a grid."""


class Recompression(Analyzer):
    """Looks for an earlier GOP in video and an earlier JPEG grid in pictures."""

    name = "recompression"
    version = "1"
    title = "Earlier compression"
    examines = "packet sizes at the period of an earlier encoder; the 8 px grid of an earlier JPEG"
    weighed = False

    def analyze(self, material: Material) -> Findings:
        """State facts; abstain where the present coding hides the traces."""
        if material.media.kind == "video":
            return Findings((self._video(material),))
        if material.media.codec == "mjpeg":
            return Findings(tuple(self._jpeg(material.path)))
        return Findings((self._still(material),))

    def _video(self, material: Material) -> Fact | Abstention:
        kinds = material.frame_table.kind
        packets = material.container.packets
        if len(kinds) < MIN_FRAMES or len(packets) != len(kinds):
            return self.abstain(
                Reason.INSUFFICIENT,
                f"needs {MIN_FRAMES} frames with one packet each; there are {len(kinds)} frames "
                f"and {len(packets)} packets",
            )
        if "B" in kinds or "?" in kinds or "P" not in kinds:
            return self.abstain(
                Reason.NOT_APPLICABLE,
                "an earlier spacing of whole pictures shows only in video of I- and P-frames",
            )
        excess = packet_excess(packets.size_bytes[np.argsort(packets.pts_s, kind="stable")], kinds)
        period, phase, score = strongest_period(excess, _spacing(kinds))
        rng = np.random.default_rng(material.seed)
        chance = max(
            strongest_period(rng.permutation(excess), _spacing(kinds))[2] for _ in range(SHUFFLES)
        )
        if period == 0 or score < CLEAR * chance:
            return self.fact(
                "earlier_gop", None, unit="frames",
                words="No earlier spacing of whole pictures shows in the packet sizes. One with "
                "the same spacing, or at low quality, would not show.",
            )  # fmt: skip
        short = shorter_pattern(excess, period, phase)
        if short:
            return self.fact(
                "earlier_pattern", short, unit="frames", locator="packet sizes",
                words=f"Packet sizes repeat every {short} frames: the B-frames of an earlier "
                "encoder or a change of frame rate leave that. Platforms and editors do both.",
            )  # fmt: skip
        return self.fact(
            "earlier_gop", period, unit="frames", locator=f"packet sizes, from frame {phase}",
            words=f"Every {period} frames a predicted frame costs more than its neighbors "
            f"(score {score:.1f}; {chance:.1f} at most by chance): the video was very likely "
            "coded before with that spacing of whole pictures, or its frame rate was changed. "
            "Cutting, platforms and editors do that too.",
        )  # fmt: skip

    def _still(self, material: Material) -> Observation:
        if material.media.codec not in ("png", "bmp", "tiff"):
            return self.abstain(
                Reason.NOT_APPLICABLE, "looks for a JPEG grid only in pictures without loss"
            )
        frame = next(material.frames(np.zeros(1, np.int64)), None)
        if frame is None or min(frame.rgb.shape[:2]) < MIN_SIDE_PX:
            return self.abstain(Reason.INSUFFICIENT, f"needs {MIN_SIDE_PX} px a side")
        luma = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY).astype(np.float64)
        (x, z_x), (y, z_y) = grid_phase(luma), grid_phase(luma.T)
        if min(z_x, z_y) < GRID_Z:
            return self.fact(
                "earlier_jpeg_grid", None, unit="px",
                words="No 8 px grid of an earlier JPEG shows. Quality above about 92, scaling or "
                "filtering leave none.",
            )  # fmt: skip
        cropped = "" if (x, y) == (0, 0) else " and was cropped or shifted since"
        return self.fact(
            "earlier_jpeg_grid", (x, y), unit="px", locator="luma",
            words="The picture is stored without loss but carries the 8 px grid of a JPEG "
            f"(strength {round_floats(min(z_x, z_y), 3)}): it was one before{cropped}.",
        )  # fmt: skip

    def _jpeg(self, path: Path) -> Iterator[Observation]:
        tables = read_tables(path)
        if tables is None or not tables.quantization:
            yield self.abstain(Reason.INSUFFICIENT, "the JPEG's tables cannot be read")
            return
        quality = tables.standard_quality()
        yield self.fact(
            "jpeg_quality", quality, locator="DQT",
            words="The luma table is the standard one at this quality, as most software writes."
            if quality is not None
            else "The luma table is not a scaled standard one: cameras, phones, platforms and "
            "some editors have their own.",
        )  # fmt: skip
        yield self.fact("jpeg_luma_table", tables.quantization[0], locator="DQT, zigzag order")
        if tables.sampling:
            yield self.fact("jpeg_sampling", tables.sampling, locator="SOF")
        yield self.abstain(
            Reason.NOT_APPLICABLE,
            "a JPEG over an earlier JPEG hides the earlier grid: whether there was one is not "
            "examined",
        )


def _spacing(kinds: str) -> int:
    """Return the usual distance between whole pictures, 0 where there is only one."""
    whole = np.flatnonzero(np.frombuffer(kinds.encode(), np.uint8) == ord("I"))
    return int(np.median(np.diff(whole))) if len(whole) > 1 else 0


def packet_excess(size_bytes: NDArray[np.int64], kinds: str) -> NDArray[np.float64]:
    """Return how much larger each P-frame's packet is than its neighbors', in robust deviations.

    Args:
        size_bytes: (n,) in presentation order.
        kinds: n letters.

    Returns:
        (n,) clipped to [-3, 6]; NaN at frames that are not P.
    """
    excess = np.full(len(kinds), np.nan)
    where = np.flatnonzero(np.frombuffer(kinds.encode(), np.uint8) == ord("P"))
    logs = np.log(np.maximum(1, size_bytes[where]).astype(np.float64))
    for place, frame in enumerate(where):
        left = max(0, place - NEIGHBORS)
        near = np.delete(logs[left : place + NEIGHBORS + 1], place - left)
        if len(near):
            excess[frame] = logs[place] - np.median(near)
    known = excess[where]
    middle = np.nanmedian(known) if np.isfinite(known).any() else 0.0
    spread = 1.4826 * float(np.nanmedian(np.abs(known - middle))) + 1e-6 if len(known) else 1.0
    return np.clip((excess - middle) / spread, -3.0, 6.0)


def strongest_period(excess: NDArray[np.float64], spacing: int) -> tuple[int, int, float]:
    """Find the period and phase at which packets are largest.

    Args:
        excess: (n,) from `packet_excess`.
        spacing: Of the present whole pictures; its multiples and divisors are not looked at.

    Returns:
        Period (0 where none can be tried), phase, and mean excess times the root of its frames.
    """
    best = (0, 0, 0.0)
    for period in PERIODS:
        if len(excess) < 3 * period:
            break
        if spacing and (spacing % period == 0 or period % spacing == 0):
            continue
        phase, score = _clearest_phase(excess, period)
        if score > best[2]:
            best = (period, phase, score)
    return best


def shorter_pattern(excess: NDArray[np.float64], period: int, phase: int) -> int:
    """Return the shortest divisor of a period that explains it as well, 0 where none does."""
    frame = np.arange(len(excess))
    on = frame % period == phase
    for short in DIVISORS:
        between = (frame % short == phase % short) & ~on
        if period % short == 0 and np.nanmean(excess[between]) >= AS_LARGE * np.nanmean(excess[on]):
            return short
    return 0


def _clearest_phase(excess: NDArray[np.float64], period: int) -> tuple[int, float]:
    rows = len(excess) // period
    table = excess[: rows * period].reshape(rows, period)
    count = np.isfinite(table).sum(axis=0)
    score = np.nansum(table, axis=0) / np.sqrt(np.maximum(1, count))
    score[count < max(3, 0.6 * rows)] = -np.inf
    phase = int(score.argmax())
    return phase, float(score[phase])


def grid_phase(luma: NDArray[np.float64]) -> tuple[int, float]:
    """Find the phase of a vertical 8 px grid.

    Args:
        luma: (H, W) of 0 to 255.

    Returns:
        Column of the first block edge modulo 8, and its strength in standard errors.
    """
    jump = np.abs(luma[:, :-3] - 3 * luma[:, 1:-2] + 3 * luma[:, 2:-1] - luma[:, 3:])  # (H, W-3)
    profile = np.sqrt(np.minimum(jump, 40.0)).mean(axis=0)  # (W-3,)
    smooth = np.convolve(np.pad(profile, 4, mode="reflect"), np.full(9, 1 / 9), "valid")
    whole = len(profile) // GRID_PX * GRID_PX
    table = (profile - smooth)[:whole].reshape(-1, GRID_PX)
    error = float(table.std(axis=0).mean()) / np.sqrt(len(table)) + 1e-9
    phase = int(table.mean(axis=0).argmax())
    # entry x of the profile is the step between columns x + 1 and x + 2
    return (phase + 2) % GRID_PX, float(table.mean(axis=0)[phase] / error)
