"""`audit VIDEO`: examine one item."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from forensics.errors import EXIT_FAIL_AT
from forensics.interpretation.strength import STRENGTHS
from forensics.progress import Bars
from forensics.record import CaseRecord, Conclusion, Settings, TrackVerdict, Verdict

if TYPE_CHECKING:
    from forensics.casefile.folder import Case


class Device(StrEnum):
    """Where networks run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Landmarks(StrEnum):
    """Which landmarker runs."""

    AUTO = "auto"
    DLIB = "dlib"
    FAN = "fan"


class Strength(StrEnum):
    """What --fail-at takes; the table of words has their edges."""

    MODERATE = "moderate"
    MODERATELY_STRONG = "moderately-strong"
    STRONG = "strong"
    VERY_STRONG = "very-strong"
    EXTREMELY_STRONG = "extremely-strong"


def video(
    item: Annotated[Path, typer.Argument(metavar="VIDEO", help="A video or a picture.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results. Default: <stem>-audit here.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the record, and nothing else, on stdout.")
    ] = False,
    pdf: Annotated[bool, typer.Option(help="Write report.pdf.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no panel.")] = False,
    frames: Annotated[int, typer.Option(min=4, max=4096, help="Frames a person.")] = 32,
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Examine every frame; slow.")
    ] = False,
    control: Annotated[
        list[Path] | None,
        typer.Option(help="Genuine footage of the same person or camera; may be repeated."),
    ] = None,
    sources: Annotated[
        str | None, typer.Option(help="Source index to search for the original footage.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="Pictures or clips of the person the item claims to show."),
    ] = None,
    donor: Annotated[
        list[Path] | None,
        typer.Option(help="The same of somebody whose face may be put in; may be repeated."),
    ] = None,
    case: Annotated[
        Path | None, typer.Option(help="Case that keeps the item and this examination as well.")
    ] = None,
    attribution: Annotated[
        bool,
        typer.Option("--attribution", help="Show where the network looked; never evidence."),
    ] = False,
    device: Annotated[Device, typer.Option(help="Where networks run.")] = Device.AUTO,
    landmarks: Annotated[Landmarks, typer.Option(help="Which landmarker.")] = Landmarks.AUTO,
    seed: Annotated[int, typer.Option(min=0, help="For anything random.")] = 0,
    fail_at: Annotated[
        Strength | None,
        typer.Option(help="Exit 10 when support for a face swap is at least this strong."),
    ] = None,
    show_faces: Annotated[
        bool, typer.Option("--show-faces", help="Do not blur faces in the report.")
    ] = False,
    reproducible: Annotated[
        bool, typer.Option("--reproducible", help="Leave times and paths out of the report.")
    ] = False,
) -> None:
    """Examine a video or a picture for a face swap, and report what the evidence supports."""
    from forensics.audit import audit
    from forensics.output import Output

    folder = out or Path(f"{item.stem.lstrip('-') or 'item'}-audit")
    console = Console(stderr=True, highlight=False)
    settings = Settings(
        frames=frames, every_frame=every_frame, device=device.value, landmarks=landmarks.value,
        seed=seed, controls=tuple(path.name for path in control or ()),
        sources=_index_name(sources),
        references=(reference.name,) if reference else (),
        donors=tuple(path.name for path in donor or ()), attribution=attribution,
    )  # fmt: skip
    kept = _keep(case, item) if case is not None else None
    with Output(folder) as output, Bars(console, quiet=quiet) as bars:
        examination = audit(
            item, settings, controls=tuple(control or ()), sources=sources,
            persons=_persons(reference, donor or []), case=kept,
            argv=tuple(sys.argv[1:]), progress=bars.update,
            operator=kept.description.operator if kept else None,
        )  # fmt: skip
        bars.update("report", 0, 1)
        output.write_examination(examination)
        if pdf:
            output.write_pdf(examination.record, show_faces=show_faces, reproducible=reproducible)
        bars.update("report", 1, 1)
    record = examination.record
    if kept is not None:
        from forensics.casefile.items import record_run

        record_run(kept, folder)
    if as_json:
        sys.stdout.write(record.to_json())
        sys.stdout.flush()
    if not quiet:
        from reports.terminal import print_verdict

        print_verdict(record, console, folder / "report.pdf" if pdf else None, folder)
    if fail_at is not None and reaches(record, fail_at.value):
        raise typer.Exit(EXIT_FAIL_AT)


def _index_name(sources: str | None) -> str | None:
    """Name an index without the folders it lies in: those differ from machine to machine."""
    return sources if sources is None or "://" in sources else Path(sources).name


def _persons(reference: Path | None, donors: list[Path]) -> tuple[tuple[str, Path], ...]:
    """Say who is known: the claimed person, and suspected donors."""
    claimed = [] if reference is None else [("claimed", reference)]
    return (*claimed, *(("donor", path) for path in donors))


def _keep(folder: Path, item: Path) -> Case:
    """Open a case and see that it holds the item, before the work begins."""
    from forensics.casefile.folder import Case
    from forensics.casefile.items import add_item

    opened = Case(folder)
    add_item(opened, item)
    return opened


def reaches(record: CaseRecord, strength: str) -> bool:
    """Say whether support for a face swap is at least so strong, for the item or any person."""
    least = STRENGTHS[strength].lower_log10
    found: list[Verdict | TrackVerdict] = [record.verdict, *record.verdict.tracks]
    return any(
        verdict.conclusion is Conclusion.SUPPORTS_FACE_SWAP
        and verdict.log10_lr is not None
        and verdict.log10_lr >= least
        for verdict in found
    )
