"""The only writer of generated frames.

`Release` refuses to run outside a case with an operator, a purpose and an authority. It burns a
label into every frame, signs Content Credentials, registers fingerprints so that `audit` on this
installation knows the fake again, and puts fake, mask, frame map, model and manifest into the case
through its log. No option turns any of this off, and nothing else in this package opens a video
writer: a test reads the source for it.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from forensics.casefile.description import NEEDED
from forensics.casefile.durable import digest_of
from forensics.casefile.fingerprints import (
    EVERY_S,
    FramePrint,
    Registered,
    face_fingerprint,
    fingerprint,
    register,
)
from forensics.casefile.folder import Case, Staged
from forensics.environment import libraries, tool_version
from forensics.errors import CaseError, MaterialError
from reference_generators.convert import Converted
from reference_generators.credentials import CaseKey, case_key, sign
from reference_generators.faces import FaceSet
from reference_generators.generator import Scalar
from reference_generators.label import Label

SCHEMA = "face-swap-audit/comparison/1"
CLOCK = Fraction(1, 90_000)
MP4_AUDIO = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus"})


@dataclass(frozen=True)
class Recipe:
    """How a fake was made, as far as the writer must say.

    Attributes:
        method: Name of the generator.
        version: Of the generator.
        paper: Where the method is from.
        differences: How this implementation differs.
        settings: Preset, blend and everything else that may change a pixel.
        seed: Of everything random.
        device: "cpu" or "cuda".
        steps: Training steps taken; 0 for methods that are not trained.
        metrics: Losses and measured quality.
        files: Files to keep with the fake (model weights, preview), by name.
    """

    method: str
    version: str
    paper: str
    differences: str
    settings: dict[str, Scalar]
    seed: int
    device: str
    steps: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)


@dataclass
class _Frames:
    """What is noted of every frame while it is written."""

    rows: list[tuple[Scalar, ...]] = field(default_factory=list)
    prints: list[FramePrint] = field(default_factory=list)
    next_s: float = -1.0

    def add(self, number: int, done: Converted, shown: NDArray[np.uint8]) -> None:
        """Note one written frame: where it is from, and now and then its fingerprints."""
        box = done.box_xyxy_px
        corners = ("",) * 4 if box is None else tuple(round(float(edge), 1) for edge in box)
        pts = round(done.frame.pts_s, 6)
        self.rows.append((number, pts, done.frame.index, pts, int(box is not None), *corners))
        if box is None or done.frame.pts_s < self.next_s:
            return
        self.next_s = done.frame.pts_s + EVERY_S
        height, width = shown.shape[:2]
        left, top, right, bottom = (
            float(edge / side) for edge, side in zip(box, (width, height) * 2, strict=True)
        )
        where = (left, top, right, bottom)
        original = done.frame.rgb
        self.prints.append(
            FramePrint(
                pts, fingerprint(shown), where, face_fingerprint(shown, where),
                face_fingerprint(original, where),
            )
        )  # fmt: skip

    def table(self) -> bytes:
        """Return the frame map as CSV."""
        text = io.StringIO()
        names = "frame pts_s target_frame target_pts_s face left_px top_px right_px bottom_px"
        csv.writer(text, lineterminator="\n").writerows([names.split(), *self.rows])
        return text.getvalue().encode("ascii")


class Release:
    """Writes one comparison fake into a case.

    Args:
        case: Must name an operator, a purpose and an authority.
        crf: H.264 quality, 0 to 51.
        destroy_on: When the fake must be destroyed.
        operator: Who makes it; the case's operator where it is empty.

    Raises:
        CaseError: The case lacks one of them, or is broken.
    """

    def __init__(self, case: Case, *, crf: int, destroy_on: date, operator: str = "") -> None:
        for name in NEEDED:
            if not getattr(case.description, name).strip():
                raise CaseError(f"{case.folder.name} names no {name}, and no fake is made without")
        case.entries()  # a broken case is refused before the work, not after it
        self._case, self._crf, self._destroy_on = case, crf, destroy_on
        self._operator = operator or case.description.operator
        self._key: CaseKey = case_key(case.description.id)

    def write(
        self, frames: Iterable[Converted], target: Path, faces: FaceSet, donor: FaceSet,
        recipe: Recipe, progress: Callable[[int], None] = lambda _done: None,
    ) -> str:  # fmt: skip
        """Write fake, mask, frame map and manifest, and log them.

        Args:
            frames: Of the whole target, in order.
            target: The footage kept; its audio is carried over.
            faces: Of the target.
            donor: The identity inserted.
            recipe: How it was made.
            progress: Called with the number of frames written.

        Returns:
            Folder of the fake, in the case.

        Raises:
            MaterialError: There was no frame, or no face was replaced.
            CaseError, OutputError: The case cannot be written to.
        """
        with self._case.staging() as staged:
            noted = _Frames()
            clear, mask = staged.folder / "clear.mp4", staged.folder / "mask.mkv"
            over_face = self._encode(frames, target, faces, clear, mask, noted, progress)
            if not noted.prints:
                raise MaterialError(f"no face was replaced in {target.name}; nothing was kept")
            signed = staged.folder / "fake.mp4"
            about = f"comparison fake by {recipe.method} for case {self._case.description.id}"
            sign(clear, signed, self._key, title="fake.mp4", description=about)
            digest = digest_of(signed)
            home = f"comparison/{recipe.method}-{digest[:12]}"
            staged.adopt(f"{home}/fake.mp4", signed)
            staged.adopt(f"{home}/mask.mkv", mask)
            staged.write(f"{home}/frames.csv", noted.table())
            staged.write(f"{home}/credentials.pem", self._key.chain.encode("ascii"))
            for name, path in recipe.files.items():
                staged.copy(path, f"{home}/{name}")
            manifest = self._manifest(staged, home, faces, donor, recipe, over_face)
            text = json.dumps(manifest, indent=2, ensure_ascii=True) + "\n"
            staged.write(f"{home}/manifest.json", text.encode("ascii"))
            register(
                Registered(digest, self._case.description.id, recipe.method, _now(),
                           tuple(noted.prints))
            )  # fmt: skip
            detail: dict[str, Scalar] = {
                "method": recipe.method, "target": faces.sha256, "donor": donor.sha256,
                "seed": recipe.seed, "steps": recipe.steps,
                "destroy_on": self._destroy_on.isoformat(),
            }  # fmt: skip
            self._case.commit(staged, "generate", detail, self._operator)
        return home

    def _encode(
        self, frames: Iterable[Converted], target: Path, faces: FaceSet, clear: Path, mask: Path,
        noted: _Frames, progress: Callable[[int], None],
    ) -> int:  # fmt: skip
        """Write the labeled frames with the target's audio, and their masks."""
        label: Label | None = None
        with (
            av.open(str(target)) as source,
            av.open(str(clear), "w") as out,
            av.open(str(mask), "w") as truth,
        ):
            rate = source.streams.video[0].average_rate or Fraction(25)
            video = out.add_stream("libx264", rate=rate)
            video.options = {"crf": str(self._crf), "preset": "medium"}
            masks = truth.add_stream("ffv1", rate=rate)
            sound = _Sound(source, out)
            for number, done in enumerate(frames):
                if label is None:
                    height, width = (side + side % 2 for side in done.rgb.shape[:2])
                    text = f"COMPARISON FAKE - case {self._case.description.id}"
                    label = Label(text, faces.boxes_xyxy_px, (width, height))
                    _shape(video, width, height, "yuv420p")
                    _shape(masks, width, height, "gray")
                share = np.round(255 * done.share).astype(np.uint8)
                shown = label.burn(_even(done.rgb), done.box_xyxy_px)
                out.mux(video.encode(_coded(shown, "rgb24", done.frame.pts_s)))
                truth.mux(masks.encode(_coded(_even(share), "gray", done.frame.pts_s)))
                sound.carry(done.frame.pts_s)
                noted.add(number, done, shown)
                progress(number + 1)
            if label is None:
                raise MaterialError(f"{target.name} holds no frame; nothing was kept")
            out.mux(video.encode(None))
            truth.mux(masks.encode(None))
            sound.carry()
        return label.over_face

    def _manifest(
        self, staged: Staged, home: str, faces: FaceSet, donor: FaceSet, recipe: Recipe,
        over_face: int,
    ) -> dict[str, object]:  # fmt: skip
        """Return everything needed to know what the fake is and to make it again."""
        about = self._case.description
        made = asdict(recipe)
        del made["files"]
        return {
            "schema": SCHEMA,
            "what": "a face swap made for comparison in a case; not footage of what it shows",
            "case": about.id, "operator": self._operator, "purpose": about.purpose,
            "authority": about.authority, "made_utc": _now(),
            "destroy_on": self._destroy_on.isoformat(),
            "target": {"name": faces.name, "sha256": faces.sha256, "faces": len(faces)},
            "donor": {"name": donor.name, "sha256": donor.sha256, "faces": len(donor)},
            "recipe": made, "crf": self._crf, "frames_with_label_over_the_face": over_face,
            "tool": tool_version(), "libraries": libraries(),
            "files": {
                path.removeprefix(f"{home}/"): digest for path, digest in staged.files.items()
            },
        }  # fmt: skip


