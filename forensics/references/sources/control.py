"""The found source as control footage: the same faces at the same moments.

Its faces need not be looked for again: they lie where the questioned ones do, and the frames were
decoded already when the two were compared.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Control
from forensics.evenly import some
from forensics.intake.crops import align, alignment, crop_square, square_around
from forensics.intake.landmarks import Landmarker
from forensics.intake.pose import head_pose, landmarks_disagree
from forensics.intake.spool import Spool
from forensics.intake.tracks import CONTEXT_MAX_PX, CONTEXT_SCALE, FaceTrack
from forensics.record import Media
from forensics.references.sources.material import Cut, SourceMatch

MIN_CUTS = 3
"""A face compared at fewer moments is no control."""

Matrix = NDArray[np.float64]


def found_control(
    match: SourceMatch, tracks: tuple[FaceTrack, ...], landmarker: Landmarker, frames: int
) -> Control | None:
    """Make tracks of the source's faces at the compared moments.

    Args:
        match: A source whose footage is the same.
        tracks: The questioned faces.
        landmarker: Finds the 68 points.
        frames: At most so many a face; no more than were compared.

    Returns:
        None where the source is a still, another take, or shows too little of the faces.
    """
    if match.time is None or match.relation != "same_footage":
        return None
    made: list[FaceTrack] = []
    slots: list[NDArray[np.int64]] = []
    for track in tracks:
        sure = _sure_frames(match, track)
        cuts = sorted(
            (
                cut for cut in match.cuts
                if cut.track == track.id and cut.parts and track.frame_index[cut.slot] in sure
            ),
            key=lambda cut: cut.pts_s,
        )  # fmt: skip
        cuts = some(cuts, frames)
        if len(cuts) >= MIN_CUTS:
            made.append(_track(match, track, cuts, landmarker))
            slots.append(np.array([cut.slot for cut in cuts], np.int64))
    if not made:
        return None
    return Control(match.video.name, "found", _media(match), tuple(made), tuple(slots))


def _sure_frames(match: SourceMatch, track: FaceTrack) -> set[int]:
    """Return the item's frames whose moment and place in the source are not in doubt."""
    for face in match.faces:
        if face.track == track.id and not face.why_not:
            return {pair.index for pair in face.pairs if pair.placed}
    return set()


def _track(
    match: SourceMatch, track: FaceTrack, cuts: list[Cut], landmarker: Landmarker
) -> FaceTrack:
    size = (match.video.height_px, match.video.width_px)
    spool = Spool()
    boxes, marks, bursts, matrices, slots, apart = [], [], [], [], [], []
    for cut in cuts:
        box, points = _moved(match.placement, track, cut.slot)
        corner = np.array(cut.box[:2], np.float64)
        inner = box - np.tile(corner, 2)
        found = [landmarker(part, inner) for part in cut.parts]  # each (68, 2), px of the part
        burst = np.full((3, 68, 2), np.nan)
        burst[: len(found)] = np.stack(found) + corner
        matrix = alignment(found[0])
        aligned = [spool.put(align(part, matrix)) for part in cut.parts[:2]]
        context = spool.put(crop_square(cut.parts[0], inner, CONTEXT_SCALE, _context_px(inner)))
        boxes.append(box)
        marks.append(burst[0])
        bursts.append(burst)
        matrices.append(np.column_stack([matrix[:, :2], matrix[:, 2] - matrix[:, :2] @ corner]))
        slots.append((aligned[0], aligned[1] if len(aligned) > 1 else -1, context))
        apart.append(landmarks_disagree(burst[0], points))
    times = np.array([cut.pts_s for cut in cuts])
    kept = np.array(slots, np.int64)
    return FaceTrack(
        id=track.id, frame_index=np.rint(times * (match.video.rate_fps or 25)).astype(np.int64),
        pts_s=times, boxes_xyxy_px=np.array(boxes), confidence=np.ones(len(cuts)),
        landmarks_px=np.array(marks), burst_px=np.array(bursts),
        pose_deg=np.array([head_pose(points, size) for points in marks]),
        to_aligned=np.array(matrices), disagreement=np.array(apart, bool),
        qp=np.full(len(cuts), np.nan), seen_s=times, shot=0, spool=spool,
        aligned_slots=kept[:, 0], next_slots=kept[:, 1], context_slots=kept[:, 2],
    )  # fmt: skip


def _context_px(box: NDArray[np.float64]) -> int:
    return int(min(CONTEXT_MAX_PX, max(32, round(square_around(box, CONTEXT_SCALE)[2]))))


def _moved(
    placement: Matrix, track: FaceTrack, slot: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move a questioned face to the source: its box (4,), and eyes, nose, mouth corners (5, 2)."""
    left, top, right, bottom = track.boxes_xyxy_px[slot]
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]])
    moved = cv2.perspectiveTransform(corners, placement)[0]
    box = np.concatenate([moved.min(axis=0), moved.max(axis=0)])
    marks = cv2.perspectiveTransform(track.landmarks_px[slot][None], placement)[0]
    eyes = marks[36:42].mean(axis=0), marks[42:48].mean(axis=0)
    points = np.stack([*eyes, marks[30], marks[48], marks[54]])
    if moved[1, 0] < moved[0, 0]:  # mirrored: the eyes and mouth corners change sides
        points = points[[1, 0, 2, 4, 3]]
    return box, points


def _media(match: SourceMatch) -> Media:
    video = match.video
    return Media(
        kind="video", container=Path(video.path).suffix.lstrip(".") or "?", codec="?",
        width_px=video.width_px, height_px=video.height_px, duration_s=video.duration_s,
        frames_decoded=round(video.duration_s * video.rate_fps),
        average_rate_fps=round(video.rate_fps, 4),
    )  # fmt: skip
