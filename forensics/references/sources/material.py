"""What the source search found, as frozen values; the analyzer turns them into observations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forensics.references.sources.geometry import Shape
from forensics.references.sources.index import Video


@dataclass(frozen=True)
class TimeFit:
    """source time = offset_s + speed * questioned time.

    Attributes:
        offset_s: s.
        speed: Source seconds a questioned second.
        determined: False where nothing moves and every offset fits.
        correlation: Of changes over time along the fit, in [-1, 1].
        rival: The best correlation at an offset more than half a second away.
        share: Of the questioned duration that the fit explains.
    """

    offset_s: float
    speed: float
    determined: bool
    correlation: float
    rival: float
    share: float

    def source_s(self, questioned_s: float) -> float:
        """Return the source's time of a questioned time."""
        return self.offset_s + self.speed * questioned_s


@dataclass(frozen=True)
class Pair:
    """One questioned frame and its source frame.

    Attributes:
        index: Frame number in the item.
        pts_s: Its time.
        source_s: Time of the source frame that agrees best.
        inside: Correlation of middle detail inside the face, -1 to 1.
        outside: The same around the face.
        fine_inside: Correlation of the finest detail inside.
        fine_outside: The same around.
        local_inside: Median over places of the face of the local correlation.
        local_outside: The same around it.
        altered_share: Share of the face where it disagrees beyond noise.
        placed: Whether it counts: its surroundings agree about as well as those of the best pair.
    """

    index: int
    pts_s: float
    source_s: float
    inside: float
    outside: float
    fine_inside: float
    fine_outside: float
    local_inside: float
    local_outside: float
    altered_share: float
    placed: bool = True

    @property
    def gap(self) -> float:
        """Return how much less the face agrees than its surroundings (NCC gap, fine detail)."""
        return self.fine_outside - self.fine_inside


@dataclass(frozen=True)
class Panel:
    """Pictures of one pair, in aligned face space, (256, 256, ...).

    Attributes:
        pair: Which.
        questioned: uint8 RGB.
        source: uint8 RGB, moved and color-matched onto it.
        residual: float32, difference in noise units.
        rank: "best 1" to "best 3", or "worst".
    """

    pair: Pair
    questioned: NDArray[np.uint8]
    source: NDArray[np.uint8]
    residual: NDArray[np.float32]
    rank: str


@dataclass(frozen=True)
class FaceResidual:
    """How one person's face compares with the source.

    Attributes:
        track: Track id.
        pairs: Compared frames, by time.
        score: `face_difference`, higher means that the face differs and the rest agrees.
        altered: (256, 256) bool in aligned face space.
        altered_overlap: Share of the altered region that lies in the face hull.
        disagreement: (256, 256) float32, mean over frames, in noise units.
        consistency: Correlation of single-frame maps with their mean: an altered region stays.
        panels: Three best pairs and the worst.
        why_not: Why there is no score, or empty.
    """

    track: int
    pairs: tuple[Pair, ...]
    score: float
    altered: NDArray[np.bool_]
    altered_overlap: float
    disagreement: NDArray[np.float32]
    consistency: float
    panels: tuple[Panel, ...] = ()
    why_not: str = ""


@dataclass(frozen=True)
class Elsewhere:
    """Regions outside the faces that differ: captions, logos, overlays, removed objects.

    Attributes:
        share: Of the compared area.
        boxes_xyxy_px: Of the largest, in px of the questioned frame.
    """

    share: float
    boxes_xyxy_px: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class Cut:
    """A face of the source at the moment of a questioned one, offered as control footage.

    Attributes:
        track: Id of the questioned track.
        slot: Which of its examined frames.
        pts_s: Time in the source.
        box: x0, y0, x1, y1 of the part in source px.
        parts: RGB of the part, of the frame and of up to two that follow it.
    """

    track: int
    slot: int
    pts_s: float
    box: tuple[int, int, int, int]
    parts: tuple[NDArray[np.uint8], ...]


@dataclass(frozen=True)
class SourceMatch:
    """One source and how the questioned item compares with it.

    Attributes:
        video: The source.
        relation: "same_file", "same_footage", "same_scene" or "undetermined".
        inliers: Median over the verified frames.
        verified_frames: Frames whose geometry agrees.
        tried_frames: Frames compared.
        pdq_bits: Smallest fingerprint distance.
        cosine: Largest descriptor cosine.
        rival_inliers: Of the next source that is not a copy of this one.
        chance: Estimated, of such a match among unrelated footage; see `accident`.
        placement: (3, 3), from questioned px to source px.
        shape: The same in words' numbers.
        bars: Whether the questioned picture has borders that were left out.
        time: How they line up, None for stills.
        questioned_s: Interval of the item that was compared.
        source_s: Interval of the source.
        faces: Residuals, one a track.
        elsewhere: Differences outside the faces, or None where not measured.
        agreement: Median correlation of middle detail outside the faces.
        why_no_residual: Empty where there is one.
        direction: What tells which of the two is older, in sentences.
        cuts: The source's faces at the compared moments, for control footage.
    """

    video: Video
    relation: str
    inliers: int
    verified_frames: int
    tried_frames: int
    pdq_bits: int
    cosine: float
    rival_inliers: int
    chance: float
    placement: NDArray[np.float64]
    shape: Shape
    bars: bool
    time: TimeFit | None = None
    questioned_s: tuple[float, float] | None = None
    source_s: tuple[float, float] | None = None
    faces: tuple[FaceResidual, ...] = ()
    elsewhere: Elsewhere | None = None
    agreement: float = float("nan")
    why_no_residual: str = ""
    direction: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True)
class SourceMaterial:
    """What a search found, and what was searched.

    Attributes:
        locator: The name of the index, never a path, or "one given file" where a pair was compared.
        videos: Searched.
        frames: Searched.
        matches: Best first; empty where nothing was found.
        best_rejected: Inliers of the best candidate that was not accepted.
        why_nothing: Where the search itself was not possible, one sentence.
        copies: Names of further indexed files that show the same.
        stage_s: Seconds by stage.
    """

    locator: str
    videos: int
    frames: int
    matches: tuple[SourceMatch, ...] = ()
    best_rejected: int = 0
    why_nothing: str = ""
    copies: tuple[str, ...] = ()
    stage_s: dict[str, float] = field(default_factory=dict)
