"""What a case-matched validation works on: the clips of a case, brought to one encoding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from forensics import environment
from forensics.analyzer import discover
from forensics.case_validation import MatchedEncoding, Role
from forensics.casefile import layout
from forensics.casefile.durable import replace_file
from forensics.casefile.folder import Case
from forensics.casefile.items import Item
from forensics.casefile.roles import CaseMaterial, Fake, material_of
from forensics.casematch.encoding import (
    Label,
    Wanted,
    frames_of,
    label_of,
    rate_of,
    tuned,
    wanted_of,
    write,
)
from forensics.casematch.segments import Box
from forensics.errors import CaseError
from forensics.intake.frames import Frame
from forensics.intake.landmarks import Landmarker, choose_landmarker
from forensics.intake.scan import scan
from forensics.record import Settings
from forensics.references.case_discriminators import discriminators_of

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Clip:
    """A clip of the case on its way through.

    Attributes:
        role: What it is.
        name: For people.
        sha256: Of the file in the case.
        path: The file that is examined: re-encoded, but for the questioned item.
        method: Generator of a fake.
        boxes: Where the face in question is, px by frame number; None where not known.
    """

    role: Role
    name: str
    sha256: str
    path: Path
    method: str = ""
    boxes: dict[int, Box] | None = None


class Bench:
    """One validation at work: its case, its settings, its scratch folder.

    Args:
        case: With a questioned item, a fake and genuine footage.
        wanted: Which item; empty where there is only one.
        settings: As the questioned item is examined.
        seconds: How much of each clip is used.
        progress: Called with (stage, done, total).
    """

    def __init__(
        self, case: Case, wanted: str, settings: Settings, seconds: float, progress: Progress
    ) -> None:
        self.case, self.settings, self.seconds = case, settings, seconds
        self.progress = progress
        self.material = material_of(case, wanted)
        self.work = case.folder / layout.WORK / f"validate-{self._key()}"
        self.work.mkdir(parents=True, exist_ok=True)
        self.device = environment.device(settings.device)
        self.discriminators = discriminators_of(case)
        self.landmarker: Landmarker = choose_landmarker(settings.landmarks, self.device)

    def _key(self) -> str:
        """Name the scratch folder after everything that a resumed run must share."""
        found = self.material
        genuine = [item.sha256 for item in (*found.originals, *found.controls)]
        text = json.dumps(
            [found.questioned.sha256, genuine, [fake.sha256 for fake in found.fakes], self.seconds,
             self.settings.model_dump(mode="json"), environment.tool_version(),
             {kind.name: kind.version for kind in discover()}]
        )  # fmt: skip
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def stored(self, path: str) -> Path:
        """Return where a file of the case lies."""
        return self.case.folder / path


def encoding_of(bench: Bench, item: Path) -> tuple[MatchedEncoding, Wanted]:
    """Measure the questioned item, and find the setting that gives its quality."""
    wanted = wanted_of(item, scan(item, frames=bench.settings.frames))
    genuine = (*bench.material.originals, *bench.material.controls)[0]
    noted = bench.work / "matched.json"
    if noted.is_file():
        kept = json.loads(noted.read_text("utf-8"))
        wanted, reached = replace(wanted, crf=int(kept["crf"])), float(kept["reached"])
    else:
        clear = _clear(bench, genuine)
        wanted, reached = tuned(wanted, lambda: frames_of(clear, 0.0, bench.seconds), bench.work)
        replace_file(noted, json.dumps({"crf": wanted.crf, "reached": reached}).encode())
    unit = "mean quantization parameter" if wanted.by_qp else "bits a pixel"
    return MatchedEncoding(
        codec=wanted.codec, encoder=wanted.encoder, width_px=wanted.width_px,
        height_px=wanted.height_px, rate_fps=round(wanted.rate_fps, 4), setting=wanted.setting,
        questioned_quality=round(wanted.qp if wanted.by_qp else wanted.bits_per_px, 4),
        reached_quality=round(reached, 4), quality_unit=unit,
        notes=(*wanted.notes, f"At most the first {bench.seconds:g} s of each clip were used."),
    ), wanted  # fmt: skip


def _clear(bench: Bench, genuine: Item) -> Path:
    """Write genuine footage the way the fakes were written, label and all."""
    fakes = bench.material.fakes
    twin = next((fake for fake in fakes if fake.target_sha256 == genuine.sha256), fakes[0])
    path = bench.work / f"{genuine.sha256[:12]}-first.mp4"
    if path.is_file():
        return path
    label = label_of(frames_of(bench.stored(twin.path), 0.0, bench.seconds))
    source = bench.stored(genuine.path)
    frames = partial(frames_of, source, 0.0, bench.seconds)
    first = next(frames(), None)
    if first is None:
        raise CaseError(f"no frame of {genuine.name} could be decoded")
    height, width = first.rgb.shape[:2]
    as_fake = Wanted(
        codec="h264", encoder="libx264", height_px=height, width_px=width,
        rate_fps=rate_of(source), qp=0.0, bits_per_px=0.0, crf=twin.crf,
    )  # fmt: skip
    write(_labeled(frames(), label), path, as_fake, every_frame=True)
    return path


def _labeled(frames: Iterator[Frame], label: Label) -> Iterator[Frame]:
    for number, frame in enumerate(frames):
        yield replace(frame, rgb=label.burn(number, frame.rgb))


def questioned_clip(bench: Bench, item: Path) -> Clip:
    """Return the questioned item, which is examined as it is."""
    found = bench.material.questioned
    boxes = _boxes_of(found.sha256, bench.material, 1.0)
    return Clip("questioned", found.name, found.sha256, item, boxes=boxes)


def matched_clips(bench: Bench, wanted: Wanted) -> list[Clip]:
    """Re-encode the fakes and the genuine footage; what is there already is kept."""
    found = bench.material
    todo: list[tuple[Role, Item | Fake]] = [("comparison_fake", fake) for fake in found.fakes]
    todo += [("original", item) for item in found.originals]
    todo += [("control", item) for item in found.controls]
    clips = []
    for number, (role, clip) in enumerate(todo):
        bench.progress("matching", number, len(todo))
        path = bench.work / f"{clip.sha256[:12]}{wanted.suffix}"
        source = bench.stored(clip.path) if isinstance(clip, Fake) else _clear(bench, clip)
        if not path.is_file():
            write(frames_of(source, 0.0, bench.seconds), path, wanted)
        scale = wanted.height_px / max(1, next(frames_of(source, 0.0, 1.0)).rgb.shape[0])
        boxes = _boxes_of(clip.sha256, found, scale)
        same_frames = rate_of(source) <= 1.02 * wanted.rate_fps  # else numbers do not agree
        if isinstance(clip, Fake):
            name, method = f"{Path(clip.path).name} ({clip.method})", clip.method
            boxes = _scaled(clip.boxes, scale)
        else:
            name, method = clip.name, ""
        boxes = boxes if same_frames else None
        clips.append(Clip(role, name, clip.sha256, path, method, boxes))
    bench.progress("matching", len(todo), len(todo))
    return clips


def _boxes_of(sha256: str, found: CaseMaterial, scale: float) -> dict[int, Box] | None:
    """Return where the face in question is in footage that a fake was made of."""
    made = next((fake for fake in found.fakes if fake.target_sha256 == sha256), None)
    return _scaled(made.boxes, scale) if made else None


def _scaled(boxes: dict[int, Box], scale: float) -> dict[int, Box]:
    return {
        number: (scale * box[0], scale * box[1], scale * box[2], scale * box[3])
        for number, box in boxes.items()
    }
