"""`audit report`: render a record again, without the video; sign a report, verify a signed one."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from forensics.errors import InvalidRecord, OutputNotWritable, ReportError, output_error
from forensics.output import EXHIBITS, RECORD, writing
from forensics.record import CaseRecord

if TYPE_CHECKING:
    from forensics.casefile.reporting import Kept
    from reports.case import Case, Custody, Received

DISCLOSURES = "disclosures.log"
"""Beside a record that lies in no case: a line for every report with unblurred faces."""


class Format(StrEnum):
    """What a report can be."""

    PDF = "pdf"
    HTML = "html"


def report(
    record: Annotated[
        Path | None,
        typer.Argument(metavar="[RECORD.json]", help="Of an examination, or its folder."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write. Default: beside the record, or into its case."),
    ] = None,
    template: Annotated[
        str, typer.Option(help="For whom: moderator, examiner or newsroom.")
    ] = "examiner",
    format_: Annotated[
        Format | None, typer.Option("--format", help="Default: by the suffix of --out, else pdf.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the wording: en or de.")] = "en",
    show_faces: Annotated[
        bool, typer.Option("--show-faces", help="Do not blur faces in the report; logged.")
    ] = False,
    reproducible: Annotated[
        bool,
        typer.Option(
            "--reproducible",
            help="Leave times and paths out: the same record gives the same bytes. With --sign, "
            "the bytes before the signature are the same.",
        ),
    ] = False,
    received: Annotated[
        str, typer.Option(help="When the notice came, ISO 8601 with time zone; starts 48 hours.")
    ] = "",
    sign: Annotated[
        bool, typer.Option("--sign", help="Sign the PDF; a key is made at first use.")
    ] = False,
    key: Annotated[Path | None, typer.Option(help="PEM of another private key.")] = None,
    cert: Annotated[Path | None, typer.Option(help="PEM of its certificate.")] = None,
    verify: Annotated[
        Path | None,
        typer.Option(metavar="FILE.pdf", help="Check a signed report, against a record if given."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No panel.")] = False,
) -> None:
    """Render the report of an earlier examination; the video is not needed."""
    if verify is not None:
        _verify(verify, read_record(_file(record)) if record else None)
        return
    if record is None:
        raise typer.BadParameter("a record is needed", param_hint="RECORD.json")
    _check_names(template, lang)
    path = _file(record)
    kind = format_ or (Format.HTML if out and out.suffix in (".html", ".htm") else Format.PDF)
    signing = sign or key is not None or cert is not None
    if signing and kind is not Format.PDF:
        raise typer.BadParameter("only a PDF can be signed", param_hint="--sign")
    document = read_record(path)
    from forensics.casefile.reporting import kept
    from reports.subject import subject

    found = kept(path, document.item.sha256)
    case = subject(
        document, template, lang=lang, show_faces=show_faces, reproducible=reproducible,
        custody=_custody(found), received=_received(received, found),
    )  # fmt: skip
    data = _rendered(case, path.parent / EXHIBITS, kind)
    if signing:
        data = _signed(data, key, cert)
    target = _keep(data, case, path, out, kind, found, signed=signing)
    if not quiet:
        from reports.terminal import print_verdict

        console = Console(stderr=True, highlight=False)
        print_verdict(document, console, target, path.parent)


def _file(record: Path) -> Path:
    """Return the record itself, where a results folder was given too."""
    return record / RECORD if record.is_dir() else record


def _check_names(template: str, lang: str) -> None:
    from reports.template import languages, names

    for what, given, known in (
        ("template", template, names()), ("lang", lang, languages()),
    ):  # fmt: skip
        if given not in known:
            raise typer.BadParameter(
                f"there is no {given!r}; there are {', '.join(known)}", param_hint=f"--{what}"
            )


def _rendered(case: Case, exhibits: Path, kind: Format) -> bytes:
    if kind is Format.HTML:
        from reports.html import html_bytes

        return html_bytes(case, exhibits)
    from reports.pdf import pdf_bytes

    return pdf_bytes(case, exhibits)


def _custody(found: Kept | None) -> Custody | None:
    if found is None:
        return None
    from reports.case import Custody

    about = found.case.description
    return Custody(
        case=about.id, operator=about.operator, purpose=about.purpose, authority=about.authority,
        request=about.request_id, received=about.received, added_utc=found.added_utc,
        log_line=found.log_line, log_digest=found.log_digest,
    )  # fmt: skip


def _received(given: str, found: Kept | None) -> Received | None:
    """Take the moment given, else the case's; none is made up."""
    from reports.case import Received

    if given:
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise typer.BadParameter(
                f"{given!r} is not a time such as 2026-11-22T20:15Z", param_hint="--received"
            )
        return Received(moment.astimezone(UTC), "given")
    known = found.received() if found else None
    return Received(known[0], "case" if known[1] else "added") if known else None


