"""Does a network that learned blends from genuine faces see one?

The network never saw a swapped face: it learned to tell genuine faces from pseudo-fakes made of
them, under the losses of published video. It looks at the picture around each face box, one pass
for all people; the scores of a track's frames are averaged without their extremes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

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
from forensics.record import Abstention, Observation, Quality, Reason, Signal

MODEL = "discriminator"
CONTEXT_SCALE = 1.7
"""Side of the control crops that are re-encoded, over the box: the encoder needs surroundings."""

_WARM = np.array([255, 140, 0], dtype=np.float32)
_UNKNOWABLE = 22.0
"""The blur under an exhibit's map is the face's side over this: nobody can be told by it."""

_LOOKED_AT = 4
"""Frames of which it is shown where the network looked."""


Crops = NDArray[np.uint8]
Map = NDArray[np.float32]


@dataclass(frozen=True)
class Protocol:
    """How a track is scored; fixed with the weights, for another protocol is another method.

    Attributes:
        crop_scale: Side of the crop over the longer side of the box.
        crop_px: Side to which the crop is resampled from the frame.
        input_px: Side to which it is then averaged down for the network.
        frames: At most so many of a track's frames, spread evenly.
        mirrored: Whether each crop is scored mirrored too.
        trim: Share of frames left out at each end before the mean.
        least_frames: With fewer, nothing is said.
        face_px: Heights of the face box it was calibrated for.
        sharpness: `Quality.sharpness` it was calibrated for.
        highest_qp: Coarsest quantization it was calibrated for.
    """

    crop_scale: float
    crop_px: int
    input_px: int
    frames: int
    mirrored: bool
    trim: float
    least_frames: int
    face_px: tuple[float, float]
    sharpness: tuple[float, float]
    highest_qp: float

    @classmethod
    def of(cls, config: dict[str, Any]) -> Protocol:
        """Read it from a model's config."""
        plan = dict(config["protocol"])
        for name in ("face_px", "sharpness"):
            low, high = plan[name]
            plan[name] = (float(low), float(high))
        return cls(**plan)


def trimmed_mean(values: NDArray[np.floating[Any]], trim: float) -> float:
    """Return the mean without the lowest and highest share `trim` of (n,) values."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    away = int(trim * len(ordered))
    return float(ordered[away : len(ordered) - away].mean())


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
        scorer = _Scorer(self._model, protocol, material.device)
        pictures: list[Picture] = []
        controls = material.references.controls
        given = [control for control in controls if control.origin == "given"]
        found = [control for control in controls if control.origin == "found"]
        genuine_map = np.array(self._model.config.get("genuine_map", [[0.0]]), dtype=np.float32)
        for track, (logits, maps) in zip(able, scorer.score(able), strict=True):
            said.append(self._signal(track, logits, protocol))
            pictures += _exhibit(
                track, track.spread(protocol.frames), maps, protocol.crop_scale, genuine_map
            )
            if material.attribution:
                pictures.append(_attribution(track, scorer))
            quality = qualities[track.id]
            over_control = self._over_control(track, quality, logits, given, scorer)
            if over_control is not None:
                said.append(over_control)
            for control in found:
                heard, shown = self._over_source(track, quality, control, scorer)
                said += heard
                pictures += shown
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
        quality: Quality,
        logits: NDArray[np.float32],
        controls: list[Control],
        scorer: _Scorer,
    ) -> Signal | None:
        """Compare a track with other footage of the same person or camera, encoded alike.

        Limits: not calibrated: another recording differs by as much as another person.
        """
        of_controls = [
            scorer.score_alike(other, track.face_px, quality.qp)[0]
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
            f"comparison ({len(usual)} faces, brought to the same size and compression)."
        )
        return self.signal("logit_over_control", score, "logit", words, extent_of(track))

    def _over_source(
        self, track: FaceTrack, quality: Quality, control: Control, scorer: _Scorer
    ) -> tuple[list[Observation], list[Picture]]:
        """Compare a track with the same moments of the footage that was found, encoded alike.

        What the network takes for a trace in both (light, make-up, camera) drops out.
        Limits: that the found copy shows the face that was filmed is taken for granted.
        """
        for other, slots in zip(control.tracks, control.slots, strict=True):
            if other.id != track.id or len(other) < scorer.protocol.least_frames:
                continue
            used = other.spread(scorer.protocol.frames)
            of_source, maps = scorer.score_alike(other, track.face_px, quality.qp)
            apart = scorer.score_frames(track, slots[used]) - of_source
            score = trimmed_mean(apart, scorer.protocol.trim)
            words = (
                f"At {len(used)} moments the network gives this face {score:+.2f} more than the "
                f"same moments of {control.name}, brought to the same size and compression."
            )
            signal = self.signal(
                "logit_over_source", score, "logit", words, extent_of(track),
                track.pts_s[slots[used]], apart.astype(np.float64),
            )  # fmt: skip
            return [signal], [_on_source(other, used, maps, scorer.protocol, control.name)]
        return [], []


def alike(
    track: FaceTrack, used: NDArray[np.int64], face_px: float, qp: float | None, plan: Protocol
) -> Crops:
    """Cut control footage after bringing it to the item's face size and compression.

    Args:
        track: The control's.
        used: (n,) which of its frames.
        face_px: Height of the item's face box; smaller controls are left as they are.
        qp: Quantization parameter in the item's face, None where it is not known.
        plan: How tracks are scored.

    Returns:
        (n, crop_px, crop_px, 3).
    """
    from forensics.training.degrade import encode_clip

    side = round(CONTEXT_SCALE * max(32.0, min(face_px, track.face_px)))
    clip = [track.crop(int(i), CONTEXT_SCALE, side) for i in used]
    if qp is not None:  # hardly any loss where the control is the coarser one
        clip = encode_clip(clip, round(min(51.0, qp)))
    inner = round(side * plan.crop_scale / CONTEXT_SCALE)
    start = (side - inner) // 2
    how = cv2.INTER_AREA if inner > plan.crop_px else cv2.INTER_LINEAR
    cut = [frame[start : start + inner, start : start + inner] for frame in clip]
    size = (plan.crop_px, plan.crop_px)
    return np.stack([np.asarray(cv2.resize(c, size, interpolation=how), np.uint8) for c in cut])


class _Scorer:
    """The loaded network with its protocol."""

    def __init__(self, model: Model, protocol: Protocol, device: str) -> None:
        import torch

        from forensics.training.network import Discriminator

        network = Discriminator().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.load_state_dict(model.weights())
        self._network: Discriminator = network.eval().to(device)
        self.protocol = protocol

    def score(self, tracks: list[FaceTrack]) -> list[tuple[NDArray[np.float32], Map]]:
        """Return (n,) logits and (n, m, m) boundary maps for each track, in one pass for all."""
        plan = self.protocol
        crops: list[Crops] = []
        counts = []
        for track in tracks:
            used = track.spread(plan.frames)
            crops += [track.crop(int(i), plan.crop_scale, plan.crop_px) for i in used]
            counts.append(len(used))
        logits, maps = self._pass(np.stack(crops))
        ends = np.cumsum(counts)[:-1]
        return list(zip(np.split(logits, ends), np.split(maps, ends), strict=True))

    def looked_at(self, track: FaceTrack, used: NDArray[np.int64]) -> Map:
        """Return the (n, m, m) attributions of frames."""
        from forensics.models.attribution import attribution

        plan = self.protocol
        size = (plan.input_px, plan.input_px)
        crops = [track.crop(int(i), plan.crop_scale, plan.crop_px) for i in used]
        shrunk = [np.asarray(cv2.resize(c, size, interpolation=cv2.INTER_AREA)) for c in crops]
        return attribution(self._network, np.stack(shrunk))

    def score_frames(self, track: FaceTrack, used: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the (n,) logits of (n,) frames of a track."""
        plan = self.protocol
        crops = [track.crop(int(i), plan.crop_scale, plan.crop_px) for i in used]
        return self._pass(np.stack(crops))[0]

    def score_alike(
        self, track: FaceTrack, face_px: float, qp: float | None
    ) -> tuple[NDArray[np.float32], Map]:
        """Return (n,) logits and (n, m, m) maps of control footage in the item's form; `alike`."""
        used = track.spread(self.protocol.frames)
        return self._pass(alike(track, used, face_px, qp, self.protocol))

    def _pass(self, crops: Crops) -> tuple[NDArray[np.float32], Map]:
        """Score (n, crop_px, crop_px, 3) crops."""
        from forensics.training.network import score

        size = (self.protocol.input_px, self.protocol.input_px)
        seen = [np.asarray(cv2.resize(c, size, interpolation=cv2.INTER_AREA)) for c in crops]
        return score(self._network, np.stack(seen), mirrored=self.protocol.mirrored)


