"""Does a network that learned blends from genuine faces see one?

The network never saw a swapped face: it learned to tell genuine faces from pseudo-fakes made of
them, under the losses of published video. It looks at the picture around each face box, one pass
for all people; the scores of a track's frames are averaged without their extremes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Analyzer, Control, Findings, Material, Picture, extent_of
from forensics.errors import ModelAbsent
from forensics.intake.crops import ALIGNED_SIZE_PX, mean_face
from forensics.intake.quality import track_quality
from forensics.intake.tracks import FaceTrack
from forensics.models.loading import Model, load
from forensics.models.maps import average_map, unit_to_aligned
from forensics.models.scoring import Crops, Map, Protocol, Scorer, trimmed_mean
from forensics.record import Abstention, Media, Observation, Quality, Reason, Signal

MODEL = "discriminator"
SOURCE_SIZE, SOURCE_TURN_DEG, SOURCE_SEEN = 0.95, 15.0, 0.9
"""A source is compared from this share of the item's face size, up to this turn, with this share of
the face in its picture: the calibration was made of no others."""

_WARM = np.array([255, 140, 0], dtype=np.float32)
_UNKNOWABLE = 22.0
"""The blur under an exhibit's map is the face's side over this: nobody can be told by it."""

_LOOKED_AT = 4
"""Frames of which it is shown where the network looked."""


class DiscriminatorAnalyzer(Analyzer):
    """The learned discriminator.

    Source: Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images" (CVPR 2022), for
    learning from genuine faces; Li et al., "Face X-ray" (CVPR 2020), for the boundary map.
    Limits: see the model's card: what has neither a seam nor a loss of texture is not seen.
    """

    name: ClassVar[str] = "discriminator"
    version: ClassVar[str] = "2"
    title: ClassVar[str] = "Learned discriminator"
    examines: ClassVar[str] = "whether a network trained on genuine faces sees a blended-in face"

    def __init__(self) -> None:
        self._model: Model | None = None

    def model_digests(self) -> dict[str, str]:
        """Return the digests of weights and config, where they were used."""
        return dict(self._model.digests) if self._model else {}

    def analyze(self, material: Material) -> Findings:
        """Score all tracks in one pass; abstain from those outside what was calibrated."""
        try:
            self._model = load(MODEL)
        except ModelAbsent as error:
            missing = [
                self.abstain(Reason.MODEL_ABSENT, str(error), extent_of(track))
                for track in material.tracks
            ]
            return Findings(tuple(missing))
        protocol = Protocol.of(self._model.config)
        said: list[Observation] = []
        able: list[FaceTrack] = []
        qualities: dict[int, Quality] = {}
        for track in material.tracks:
            qualities[track.id] = track_quality(track)
            refusal = self._refuse(track, qualities[track.id], protocol)
            if refusal is None:
                able.append(track)
            else:
                said.append(refusal)
        if not able:
            return Findings(tuple(said))
        scorer = Scorer(self._model, protocol, material.device)
        pictures: list[Picture] = []
        controls = material.references.controls
        given = [control for control in controls if control.origin == "given"]
        found = [control for control in controls if control.origin == "found"]
        genuine_map = np.array(self._model.config.get("genuine_map", [[0.0]]), dtype=np.float32)
        for track, (logits, maps) in zip(able, scorer.score(able), strict=True):
            said.append(self._signal(track, logits, protocol))
            marked, usual = _exhibit(
                track, track.spread(protocol.frames), maps, protocol.crop_scale, genuine_map
            )
            if material.attribution:
                pictures.append(_attribution(track, scorer))
            qp = qualities[track.id].qp if material.media.codec == "h264" else None
            over_control = self._over_control(track, qp, logits, given, scorer)
            if over_control is not None:
                said.append(over_control)
            for control in found:
                heard, shown = self._over_source(track, qp, control, scorer)
                said += heard
                usual = shown or usual  # a nearer control than the average of genuine faces
            pictures += [replace(marked, control=usual.name), usual]
        return Findings(tuple(said), tuple(pictures))

    def _refuse(self, track: FaceTrack, quality: Quality, protocol: Protocol) -> Abstention | None:
        """Say why a track is not scored, or None."""
        where = extent_of(track)
        low, high = protocol.face_px
        if not low <= quality.face_px <= high:
            detail = f"face of {quality.face_px:.0f} px; calibrated for {low:.0f} to {high:.0f} px"
            return self.abstain(Reason.OUT_OF_RANGE, detail, where)
        if quality.sharpness < protocol.sharpness[0]:
            detail = (
                f"too blurred: sharpness {quality.sharpness:.2f} log10, calibrated from "
                f"{protocol.sharpness[0]:.2f}"
            )
            return self.abstain(Reason.OUT_OF_RANGE, detail, where)
        if quality.qp is not None and quality.qp > protocol.highest_qp:
            detail = (
                f"compression too strong: quantization parameter {quality.qp:.0f} in the face, "
                f"calibrated to {protocol.highest_qp:.0f}"
            )
            return self.abstain(Reason.OUT_OF_RANGE, detail, where)
        if len(track) < protocol.least_frames:
            detail = f"{len(track)} frames; {protocol.least_frames} are needed"
            return self.abstain(Reason.INSUFFICIENT, detail, where)
        return None

    def _signal(self, track: FaceTrack, logits: NDArray[np.float32], protocol: Protocol) -> Signal:
        used = track.spread(protocol.frames)
        score = trimmed_mean(logits, protocol.trim)
        words = (
            f"A network trained on genuine faces and blends made of them gives {score:+.2f} on "
            f"average over {len(used)} frames; the sign alone says nothing, the calibration does."
        )
        values = logits.astype(np.float64)
        return self.signal(
            "swap_logit", score, "logit", words, extent_of(track), track.pts_s[used], values
        )

    def _over_control(
        self,
        track: FaceTrack,
        qp: float | None,
        logits: NDArray[np.float32],
        controls: list[Control],
        scorer: Scorer,
    ) -> Signal | None:
        """Compare a track with other footage of the same person or camera, encoded alike.

        Limits: not calibrated: another recording differs by as much as another person.
        """
        of_controls = [
            scorer.score_alike(other, track.face_px, qp)[0]
            for control in controls
            for other in control.tracks
            if len(other) >= scorer.protocol.least_frames
        ]
        if not of_controls:
            return None
        trim = scorer.protocol.trim
        usual = [trimmed_mean(values, trim) for values in of_controls]
        score = trimmed_mean(logits, trim) - max(usual)
        words = (
            f"The network's average is {score:+.2f} over that of the genuine footage given for "
            f"comparison ({len(usual)} faces, brought to the same size"
            f"{' and compression' if qp is not None else ', not to the same compression'})."
        )
        return self.signal("logit_over_control", score, "logit", words, extent_of(track))

    def _over_source(
        self, track: FaceTrack, qp: float | None, control: Control, scorer: Scorer
    ) -> tuple[list[Observation], Picture | None]:
        """Compare a track with the same moments of the footage that was found, encoded alike.

        What the network takes for a trace in both (light, make-up, camera) drops out.
        Limits: that the found copy shows the face that was filmed is taken for granted.
        """
        for other, slots in zip(control.tracks, control.slots, strict=True):
            if other.id != track.id or len(other) < scorer.protocol.least_frames:
                continue
            used = other.spread(scorer.protocol.frames)
            why = _unlike(track, other, slots, qp, control.media)
            if why:
                detail = f"not compared with {control.name}: {why}"
                return [self.abstain(Reason.OUT_OF_RANGE, detail, extent_of(track))], None
            of_source, maps = scorer.score_alike(other, track.face_px, qp)
            apart = scorer.score_frames(track, slots[used]) - of_source
            score = trimmed_mean(apart, scorer.protocol.trim)
            words = (
                f"At {len(used)} moments the network gives this face {score:+.2f} more than the "
                f"same moments of {control.name}, brought to the same size and compression; "
                "which copy was altered is open."
            )
            signal = self.signal(
                "logit_over_source", score, "logit", words, extent_of(track),
                track.pts_s[slots[used]], apart.astype(np.float64),
            )  # fmt: skip
            return [signal], _on_source(other, used, maps, scorer.protocol, control.name)
        return [], None


def _unlike(
    track: FaceTrack, source: FaceTrack, slots: NDArray[np.int64], qp: float | None, media: Media
) -> str:
    """Say why a source cannot be brought to the questioned face's form, or nothing."""
    if qp is None:
        return "the item's compression is not told on the scale that the source is brought to"
    own = track.boxes_xyxy_px[slots]
    heights = source.boxes_xyxy_px[:, 3] - source.boxes_xyxy_px[:, 1]
    share = float(np.median(heights / (own[:, 3] - own[:, 1])))
    if share < SOURCE_SIZE:
        return f"its face is shown at {share:.2f} of the item's size"
    turns = source.to_aligned[:, :2, :2] @ np.linalg.inv(track.to_aligned[slots][:, :2, :2])
    turned = np.degrees(np.arctan2(turns[:, 1, 0], turns[:, 0, 0]))
    if np.median(np.abs(turned)) > SOURCE_TURN_DEG:
        return f"it is turned by {np.median(np.abs(turned)):.0f} degrees"
    size = np.array([media.width_px, media.height_px], dtype=np.float64)
    low, high = source.boxes_xyxy_px[:, :2], source.boxes_xyxy_px[:, 2:]
    seen = np.prod(np.clip(high, 0, size) - np.clip(low, 0, size), axis=1)
    inside = float(np.median(seen / np.prod(high - low, axis=1)))
    return f"{100 * inside:.0f} % of the face lies in its picture" if inside < SOURCE_SEEN else ""


