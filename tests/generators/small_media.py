"""Small media for tests of generators: a clip with sound, and pictures of another person."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from forensics.intake.frames import read_frames
from tests.conftest import FIXTURES

RATE = 25
SOUND_HZ = 44_100


def clip(
    path: Path, frames: int = 12, *, audio: str = "aac", name: str = "genuine-one-face"
) -> Path:
    """Write the first frames of a fixture again, with a tone."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=RATE)
        sound = out.add_stream(audio, rate=SOUND_HZ) if audio else None
        for frame in read_frames(FIXTURES / f"{name}.mp4", np.arange(frames)):
            if frame.index == 0:
                video.height, video.width = frame.rgb.shape[:2]
                video.pix_fmt = "yuv420p"
            out.mux(video.encode(av.VideoFrame.from_ndarray(frame.rgb, format="rgb24")))
        out.mux(video.encode(None))
        if sound is not None:
            _tone(out, sound, frames / RATE)
    return path


def _tone(out: av.container.OutputContainer, sound: av.AudioStream, seconds: float) -> None:
    count, step = int(seconds * SOUND_HZ), 1024
    wave = (0.2 * np.sin(np.arange(count) / 20)).astype(np.float32)
    for start in range(0, count - step, step):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + step], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, start, Fraction(1, SOUND_HZ)
        for resampled in av.AudioResampler(sound.format.name, sound.layout.name, SOUND_HZ).resample(
            frame
        ):
            out.mux(sound.encode(resampled))
    out.mux(sound.encode(None))


def pictures(folder: Path, count: int = 3, *, name: str = "variable-frame-rate") -> Path:
    """Write frames of another person as pictures."""
    folder.mkdir()
    wanted = np.arange(0, 4 * count, 4)
    for frame in read_frames(FIXTURES / f"{name}.mp4", wanted):
        bgr = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / f"{frame.index:03}.png"), bgr)
    return folder
