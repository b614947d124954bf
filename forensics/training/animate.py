"""Animation: held-out stills as short videos, so that a calibration meets what an item is.

A still is moved as a hand-held face moves (shift, turn, zoom), its pseudo-fake is made frame by
frame by one recipe with jittering landmarks, and both then meet the same camera and encoder.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.training.degrade import Degradation, degrade, sample_degradation
from forensics.training.material import CONTEXT_SCALE, Face
from forensics.training.pseudo_fakes import Donor, Recipe, apply, face_size_px, sample_recipe
from forensics.training.scenes import stage

SWAP_FAMILIES = {"autoencoder": 0.5, "cross_identity": 0.2, "self_blend": 0.2, "one_shot": 0.1}
"""What stands for a replaced face in calibration: re-renders of the same face are left out."""

FRAMES = 8
FPS = 25

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Take:
    """How one video is made; genuine and fake of a take differ in the recipe alone.

    Attributes:
        seed: Of motion, jitter and the scene.
        face_px: Height of the face box.
        crf: Constant rate factor of the file.
        jitter: Standard deviation of the landmarks' jitter, share of the face's size.
        staged: Whether the scene is made odd.
        chain: Optics and noise before encoding.
    """

    seed: int
    face_px: float
    crf: int
    jitter: float
    staged: bool
    chain: Degradation

    def to_json(self) -> dict[str, Any]:
        """Return the take as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Filmed:
    """A video before encoding.

    Attributes:
        frames: n pictures (S, S, 3) uint8.
        boxes_px: (n, 4) the face box.
        points_px: (n, 68, 2) landmarks, without the jitter that the swap was made with.
    """

    frames: list[Picture]
    boxes_px: NDArray[np.float64]
    points_px: NDArray[np.float64]


def sample_take(rng: np.random.Generator, largest_px: float) -> Take:
    """Draw how a video is made, over the grid of sizes and compression."""
    top = min(240.0, largest_px)
    low = min(64.0, top)
    chain = replace(sample_degradation(rng), crf=0, frames=1)
    return Take(
        seed=int(rng.integers(2**31)),
        face_px=float(np.exp(rng.uniform(np.log(low), np.log(top)))),
        crf=int(rng.integers(18, 43)),
        jitter=float(rng.choice([0.0, 0.003, 0.008])),
        staged=bool(rng.random() < 0.7),
        chain=chain,
    )


def swap_recipe(rng: np.random.Generator) -> Recipe:
    """Draw a recipe of the families that stand for a replaced face."""
    names = list(SWAP_FAMILIES)
    return sample_recipe(rng, names[int(rng.choice(len(names), p=list(SWAP_FAMILIES.values())))])


def _motion(rng: np.random.Generator, frames: int) -> NDArray[np.float64]:
    """Return (frames, 4) smooth shift x, y (share of the side), turn (degrees) and log zoom."""
    phase, speed = rng.uniform(0, 2 * np.pi, 4), rng.uniform(0.05, 0.35, 4)
    amount = np.array([0.012, 0.012, 1.5, 0.015]) * rng.uniform(0, 1.5, 4)
    times = np.arange(frames)[:, None]
    return np.asarray(amount * np.sin(phase + speed * times), dtype=np.float64)


def animate(
    face: Face, take: Take, recipe: Recipe | None, donor: Donor | None, frames: int = FRAMES
) -> list[Picture]:
    """Make the frames of a video from a still, before encoding; see `film`."""
    return film(face, take, recipe, donor, frames).frames


def film(
    face: Face, take: Take, recipe: Recipe | None, donor: Donor | None, frames: int = FRAMES
) -> Filmed:
    """Make a video from a still, before encoding, and say where the face is in it.

    Args:
        face: The still.
        take: How it is filmed.
        recipe: How the face is replaced; None for a genuine video.
        donor: Whose face is put in.
        frames: Length.
    """
    rng = np.random.default_rng(take.seed)
    motion = _motion(rng, frames)
    scale = min(1.0, take.face_px / face.box_side_px)
    side = max(64, round(face.rgb.shape[0] * scale))
    still = face.rgb
    points = face.landmarks_px.astype(np.float64)
    if side < face.rgb.shape[0]:
        still = np.asarray(cv2.resize(still, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
        points = points * (side / face.rgb.shape[0])
    if take.staged:
        still = stage(still, points, rng)
    jitter = rng.normal(0, 1, (frames, 68, 2)) * take.jitter * face_size_px(points)
    half = side / CONTEXT_SCALE / 2
    made, boxes, landmarks = [], [], []
    for index, (x, y, turn, zoom) in enumerate(motion):
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), float(turn), float(np.exp(zoom)))
        matrix[:, 2] += np.array([x, y]) * side
        frame = np.asarray(
            cv2.warpAffine(still, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        moved = points @ matrix[:, :2].T + matrix[:, 2]
        if recipe is not None:
            frame = apply(recipe, frame, moved + jitter[index], donor=donor)[0]
        center, reach = side / 2 + np.array([x, y]) * side, half * float(np.exp(zoom))
        boxes.append([*(center - reach), *(center + reach)])
        landmarks.append(moved)
        made.append(degrade(replace(take.chain, seed=take.chain.seed + index), frame))
    return Filmed(made, np.array(boxes), np.array(landmarks))


def write_video(frames: list[Picture], path: Path, crf: int, fps: int = FPS) -> None:
    """Write frames as an H.264 file in MP4; odd sides lose their last row or column."""
    height, width = (side - side % 2 for side in frames[0].shape[:2])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # Macroblock-tree rate control differs from run to run on clips of a few frames.
        stream.options = {"crf": str(crf), "preset": "veryfast", "x264-params": "mbtree=0"}
        stream.codec_context.thread_count = 1
        for rgb in frames:
            picture = np.ascontiguousarray(rgb[:height, :width])
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
