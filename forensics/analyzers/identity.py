"""Does the face look like the person it is said to be, or like somebody else, or like two people?

Distances of a face recognition network, set against how far the claimed person's own pictures lie
from each other. Runs only where pictures of that person are given (`--reference`).

What this cannot say: a look-alike or a relative may be as near as the person; make-up, age, light
and compression push the person away; another face than the claimed one is an ordinary wrong
caption until something shows that it was put in. There was no set of people with many recordings
to calibrate it with, so it is reported and not weighed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Analyzer, Findings, Material, Person, Picture, extent_of, too_little
from forensics.errors import ModelAbsent
from forensics.face_embedding import PARTS, Embedded, Embedder, embed_track
from forensics.face_identity import (
    FRAMES,
    Known,
    instability,
    know,
    pose_gap_deg,
    usual_instability,
)
from forensics.intake.quality import sharpest_frontal
from forensics.intake.tracks import FaceTrack
from forensics.record import Fact, Observation, Reason, round_floats
from forensics.references.look_alikes import share_as_near

LEAST_REFERENCES = 4
LEAST_FRAMES = 4
LEAST_FACE_PX = 60.0
WIDEST_POSE_GAP_DEG = 25.0
LEAST_CONTRAST = 1.6
"""Two people are told apart in a part of the face where they lie this many times as far from each
other as the faces of one of them on average; else a mixture of the two cannot be seen there."""

FACES_TO_TRAIN = 500
"""Faces that the 2018 autoencoder needs of each person; 319 + 377 proved too few."""

NOT_WEIGHED = "not weighed: a face recognition distance is no evidence of a swap by itself"


LEAST_MOVE = 0.05
"""Identity is never taken to stand stiller than this, in embedding distance."""


@dataclass(frozen=True)
class _Cast:
    """Everybody who is known: the claimed person, and the suspected donors by their short names."""

    claimed: Known
    donors: dict[str, Known]


class Identity(Analyzer):
    """Distance to the claimed person, stability, and mixture with a donor.

    Source: King, dlib face recognition ResNet (2017); Agarwal et al., "Protecting World Leaders
    Against Deep Fakes" (CVPRW 2019), for testing against the person's own references; Dong et al.,
    "Protecting Celebrities from DeepFake with Identity Consistency Transformer" (CVPR 2022), for
    comparing the identity of the inner with that of the outer face. The statistics are ours.
    Limits: see the head of this file.
    """

    name: ClassVar[str] = "identity"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Identity"
    examines: ClassVar[str] = (
        "whether the face is the claimed person's, or a mixture of two people's"
    )
    weighed: ClassVar[bool] = False

    def __init__(self) -> None:
        self._embedder: Embedder | None = None

    def model_digests(self) -> dict[str, str]:
        """Return the digest of the network, where it was used."""
        return {"dlib_face_recognition": self._embedder.digest} if self._embedder else {}

    def analyze(self, material: Material) -> Findings:
        """Compare every track with the people that are known."""
        people = material.references.persons
        claimed = next((p for p in people if p.role == "claimed"), None)
        if claimed is None:
            detail = "no pictures of the claimed person were given (--reference)"
            return Findings((self.abstain(Reason.NOT_APPLICABLE, detail),))
        try:
            embedder = self._embedder = Embedder()
        except ModelAbsent as error:
            return Findings((self.abstain(Reason.MODEL_ABSENT, str(error)),))
        donors = [person for person in people if person.role == "donor"]
        named = {"claimed": claimed} | {f"donor_{n}": p for n, p in enumerate(donors, 1)}
        said: list[Observation] = []
        for short, person in named.items():
            said += self._material(short, person)
        known = {short: know(p, embedder, PARTS) for short, p in named.items() if p.recordings}
        if "claimed" not in known:
            detail = f"no usable face in the references of {claimed.name}"
            return Findings((*said, self.abstain(Reason.INSUFFICIENT, detail)))
        cast = _Cast(known.pop("claimed"), known)
        if len(cast.claimed) < LEAST_REFERENCES:
            detail = (
                f"{len(cast.claimed)} faces of {claimed.name} in the references; "
                f"{LEAST_REFERENCES} are needed to know the person's own spread"
            )
            return Findings((*said, self.abstain(Reason.INSUFFICIENT, detail)))
        said += self._yardsticks(cast)
        pictures: list[Picture] = []
        for number, track in enumerate(material.tracks):
            material.progress(number, len(material.tracks))
            refused = self._refuse(track, cast.claimed)
            if refused:
                said.append(self.abstain(*refused, extent_of(track)))
                continue
            seen = embed_track(track, embedder, FRAMES)
            said += self._track(track, seen, cast)
            pictures += _pictures(track, people)
        return Findings(tuple(said), tuple(pictures))

    def _material(self, short: str, person: Person) -> list[Fact]:
        """Say what was given of a person, and whether a fake could have been trained on it."""
        faces = sum(recording.usable_faces for recording in person.recordings)
        files = tuple(f"{r.sha256} {r.name}" for r in person.recordings)
        enough = "as many as" if faces >= FACES_TO_TRAIN else "fewer than"
        words = (
            f"The references given show about {faces} usable faces of {person.name}, {enough} the "
            f"{FACES_TO_TRAIN} that training such a fake takes; what else is public is not known."
        )
        said = [
            self.fact(f"{short}_usable_faces", faces, unit="faces", words=words),
            self.fact(f"{short}_files", files),
        ]
        if person.left_out:
            said.append(self.fact(f"{short}_left_out", person.left_out))
        return said

    def _yardsticks(self, cast: _Cast) -> list[Fact]:
        """State the claimed person's own spread, and how far each donor lies from that person."""
        center, spread = cast.claimed.yardstick("whole")
        one = "one recording, so on one occasion" if cast.claimed.recordings == 1 else "left out"
        said = [
            self.fact(
                "own_distance", round_floats(center), unit="embedding distance",
                words=f"Pictures of {cast.claimed.name} lie {center:.2f} from each other, give or "
                f"take {spread:.2f} ({cast.claimed.recordings} recordings, {len(cast.claimed)} "
                f"faces; {one}).",
            )
        ]  # fmt: skip
        for short, donor in cast.donors.items():
            apart = float(np.median(cast.claimed.distances(donor.parts["whole"], "whole")))
            words = f"{donor.name} and {cast.claimed.name} lie {apart:.2f} apart."
            said.append(
                self.fact(f"{short}_apart", round_floats(apart), words=words,
                          unit="embedding distance")
            )  # fmt: skip
        return said

    def _refuse(self, track: FaceTrack, claimed: Known) -> tuple[Reason, str] | None:
        refused = too_little(track, LEAST_FACE_PX, LEAST_FRAMES)
        if refused:
            return refused
        gap = pose_gap_deg(track, np.arange(len(track)), claimed)
        if gap > WIDEST_POSE_GAP_DEG:
            detail = (
                f"the head is turned {gap:.0f} degrees away from the nearest reference; at most "
                f"{WIDEST_POSE_GAP_DEG:.0f} can be compared"
            )
            return Reason.OUT_OF_RANGE, detail
        return None

    def _track(self, track: FaceTrack, seen: Embedded, cast: _Cast) -> list[Observation]:
        where = extent_of(track)
        said = [self._distance(track, seen, cast.claimed)]
        said += self._stability(track, seen, cast.claimed)
        for short, donor in cast.donors.items():
            near = donor.distances(seen.parts["whole"], "whole")
            center, _ = donor.yardstick("whole")
            words = (
                f"Person {track.id} lies {np.median(near):.2f} from {donor.name}, whose own "
                f"pictures lie {center:.2f} from each other; {NOT_WEIGHED}."
            )
            value = round_floats(float(np.median(near)))
            said.append(
                self.fact(f"distance_to_{short}", value, unit="embedding distance",
                          words=words, extent=where)
            )  # fmt: skip
            said.append(self._mixture(short, track, seen, cast.claimed, donor))
        return said

    def _distance(self, track: FaceTrack, seen: Embedded, claimed: Known) -> Observation:
        found = claimed.distances(seen.parts["whole"], "whole")
        center, spread = claimed.yardstick("whole")
        middle = float(np.median(found))
        share = share_as_near(middle)
        words = (
            f"The face lies {middle:.2f} from {claimed.name}, whose own pictures lie {center:.2f} "
            f"from each other: {(middle - center) / spread:+.1f} of that person's own spreads. "
            f"{share} {NOT_WEIGHED[0].upper()}{NOT_WEIGHED[1:]}."
        )
        return self.signal(
            "distance_to_claimed", (middle - center) / spread, "own spreads", words,
            extent_of(track), track.pts_s[seen.index], (found - center) / spread,
        )  # fmt: skip

    def _stability(self, track: FaceTrack, seen: Embedded, claimed: Known) -> list[Observation]:
        usual = usual_instability(claimed)
        own = instability(seen.parts["whole"])
        if usual is None:
            detail = "no reference clip with 3 faces to compare the steadiness of identity with"
            return [self.abstain(Reason.INSUFFICIENT, detail, extent_of(track))]
        words = (
            f"Within the track the identity moves by {own:.2f}, in {claimed.name}'s own clips by "
            f"{usual:.2f}; {NOT_WEIGHED}."
        )
        score = float(np.log10(own / max(usual, LEAST_MOVE)))
        return [self.signal("instability", score, "log10 ratio", words, extent_of(track))]

    def _mixture(
        self, short: str, track: FaceTrack, seen: Embedded, claimed: Known, donor: Known
    ) -> Observation:
        """Say whether the inner face is nearer the donor and the outline nearer the claimed."""
        apart = {part: contrast(claimed, donor, part) for part in ("inner", "outline")}
        if min(apart.values()) < LEAST_CONTRAST:
            measured = ", ".join(f"{part} {times:.2f}" for part, times in apart.items())
            detail = (
                f"{claimed.name} and {donor.name} are not told apart by every part of the face "
                f"({measured} times the people's own distances; {LEAST_CONTRAST} are needed)"
            )
            return self.abstain(Reason.OUT_OF_RANGE, detail, extent_of(track))
        inner, outline = (lean(seen, claimed, donor, part) for part in ("inner", "outline"))
        values = np.minimum(inner, -outline)
        score = min(float(np.median(inner)), -float(np.median(outline)))
        words = (
            f"From {claimed.name} (-1) to {donor.name} (+1) the inner face lies at "
            f"{np.median(inner):+.2f} and what is around it at {np.median(outline):+.2f}: "
            + ("two people's parts in one head; " if score > 0 else "no mixture of the two; ")
            + f"what is around the face also tells recordings apart; {NOT_WEIGHED}."
        )
        return self.signal(
            f"mixture_with_{short}", score, "share of the way", words, extent_of(track),
            track.pts_s[seen.index], values,
        )  # fmt: skip


