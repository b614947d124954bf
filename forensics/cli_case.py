"""`audit case`: keep items, records and comparison fakes together, with a log that shows tampering.

Each command prints one line of what it did; `verify` prints every finding and exits 14.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from forensics.casefile.layout import Role
from forensics.errors import CaseError

app = typer.Typer(no_args_is_help=True, help="Keep a case: items, records, comparison fakes, log.")

CaseFolder = Annotated[Path, typer.Argument(metavar="CASE", help="Folder of the case.")]
Operator = Annotated[
    str, typer.Option(help="Who acts, where it is not the case's operator.", show_default=False)
]


@app.command()
def new(
    case: CaseFolder,
    operator: Annotated[str, typer.Option(help="Who works on it.")] = "",
    purpose: Annotated[str, typer.Option(help="What it is for.")] = "",
    authority: Annotated[
        str, typer.Option(help="By what right: a court order, a commission, a consent.")
    ] = "",
    request_id: Annotated[str, typer.Option(help="The requester's own reference.")] = "",
    received: Annotated[str, typer.Option(help="When and how the material came.")] = "",
) -> None:
    """Make a case folder."""
    from forensics.casefile.description import Description
    from forensics.casefile.folder import Case

    made = Case.new(case, Description.of(operator, purpose, authority, request_id, received))
    print(f"{made.folder}: case {made.description.id}")


@app.command()
def add(
    case: CaseFolder,
    item: Annotated[list[Path], typer.Argument(metavar="ITEM...", help="Files as received.")],
    role: Annotated[
        Role | None, typer.Option("--as", help="What they are in the case; noted in the log.")
    ] = None,
    operator: Operator = "",
) -> None:
    """Copy items into the case, read-only and named by their SHA-256."""
    from forensics.casefile.folder import Case
    from forensics.casefile.items import add_item, printable
    from forensics.casefile.roles import note_role

    opened = Case(case)
    for path in item:
        added, fresh = add_item(opened, path, operator)
        if role is not None:
            note_role(opened, added, role, operator)
        what = f", {role.value}" if role else ""
        how = "added" if fresh else "is there already"
        print(f"{printable(path.name)}: {how} as {added.path}{what}")


@app.command("list")
def list_(case: CaseFolder) -> None:
    """List the items, records and comparison fakes of a case."""
    from forensics.casefile.folder import Case
    from forensics.casefile.roles import roles

    opened = Case(case)
    role = {digest: f"({known.value})" for digest, known in roles(opened).items()}
    for entry in opened.entries():
        if entry.action in ("add", "record", "generate", "validate"):
            for path, digest in entry.files.items():
                words = f"{entry.detail.get('name', '')} {role.get(digest, '')}".strip()
                print(f"{digest[:16]}  {path}  {words}".rstrip())


@app.command()
def show(case: CaseFolder) -> None:
    """Say what a case is, who answers for it, what it holds, and where its log ends."""
    from forensics.casefile.folder import Case

    opened = Case(case)
    entries = opened.entries()
    about = opened.description
    rows = {
        "case": about.id, "operator": about.operator, "purpose": about.purpose,
        "authority": about.authority, "request": about.request_id, "received": about.received,
        "created": about.created_utc,
    }  # fmt: skip
    for name, text in rows.items():
        if text:
            print(f"{name:<10} {text}")
    for action, what in (("add", "items"), ("record", "records"), ("generate", "fakes")):
        print(f"{what:<10} {sum(entry.action == action for entry in entries)}")
    print(f"{'log':<10} {len(entries)} lines; head {entries[-1].digest}")


@app.command()
def log(case: CaseFolder) -> None:
    """Print the log, one line an action."""
    from forensics.casefile.folder import Case

    for entry in Case(case).entries():
        detail = ", ".join(f"{name}: {value}" for name, value in entry.detail.items())
        files = f" [{len(entry.files)} files]" if entry.files else ""
        print(f"{entry.number:>4} {entry.utc} {entry.operator}: {entry.action}{files} {detail}")


@app.command()
def verify(
    case: CaseFolder,
    head: Annotated[
        str, typer.Option(help="The head digest as noted elsewhere, or its first digits.")
    ] = "",
) -> None:
    """Check every byte and every log line of a case; change nothing."""
    from forensics.casefile import checking

    check = checking.verify(case, head)
    error = Console(stderr=True, highlight=False)
    for note in check.notes:
        error.print(f"note: {note}", markup=False, soft_wrap=True)
    for finding in check.findings:
        print(finding)
    if not check.whole:
        raise CaseError(f"{case.name} does not verify: {len(check.findings)} findings, above")
    print(f"verifies: {check.files} files, {check.lines} log lines; head {check.head}")


@app.command()
def export(
    case: CaseFolder,
    out: Annotated[
        Path | None, typer.Option(help="The zip. Default: <case>.zip beside the case.")
    ] = None,
    operator: Operator = "",
) -> None:
    """Write the case into one zip that `sha256sum -c SHA256SUMS` checks."""
    from forensics.casefile.export import export as write
    from forensics.casefile.folder import Case

    target = out or case.absolute().with_name(f"{case.absolute().name}.zip")
    digest = write(Case(case), target, operator)
    print(f"{digest}  {target}")


@app.command()
def validate(
    case: CaseFolder,
    item: Annotated[
        str, typer.Option(help="Which item is questioned, by name or SHA-256, where several are.")
    ] = "",
    seconds: Annotated[float, typer.Option(min=2, help="How much of each clip is used.")] = 24.0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    pdf: Annotated[bool, typer.Option(help="Keep report.pdf as well.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the validation, and nothing else, on stdout.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")] = False,
    operator: Operator = "",
) -> None:
    """Say how often our methods were right on the case's own fakes and genuine footage."""
    from forensics.casefile.folder import Case
    from forensics.casefile.items import record_run
    from forensics.casematch.validate import forget, validate
    from forensics.output import Output
    from forensics.progress import Bars
    from forensics.record import Settings

    opened, console = Case(case), Console(stderr=True, highlight=False)
    with Bars(console, quiet=quiet) as bars:
        settings = Settings(device=device)
        made, work = validate(
            opened, item, settings, seconds=seconds, progress=bars.update,
            argv=tuple(sys.argv[1:]), operator=operator,
        )  # fmt: skip
        results = work / "results"
        with Output(results) as output:
            output.write_examination(made)
            if pdf:
                output.write_pdf(made.record, show_faces=False, reproducible=False)
    found = made.record.case_validation
    if found is None:
        raise CaseError("nothing was validated")
    more = {
        "clips": len(found.clips), "segments": sum(clip.segments for clip in found.clips),
    }  # fmt: skip
    home = record_run(opened, results, operator, "validate", more)
    forget(work)
    if as_json:
        print(found.model_dump_json(indent=2))
    elif not quiet:
        for sentence in found.summary:
            print(sentence)
        print(f"{case / home}/record.json")
