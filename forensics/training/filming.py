"""Filming: the held-out people as short videos, seen through the intake of an examination.

A calibration and its validation rest on these cases. Each case keeps what the network will be
shown and the quality the intake measured, so that several models can be scored on the same cases.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from forensics.intake.detection import FaceDetector
from forensics.intake.landmarks import DlibLandmarker
from forensics.intake.quality import track_quality
from forensics.intake.scan import scan
from forensics.intake.tracks import FaceTrack, cut_tracks
from forensics.models.maps import unit_to_aligned
from forensics.record import Quality
from forensics.training.animate import FRAMES, animate, sample_take, swap_recipe, write_video
from forensics.training.material import Face
from forensics.training.pack import CROP_PX, CROP_SCALE, PairMaker, shrink
from forensics.training.pseudo_fakes import apply

SEGMENT_FRAMES = 24
SEGMENTS = 12
"""Segments taken from each held-out clip."""


@dataclass(frozen=True)
class Case:
    """One video of a known kind.

    Attributes:
        identity: Whose face is filmed.
        source: Of the still, or "clip".
        swapped: Whether H1 holds.
        family: Of the pseudo-fake; "genuine".
        crf: The file was encoded with.
        quality: As the intake measured it.
        crops: (n, INPUT_PX, INPUT_PX, 3) uint8, what the network is shown.
        to_aligned: (n, 2, 3) from each crop's unit square to aligned px.
    """

    identity: str
    source: str
    swapped: bool
    family: str
    crf: int
    quality: Quality
    crops: NDArray[np.uint8]
    to_aligned: NDArray[np.float64]

    def notes(self) -> dict[str, Any]:
        """Return everything but the pixels, as JSON values."""
        values = {
            k: v for k, v in vars(self).items() if k not in ("crops", "quality", "to_aligned")
        }
        return {**values, "quality": self.quality.model_dump(mode="json")}


def tracks_of(path: Path, landmarker: DlibLandmarker, frames: int = 32) -> tuple[FaceTrack, ...]:
    """Find the faces of a video as an examination does."""
    found = scan(path, frames=frames)
    return cut_tracks(path, found, landmarker, frames=frames)


def crops_of(track: FaceTrack) -> NDArray[np.uint8]:
    """Cut a track's (n, INPUT_PX, INPUT_PX, 3) crops by the one protocol."""
    return np.stack([shrink(track.crop(i, CROP_SCALE, CROP_PX)) for i in range(len(track))])


class Studio:
    """Films held-out faces.

    Args:
        faces: Held-out stills; donors come from them too.
        seed: Of every take.
    """

    def __init__(self, faces: list[Face], seed: int) -> None:
        self._faces = faces
        self._seed = seed
        self._landmarker = DlibLandmarker()
        self._detector = FaceDetector()
        self._pairs = PairMaker(faces, seed)

    def still(self, index: int, take_number: int, swapped: bool) -> Case | None:
        """Film one still, genuine or swapped; None where the intake finds no face in it."""
        face = self._faces[index]
        rng = np.random.default_rng((self._seed, index, take_number))
        take = sample_take(rng, face.box_side_px)
        recipe, donor = swap_recipe(rng), self._pairs.donor_for(index, rng)
        frames = animate(
            face, take, recipe if swapped else None, (donor.rgb, donor.landmarks_px), FRAMES
        )
        family = recipe.family if swapped else "genuine"
        return self._case(frames, take.crf, face.identity, face.source, swapped, family)

    def clip(self, path: Path) -> Iterator[Case]:
        """Film segments of a genuine clip again: re-encoded as it is, and swapped."""
        rng = np.random.default_rng((self._seed, len(path.name)))
        with av.open(str(path)) as container:
            wanted = SEGMENT_FRAMES * SEGMENTS * 2
            frames = [
                np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
                for frame, _ in zip(container.decode(video=0), range(wanted), strict=False)
            ]
        for start in range(0, len(frames) - SEGMENT_FRAMES, 2 * SEGMENT_FRAMES):
            segment = frames[start : start + SEGMENT_FRAMES : 2]
            crf = int(rng.integers(18, 43))
            yield from self._known(self._case(segment, crf, path.name, "clip", False, "genuine"))
            recipe, donor = swap_recipe(rng), self._faces[int(rng.integers(len(self._faces)))]
            swapped = []
            for rgb in segment:
                points = self._points(rgb)
                if points is None:
                    break
                swapped.append(apply(recipe, rgb, points, donor=(donor.rgb, donor.landmarks_px))[0])
            if len(swapped) == len(segment):
                case = self._case(swapped, crf, path.name, "clip", True, recipe.family)
                yield from self._known(case)

    @staticmethod
    def _known(case: Case | None) -> Iterator[Case]:
        if case is not None:
            yield case

    def _points(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        found, _ = self._detector.detect(rgb)
        return self._landmarker(rgb, found[0].box_xyxy_px) if found else None

    def _case(
        self, frames: list[NDArray[np.uint8]], crf: int, identity: str, source: str,
        swapped: bool, family: str,
    ) -> Case | None:  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "take.mp4"
            write_video(frames, path, crf)
            tracks = tracks_of(path, self._landmarker)
            if not tracks:
                return None
            track = max(tracks, key=lambda one: (len(one), one.face_px))
            return Case(
                identity,
                source,
                swapped,
                family,
                crf,
                track_quality(track),
                crops_of(track),
                np.stack([unit_to_aligned(track, i, CROP_SCALE) for i in range(len(track))]),
            )


def save_cases(cases: list[Case], path: Path) -> None:
    """Write cases to one .npz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    counts = np.array([len(case.crops) for case in cases])
    notes = json.dumps([case.notes() for case in cases])
    np.savez(
        path, crops=np.concatenate([case.crops for case in cases]),
        to_aligned=np.concatenate([case.to_aligned for case in cases]),
        counts=counts,
        notes=np.frombuffer(notes.encode("utf-8"), dtype=np.uint8),
    )  # fmt: skip


def load_cases(path: Path) -> list[Case]:
    """Read what `save_cases` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        crops, matrices, counts = stored["crops"], stored["to_aligned"], stored["counts"]
        notes = json.loads(stored["notes"].tobytes().decode("utf-8"))
    ends = np.cumsum(counts)[:-1]
    parts, turns = np.split(crops, ends), np.split(matrices, ends)
    return [
        Case(**{**note, "quality": Quality(**note["quality"]), "crops": part, "to_aligned": turn})
        for note, part, turn in zip(notes, parts, turns, strict=True)
    ]


def film(
    studio: Studio,
    faces: int,
    clips: list[Path],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Case]:
    """Film every face three times (genuine, swapped, and genuine again), then the clips."""
    cases: list[Case] = []
    for index in range(faces):
        for take, swapped in ((0, False), (1, True), (2, False)):
            case = studio.still(index, take, swapped)
            if case is not None:
                cases.append(case)
        progress(index + 1, faces)
    for path in clips:
        cases += studio.clip(path)
    return cases
