"""What every analyzer is, and what it is given.

An analyzer is one file in `forensics/analyzers/`, found by walking the folder. It says one of
three things about an extent of the item: a signal, a fact, or an abstention with a reason.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from forensics.intake.frame_prints import FramePrint
from forensics.intake.frames import Frame, read_frames
from forensics.intake.probe import Container
from forensics.intake.scan import FrameTable
from forensics.intake.tracks import FaceTrack
from forensics.record import (
    Abstention,
    Extent,
    Fact,
    Media,
    Observation,
    Reason,
    Scalar,
    Shot,
    Signal,
    round_floats,
)

if TYPE_CHECKING:
    from forensics.references.case_discriminators import CaseDiscriminator


@dataclass(frozen=True)
class Control:
    """Genuine footage to compare with, examined like the item.

    Attributes:
        name: Shown in the report.
        origin: "given" by the user, or "found" by the source index.
        media: What the decoder says.
        tracks: The faces in it. Of found footage each has the id of the questioned face that it
            shows, at the same moments.
        slots: Of found footage: for each track (n,), which examined frame of the questioned face
            each of its frames shows.
    """

    name: str
    origin: str
    media: Media
    tracks: tuple[FaceTrack, ...]
    slots: tuple[NDArray[np.int64], ...] = ()

    def __post_init__(self) -> None:
        """Check that slots and tracks belong together."""
        sizes = [len(track) for track in self.tracks] if self.origin == "found" else []
        if [len(slots) for slots in self.slots] != sizes:
            raise ValueError("a found control says for every frame which questioned one it shows")


@dataclass(frozen=True)
class Recording:
    """One picture or clip of a known person.

    Attributes:
        name: File name.
        sha256: Of the file.
        tracks: The faces of that person in it.
        usable_faces: How many of its frames show the face well enough to learn from.
    """

    name: str
    sha256: str
    tracks: tuple[FaceTrack, ...]
    usable_faces: int


@dataclass(frozen=True)
class Person:
    """A known person: who the item claims to show, or whose face may have been put in.

    Attributes:
        name: Of the folder or file that was given.
        role: "claimed" or "donor".
        recordings: Where the person is seen.
        left_out: Files that were not used, and why.
    """

    name: str
    role: str
    recordings: tuple[Recording, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class References:
    """The material to compare with, gathered once and offered to every analyzer.

    Attributes:
        controls: Genuine footage of the same person or camera.
        sources: What the source index found: `forensics.references.sources.SourceMaterial`,
            None where no index was given.
        persons: The claimed person first, where given, and suspected donors.
        discriminators: Of the case's own generators, where a case with some was given.
    """

    controls: tuple[Control, ...] = ()
    sources: object | None = None
    persons: tuple[Person, ...] = ()
    discriminators: tuple[CaseDiscriminator, ...] = ()


@dataclass(frozen=True)
class Material:
    """All an analyzer may look at.

    Attributes:
        path: The item, for analyzers that read its bytes.
        media: What the decoder says.
        container: Boxes and tags, read without decoding.
        frame_table: Times, types and quantization parameters of every frame.
        shots: Uninterrupted stretches.
        tracks: The faces, with crops.
        references: Material to compare with.
        prints: Fingerprints that the first pass took; none where it was not made.
        device: "cpu" or "cuda".
        attribution: Whether networks are asked where they looked.
        seed: For anything random.
        progress: Call with (done, total) on long work.
    """

    path: Path
    media: Media
    container: Container
    frame_table: FrameTable
    shots: tuple[Shot, ...]
    tracks: tuple[FaceTrack, ...]
    references: References = References()
    prints: tuple[FramePrint, ...] = ()
    device: str = "cpu"
    attribution: bool = False
    seed: int = 0
    progress: Callable[[int, int], None] = field(default=lambda _done, _total: None)

    def frames(self, index: NDArray[np.int64]) -> Iterator[Frame]:
        """Decode chosen frames in order, one at a time, in one pass.

        Args:
            index: (k,) frame numbers, ascending.
        """
        return read_frames(self.path, index)


@dataclass(frozen=True)
class Picture:
    """A picture that an analyzer offers as an exhibit, not yet written.

    Attributes:
        name: File stem, unique within the analyzer.
        title: A few words.
        caption: What is seen, what it was compared with, and what it does not show.
        rgb: (H, W, 3) uint8.
        track: Whose face, or None.
        shows_face: Whether renderers must blur it unless told not to.
        control: Name of the picture of the same analyzer that shows the same of a control.
        aligned: In aligned face space, so that a renderer can lay it over the examined frames.
        panels: What the square pictures side by side are, as `Exhibit.panels` has it.
    """

    name: str
    title: str
    caption: str
    rgb: NDArray[np.uint8]
    track: int | None = None
    shows_face: bool = True
    control: str | None = None
    aligned: bool = False
    panels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """What one analyzer has to say."""

    observations: tuple[Observation, ...]
    pictures: tuple[Picture, ...] = ()


class Analyzer(ABC):
    """One method. Subclasses set the class attributes and write `analyze`.

    Attributes:
        name: Same as the file's name.
        version: Changes whenever a number could.
        title: For people.
        examines: One line for people: what it looks at.
        weighed: Whether its signals may enter the likelihood ratio.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    title: ClassVar[str]
    examines: ClassVar[str]
    weighed: ClassVar[bool] = True

    @abstractmethod
    def analyze(self, material: Material) -> Findings:
        """Look, and say what is seen. Raises nothing on odd input: it abstains."""

    def model_digests(self) -> dict[str, str]:
        """Return the SHA-256 of every weight file it uses, by name; none for most."""
        return {}

    def signal(
        self,
        name: str,
        score: float,
        unit: str,
        words: str,
        extent: Extent,
        times_s: NDArray[np.float64] | None = None,
        values: NDArray[np.float64] | None = None,
    ) -> Signal:
        """Make a signal of this analyzer; numbers are rounded to six significant digits.

        Args:
            name: Unique within the analyzer.
            score: Over the whole extent; higher supports H1.
            unit: Of score and values.
            words: One sentence for a reader who knows nothing of the method.
            extent: What it is about.
            times_s: (n,) s.
            values: (n,), NaN where it could not be measured.
        """
        times = () if times_s is None else tuple(round(float(t), 6) for t in times_s)
        numbers = () if values is None else values
        return Signal(
            analyzer=self.name, version=self.version, name=name, unit=unit, extent=extent,
            times_s=times,
            values=tuple(round_floats(float(v)) if np.isfinite(v) else None for v in numbers),
            score=round_floats(float(score)), words=words,
        )  # fmt: skip

    def fact(
        self,
        name: str,
        value: Scalar | tuple[Scalar, ...],
        *,
        unit: str = "",
        locator: str = "",
        words: str = "",
        extent: Extent | None = None,
        notable: bool = False,
    ) -> Fact:
        """Make a fact of this analyzer."""
        return Fact(
            analyzer=self.name, version=self.version, name=name, value=value, unit=unit,
            locator=locator, words=words, extent=extent or Extent(), notable=notable,
        )  # fmt: skip

    def abstain(self, reason: Reason, detail: str, extent: Extent | None = None) -> Abstention:
        """Say why nothing is said."""
        return Abstention(
            analyzer=self.name, version=self.version, reason=reason, detail=detail,
            extent=extent or Extent(),
        )  # fmt: skip