def destroy_after(days: int) -> date:
    """Return the date so many days from today, UTC."""
    return (datetime.now(UTC) + timedelta(days=days)).date()


def _shape(stream: av.VideoStream, width: int, height: int, pixels: str) -> None:
    stream.width, stream.height, stream.pix_fmt = width, height, pixels
    stream.codec_context.time_base = CLOCK
    stream.codec_context.thread_count = 2


def _coded(picture: NDArray[np.uint8], kind: str, pts_s: float) -> av.VideoFrame:
    coded = av.VideoFrame.from_ndarray(picture, format=kind)
    coded.pts, coded.time_base = round(Fraction(pts_s) / CLOCK), CLOCK
    return coded


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat the last row and column where a side is odd: H.264 wants even sides."""
    height, width = picture.shape[:2]
    more = [(0, height % 2), (0, width % 2), (0, 0)][: picture.ndim]
    return np.pad(picture, more, mode="edge") if height % 2 or width % 2 else picture


class _Sound:
    """Carries the target's first audio stream over, piece by piece between the frames.

    Args:
        source: The target.
        out: The fake. Streams that MP4 can hold are copied, others encoded as AAC.
    """

    def __init__(
        self, source: av.container.InputContainer, out: av.container.OutputContainer
    ) -> None:
        self._out, self._copied = out, True
        self._stream: Any = None
        self._held: av.Packet | av.AudioFrame | None = None
        self._pieces: Iterator[av.Packet | av.AudioFrame] = iter(())
        if not source.streams.audio:
            return
        sound = source.streams.audio[0]
        self._copied = sound.codec_context.name in MP4_AUDIO
        if self._copied:
            self._stream = out.add_stream_from_template(sound)
            self._pieces = (p for p in source.demux(sound) if p.dts is not None)
        else:
            self._stream = out.add_stream("aac", rate=sound.codec_context.sample_rate)
            self._pieces = source.decode(sound)

    def carry(self, until_s: float = math.inf) -> None:
        """Write what sounds up to a time; without one, all that is left."""
        while True:
            piece = self._held or next(self._pieces, None)
            self._held = piece
            if piece is None or float((piece.pts or 0) * piece.time_base) > until_s:
                break
            self._held = None
            if self._copied:
                piece.stream = self._stream
                self._out.mux(piece)
            else:
                self._out.mux(self._stream.encode(piece))
        if until_s == math.inf and not self._copied:
            self._out.mux(self._stream.encode(None))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
