"""How long an examination takes and how much memory it needs, against the video's own length.

Run as ``python benchmarks/speed.py``; writes `benchmarks/results/speed.json`. Two videos are made
from a fixture, 1280 x 720 at 30 frames a second: 20 s, and the same footage over and over for five
minutes. The figures are ratios within one run on one machine, not promises.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SIZE = (1280, 720)
RATE = 30


def frames_of(path: Path) -> list[np.ndarray]:
    """Decode a fixture and enlarge it to 720p, with borders where its shape differs."""
    frames = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            rgb = frame.to_ndarray(format="rgb24")
            scale = min(SIZE[0] / rgb.shape[1], SIZE[1] / rgb.shape[0])
            small = cv2.resize(rgb, None, fx=scale, fy=scale)
            canvas = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
            x, y = (SIZE[0] - small.shape[1]) // 2, (SIZE[1] - small.shape[0]) // 2
            canvas[y : y + small.shape[0], x : x + small.shape[1]] = small
            frames.append(canvas)
    return frames


def write(frames: list[np.ndarray], seconds: int, path: Path) -> None:
    """Write so many seconds, forwards and backwards over the frames."""
    loop = frames + frames[::-1]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"crf": "23", "preset": "veryfast"}
        for number in range(seconds * RATE):
            frame = av.VideoFrame.from_ndarray(loop[number % len(loop)], format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def examine(video: Path, folder: Path) -> dict[str, object]:
    """Run the program on a video and read what it wrote of itself."""
    command = [sys.executable, "-m", "forensics.cli", str(video), "--out", str(folder), "--quiet"]
    subprocess.run(command, check=True, cwd=ROOT)  # noqa: S603 - our own program
    run = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    total = sum(run["run"]["stage_s"].values())
    return {
        "duration_s": run["media"]["duration_s"], "stage_s": run["run"]["stage_s"],
        "ratio": round(total / run["media"]["duration_s"], 3),
        "peak_memory_mb": run["run"]["peak_memory_mb"],
    }  # fmt: skip


def main() -> None:
    """Make the videos, examine them, print and write the figures."""
    frames = frames_of(ROOT / "fixtures" / "genuine-one-face.mp4")
    results: dict[str, object] = {"cores": os.cpu_count(), "load_1min": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as name:
        for seconds in (20, 300):
            video = Path(name) / f"{seconds}.mp4"
            write(frames, seconds, video)
            results[f"{seconds}_s"] = examine(video, Path(name) / f"out-{seconds}")
    target = ROOT / "benchmarks" / "results" / "speed.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
