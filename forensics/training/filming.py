"""Filming: the held-out people as short videos, cut and measured as an examination does it.

A calibration and its validation rest on these cases. Each case keeps what the network will be
shown and the quality the intake measures, so that several models can be scored on the same cases.
Boxes and landmarks are those of the still, moved with it and jittered: finding faces again in
every frame would cost ten times as much.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import av
import numpy as np
from numpy.typing import NDArray

from forensics.intake.crops import align, alignment, crop_square, square_around
from forensics.intake.detection import FaceDetector
from forensics.intake.landmarks import DlibLandmarker
from forensics.intake.quality import track_quality
from forensics.intake.spool import Spool
from forensics.intake.tracks import CONTEXT_SCALE, FaceTrack
from forensics.models.maps import unit_to_aligned
from forensics.record import Quality
from forensics.training.animate import FPS, FRAMES, sample_take
from forensics.training.animate import film as film_still
from forensics.training.degrade import encode_clip
from forensics.training.material import Face
from forensics.training.pack import CROP_PX, CROP_SCALE, PairMaker, shrink
from forensics.training.pseudo_fakes import Donor, Recipe, apply, sample_recipe

SEGMENT_FRAMES = 24
SEGMENTS = 12
"""Segments taken from each held-out clip."""


REPLACING_FAMILIES = {"autoencoder": 0.6, "cross_identity": 0.3, "one_shot": 0.1}
"""What stands for a replaced face. Self-blends teach, but they replace nobody."""


def replacing_recipe(rng: np.random.Generator) -> Recipe:
    """Draw a recipe that puts another person's face in, as the proposition has it."""
    names, shares = list(REPLACING_FAMILIES), list(REPLACING_FAMILIES.values())
    recipe = sample_recipe(rng, names[int(rng.choice(len(names), p=shares))])
    return replace(recipe, use_donor=True)


@dataclass(frozen=True)
class FilmedCase:
    """One video of a known kind, as its notes and what the network is shown of it.

    Attributes:
        identity: Whose face is filmed.
        source: Of the still, or "clip".
        swapped: Whether H1 holds.
        family: Of the pseudo-fake; "genuine".
        crf: The file was encoded with.
        quality: As the intake measured it.
        crops: (n, INPUT_PX, INPUT_PX, 3) uint8, what the network is shown.
    """

    identity: str
    source: str
    swapped: bool
    family: str
    crf: int
    quality: Quality
    crops: NDArray[np.uint8]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what is kept of every frame."""
        return {k: v for k, v in vars(self).items() if isinstance(v, np.ndarray)}

    def notes(self) -> dict[str, Any]:
        """Return everything but the arrays, as JSON values."""
        values = {k: v for k, v in vars(self).items() if k not in self.arrays()}
        return {**values, "quality": self.quality.model_dump(mode="json")}


@dataclass(frozen=True)
class Case(FilmedCase):
    """A video that is scored by itself.

    Attributes:
        to_aligned: (n, 2, 3) from each crop's unit square to aligned px.
    """

    to_aligned: NDArray[np.float64]


Kind = TypeVar("Kind", bound=FilmedCase)


class Films(Protocol[Kind]):
    """What films people and clips into cases of one kind."""

    def person(self, index: int) -> list[Kind]:
        """Film one still."""

    def clip(self, path: Path) -> Iterable[Kind]:
        """Film a genuine clip again."""


def swapped_frames(
    frames: list[NDArray[np.uint8]], points: NDArray[np.float64], recipe: Recipe, donor: Donor
) -> list[NDArray[np.uint8]]:
    """Put a donor's face into every frame by one recipe."""
    return [
        apply(recipe, rgb, one, donor=donor)[0] for rgb, one in zip(frames, points, strict=True)
    ]