def _overlay(picture: Crops, strength: Map) -> Crops:
    """Color a (S, S, 3) picture where a (S, S) map in [0, 1] is strong; the scale is fixed."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None] * 0.8
    share = np.clip(strength, 0, 1)[..., None]
    return np.asarray(np.clip(gray + share * (_WARM - gray), 0, 255), dtype=np.uint8)


def _laid_over(track: FaceTrack, used: NDArray[np.int64], maps: Map, crop_scale: float) -> Crops:
    """Average maps in aligned face space and lay them over the blurred middle frame."""
    matrices = np.stack([unit_to_aligned(track, int(i), crop_scale) for i in used])
    shown = _overlay(_unknowable(track, int(used[len(used) // 2])), average_map(maps, matrices))
    _outline(shown)
    return shown


def _attribution(track: FaceTrack, scorer: Scorer) -> Picture:
    """Show where the network looked, averaged over a few frames in aligned face space."""
    used = track.spread(_LOOKED_AT)
    shown = _laid_over(track, used, scorer.looked_at(track, used), scorer.protocol.crop_scale)
    return Picture(
        f"attribution-person-{track.id}", "Where the network looked",
        f"Parts of the picture that moved the network's score, either way, by integrated "
        f"gradients over {len(used)} frames of person {track.id}, scaled to its own maximum. It "
        "says where the network looked, not that anything is there: it is no evidence.",
        shown, track.id, False, None, aligned=True,
    )  # fmt: skip


def _unknowable(track: FaceTrack, index: int) -> Crops:
    """Blur a face before a map is laid on it: blurring the exhibit later would blur the map."""
    spread = ALIGNED_SIZE_PX / _UNKNOWABLE
    return np.asarray(cv2.GaussianBlur(track.aligned(index), (0, 0), spread), np.uint8)


def _outline(picture: Crops) -> None:
    """Draw the outline of the mean face, in place."""
    hull = cv2.convexHull(mean_face().astype(np.float32)).astype(np.int32)
    cv2.polylines(picture, [hull], True, (90, 90, 90), 1, cv2.LINE_AA)


def _on_source(
    track: FaceTrack, used: NDArray[np.int64], maps: Map, plan: Protocol, name: str
) -> Picture:
    """Show the averaged boundary map of the found source's face."""
    shown = _laid_over(track, used, maps, plan.crop_scale)
    return Picture(
        f"boundary-map-person-{track.id}-source", "The same map on the found source",
        f"Boundary head, average of {len(used)} frames of {name} that show the same moments, "
        "brought to the item's size and compression, on the same scale. What is marked in both "
        "may lie in the scene; what is marked in one alone is where the copies differ.",
        shown, track.id, False, None,
    )  # fmt: skip


