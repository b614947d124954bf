"""Make `forensics/intake/mean_face.json` from the public-domain portraits.

Run as ``python -m forensics.training.mean_face ../shared/data/faces``.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import cv2
import numpy as np

from forensics.intake.crops import umeyama
from forensics.intake.detection import FaceDetector
from forensics.intake.landmarks import DlibLandmarker


def main(faces: Path, out: Path, source: str = "congress") -> None:
    """Average the landmark shapes of one source, upright and left-right symmetric."""
    detector, landmarker = FaceDetector(), DlibLandmarker()
    shapes = []
    with (faces / "manifest.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["source"] == source]
    for row in rows:
        rgb = cv2.cvtColor(cv2.imread(str(faces / row["path"])), cv2.COLOR_BGR2RGB)
        found, _ = detector.detect(rgb)
        if len(found) == 1:
            shapes.append(landmarker(rgb, found[0].box_xyxy_px))
    mean = shapes[0] - shapes[0].mean(axis=0)
    for _ in range(5):  # generalized Procrustes: a few rounds settle
        moved = []
        for shape in shapes:
            matrix = umeyama(shape, mean)
            moved.append(shape @ matrix[:, :2].T + matrix[:, 2])
        mean = np.mean(moved, axis=0)
    flip = [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    flip += [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    flip += [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
    mirrored = (mean - mean.mean(axis=0))[flip] * np.array([-1.0, 1.0])
    matrix = umeyama(mirrored, mean)
    mean = (mean + mirrored @ matrix[:, :2].T + matrix[:, 2]) / 2
    eyes = mean[42:48].mean(axis=0) - mean[36:42].mean(axis=0)
    turn = -np.arctan2(eyes[1], eyes[0])
    mean = mean @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    low, high = mean.min(axis=0), mean.max(axis=0)
    mean = (mean - (low + high) / 2) / (high[1] - low[1])
    out.write_text(
        json.dumps(
            {
                "what": "mean of 68 landmarks (iBUG order), centered, brow-to-chin height 1",
                "made_by": "python -m forensics.training.mean_face",
                "source": f"{len(shapes)} official portraits (public domain), dlib landmarks",
                "points": np.round(mean, 5).tolist(),
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parents[1] / "intake" / "mean_face.json")
