"""The frozen evidence types, and the one document an examination leaves behind.

Everything a report prints is in `CaseRecord`; nothing else is. Only its `run` part may differ
between two examinations of the same file by the same version on the same kind of machine.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from forensics.case_validation import CaseValidation
from forensics.errors import InvalidRecord

SCHEMA: Literal["face-swap-audit/record/1"] = "face-swap-audit/record/1"

Scalar = str | int | float | bool | None
Box = tuple[float, float, float, float]
Series = tuple[float | None, ...]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Frozen(BaseModel):
    """A value that cannot change once it is built."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Reason(StrEnum):
    """Why an analyzer, or the verdict, says nothing."""

    NOT_APPLICABLE = "not_applicable"
    INSUFFICIENT = "insufficient"
    MODEL_ABSENT = "model_absent"
    UNCALIBRATED = "uncalibrated"
    OUT_OF_RANGE = "out_of_range"
    FAILED = "failed"


class Conclusion(StrEnum):
    """What the evidence supports."""

    SUPPORTS_FACE_SWAP = "supports_face_swap"
    SUPPORTS_NO_FACE_SWAP = "supports_no_face_swap"
    INCONCLUSIVE = "inconclusive"
    NOT_EXAMINABLE = "not_examinable"


class Item(Frozen):
    """The file in question, as received.

    Attributes:
        name: File name without folders, as given.
        sha256: Before the examination.
        sha256_after: After it; equal, or the examination fails.
        size_bytes: Size of the file.
    """

    name: str
    sha256: Digest
    sha256_after: Digest
    size_bytes: int = Field(ge=1)


class Media(Frozen):
    """What the decoder says of the item's picture.

    Attributes:
        kind: "video" or "still".
        container: Short names of the container format, as FFmpeg has them.
        codec: Short name of the picture's codec.
        width_px: Displayed width, rotation applied.
        height_px: Displayed height, rotation applied.
        rotation_deg: Applied, counter-clockwise, a multiple of 90.
        pixel_format: As FFmpeg names it.
        bit_depth: Of one component.
        hdr: Transfer is PQ or HLG.
        interlaced_frames: How many decoded frames are flagged interlaced.
        duration_s: From the first to the end of the last decoded frame.
        frames_declared: By the container; 0 where it says nothing.
        frames_decoded: By us.
        decode_failures: Packets that gave an error.
        variable_frame_rate: Frame durations differ by more than a tenth.
        average_rate_fps: Frames decoded over duration.
        gaps: Steps in time of more than 2.5 usual ones.
        duplicate_frames: Frames with the same picture as the one before, among the scanned.
        truncated: The file ends before its stream does.
        notes: Anything else to know, in words.
    """

    kind: Literal["video", "still"]
    container: str
    codec: str
    width_px: int = Field(ge=1)
    height_px: int = Field(ge=1)
    rotation_deg: int = 0
    pixel_format: str = ""
    bit_depth: int = 8
    hdr: bool = False
    interlaced_frames: int = 0
    duration_s: float = Field(ge=0)
    frames_declared: int = 0
    frames_decoded: int = Field(ge=0)
    decode_failures: int = 0
    variable_frame_rate: bool = False
    average_rate_fps: float = 0.0
    gaps: int = 0
    duplicate_frames: int = 0
    truncated: bool = False
    notes: tuple[str, ...] = ()


class Shot(Frozen):
    """An uninterrupted stretch of footage, [start_s, end_s) in presentation time."""

    start_s: float
    end_s: float


class Quality(Frozen):
    """How good a track's faces are, medians over its examined frames.

    Attributes:
        face_px: Height of the face box, px of the displayed frame.
        sharpness: Log10 variance of the Laplacian in aligned space, luma of 0 to 255.
        exposure: Mean luma of the face, 0 to 1.
        clipped_share: Share of face pixels at the ends of the range.
        occluded_share: Share of frames whose landmarks disagree with the detector's points.
        qp: Median H.264 quantization parameter in the face, where the decoder gives it.
        blockiness: Luma step across the 8 px grid over the step off it; 1 means none.
        yaw_deg: Median absolute yaw.
    """

    face_px: float
    sharpness: float
    exposure: float
    clipped_share: float
    occluded_share: float
    qp: float | None
    blockiness: float
    yaw_deg: float


