"""`audit report`: render a record again, without the video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from forensics.errors import InvalidRecord
from forensics.output import EXHIBITS, REPORT, writing
from forensics.record import CaseRecord


def report(
    record: Annotated[Path, typer.Argument(metavar="RECORD.json", help="Of an examination.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write. Default: report.pdf beside the record.")
    ] = None,
    show_faces: Annotated[
        bool, typer.Option("--show-faces", help="Do not blur faces in the report.")
    ] = False,
    reproducible: Annotated[
        bool, typer.Option("--reproducible", help="Leave times and paths out of the report.")
    ] = False,
    template: Annotated[str, typer.Option(help="Wording and order.")] = "moderator",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No panel.")] = False,
) -> None:
    """Render the report of an earlier examination; the video is not needed."""
    from reports.pdf import render_pdf
    from reports.template import names
    from reports.terminal import print_verdict

    if template not in names():
        raise typer.BadParameter(
            f"there is no template {template!r}; there are {', '.join(names())}",
            param_hint="--template",
        )
    document = read_record(record)
    target = out or record.parent / REPORT
    with writing(target):
        render_pdf(
            document, record.parent / EXHIBITS, target, template=template,
            show_faces=show_faces, reproducible=reproducible,
        )  # fmt: skip
    if not quiet:
        console = Console(stderr=True, highlight=False)
        print_verdict(document, console, target, record.parent)


def read_record(path: Path) -> CaseRecord:
    """Read a record.

    Raises:
        InvalidRecord: It is not there, or not a record.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidRecord(f"{path} cannot be read: {error.strerror}") from error
    return CaseRecord.from_json(data)
