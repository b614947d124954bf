"""Measure how near pictures of different people come to each other, one picture a person."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from forensics.errors import MaterialError
from forensics.face_embedding import Embedder, embedder_weights
from forensics.face_identity import pairwise
from forensics.intake.crops import align, alignment
from forensics.intake.detection import FaceDetector
from forensics.intake.landmarks import DlibLandmarker
from forensics.references.look_alikes import LookAlikes, table_of

LEAST_PEOPLE = 100


def measure(
    faces: Path,
    source: str,
    population: str,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> LookAlikes:
    """Embed every picture of a source and tabulate the distances between all of them.

    Args:
        faces: Folder with manifest.csv (path, identity, source).
        source: Which source of the manifest.
        population: In words.
        progress: Called with (pictures done, pictures to do).

    Raises:
        MaterialError: Too few people.
    """
    with (faces / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["source"] == source]
    detector, landmarker, embedder = FaceDetector(), DlibLandmarker(), Embedder()
    found: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}
    for number, row in enumerate(rows):
        progress(number, len(rows))
        bgr = cv2.imread(str(faces / row["path"]))
        if bgr is None or row["identity"] in found:
            continue
        rgb = np.ascontiguousarray(bgr[..., ::-1])
        boxes = [f for f in detector.detect(rgb)[0] if f.confidence > 0.6]
        if len(boxes) != 1:
            continue
        marks = landmarker(rgb, boxes[0].box_xyxy_px)
        matrix = alignment(marks)
        aligned_marks = marks @ matrix[:, :2].T + matrix[:, 2]
        found[row["identity"]] = embedder(align(rgb, matrix), aligned_marks)
    if len(found) < LEAST_PEOPLE:
        raise MaterialError(f"{len(found)} people with one clear face; {LEAST_PEOPLE} are needed")
    vectors = np.array(list(found.values()))
    between = pairwise(vectors, vectors)[np.triu_indices(len(vectors), 1)]
    table = table_of(between)
    return LookAlikes(
        population=population, people=len(vectors), shares=tuple(table["shares"]),
        distances=tuple(table["distances"]), model_sha256=embedder_weights()[1],
        made_by="audit calibrate look-alikes",
    )  # fmt: skip
