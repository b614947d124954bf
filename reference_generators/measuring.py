"""How good is a fake? Measured while it is written, on frames spread over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.crops import align, alignment
from forensics.intake.landmarks import Landmarker
from forensics.intake.pose import head_pose
from reference_generators.convert import Converted
from reference_generators.faces import FaceSet
from reference_generators.generator import Trained
from reference_generators.identity import Embedder, distance

MOST = 16
"""Frames that are measured."""


class Meter:
    """Passes finished frames through and measures some of them on the way.

    Args:
        target: Faces of the footage kept.
        donor: Faces of the identity inserted.
        landmarker: Finds the 68 points of a fake, in the target's box.
        embedder: Tells people apart.
        metrics: Filled when the last frame has passed.
    """

    def __init__(
        self, target: FaceSet, donor: FaceSet, landmarker: Landmarker, embedder: Embedder,
        metrics: dict[str, float],
    ) -> None:  # fmt: skip
        self._target, self._landmarker, self._embedder = target, landmarker, embedder
        self._people = {"target": embedder.of_set(target), "donor": embedder.of_set(donor)}
        self._metrics = metrics
        self._every = max(1, len(target) // MOST)
        self._rows = {int(frame): row for row, frame in enumerate(target.frame_index)}
        self._seen: dict[str, list[float]] = {}
        self._last: tuple[int, NDArray[np.uint8]] | None = None

    def watch(self, frames: Iterable[Converted]) -> Iterator[Converted]:
        """Yield every frame unchanged."""
        for done in frames:
            row = self._rows.get(done.frame.index)
            if row is not None and done.box_xyxy_px is not None:
                self._flicker(row, done)
                if row % self._every == 0:
                    self._measure(row, done)
            yield done
        for name, values in self._seen.items():
            self._metrics[name] = round(float(np.mean(values)), 4)

    def _flicker(self, row: int, done: Converted) -> None:
        """Compare how much fake and target change from a measured frame to the next."""
        last, measured = self._last, row % self._every == 0
        if not measured and (last is None or row != last[0] + 1):
            return
        face = align(done.rgb, self._target.to_aligned[row])
        if last is not None and row == last[0] + 1:
            middle = slice(64, 192)
            change = np.abs(face.astype(int) - last[1])[middle, middle].mean()
            pair = self._target.aligned[row - 1 : row + 1, middle, middle].astype(int)
            self._note(
                "flicker_over_targets", float(change / max(0.1, np.abs(pair[1] - pair[0]).mean()))
            )
        if measured:
            self._last = (row, face)

    def _measure(self, row: int, done: Converted) -> None:
        marks = self._landmarker(np.ascontiguousarray(done.rgb), self._target.boxes_xyxy_px[row])
        wanted = self._target.landmarks_px[row]
        eyes = max(1.0, float(np.linalg.norm(wanted[36] - wanted[45])))
        off = float(np.linalg.norm(marks - wanted, axis=1).mean())
        self._note("landmark_error_of_eye_distance", off / eyes)
        shape = (done.rgb.shape[0], done.rgb.shape[1])
        turned = np.subtract(head_pose(marks, shape), self._target.pose_deg[row])
        self._note("pose_error_deg", float(np.abs((turned + 180) % 360 - 180).mean()))
        matrix = alignment(marks)
        face, points = align(done.rgb, matrix), cv2.transform(marks[None], matrix)[0]
        found = self._embedder(face, points)
        for who, person in self._people.items():
            self._note(f"identity_distance_to_{who}", distance(found, person))
        hull = np.zeros(done.share.shape, np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(np.round(marks).astype(np.int32)), 1)
        drawn = done.share > 0.5
        union = float((drawn | (hull > 0)).sum())
        self._note("mask_iou_with_face_hull", float((drawn & (hull > 0)).sum()) / max(1.0, union))

    def _note(self, name: str, value: float) -> None:
        self._seen.setdefault(name, []).append(value)


def reconstruction(generator: Trained, target: FaceSet) -> dict[str, float]:
    """Measure how well the target's own decoder draws the target again.

    Returns:
        Mean SSIM of luma, and mean absolute error in levels of 255, at the network's size.
    """
    rows = np.unique(np.linspace(0, len(target) - 1, MOST).round().astype(int))
    start, end = generator.window
    drawn = generator.reconstruct(target.aligned[rows])
    side = (drawn.shape[2], drawn.shape[1])
    alike: list[float] = []
    errors: list[float] = []
    for row, face in zip(rows, drawn, strict=True):
        wanted = cv2.resize(target.aligned[row][start:end, start:end], side)
        errors.append(float(np.abs(face.astype(int) - wanted).mean()))
        grays = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (face, wanted)]
        alike.append(ssim(grays[0], grays[1]))
    return {
        "reconstruction_ssim": round(float(np.mean(alike)), 4),
        "reconstruction_error_levels": round(float(np.mean(errors)), 3),
    }


def ssim(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the mean structural similarity of two (H, W) luma pictures.

    Source: Wang et al., "Image quality assessment: from error visibility to structural
    similarity" (2004): Gaussian window of 11 px, sigma 1.5, K 0.01 and 0.03.
    """

    def smooth(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(x, (11, 11), 1.5), np.float64)

    x, y = a.astype(np.float64), b.astype(np.float64)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = smooth(x), smooth(y)
    var_x, var_y = smooth(x * x) - mean_x**2, smooth(y * y) - mean_y**2
    both = smooth(x * y) - mean_x * mean_y
    top = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    return float((top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean())