def _exhibit(
    track: FaceTrack, used: NDArray[np.int64], maps: Map, crop_scale: float, genuine_map: Map
) -> tuple[Picture, Picture]:
    """Show the averaged boundary map of a track, and that of genuine faces as control."""
    shown = _laid_over(track, used, maps, crop_scale)
    size = (ALIGNED_SIZE_PX, ALIGNED_SIZE_PX)
    usual = np.asarray(cv2.resize(genuine_map, size, interpolation=cv2.INTER_CUBIC), np.float32)
    plain = np.full((*size, 3), 150, dtype=np.uint8)
    _outline(plain)
    name = f"boundary-map-person-{track.id}"
    return (
        Picture(
            name, "Where the network marks a blending boundary",
            f"Boundary head, average of {len(used)} frames of person {track.id} in aligned face "
            "space, on a fixed scale. It was trained to mark the seams of pseudo-fakes; a mark is "
            "an observation to look into, not proof of a swap. The face under it is blurred; the "
            "line is the outline of the mean face.",
            shown, track.id, False, f"{name}-control", aligned=True,
        ),
        Picture(
            f"{name}-control", "The same map, average of genuine faces",
            "Average of the same map over genuine held-out faces, same scale, on the outline of "
            "the mean face: what is marked here too means nothing.",
            _overlay(plain, usual), None, False, None,
        ),
    )  # fmt: skip
