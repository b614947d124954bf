"""`audit sources` keeps an index of possible originals; `audit compare` needs none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from forensics.errors import EXIT_OK, SourceIndexError

app = typer.Typer(no_args_is_help=True, help="Keep an index of possible original footage.")

Locator = Annotated[
    str, typer.Argument(metavar="INDEX", help="A folder, or milvus://host:port/collection.")
]


@app.command()
def add(
    index: Locator,
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Videos and pictures.")
    ],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the last line only.")] = False,
) -> None:
    """Add files; made where it is not there. Run it again to resume: files are added once."""
    from forensics.references.sources.adding import add_files, files_in
    from forensics.references.sources.index import open_index

    console = Console(stderr=True, highlight=False)
    counts = {"added": 0, "known": 0, "skipped": 0}
    seconds, frames = 0.0, 0
    bars = Progress(
        TextColumn("indexing"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[name]}"),
        console=console, disable=quiet or not console.is_terminal,
    )  # fmt: skip
    with open_index(index, write=True) as opened, bars:
        task = bars.add_task("indexing", total=len(files_in(paths)), name="")
        for one in add_files(opened, paths):
            counts[one.outcome] += 1
            seconds, frames = seconds + one.seconds, frames + one.frames
            bars.update(task, advance=1, name=one.path.name)
            if one.outcome == "skipped" and not quiet:
                console.print(f"skipped {one.path.name}: {one.why}", style="yellow")
        total = opened.stats()
    print(
        f"{index}: {counts['added']} added ({seconds / 60:.1f} min, {frames} frames), "
        f"{counts['known']} known already, {counts['skipped']} skipped; "
        f"{total.videos + total.stills} files in all"
    )


@app.command("list")
def list_(index: Locator) -> None:
    """List what is indexed."""
    from forensics.references.sources.index import open_index

    with open_index(index) as opened:
        for video in opened.videos():
            print(
                f"{video.id:6d}  {video.sha256[:16]}  {video.kind:5s}  {video.duration_s:9.1f} s  "
                f"{video.width_px}x{video.height_px}  {video.frames:5d} frames  {video.path}"
            )


@app.command()
def stats(index: Locator) -> None:
    """Count what is indexed."""
    from forensics.references.sources.index import open_index

    with open_index(index) as opened:
        found = opened.stats()
    print(f"version   {found.version}")
    print(f"videos    {found.videos} ({found.hours:.2f} h)")
    print(f"pictures  {found.stills}")
    print(f"frames    {found.frames}")
    print(f"size      {found.bytes / 1e6:.1f} MB")


@app.command()
def remove(
    index: Locator,
    which: Annotated[
        list[str], typer.Argument(metavar="ID|SHA256|PATH...", help="As `list` prints them.")
    ],
) -> None:
    """Forget files; their own bytes are not touched."""
    from forensics.references.sources.index import open_index

    with open_index(index, write=True) as opened:
        videos = opened.videos()
        for wanted in which:
            chosen = [
                video for video in videos
                if wanted in (str(video.id), video.path, str(Path(wanted).absolute()))
                or video.path == str(Path(wanted).absolute())
                or (len(wanted) >= 8 and video.sha256.startswith(wanted.lower()))
            ]  # fmt: skip
            if not chosen:
                raise SourceIndexError(f"{index} holds nothing named {wanted}; see `list`")
            for video in chosen:
                opened.remove(video.id)
                print(f"forgotten: {video.name}")
        opened.commit()


@app.command()
def verify(index: Locator) -> None:
    """Check the index and that every indexed file is there unchanged; exit 13 where not."""
    from forensics.references.sources.index import open_index

    with open_index(index) as opened:
        problems = opened.verify()
        count = len(opened.videos())
    for problem in problems:
        print(problem)
    if problems:
        raise typer.Exit(SourceIndexError.exit_code)
    print(f"{index}: {count} files, nothing wrong")
    raise typer.Exit(EXIT_OK)


def compare(
    questioned: Annotated[Path, typer.Argument(help="The item in question.")],
    original: Annotated[Path, typer.Argument(help="What it may have been made from.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results. Default: <stem>-compare here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record on stdout.")] = False,
    pdf: Annotated[bool, typer.Option(help="Write report.pdf.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no panel.")] = False,
    show_faces: Annotated[
        bool, typer.Option("--show-faces", help="Do not blur faces in the report.")
    ] = False,
) -> None:
    """Compare one item with one file: do they show the same, and does only the face differ?"""
    from forensics.analyzers.source_match import SourceMatchAnalyzer
    from forensics.audit import audit
    from forensics.intake.frames import check_readable
    from forensics.output import Output
    from forensics.progress import Bars
    from forensics.record import Settings

    check_readable(original)
    folder = out or Path(f"{questioned.stem.lstrip('-') or 'item'}-compare")
    console = Console(stderr=True, highlight=False)
    settings = Settings(
        frames=32, every_frame=False, device="cpu", landmarks="dlib", seed=0, sources=original.name
    )
    with Output(folder) as output, Bars(console, quiet=quiet) as bars:
        examination = audit(
            questioned, settings, sources=str(original.absolute()), argv=tuple(sys.argv[1:]),
            analyzers=(SourceMatchAnalyzer,), progress=bars.update,
        )  # fmt: skip
        output.write_examination(examination)
        if pdf:
            output.write_pdf(examination.record, show_faces=show_faces, reproducible=False)
    if as_json:
        sys.stdout.write(examination.record.to_json())
    if not quiet:
        for fact in examination.record.facts():
            if fact.words:
                console.print(f"- {fact.words}")
        from reports.terminal import print_verdict

        print_verdict(examination.record, console, folder / "report.pdf" if pdf else None, folder)
