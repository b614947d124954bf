"""`audit case validate`: how often our methods were right on this very footage, step by step."""

from __future__ import annotations

import shutil
from pathlib import Path

from forensics.analyzer import Analyzer, discover
from forensics.analyzers.own_comparison import OwnComparison
from forensics.audit import Examination, audit
from forensics.case_validation import CaseValidation, ClipUsed, Role
from forensics.casefile.durable import replace_file
from forensics.casefile.folder import Case
from forensics.casematch import measures, words
from forensics.casematch.bench import (
    Bench,
    Clip,
    Progress,
    encoding_of,
    matched_clips,
    questioned_clip,
)
from forensics.casematch.pictures import side_by_side
from forensics.casematch.segments import Footage, Segment, examine, read_footage
from forensics.errors import CaseError
from forensics.face_embedding import Embedder
from forensics.record import Settings

LEAST_SEGMENTS = 2
"""Of each kind: the threshold of a segment is taken from the others."""


def validate(
    case: Case,
    wanted: str,
    settings: Settings,
    *,
    seconds: float = 24.0,
    progress: Progress = lambda _stage, _done, _total: None,
    argv: tuple[str, ...] = (),
    operator: str = "",
) -> tuple[Examination, Path]:
    """Measure the methods on a case's own footage.

    Args:
        case: With a questioned item, a comparison fake and genuine footage.
        wanted: Which item; empty where only one is questioned.
        settings: As the questioned item is examined.
        seconds: How much of each clip is used.
        progress: Called with (stage, done, total).
        argv: The command line, kept in the record's run part.
        operator: Who validates; the case's operator where it is empty.

    Returns:
        The questioned item's examination with the validation in its record, and the scratch
        folder, to be removed once the record is kept: until then a repeated call goes on.

    Raises:
        CaseError: The case lacks what is needed, or shows no face where one is needed.
    """
    bench = Bench(case, wanted, settings, seconds, progress)  # 1. what the case holds
    item = bench.stored(bench.material.questioned.path)
    encoding, aim = encoding_of(bench, item)  # 2. what the questioned item is like
    clips = [
        questioned_clip(bench, item),
        *matched_clips(bench, aim),
    ]  # 3. the others brought to it
    footage = _footage(bench, clips)  # 4. faces, by segment
    segments = _segments(bench, clips, footage)  # 5. every segment down the line
    kinds = _kinds(clips, segments)
    methods, traces = measures.methods(kinds), measures.traces(kinds)  # 6. right and wrong
    pictures, exhibits = side_by_side(_side(clips, footage, kinds))  # 7. side by side
    found = CaseValidation(
        case=case.description.id, questioned=bench.material.questioned.sha256, encoding=encoding,
        clips=tuple(_used(clip, segments[clip.sha256]) for clip in clips), methods=methods,
        traces=traces, pictures=pictures,
        summary=words.summary(methods, traces, len(clips) - 1), limitations=words.LIMITATIONS,
    )  # fmt: skip
    whole = _whole(bench, item, argv, operator)  # 8. the item as a whole, as in any examination
    record = whole.record.model_copy(
        update={"case_validation": found, "exhibits": (*whole.record.exhibits, *exhibits.listed())}
    )
    return Examination(record, {**whole.exhibits, **exhibits.files()}), bench.work


def _footage(bench: Bench, clips: list[Clip]) -> dict[str, Footage]:
    found: dict[str, Footage] = {}
    for number, clip in enumerate(clips):
        bench.progress("faces", number, len(clips))
        read = read_footage(clip.path, bench.landmarker, bench.seconds, clip.boxes)
        found[clip.sha256] = read
    bench.progress("faces", len(clips), len(clips))
    for role in ({"questioned"}, {"comparison_fake"}, {"original", "control"}):
        held = sum(len(found[clip.sha256].faces) for clip in clips if clip.role in role)
        if held < LEAST_SEGMENTS:
            names = ", ".join(clip.name for clip in clips if clip.role in role)
            raise CaseError(
                f"{names}: {held} segments show a face over 4 examined frames; {LEAST_SEGMENTS} "
                "are needed; use longer clips with a face"
            )
    return found


