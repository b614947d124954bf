"""What every medium begins and ends with: the subject joined from its parts, the file written."""

from __future__ import annotations

import uuid
from contextlib import suppress
from pathlib import Path

from forensics.errors import output_error
from forensics.interpretation import strength
from forensics.record import CaseRecord
from reports.case import Case, Custody, Received, Scale
from reports.template import FIRST_LANGUAGE, load

DEFAULT_TEMPLATE = "examiner"


def subject(
    record: CaseRecord,
    template: str = DEFAULT_TEMPLATE,
    *,
    lang: str = FIRST_LANGUAGE,
    show_faces: bool = False,
    reproducible: bool = False,
    custody: Custody | None = None,
    received: Received | None = None,
) -> Case:
    """Join a record with a template's order, a language's wording and the one table of words.

    Args:
        record: The single input besides the pictures and what a case file says.
        template: Name of a file in `reports/templates`.
        lang: Name of a file in `reports/languages`.
        show_faces: Do not blur faces; the report says so.
        reproducible: Leave `record.run` out.
        custody: What the case file says, where the record belongs to one.
        received: What the 48-hour clock counts from.

    Raises:
        TemplateError: There is no such template or language.
    """
    scale = Scale(strength.BANDS, strength.CITATION, strength.SUPPORT_FROM_LOG10)
    return Case(record, load(template, lang), scale, reproducible, show_faces, custody, received)


def write(out: Path, data: bytes) -> None:
    """Write beside the target and rename, so that no half-written report is ever there.

    Raises:
        OutputError: The file cannot be written.
    """
    partial = out.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as stream:
            stream.write(data)
        partial.replace(out)
    except OSError as error:
        raise output_error(error, out) from error
    finally:
        with suppress(OSError):
            partial.unlink()
