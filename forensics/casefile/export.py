"""One zip that holds a case and can be checked with nothing but sha256sum."""

from __future__ import annotations

import secrets
import zipfile
from pathlib import Path

from forensics.casefile import layout
from forensics.casefile.checking import sums, verify
from forensics.casefile.durable import BLOCK, digest_of, sync_file, sync_folder
from forensics.casefile.folder import Case
from forensics.errors import CaseError, OutputNotWritable, output_error

_MOMENT = (1980, 1, 1, 0, 0, 0)
"""Time of every zip member: the times that matter are in the log."""


def export(case: Case, out: Path, operator: str = "") -> str:
    """Write a case into one zip, with `SHA256SUMS` in it: unzip, then `sha256sum -c SHA256SUMS`.

    The export is logged first, so that the zip holds its own line. Scratch is left out.

    Args:
        case: Must verify.
        out: The zip; it must not exist.
        operator: Who exports; the case's operator where it is empty.

    Returns:
        SHA-256 of the zip.

    Raises:
        CaseError: The case does not verify.
    """
    if out.exists():
        raise OutputNotWritable(f"{out} exists already; choose another with --out")
    if out.absolute().is_relative_to(case.folder.absolute()):
        raise OutputNotWritable(f"{out} lies in the case itself; choose a place outside with --out")
    check = verify(case.folder)
    if not check.whole:
        raise CaseError(
            f"{case.folder.name} does not verify ({check.findings[0]}), so it was not exported"
        )
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside.touch(exist_ok=False)  # a folder that cannot be written to must not be logged
        with case.locked():
            case.note("export", {"name": out.name}, operator)
            _write(case.folder, case.files(), beside)
        sync_file(beside)
        digest = digest_of(beside)
        beside.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        raise output_error(error, out) from error
    finally:
        beside.unlink(missing_ok=True)
    return digest


def _write(folder: Path, sealed: dict[str, str], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member(folder, layout.SUMS), sums(folder, sealed))
        for name in sorted((*sealed, layout.LOG, layout.HEAD)):
            source = folder / name
            with (
                source.open("rb") as clear,
                archive.open(_member(folder, name), "w", force_zip64=True) as member,
            ):
                while block := clear.read(BLOCK):
                    member.write(block)


def _member(folder: Path, name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(f"{folder.resolve().name}/{name}", _MOMENT)
    member.external_attr = 0o100444 << 16
    return member