def contrast(claimed: Known, donor: Known, part: str) -> float:
    """Return how far two people lie apart in a part of the face, over their own distances.

    A face of one of them leans to the right side of the middle, on average, where this is over 1:
    the mean of the two own distances is what the distance between them has to exceed.
    """
    apart = float(np.median(claimed.distances(donor.parts[part], part)))
    own = [known.yardstick(part)[0] for known in (claimed, donor) if len(known) > 1]
    return apart / max(float(np.mean(own)), 1e-6)


def lean(seen: Embedded, claimed: Known, donor: Known, part: str) -> NDArray[np.float64]:
    """Return where each of (n,) faces lies between two people: -1 at the claimed, +1 at the donor.

    The difference of the distances to both, over the distance between the two.
    """
    apart = float(np.median(claimed.distances(donor.parts[part], part)))
    near = claimed.distances(seen.parts[part], part) - donor.distances(seen.parts[part], part)
    return np.asarray(np.clip(near / apart, -1.0, 1.0), dtype=np.float64)


def _pictures(track: FaceTrack, people: tuple[Person, ...]) -> list[Picture]:
    """Show the questioned face beside the known people, and the claimed person twice as control."""
    own = track.aligned(sharpest_frontal(track))
    known = [(p, [t for r in p.recordings for t in r.tracks]) for p in people if p.recordings]
    row = [own, *[tracks[0].aligned(sharpest_frontal(tracks[0])) for _, tracks in known]]
    names = ", ".join([f"person {track.id}", *[f"{p.name} ({p.role})" for p, _ in known]])
    name = f"person-{track.id}"
    last = known[0][1][-1]
    pair = [known[0][1][0].aligned(0), last.aligned(len(last) - 1)]
    return [
        Picture(
            name, "The questioned face beside the known people",
            f"From left to right: {names}; aligned alike. Likeness to the eye is no measurement, "
            "and a likeness is not an identification.",
            _beside(row), track.id, True, f"{name}-control",
        ),
        Picture(
            f"{name}-control", "The claimed person twice, as a control",
            f"Two reference faces of {known[0][0].name}: how different one person can look.",
            _beside(pair), track.id, True, None,
        ),
    ]  # fmt: skip


def _beside(faces: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    gap = np.full((faces[0].shape[0], 6, 3), 255, np.uint8)
    parts = [faces[0]]
    for face in faces[1:]:
        parts += [gap, face]
    return np.asarray(cv2.hconcat(parts), dtype=np.uint8)