class TrackSummary(Frozen):
    """One person's face through one shot.

    Attributes:
        id: From 1, in order of appearance.
        start_s: First time seen.
        end_s: Last time seen.
        frames_seen: Scanned frames it was detected in.
        frames_examined: Frames that crops and landmarks were taken from.
        confidence: Median of the detector's.
        quality: Medians over the examined frames.
        thumbnail: Exhibit of its most frontal sharp frame; renderers blur it unless told not to.
    """

    id: int = Field(ge=1)
    start_s: float
    end_s: float
    frames_seen: int
    frames_examined: int
    confidence: float
    quality: Quality
    thumbnail: str | None = None


class Extent(Frozen):
    """What part of the item an observation is about; None means all of it."""

    start_s: float | None = None
    end_s: float | None = None
    track: int | None = None
    box_xyxy_px: Box | None = None


class Signal(Frozen):
    """A measurement that may point to H1, the face was replaced. A higher score supports H1.

    Attributes:
        kind: "signal".
        analyzer: Name of the analyzer.
        version: Of the analyzer.
        name: Of the measurement, unique within the analyzer.
        unit: Of values and score.
        extent: What it is about.
        times_s: Presentation times of the values, s.
        values: One a time; None where it could not be measured.
        score: Over the whole extent.
        words: One sentence for a reader who knows nothing of the method.
    """

    kind: Literal["signal"] = "signal"
    analyzer: str
    version: str
    name: str
    unit: str
    extent: Extent
    times_s: tuple[float, ...] = ()
    values: Series = ()
    score: float
    words: str

    @model_validator(mode="after")
    def _as_many_values_as_times(self) -> Signal:
        if len(self.times_s) != len(self.values):
            raise ValueError(f"{len(self.values)} values for {len(self.times_s)} times")
        return self


class Fact(Frozen):
    """Something found that is printed beside the verdict and never weighed.

    Attributes:
        kind: "fact".
        analyzer: Name of the analyzer.
        version: Of the analyzer.
        name: Of the fact, unique within the analyzer and extent.
        value: A number, a word, or a list of either.
        unit: Of a number; empty for words.
        locator: Where in the file it was read.
        extent: What it is about.
        words: One sentence, where the value alone does not speak.
        notable: Worth a line on the first page.
    """

    kind: Literal["fact"] = "fact"
    analyzer: str
    version: str
    name: str
    value: Scalar | tuple[Scalar, ...]
    unit: str = ""
    locator: str = ""
    extent: Extent = Extent()
    words: str = ""
    notable: bool = False


class Abstention(Frozen):
    """Why an analyzer says nothing about an extent."""

    kind: Literal["abstention"] = "abstention"
    analyzer: str
    version: str
    reason: Reason
    detail: str
    extent: Extent = Extent()


Observation = Annotated[Signal | Fact | Abstention, Field(discriminator="kind")]


class Exhibit(Frozen):
    """A picture beside the record.

    Attributes:
        file: Name in the exhibits folder.
        sha256: Of the file.
        analyzer: Which analyzer made it; "faces" for thumbnails.
        title: A few words.
        caption: What is seen, what it was compared with, and what it does not show.
        track: Whose face, or None.
        shows_face: Renderers blur it unless told not to.
        control: The same picture made from a control region or frame, an exhibit's file name.
        aligned: In aligned face space: such pictures of one track can be laid over each other.
        times_s: Presentation times of the square frames side by side; empty for one picture.
        panels: What the square pictures side by side are, as "questioned", "source",
            "comparison", "difference" or "outline"; empty for one picture.
    """

    file: str = Field(pattern=r"^[\w.-]+\.png$")
    sha256: Digest
    analyzer: str
    title: str
    caption: str
    track: int | None = None
    shows_face: bool = True
    control: str | None = None
    aligned: bool = False
    times_s: tuple[float, ...] = ()
    panels: tuple[str, ...] = ()


class LikelihoodRatio(Frozen):
    """How many times more probable the scores are under H1 than under H2.

    Attributes:
        source: Which calibrated combination gave it.
        track: Whose face, or None for the item.
        score: log10 LR before it was bounded; for ranking in benchmarks, not for people.
        log10_lr: Bounded by the number of identities behind the calibration.
        lower: End of the 95 % interval, log10.
        upper: End of the 95 % interval, log10.
        bound: Largest |log10 LR| that this calibration may state.
        calibration_id: Digest of everything it is valid for.
        population: What it was fitted on, in words.
        n_h1: Independent identities under H1.
        n_h2: Independent identities under H2.
        contributions: Share of each signal in the score, log10 units, largest first.
    """

    source: str
    track: int | None
    score: float
    log10_lr: float
    lower: float
    upper: float
    bound: float
    calibration_id: str
    population: str
    n_h1: int
    n_h2: int
    contributions: tuple[tuple[str, float], ...] = ()


