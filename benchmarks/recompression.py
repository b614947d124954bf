"""Measure `recompression` on clips encoded once and twice, and pictures with and without a grid.

``python benchmarks/recompression.py`` needs ``../shared/data`` and a few minutes. It encodes the
first 200 frames of genuine clips (scaled to 320 px, which removes most of what came before) once,
and twice with spacings of 12 and 30 frames; and crops JPEGs of several qualities into PNGs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from fixtures import encode  # noqa: E402
from fixtures.animate import Rgb  # noqa: E402
from forensics.analyzer import Material  # noqa: E402
from forensics.analyzers.recompression import GRID_Z, Recompression, grid_phase  # noqa: E402
from forensics.intake.frames import decode, open_media  # noqa: E402
from forensics.intake.probe import probe  # noqa: E402
from forensics.intake.scan import FrameTable  # noqa: E402
from forensics.record import Fact, Media  # noqa: E402

SHARED = HERE.parent.parent / "shared" / "data"
RESULTS = HERE / "results" / "recompression.json"
CLIPS = ("portrait-d3", "portrait-d6", "portrait-d9", "portrait-d10", "portrait-d13")
LATE = {"crf": "23", "bf": "0", "preset": "medium"}
FRAMES, WIDTH = 200, 320
QUALITIES = (60, 75, 85, 92, 97)


def start_of(path: Path) -> list[Rgb]:
    """Return a clip's first frames, scaled."""
    frames: list[Rgb] = []
    with av.open(str(path)) as clip:
        for picture in clip.decode(video=0):
            height = int(picture.height * WIDTH / picture.width) // 2 * 2
            small = picture.reformat(WIDTH, height, "rgb24", interpolation="AREA")
            frames.append(small.to_ndarray())
            if len(frames) == FRAMES:
                break
    return frames


def earlier_gop(path: Path) -> int | None:
    """Return what the analyzer says of a clip."""
    with open_media(path) as container:
        kinds = "".join("?IPB"[int(raw.picture.pict_type)] for raw in decode(container)
                        if raw.index >= 0)  # fmt: skip
    none = np.zeros(0)
    table = FrameTable(none, kinds, none, none, none, none, 0)
    media = Media(kind="video", container="mp4", codec="h264", width_px=1, height_px=1,
                  duration_s=1, frames_decoded=len(kinds))  # fmt: skip
    material = Material(path=path, media=media, container=probe(path), frame_table=table,
                        shots=(), tracks=())  # fmt: skip
    (seen,) = Recompression().analyze(material).observations
    known = isinstance(seen, Fact) and seen.name == "earlier_gop" and seen.value is not None
    return int(seen.value) if known else None


def measure_video(folder: Path) -> Iterator[dict[str, Any]]:
    """Count right, wrong and missed periods; yield the counts after each clip."""
    once: dict[str, int | None] = {}
    twice: dict[str, int | None] = {}
    for name in CLIPS:
        frames = start_of(SHARED / "genuine-clips" / f"{name}.mp4")
        encode.video(folder / "once.mp4", frames, options=LATE)
        once[name] = earlier_gop(folder / "once.mp4")
        for spacing in (12, 30):
            for crf in ("18", "24"):
                early = {"crf": crf, "g": str(spacing), "preset": "medium", "sc_threshold": "0"}
                encode.video(folder / "first.mp4", frames, options=early)
                again = encode.decode(folder / "first.mp4")
                encode.video(folder / "twice.mp4", again, options=LATE)
                twice[f"{name} gop {spacing} crf {crf}"] = earlier_gop(folder / "twice.mp4")
        right = sum(f"gop {found} " in key for key, found in twice.items())
        yield {
            "once_encoded": once,
            "twice_encoded": len(twice),
            "right_period": right,
            "wrong_period": sum(found is not None for found in twice.values()) - right,
            "missed": [key for key, found in twice.items() if found is None],
        }


def measure_pictures() -> dict[str, Any]:
    """Count grids found in scaled pictures with and without a JPEG in between."""
    files = sorted((SHARED / "faces").rglob("*.jpg"))
    chosen = np.random.default_rng(0).choice(len(files), 150, replace=False)
    strengths: dict[str, list[float]] = {"none": [], **{str(q): [] for q in QUALITIES}}
    for place in chosen:
        bgr = cv2.imread(str(files[place]))
        if bgr is None or min(bgr.shape[:2]) < 256:
            continue
        small = cv2.resize(bgr, None, fx=0.71, fy=0.71, interpolation=cv2.INTER_AREA)
        strengths["none"].append(_strength(small, None))
        for quality in QUALITIES:
            raw = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            cropped = cv2.imdecode(raw, cv2.IMREAD_COLOR)[3:, 5:]
            strengths[str(quality)].append(_strength(cropped, (3, 5)))
    return {
        "pictures": len(strengths["none"]),
        "largest_without_grid": round(max(strengths["none"]), 2),
        "share_found": {
            key: round(float(np.mean(np.array(rows) >= GRID_Z)), 3)
            for key, rows in strengths.items()
        },
    }


def _strength(bgr: np.ndarray, expected: tuple[int, int] | None) -> float:
    luma = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY).astype(np.float64)
    (x, z_x), (y, z_y) = grid_phase(luma), grid_phase(luma.T)
    return min(z_x, z_y) if expected in (None, (x, y)) else 0.0


def main() -> int:
    """Measure both and write the result."""
    cv2.setNumThreads(1)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {"pictures": measure_pictures()}
    with tempfile.TemporaryDirectory() as folder:
        for counts in measure_video(Path(folder)):
            result["video"] = counts
            RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
            print(counts, flush=True)
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