def _signed(data: bytes, key: Path | None, cert: Path | None) -> bytes:
    from reports.keys import KeyFiles, folder, own_key
    from reports.signing import SigningError, sign

    if (key is None) != (cert is None):
        raise typer.BadParameter("--key and --cert are given together", param_hint="--key")
    try:
        files = KeyFiles(key, cert) if key and cert else own_key()
        if files.fresh:
            _tell(f"made a signing key of your own: {files.key}")
        return sign(data, files)
    except SigningError as error:
        raise ReportError(str(error)) from error
    except OSError as error:
        raise output_error(error, folder()) from error


def _keep(
    data: bytes, case: Case, record: Path, out: Path | None, kind: Format, found: Kept | None, *,
    signed: bool,
) -> Path:  # fmt: skip
    """Write the report where it was asked for, or into the case, and log what must be logged."""
    from forensics.casefile.reporting import keep
    from reports.subject import write

    name = f"{case.template.name}-{case.template.lang}.{kind.value}"
    about: dict[str, str | bool] = {
        "template": case.template.name, "lang": case.template.lang, "format": kind.value,
        "sha256": hashlib.sha256(data).hexdigest(), "faces_shown": case.show_faces,
        "signed": signed,
    }  # fmt: skip
    if found is not None and out is None:
        return found.case.folder / keep(found, name, data, about)
    usual = f"report.{kind.value}" if name.startswith("examiner-en.") else f"report-{name}"
    target = out or record.parent / usual
    if found is not None and target.resolve().is_relative_to(found.case.folder.resolve()):
        raise OutputNotWritable(
            f"{target} lies in the case, which is sealed; leave --out away to keep the report there"
        )
    with writing(target):
        write(target, data)
    if found is not None:
        found.case.note("report", {"record": found.path, "file": target.name, **about})
    elif case.show_faces:
        _disclose(record, target, str(about["sha256"]))
    return target


def _disclose(record: Path, target: Path, digest: str) -> None:
    """Log that faces were shown; where the record's folder is read-only, say so aloud."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = f"{now} faces shown in {target.name!r} sha256 {digest}\n"
    log = record.parent / DISCLOSURES
    try:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(line)
        _tell(f"faces are shown: logged in {log}")
    except OSError as error:
        _tell(f"faces are shown, and {log} cannot be written ({error.strerror}): {line.strip()}")


def _verify(path: Path, record: CaseRecord | None) -> None:
    """Print what a signed report's signature is worth; exit 16 where anything does not hold."""
    from reports.case import record_digest
    from reports.signing import SigningError, check

    try:
        found = check(path.read_bytes())
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from error
    except SigningError as error:
        raise ReportError(f"{path.name}: {error}") from error
    own = " (self-signed: compare the fingerprint with one you got from the signer)"
    print(f"signature     {'intact' if found.intact else 'BROKEN: the signed bytes were altered'}")
    print(f"covers        {'the whole file' if found.whole else 'NOT ALL: bytes were added later'}")
    print(f"key           {_printable(found.who)}{own if found.self_signed else ''}")
    print(f"fingerprint   {found.fingerprint}")
    print(f"signed        {found.claimed or 'no time'} by the signer's own clock")
    print(f"record        {found.record_digest or 'no digest on it'}")
    print(f"unsigned PDF  {found.unsigned_sha256}")
    matches = record is None or record_digest(record) == found.record_digest
    if record is not None:
        said = "matches" if matches else f"DIFFERS: this record has {record_digest(record)}"
        print(f"this record   {said}")
    if not (found.intact and found.whole and matches):
        raise ReportError(f"{path.name} does not verify: see above")


def _printable(text: str) -> str:
    from reports.text import visible

    return visible(text, 200)


def _tell(text: str) -> None:
    Console(stderr=True, highlight=False).print(text, markup=False, soft_wrap=True)


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