class TrackVerdict(Frozen):
    """What the evidence supports for one person."""

    track: int
    conclusion: Conclusion
    strength: str
    log10_lr: float | None
    lower: float | None
    upper: float | None
    sentence: str
    reasons: tuple[str, ...]


class Verdict(Frozen):
    """What the evidence supports for the item, and for each person in it.

    Attributes:
        proposition_h1: Fixed before the examination.
        proposition_h2: Fixed before the examination.
        conclusion: For the item.
        strength: Words from the one table.
        log10_lr: For the item; None where nothing was weighed.
        lower: End of the 95 % interval, log10.
        upper: End of the 95 % interval, log10.
        score: log10 LR before it was bounded; for ranking in benchmarks, not for people.
        sentence: One sentence for a reader in a hurry.
        reasons: Strongest observations in words, or why nothing could be said.
        limitations: What this verdict does not speak of.
        not_examined: What was not tested, and why.
        tracks: One a person track.
    """

    proposition_h1: str
    proposition_h2: str
    conclusion: Conclusion
    strength: str
    log10_lr: float | None
    lower: float | None
    upper: float | None
    score: float | None
    sentence: str
    reasons: tuple[str, ...]
    limitations: tuple[str, ...]
    not_examined: tuple[str, ...]
    tracks: tuple[TrackVerdict, ...]


class Tool(Frozen):
    """What made the record."""

    name: str
    version: str
    analyzers: dict[str, str]


class Environment(Frozen):
    """Where it was made: what may change a number."""

    python: str
    machine: str
    device: str
    landmarker: str
    libraries: dict[str, str]


class Settings(Frozen):
    """What was asked for: everything that may change a result."""

    frames: int = 32
    every_frame: bool = False
    device: str = "auto"
    landmarks: str = "auto"
    seed: int = 0
    controls: tuple[str, ...] = ()
    sources: str | None = None
    references: tuple[str, ...] = ()
    donors: tuple[str, ...] = ()
    attribution: bool = False


class Run(Frozen):
    """What may differ between two runs: times, paths, the exact command line.

    Attributes:
        started_utc: ISO 8601.
        finished_utc: ISO 8601.
        path: Of the item, absolute.
        modified_utc: Of the file, as the file system has it.
        argv: The command line.
        stage_s: Wall seconds a stage.
        peak_memory_mb: Of the process.
        operator: Who ran it, where a case says so.
    """

    started_utc: str
    finished_utc: str
    path: str
    modified_utc: str
    argv: tuple[str, ...]
    stage_s: dict[str, float]
    peak_memory_mb: float
    operator: str | None = None


class CaseRecord(Frozen):
    """Everything one examination found, and everything needed to repeat it.

    `case_validation` is there only in the records that `audit case validate` writes.
    """

    schema_id: Literal["face-swap-audit/record/1"] = Field(default=SCHEMA, alias="schema")
    item: Item
    tool: Tool
    environment: Environment
    model_digests: dict[str, str]
    settings: Settings
    media: Media
    shots: tuple[Shot, ...]
    tracks: tuple[TrackSummary, ...]
    observations: tuple[Observation, ...]
    exhibits: tuple[Exhibit, ...]
    weights: tuple[LikelihoodRatio, ...]
    verdict: Verdict
    case_validation: CaseValidation | None = None
    run: Run

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )

    def to_json(self) -> str:
        """Return the record as JSON: keys in declared order, two spaces, one final newline."""
        return json.dumps(self.to_plain(), indent=2, ensure_ascii=False) + "\n"

    def to_plain(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        plain: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        return plain

    def signals(self) -> list[Signal]:
        """List the signals."""
        return [seen for seen in self.observations if isinstance(seen, Signal)]

    def facts(self) -> list[Fact]:
        """List the facts."""
        return [seen for seen in self.observations if isinstance(seen, Fact)]

    def abstentions(self) -> list[Abstention]:
        """List the abstentions."""
        return [seen for seen in self.observations if isinstance(seen, Abstention)]

    @classmethod
    def from_json(cls, text: str | bytes) -> CaseRecord:
        """Read a record back.

        Raises:
            InvalidRecord: The text is not a record of this schema.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the document"
            raise InvalidRecord(
                f"not a record of schema {SCHEMA}: {where}: {first['msg']}"
            ) from error


def round_floats(value: float, digits: int = 6) -> float:
    """Round to significant digits, so that a record does not print noise."""
    return float(f"{value:.{digits}g}")