def _overlay(picture: Crops, strength: Map) -> Crops:
    """Color a (S, S, 3) picture where a (S, S) map in [0, 1] is strong; the scale is fixed."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None] * 0.8
    share = np.clip(strength, 0, 1)[..., None]
    return np.asarray(np.clip(gray + share * (_WARM - gray), 0, 255), dtype=np.uint8)


def _attribution(track: FaceTrack, scorer: _Scorer) -> Picture:
    """Show where the network looked, averaged over a few frames in aligned face space."""
    scale = scorer.protocol.crop_scale
    used = track.spread(_LOOKED_AT)
    matrices = np.stack([unit_to_aligned(track, int(i), scale) for i in used])
    strength = average_map(scorer.looked_at(track, used), matrices)
    shown = _overlay(_unknowable(track, int(used[len(used) // 2])), strength)
    _outline(shown)
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
    matrices = np.stack([unit_to_aligned(track, int(i), plan.crop_scale) for i in used])
    shown = _overlay(_unknowable(track, int(used[len(used) // 2])), average_map(maps, matrices))
    _outline(shown)
    return Picture(
        f"boundary-map-person-{track.id}-source", "The same map on the found source",
        f"Boundary head, average of {len(used)} frames of {name} that show the same moments, "
        "brought to the item's size and compression, on the same scale. What is marked in both "
        "lies in the scene; what is marked in one alone is where the copies differ.",
        shown, track.id, False, None,
    )  # fmt: skip


def _exhibit(
    track: FaceTrack, used: NDArray[np.int64], maps: Map, crop_scale: float, genuine_map: Map
) -> list[Picture]:
    """Show the averaged boundary map of a track, and that of genuine faces as control."""
    strength = average_map(
        maps, np.stack([unit_to_aligned(track, int(i), crop_scale) for i in used])
    )
    middle = int(used[len(used) // 2])
    shown = _overlay(_unknowable(track, middle), strength)
    _outline(shown)
    size = (ALIGNED_SIZE_PX, ALIGNED_SIZE_PX)
    usual = np.asarray(cv2.resize(genuine_map, size, interpolation=cv2.INTER_CUBIC), np.float32)
    plain = np.full((*size, 3), 150, dtype=np.uint8)
    _outline(plain)
    name = f"boundary-map-person-{track.id}"
    return [
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
    ]  # fmt: skip