def as_track(
    frames: list[NDArray[np.uint8]],
    boxes: NDArray[np.float64],
    points: NDArray[np.float64],
    qp: NDArray[np.float64] | float = float("nan"),
) -> FaceTrack:
    """Cut frames into a track, as the intake does with faces that it found.

    Args:
        frames: n pictures (H, W, 3) uint8.
        boxes: (n, 4) px.
        points: (n, 68, 2) px.
        qp: (n,) quantization parameters in the faces, or one; NaN where not known.
    """
    spool, count = Spool(), len(frames)
    matrices = np.stack([alignment(one) for one in points])
    context = []
    for rgb, box in zip(frames, boxes, strict=True):
        side = max(32, round(square_around(box, CONTEXT_SCALE)[2]))
        context.append(spool.put(crop_square(rgb, box, CONTEXT_SCALE, side)))
    aligned = [spool.put(align(rgb, one)) for rgb, one in zip(frames, matrices, strict=True)]
    times = np.arange(count) / FPS
    return FaceTrack(
        id=1, frame_index=np.arange(count), pts_s=times, boxes_xyxy_px=boxes,
        confidence=np.ones(count), landmarks_px=points,
        burst_px=np.full((count, 3, 68, 2), np.nan), pose_deg=np.zeros((count, 3)),
        to_aligned=matrices, disagreement=np.zeros(count, dtype=bool), qp=np.full(count, qp),
        seen_s=times, shot=0, spool=spool, aligned_slots=np.array(aligned),
        next_slots=np.full(count, -1), context_slots=np.array(context),
    )  # fmt: skip


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

    def donor_for(self, index: int, rng: np.random.Generator) -> Donor:
        """Choose whose face is put into a still."""
        donor = self._pairs.donor_for(index, rng)
        return donor.rgb, donor.landmarks_px

    def any_donor(self, rng: np.random.Generator) -> Donor:
        """Choose whose face is put into a clip."""
        donor = self._faces[int(rng.integers(len(self._faces)))]
        return donor.rgb, donor.landmarks_px

    def person(self, index: int) -> list[Case]:
        """Film one still three times: genuine, swapped alike, and genuine otherwise."""
        takes = ((0, False), (0, True), (1, False))
        return [self.still(index, take, swapped) for take, swapped in takes]

    def still(self, index: int, take_number: int, swapped: bool) -> Case:
        """Film one still, genuine or swapped; both meet the same camera and encoder."""
        face = self._faces[index]
        rng = np.random.default_rng((self._seed, index, take_number))
        take = sample_take(rng, face.box_side_px)
        recipe, donor = replacing_recipe(rng), self.donor_for(index, rng)
        filmed = film_still(face, take, recipe if swapped else None, donor, FRAMES)
        family = recipe.family if swapped else "genuine"
        boxes = filmed.boxes_px + rng.normal(0, 0.015, filmed.boxes_px.shape) * take.face_px
        frames = encode_clip(filmed.frames, take.crf)
        return self._case(
            as_track(frames, boxes, filmed.points_px), take.crf, face.identity, face.source,
            family,
        )  # fmt: skip

    def clip(self, path: Path) -> Iterator[Case]:
        """Film segments of a genuine clip again: re-encoded as it is, and swapped."""
        rng = np.random.default_rng((self._seed, len(path.name)))
        for segment, boxes, points in self.segments(path):
            crf, recipe = int(rng.integers(18, 43)), replacing_recipe(rng)
            swapped = swapped_frames(segment, points, recipe, self.any_donor(rng))
            for branch, family in ((segment, "genuine"), (swapped, recipe.family)):
                track = as_track(encode_clip(branch, crf), boxes, points)
                yield self._case(track, crf, path.name, "clip", family)

    def segments(
        self, path: Path
    ) -> Iterator[tuple[list[NDArray[np.uint8]], NDArray[np.float64], NDArray[np.float64]]]:
        """Cut a clip into segments with a face in every frame.

        Yields:
            n frames (H, W, 3) uint8, (n, 4) boxes and (n, 68, 2) landmarks in px.
        """
        with av.open(str(path)) as container:
            wanted = SEGMENT_FRAMES * SEGMENTS * 2
            frames = [
                np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
                for frame, _ in zip(container.decode(video=0), range(wanted), strict=False)
            ]
        for start in range(0, len(frames) - SEGMENT_FRAMES, 2 * SEGMENT_FRAMES):
            segment = frames[start : start + SEGMENT_FRAMES : 3]
            found = [self._find(rgb) for rgb in segment]
            seen = [one for one in found if one is not None]
            if len(seen) < len(segment):
                continue
            yield (
                segment, np.stack([one[0] for one in seen]), np.stack([one[1] for one in seen])
            )  # fmt: skip

    def _find(
        self, rgb: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return box and landmarks of the surest face, or None."""
        found, _ = self._detector.detect(rgb)
        if not found:
            return None
        box = found[0].box_xyxy_px
        return box, self._landmarker(np.ascontiguousarray(rgb), box)

    @staticmethod
    def _case(track: FaceTrack, crf: int, identity: str, source: str, family: str) -> Case:
        turns = np.stack([unit_to_aligned(track, i, CROP_SCALE) for i in range(len(track))])
        return Case(
            identity, source, family != "genuine", family, crf, track_quality(track),
            crops_of(track), turns,
        )  # fmt: skip


def save_cases(cases: Sequence[FilmedCase], path: Path) -> None:
    """Write cases of one kind to one .npz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    notes = json.dumps([case.notes() for case in cases])
    arrays: dict[str, Any] = {
        name: np.concatenate([case.arrays()[name] for case in cases]) for name in cases[0].arrays()
    }
    np.savez(
        path, counts=np.array([len(case.crops) for case in cases]),
        notes=np.frombuffer(notes.encode("utf-8"), dtype=np.uint8), **arrays,
    )  # fmt: skip


def load_cases(path: Path, kind: type[Kind]) -> list[Kind]:
    """Read what `save_cases` wrote of one kind."""
    with np.load(path, allow_pickle=False) as stored:
        ends = np.cumsum(stored["counts"])[:-1]
        notes = json.loads(stored["notes"].tobytes().decode("utf-8"))
        names = [name for name in stored.files if name not in ("counts", "notes")]
        parts = [np.split(stored[name], ends) for name in names]
    return [
        kind(
            **{**note, "quality": Quality(**note["quality"])},
            **dict(zip(names, arrays, strict=True)),
        )
        for note, *arrays in zip(notes, *parts, strict=True)
    ]


def film(
    studio: Films[Kind],
    faces: range,
    clips: list[Path],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Kind]:
    """Film every face, then the clips."""
    cases: list[Kind] = []
    for done, index in enumerate(faces, start=1):
        cases += studio.person(index)
        progress(done, len(faces))
    for path in clips:
        cases += studio.clip(path)
    return cases