def _segments(
    bench: Bench, clips: list[Clip], footage: dict[str, Footage]
) -> dict[str, tuple[Segment, ...]]:
    """Examine every segment; those examined before an interruption are read back."""
    genuine = {
        clip.name: footage[clip.sha256] for clip in clips if clip.role in ("original", "control")
    }
    todo = [(clip, number) for clip in clips for number in footage[clip.sha256].faces]
    embedder = Embedder()
    useful: set[str] = set()
    found: dict[str, list[Segment]] = {clip.sha256: [] for clip in clips}
    for done, (clip, number) in enumerate(todo):
        bench.progress("segments", done, len(todo))
        kept = bench.work / f"{clip.sha256[:12]}-{number}.json"
        if kept.is_file():
            segment = Segment.model_validate_json(kept.read_bytes())
        else:
            first = not found[clip.sha256]
            kinds = _blind() if first else _useful(useful)
            segment = examine(
                footage[clip.sha256],
                number,
                genuine,
                bench.settings,
                embedder,
                kinds,
                bench.discriminators,
            )
            replace_file(kept, segment.model_dump_json().encode())
        useful |= {name.split(".")[0] for name in segment.values}
        found[clip.sha256].append(segment)
    bench.progress("segments", len(todo), len(todo))
    return {sha256: tuple(segments) for sha256, segments in found.items()}


def _blind() -> tuple[type[Analyzer], ...]:
    """Return all analyzers but the one that knows our own fakes again: it must not help here."""
    return tuple(kind for kind in discover() if kind.name != OwnComparison.name)


def _useful(names: set[str]) -> tuple[type[Analyzer], ...]:
    """Return the analyzers that measured something of a face in a first segment."""
    return tuple(kind for kind in discover() if kind.name in names)


def _kinds(clips: list[Clip], segments: dict[str, tuple[Segment, ...]]) -> measures.Kinds:
    def of(role: Role) -> tuple[tuple[Segment, ...], ...]:
        return tuple(segments[clip.sha256] for clip in clips if clip.role == role)

    return measures.Kinds(of("questioned")[0], of("comparison_fake"), of("original"), of("control"))


def _side(
    clips: list[Clip], footage: dict[str, Footage], kinds: measures.Kinds
) -> tuple[Footage, Footage, Footage]:
    """Choose what is shown: the questioned item, the first genuine clip, the first fake."""
    genuine: Role = "original" if any(kinds.originals) else "control"
    roles: tuple[Role, ...] = ("questioned", genuine, "comparison_fake")
    chosen = [
        next(footage[c.sha256] for c in clips if c.role == role and footage[c.sha256].faces)
        for role in roles
    ]
    return chosen[0], chosen[1], chosen[2]


def _used(clip: Clip, segments: tuple[Segment, ...]) -> ClipUsed:
    quantized = sorted(s.qp for s in segments if s.qp is not None)
    sizes = sorted(segment.face_px for segment in segments)
    seconds = segments[0].end_s - segments[0].start_s if segments else 0.0
    return ClipUsed(
        role=clip.role, name=clip.name, sha256=clip.sha256, method=clip.method,
        segments=len(segments), seconds=round(seconds, 3),
        face_px=sizes[len(sizes) // 2] if sizes else 0.0,
        qp=quantized[len(quantized) // 2] if quantized else None,
        re_encoded=clip.role != "questioned",
    )  # fmt: skip


def _whole(bench: Bench, item: Path, argv: tuple[str, ...], operator: str) -> Examination:
    """Examine the questioned item as a whole, with the case's genuine footage as controls."""
    genuine = [*bench.material.originals, *bench.material.controls]
    settings = bench.settings.model_copy(update={"controls": tuple(one.name for one in genuine)})
    made = audit(
        item, settings, controls=tuple(bench.stored(one.path) for one in genuine),
        case=bench.case, argv=argv, progress=bench.progress,
        operator=operator or bench.case.description.operator,
    )  # fmt: skip
    named = made.record.item.model_copy(update={"name": bench.material.questioned.name})
    return Examination(made.record.model_copy(update={"item": named}), made.exhibits)


def forget(work: Path) -> None:
    """Remove the scratch folder of a validation that is kept in the case."""
    shutil.rmtree(work, ignore_errors=True)
