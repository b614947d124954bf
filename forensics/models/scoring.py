"""How a track is scored by the discriminator: one protocol, fixed with the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.intake.tracks import FaceTrack
from forensics.models.loading import Model

if TYPE_CHECKING:
    from forensics.training.network import Discriminator

CONTEXT_SCALE = 1.7
"""Side of the control crops that are re-encoded, over the box: the encoder needs surroundings."""


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


def alike(
    track: FaceTrack, used: NDArray[np.int64], face_px: float, qp: float | None, plan: Protocol
) -> Crops:
    """Cut control footage after bringing it to the item's face size and compression.

    Args:
        track: The control's.
        used: (n,) which of its frames.
        face_px: Height of the item's face box; smaller controls keep their detail.
        qp: Quantization parameter in the item's face, on H.264's scale; None where it is not
            known, and the control is left as it is coded.
        plan: How tracks are scored.

    Returns:
        (n, crop_px, crop_px, 3).
    """
    from forensics.training.degrade import encode_at_qp

    side = round(CONTEXT_SCALE * max(32.0, min(face_px, track.face_px)))
    clip = [track.crop(int(i), CONTEXT_SCALE, side) for i in used]
    if qp is not None:  # hardly any loss where the control is the coarser one
        clip = encode_at_qp(clip, round(min(51.0, qp)))
    inner = round(side * plan.crop_scale / CONTEXT_SCALE)
    start = (side - inner) // 2
    how = cv2.INTER_AREA if inner > plan.crop_px else cv2.INTER_LINEAR
    cut = [frame[start : start + inner, start : start + inner] for frame in clip]
    size = (plan.crop_px, plan.crop_px)
    return np.stack([np.asarray(cv2.resize(c, size, interpolation=how), np.uint8) for c in cut])


def network_of(model: Model, device: str = "cpu") -> Discriminator:
    """Build the network of a loaded model folder, ready to score."""
    import torch

    from forensics.training.network import Discriminator

    network = Discriminator().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.load_state_dict(model.weights())
    return network.eval().to(device)  # type: ignore[no-any-return]


class Scorer:
    """The loaded network with its protocol.

    Args:
        model: Its folder, loaded.
        protocol: How tracks are scored.
        device: "cpu" or "cuda".
    """

    def __init__(self, model: Model, protocol: Protocol, device: str) -> None:
        self._network = network_of(model, device)
        self.protocol = protocol

    def score(self, tracks: list[FaceTrack]) -> list[tuple[NDArray[np.float32], Map]]:
        """Return (n,) logits and (n, m, m) boundary maps for each track, in one pass for all."""
        plan = self.protocol
        crops: list[Crops] = []
        counts = []
        for track in tracks:
            used = track.spread(plan.frames)
            crops.append(self._cut(track, used))
            counts.append(len(used))
        logits, maps = self._pass(np.concatenate(crops))
        ends = np.cumsum(counts)[:-1]
        return list(zip(np.split(logits, ends), np.split(maps, ends), strict=True))

    def looked_at(self, track: FaceTrack, used: NDArray[np.int64]) -> Map:
        """Return the (n, m, m) attributions of frames."""
        from forensics.models.attribution import attribution

        return attribution(self._network, self._shrunk(self._cut(track, used)))

    def score_frames(self, track: FaceTrack, used: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the (n,) logits of (n,) frames of a track."""
        return self._pass(self._cut(track, used))[0]

    def score_alike(
        self, track: FaceTrack, face_px: float, qp: float | None
    ) -> tuple[NDArray[np.float32], Map]:
        """Return (n,) logits and (n, m, m) maps of control footage in the item's form; `alike`."""
        used = track.spread(self.protocol.frames)
        return self._pass(alike(track, used, face_px, qp, self.protocol))

    def _cut(self, track: FaceTrack, used: NDArray[np.int64]) -> Crops:
        """Cut (n, crop_px, crop_px, 3) crops."""
        plan = self.protocol
        return np.stack([track.crop(int(i), plan.crop_scale, plan.crop_px) for i in used])

    def _shrunk(self, crops: Crops) -> Crops:
        """Average crops down to what the network sees."""
        size = (self.protocol.input_px, self.protocol.input_px)
        return np.stack(
            [np.asarray(cv2.resize(c, size, interpolation=cv2.INTER_AREA)) for c in crops]
        )

    def _pass(self, crops: Crops) -> tuple[NDArray[np.float32], Map]:
        """Score (n, crop_px, crop_px, 3) crops."""
        from forensics.training.network import score

        return score(self._network, self._shrunk(crops), mirrored=self.protocol.mirrored)
