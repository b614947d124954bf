"""The found source as control footage: the same faces at the same moments, sampled alike.

Its faces need not be looked for again: they lie where the questioned ones do.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Control
from forensics.intake.detection import Detection
from forensics.intake.landmarks import Landmarker
from forensics.intake.scan import FrameTable, Scan, Sighting
from forensics.intake.tracks import FaceTrack, cut_tracks
from forensics.record import Media, Shot
from forensics.references.sources.material import SourceMatch, TimeFit

CONTROL_FRAMES = 16
"""Frames taken of each face; paired scores settle with eight."""


def found_control(
    match: SourceMatch, tracks: tuple[FaceTrack, ...], landmarker: Landmarker, frames: int
) -> Control | None:
    """Cut the source's faces out at the moments of the questioned ones.

    Args:
        match: A source whose footage is the same.
        tracks: The questioned faces.
        landmarker: Finds the 68 points.
        frames: At most so many a face.

    Returns:
        None where the source was not read from its start, or shows no face of the item.
    """
    if match.frame_times_s is None or match.time is None or match.relation != "same_footage":
        return None
    times = match.frame_times_s
    sightings = _sightings(match.placement, match.time, times, tracks)
    if not sightings:
        return None
    media = _media(match, times)
    table = FrameTable(
        pts_s=times, kind="?" * len(times), key=np.zeros(len(times), bool),
        qp=np.full(len(times), np.nan), interlaced=np.zeros(len(times), bool),
        duplicate=np.zeros(len(times), bool), rotation_deg=0,
    )  # fmt: skip
    shots = (Shot(start_s=float(times[0]), end_s=float(times[-1]) + 1.0),)
    cut = cut_tracks(
        Path(match.video.path), Scan(media, table, shots, sightings), landmarker,
        frames=min(frames, CONTROL_FRAMES),
    )  # fmt: skip
    return Control(match.video.name, "found", media, cut) if cut else None


def _sightings(
    placement: NDArray[np.float64], time: TimeFit, times: NDArray[np.float64],
    tracks: tuple[FaceTrack, ...],
) -> tuple[Sighting, ...]:  # fmt: skip
    """Move the questioned faces' boxes to the source's frames."""
    faces: dict[int, list[Detection]] = {}
    for track in tracks:
        picks = np.unique(np.linspace(0, len(track) - 1, min(CONTROL_FRAMES, len(track))).round())
        for i in picks.astype(int):
            when = time.source_s(float(track.pts_s[i]))
            number = int(np.argmin(np.abs(times - when)))
            if abs(times[number] - when) > 0.1:
                continue
            left, top, right, bottom = track.boxes_xyxy_px[i]
            corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]])
            moved = cv2.perspectiveTransform(corners, placement)[0]
            box = np.concatenate([moved.min(axis=0), moved.max(axis=0)])
            marks = cv2.perspectiveTransform(track.landmarks_px[i][None], placement)[0]
            eyes = marks[36:42].mean(axis=0), marks[42:48].mean(axis=0)
            points = np.stack([*eyes, marks[30], marks[48], marks[54]])
            if moved[1, 0] < moved[0, 0]:  # mirrored: the eyes and mouth corners change sides
                points = points[[1, 0, 2, 4, 3]]
            faces.setdefault(number, []).append(Detection(box, 1.0, points))
    return tuple(
        Sighting(number, float(times[number]), tuple(found))
        for number, found in sorted(faces.items())
    )


def _media(match: SourceMatch, times: NDArray[np.float64]) -> Media:
    video = match.video
    return Media(
        kind="video", container=Path(video.path).suffix.lstrip(".") or "?", codec="?",
        width_px=video.width_px, height_px=video.height_px, duration_s=video.duration_s,
        frames_decoded=len(times), average_rate_fps=round(video.rate_fps, 4),
    )  # fmt: skip
