"""From sightings to people: faces linked over time, then cut out in a second pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from forensics.evenly import evenly
from forensics.intake.crops import align, alignment, crop_square, square_around
from forensics.intake.detection import Detection
from forensics.intake.frames import RawFrame, decode, open_media
from forensics.intake.landmarks import Landmarker
from forensics.intake.pose import head_pose, landmarks_disagree
from forensics.intake.quantization import block_qp
from forensics.intake.scan import Scan, Sighting
from forensics.intake.spool import Spool

CONTEXT_SCALE = 1.8
"""Side of the stored square crop over the longer side of the face box."""

CONTEXT_MAX_PX = 448
"""Stored crops larger than this are shrunk to it."""

GAP_S = 1.0
"""A face unseen for longer starts a new track."""

MIN_SIGHTINGS = 3
"""Tracks seen less often are false detections, unless the item has only so many frames."""

MIN_CONFIDENCE = 0.6

MIN_FACE_PX = 20.0
"""Boxes lower than this carry nothing that could be examined."""


@dataclass(frozen=True)
class FaceTrack:
    """One person's face through one shot, with crops of the examined frames.

    Attributes:
        id: From 1, in order of appearance.
        frame_index: (n,) int64, frames that were examined, ascending.
        pts_s: (n,) float64, their presentation times, s.
        boxes_xyxy_px: (n, 4) float64, detector's boxes.
        confidence: (n,) float64, detector's.
        landmarks_px: (n, 68, 2) float64.
        burst_px: (n, 3, 68, 2) float64, landmarks of the frame and the two after it, found in the
            same box; NaN where there is no such frame.
        pose_deg: (n, 3) float64, pitch, yaw, roll.
        to_aligned: (n, 2, 3) float64, from frame px to aligned px.
        disagreement: (n,) bool, landmarks and the detector's points differ: occluded or profile.
        qp: (n,) float64, median quantization parameter in the box; NaN where not given.
        seen_s: (m,) float64, times of every sighting, examined or not.
        shot: Which shot it is in, from 0.
        spool: Where the crops are kept.
        aligned_slots: (n,) int64, slots of the aligned crops.
        next_slots: (n,) int64, slots of the aligned crops of the following frame, by the same
            matrix; -1 where there is none.
        context_slots: (n,) int64, slots of the square crops.
    """

    id: int
    frame_index: NDArray[np.int64]
    pts_s: NDArray[np.float64]
    boxes_xyxy_px: NDArray[np.float64]
    confidence: NDArray[np.float64]
    landmarks_px: NDArray[np.float64]
    burst_px: NDArray[np.float64]
    pose_deg: NDArray[np.float64]
    to_aligned: NDArray[np.float64]
    disagreement: NDArray[np.bool_]
    qp: NDArray[np.float64]
    seen_s: NDArray[np.float64]
    shot: int
    spool: Spool
    aligned_slots: NDArray[np.int64]
    next_slots: NDArray[np.int64]
    context_slots: NDArray[np.int64]

    def __post_init__(self) -> None:
        n = len(self.frame_index)
        shapes = {
            "pts_s": (n,), "boxes_xyxy_px": (n, 4), "confidence": (n,),
            "landmarks_px": (n, 68, 2), "burst_px": (n, 3, 68, 2), "pose_deg": (n, 3),
            "to_aligned": (n, 2, 3), "disagreement": (n,), "qp": (n,), "aligned_slots": (n,),
            "next_slots": (n,), "context_slots": (n,),
        }  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, not {shape}")

    def __len__(self) -> int:
        return len(self.frame_index)

    @property
    def face_px(self) -> float:
        """Median height of the face box, px."""
        return float(np.median(self.boxes_xyxy_px[:, 3] - self.boxes_xyxy_px[:, 1]))

    def spread(self, most: int) -> NDArray[np.int64]:
        """Choose at most `most` of the examined frames, evenly; which ones, ascending."""
        return evenly(len(self), most)

    def aligned(self, i: int) -> NDArray[np.uint8]:
        """Return (256, 256, 3) uint8, the i-th examined frame in aligned face space."""
        return self.spool.get(int(self.aligned_slots[i]))

    def aligned_next(self, i: int) -> NDArray[np.uint8] | None:
        """Return the frame after the i-th, (256, 256, 3) uint8 by the i-th matrix, or None."""
        slot = int(self.next_slots[i])
        return None if slot < 0 else self.spool.get(slot)

    def crop(self, i: int, scale: float, size_px: int) -> NDArray[np.uint8]:
        """Cut the square around the i-th box, as `crops.crop_square` does from the frame.

        Args:
            i: Which examined frame.
            scale: Side of the square over the longer side of the box, at most CONTEXT_SCALE.
            size_px: Side of the result.

        Returns:
            (size_px, size_px, 3) uint8.
        """
        context = self.spool.get(int(self.context_slots[i]))
        _, _, side = square_around(self.boxes_xyxy_px[i], CONTEXT_SCALE)
        left, top, right, bottom = self.boxes_xyxy_px[i]
        center = context.shape[0] / 2
        factor = context.shape[0] / side
        half = np.array([right - left, bottom - top]) * factor / 2
        box = np.array([center - half[0], center - half[1], center + half[0], center + half[1]])
        return crop_square(context, box, scale, size_px)

    def landmarks_aligned(self) -> NDArray[np.float64]:
        """Return the (n, 68, 2) landmarks in aligned px."""
        turn, shift = self.to_aligned[:, :, :2], self.to_aligned[:, :, 2]
        moved = np.einsum("nij,nkj->nki", turn, self.landmarks_px) + shift[:, None, :]
        return np.asarray(moved, dtype=np.float64)


@dataclass(eq=False)
class _Link:
    """A track while it is being linked."""

    shot: int
    index: list[int]
    pts_s: list[float]
    faces: list[Detection]


def link(found: Scan) -> list[_Link]:
    """Link sightings over time into one chain a person and shot.

    Boxes are matched by overlap and distance, all at once (Hungarian assignment); a shot cut ends
    every chain. Chains seen too rarely, or never with confidence, are dropped.
    """
    starts = np.array([shot.start_s for shot in found.shots])
    done: list[_Link] = []
    open_links: list[_Link] = []
    times = [seen.pts_s for seen in found.sightings]
    spacing = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    patience = max(GAP_S, 2.5 * spacing)
    for seen in found.sightings:
        shot = max(0, int(np.searchsorted(starts, seen.pts_s + 1e-6, side="right")) - 1)
        alive = [
            chain for chain in open_links
            if chain.shot == shot and seen.pts_s - chain.pts_s[-1] <= patience
        ]  # fmt: skip
        done += [chain for chain in open_links if chain not in alive]
        open_links = alive
        faces = [f for f in seen.faces if f.box_xyxy_px[3] - f.box_xyxy_px[1] >= MIN_FACE_PX]
        _extend(open_links, faces, seen, shot)
    done += open_links
    least = min(MIN_SIGHTINGS, len(found.sightings))
    kept = [
        chain for chain in done
        if len(chain.index) >= least
        and np.median([face.confidence for face in chain.faces]) >= MIN_CONFIDENCE
    ]  # fmt: skip
    return sorted(kept, key=lambda chain: (chain.pts_s[0], float(chain.faces[0].box_xyxy_px[0])))


def _extend(chains: list[_Link], faces: list[Detection], seen: Sighting, shot: int) -> None:
    taken: set[int] = set()
    if chains and faces:
        cost = np.array([[_cost(chain.faces[-1], face) for face in faces] for chain in chains])
        for row, column in zip(*linear_sum_assignment(cost), strict=True):
            if cost[row, column] < 1.0:
                chain = chains[int(row)]
                chain.index.append(seen.index)
                chain.pts_s.append(seen.pts_s)
                chain.faces.append(faces[int(column)])
                taken.add(int(column))
    chains += [
        _Link(shot, [seen.index], [seen.pts_s], [face])
        for column, face in enumerate(faces)
        if column not in taken
    ]


def _cost(a: Detection, b: Detection) -> float:
    """Distance of two boxes: center shift in face sizes plus size ratio; 1 and over is no match."""
    size_a, size_b = (
        float(np.sqrt(np.prod(face.box_xyxy_px[2:] - face.box_xyxy_px[:2]))) for face in (a, b)
    )
    center_a = (a.box_xyxy_px[:2] + a.box_xyxy_px[2:]) / 2
    center_b = (b.box_xyxy_px[:2] + b.box_xyxy_px[2:]) / 2
    shift = float(np.linalg.norm(center_a - center_b)) / max(1.0, (size_a + size_b) / 2)
    ratio = abs(float(np.log(max(size_a, 1.0) / max(size_b, 1.0))))
    return shift + ratio


class _Cutter:
    """Second pass: collects landmarks and crops of the chosen frames."""

    def __init__(self, chains: list[_Link], frames: int, landmarker: Landmarker) -> None:
        self.spool = Spool()
        self.landmarker = landmarker
        self.chains = chains
        self.picks = [evenly(len(chain.index), frames).tolist() for chain in chains]
        self.rows: list[dict[int, dict[str, object]]] = [{} for _ in chains]
        self.wanted: dict[int, list[tuple[int, int, int]]] = {}
        for c, chain in enumerate(chains):
            for pick in self.picks[c]:
                for ahead in range(3):
                    self.wanted.setdefault(chain.index[pick] + ahead, []).append((c, pick, ahead))

    def take(self, raw: RawFrame) -> None:
        jobs = self.wanted.get(raw.index)
        if not jobs:
            return
        rgb = raw.rgb()
        blocks = block_qp(raw.picture) if int(raw.picture.rotation) == 0 else None
        for c, pick, ahead in jobs:
            face = self.chains[c].faces[pick]
            landmarks = self.landmarker(rgb, face.box_xyxy_px)
            if ahead == 0:
                matrix = alignment(landmarks)
                self.rows[c][pick] = {
                    "landmarks": landmarks,
                    "burst": [landmarks],
                    "matrix": matrix,
                    "aligned": self.spool.put(align(rgb, matrix)),
                    "next": -1,
                    "context": self.spool.put(_context(rgb, face.box_xyxy_px)),
                    "qp": blocks.median_in(face.box_xyxy_px) if blocks else float("nan"),
                }
            elif pick in self.rows[c]:
                row = self.rows[c][pick]
                row["burst"].append(landmarks)  # type: ignore[attr-defined]
                if ahead == 1:
                    row["next"] = self.spool.put(align(rgb, row["matrix"]))  # type: ignore[arg-type]

    def tracks(self, shape: tuple[int, int]) -> tuple[FaceTrack, ...]:
        made: list[FaceTrack] = []
        for chain, rows in zip(self.chains, self.rows, strict=True):
            if rows:
                made.append(_track(len(made) + 1, chain, rows, self.spool, shape))
        return tuple(made)


def _context(rgb: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.uint8]:
    side = square_around(box, CONTEXT_SCALE)[2]
    return crop_square(rgb, box, CONTEXT_SCALE, int(min(CONTEXT_MAX_PX, max(32, round(side)))))


def _track(
    number: int, chain: _Link, rows: dict[int, dict[str, object]], spool: Spool,
    shape: tuple[int, int],
) -> FaceTrack:  # fmt: skip
    picks = sorted(rows)
    landmarks = np.array([rows[p]["landmarks"] for p in picks], dtype=np.float64)
    burst = np.full((len(picks), 3, 68, 2), np.nan)
    for i, p in enumerate(picks):
        found = rows[p]["burst"]
        burst[i, : len(found)] = found  # type: ignore[arg-type]
    faces = [chain.faces[p] for p in picks]
    return FaceTrack(
        id=number,
        frame_index=np.array([chain.index[p] for p in picks], dtype=np.int64),
        pts_s=np.array([chain.pts_s[p] for p in picks], dtype=np.float64),
        boxes_xyxy_px=np.array([face.box_xyxy_px for face in faces], dtype=np.float64),
        confidence=np.array([face.confidence for face in faces], dtype=np.float64),
        landmarks_px=landmarks, burst_px=burst,
        pose_deg=np.array([head_pose(points, shape) for points in landmarks]),
        to_aligned=np.array([rows[p]["matrix"] for p in picks], dtype=np.float64),
        disagreement=np.array(
            [landmarks_disagree(m, f.points_px) for m, f in zip(landmarks, faces, strict=True)],
            dtype=bool,
        ),
        qp=np.array([rows[p]["qp"] for p in picks], dtype=np.float64),
        seen_s=np.array(chain.pts_s, dtype=np.float64), shot=chain.shot, spool=spool,
        aligned_slots=np.array([rows[p]["aligned"] for p in picks], dtype=np.int64),
        next_slots=np.array([rows[p]["next"] for p in picks], dtype=np.int64),
        context_slots=np.array([rows[p]["context"] for p in picks], dtype=np.int64),
    )  # fmt: skip


def cut_tracks(
    path: Path,
    found: Scan,
    landmarker: Landmarker,
    *,
    frames: int = 32,
    every_frame: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[FaceTrack, ...]:
    """Link the sightings into tracks and cut their faces out in a second pass.

    Args:
        path: The item.
        found: From the first pass.
        landmarker: Finds the 68 points.
        frames: At most so many frames a track, spread evenly over it.
        every_frame: Take every sighting.
        progress: Called with (frames done, frames to do).

    Returns:
        Tracks in order of appearance. Crops wait in memory, and on disk where there are many.
    """
    chains = link(found)
    cutter = _Cutter(chains, 10**9 if every_frame else frames, landmarker)
    last = max(cutter.wanted, default=-1)
    if last >= 0:
        with open_media(path, side_data=True) as container:
            for raw in decode(container):
                if raw.index < 0 or raw.index > last:
                    break
                cutter.take(raw)
                progress(raw.index + 1, last + 1)
        progress(last + 1, last + 1)
    return cutter.tracks((found.media.height_px, found.media.width_px))
