"""What `audit case validate` found: how often our methods were right on this very footage.

Part of the record (`CaseRecord.case_validation`), so that a report renders it without the case.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Role = Literal["questioned", "comparison_fake", "original", "control"]
Reading = Literal["fake", "genuine", "silent"]
Closer = Literal["comparison_fake", "original", "undecided"]


class Part(BaseModel):
    """A value that cannot change once it is built."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Rate(Part):
    """How often a method was right about clips of one kind.

    Attributes:
        right: Segments it spoke rightly of.
        wrong: Segments it spoke wrongly of.
        silent: Segments it said nothing of: it abstained, or was inconclusive.
        share: right / (right + wrong); None where it never spoke.
        lower: End of the 95 % Clopper-Pearson interval.
        upper: End of it. Segments of one clip depend on each other: the true interval is wider.
    """

    right: int = Field(ge=0)
    wrong: int = Field(ge=0)
    silent: int = Field(ge=0)
    share: float | None
    lower: float | None
    upper: float | None

    @property
    def n(self) -> int:
        """Segments it spoke of."""
        return self.right + self.wrong


class MethodValidation(Part):
    """One method on the footage of the case.

    Attributes:
        method: "analyzer.signal", or "verdict" for the likelihood ratio's conclusion.
        title: For people.
        rule: When a segment counts as called a fake, in words.
        unit: Of the values.
        on_fakes: Comparison fakes called fakes.
        on_controls: Genuine footage called genuine.
        overall: Both together.
        questioned: Median over the questioned item's segments.
        threshold: Where this footage divides fakes from controls; None where it does not, or for
            methods with a rule of their own.
        questioned_reads: On which side of it the questioned item lies.
    """

    method: str
    title: str
    rule: str
    unit: str
    on_fakes: Rate
    on_controls: Rate
    overall: Rate
    questioned: float | None
    threshold: float | None
    questioned_reads: Reading


class TraceComparison(Part):
    """Is the questioned face closer to the comparison fake or to the genuine footage, in one trace?

    Attributes:
        trace: "analyzer.signal", or "identity".
        title: For people.
        unit: Of the values.
        questioned: Median over segments.
        comparison_fake: The same of the comparison fakes.
        original: The same of the original, or of the controls where the case has no original.
        spread: Of the trace between segments of one kind, in its unit: the yardstick.
        fake_from_original: How far the two lie apart, in spreads.
        to_fake: How far the questioned item lies from the fakes, in spreads.
        to_original: How far it lies from the original, in spreads.
        closer: "undecided" where the trace does not tell the two apart, or lies between.
        sentence: For people.
    """

    trace: str
    title: str
    unit: str
    questioned: float
    comparison_fake: float
    original: float
    spread: float
    fake_from_original: float
    to_fake: float
    to_original: float
    closer: Closer
    sentence: str


class ClipUsed(Part):
    """One clip of the case, as it was compared.

    Attributes:
        role: What it is in the case.
        name: File name as received, or "fake.mp4" and its method.
        sha256: Of the file in the case.
        method: Generator of a comparison fake; empty otherwise.
        segments: How many segments with a face it gave.
        seconds: Length of each.
        face_px: Median height of the face box after re-encoding.
        qp: Median quantization parameter in the face after re-encoding, None where not given.
        re_encoded: False for the questioned item, which is examined as it is.
    """

    role: Role
    name: str
    sha256: Digest
    method: str = ""
    segments: int
    seconds: float
    face_px: float
    qp: float | None
    re_encoded: bool


class MatchedEncoding(Part):
    """What the comparison clips were re-encoded to.

    Attributes:
        codec: Of the questioned item, as FFmpeg names it.
        encoder: What encoded the comparison clips.
        width_px: Of the questioned item.
        height_px: Of the questioned item.
        rate_fps: Frames a second of the questioned item.
        setting: The encoder's quality setting, such as "crf 24".
        questioned_quality: What was measured on the questioned item.
        reached_quality: The same measured on the re-encoded clips.
        quality_unit: Of both: "mean quantization parameter" or "bits a pixel".
        notes: Where the match is not exact, and why.
    """

    codec: str
    encoder: str
    width_px: int
    height_px: int
    rate_fps: float
    setting: str
    questioned_quality: float
    reached_quality: float
    quality_unit: str
    notes: tuple[str, ...] = ()


class SideBySide(Part):
    """One moment in the questioned item, the original and a comparison fake: exhibits' file names.

    Attributes:
        title: Which moment.
        questioned: Exhibit.
        original: Exhibit of the original or control.
        comparison_fake: Exhibit.
    """

    title: str
    questioned: str
    original: str
    comparison_fake: str


class CaseValidation(Part):
    """Everything that `audit case validate` has to say of one questioned item.

    Attributes:
        case: Its identifier.
        questioned: SHA-256 of the item.
        encoding: What the clips were brought to.
        clips: What was compared.
        methods: How often each was right here; the verdict first, then by `overall.share`.
        traces: Analysis by synthesis.
        pictures: Questioned, original and comparison fake side by side.
        summary: A few sentences for the first page.
        limitations: What this comparison cannot say.
    """

    case: str
    questioned: Digest
    encoding: MatchedEncoding
    clips: tuple[ClipUsed, ...]
    methods: tuple[MethodValidation, ...]
    traces: tuple[TraceComparison, ...]
    pictures: tuple[SideBySide, ...]
    summary: tuple[str, ...]
    limitations: tuple[str, ...]