def too_little(track: FaceTrack, face_px: float, frames: int) -> tuple[Reason, str] | None:
    """Say why a track shows too little of a face, or None.

    Args:
        track: A face.
        face_px: Least height of the box, px.
        frames: Least number of examined frames.
    """
    if track.face_px < face_px:
        return Reason.OUT_OF_RANGE, f"face of {track.face_px:.0f} px; {face_px:.0f} px are needed"
    if len(track) < frames:
        return Reason.INSUFFICIENT, f"{len(track)} frames; {frames} are needed"
    return None


def extent_of(track: FaceTrack) -> Extent:
    """Return the extent that a whole track covers."""
    return Extent(
        start_s=round(float(track.pts_s[0]), 6), end_s=round(float(track.pts_s[-1]), 6),
        track=track.id,
    )  # fmt: skip


def discover() -> list[type[Analyzer]]:
    """Find every analyzer by walking `forensics/analyzers/`, sorted by name."""
    import forensics.analyzers as folder

    found: list[type[Analyzer]] = []
    for module in pkgutil.iter_modules(folder.__path__):
        loaded = importlib.import_module(f"{folder.__name__}.{module.name}")
        found += [
            kind
            for kind in vars(loaded).values()
            if isinstance(kind, type)
            and issubclass(kind, Analyzer)
            and kind.__module__ == loaded.__name__
        ]
    return sorted(found, key=lambda kind: kind.name)
