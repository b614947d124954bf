"""Signing a PDF report, and saying what a signature on one is worth.

A signature is an incremental update: the unsigned report's bytes stay at the front of the signed
file, unchanged. So the unsigned bytes of a `--reproducible` report can be compared even after
signing; the signature itself holds the moment and a random number, and differs every time.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from reports.keys import KeyFiles
from reports.pdf import DIGEST_MARK

FIELD = "Examiner"


class SigningError(ValueError):
    """A key cannot be used, or a file cannot be read as a signed PDF; the sentence says why."""


@dataclass(frozen=True)
class Checked:
    """What a signature on a report says.

    Attributes:
        intact: The signed bytes are what was signed, and the signature is by this certificate.
        whole: Nothing was added to the file after signing.
        who: Subject of the certificate.
        fingerprint: SHA-256 of the certificate, 64 hex digits.
        self_signed: Nobody but the key's holder vouches for the name.
        claimed: When it was signed, by the signer's own clock.
        record_digest: SHA-256 of the record, from the document; empty where it has none.
        unsigned_sha256: SHA-256 of the bytes before the signature.
    """

    intact: bool
    whole: bool
    who: str
    fingerprint: str
    self_signed: bool
    claimed: datetime | None
    record_digest: str
    unsigned_sha256: str


def sign(data: bytes, files: KeyFiles) -> bytes:
    """Sign a PDF.

    Args:
        data: The report.
        files: Private key and certificate.

    Raises:
        SigningError: The key or certificate cannot be used.
    """
    try:
        signer = signers.SimpleSigner.load(  # type: ignore[no-untyped-call]
            str(files.key), str(files.certificate)
        )
    except (OSError, ValueError, TypeError) as error:
        raise SigningError(f"{files.key.name} cannot be used to sign: {error}") from error
    if signer is None:
        raise SigningError(
            f"{files.key.name} and {files.certificate.name} are not a private key without "
            "passphrase and its certificate, both PEM"
        )
    out = io.BytesIO()
    about = signers.PdfSignatureMetadata(field_name=FIELD, md_algorithm="sha256")
    try:
        signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), about, signer, output=out)
    except Exception as error:
        raise SigningError(f"{files.key.name} cannot be used to sign: {error}") from error
    return out.getvalue()


def check(data: bytes) -> Checked:
    """Check the newest signature of a PDF; its certificate's name is trusted by nobody here.

    Args:
        data: The file.

    Raises:
        SigningError: It is not a PDF, holds no signature, or one that cannot be read.
    """
    try:
        reader = PdfFileReader(io.BytesIO(data), strict=False)
        found = list(reader.embedded_signatures)
    except Exception as error:
        raise SigningError(f"not a PDF that can be read: {error}") from error
    if not found:
        raise SigningError("the file holds no signature")
    try:
        return _checked(data, reader, found[-1])
    except Exception as error:
        raise SigningError(f"the signature cannot be read: {error}") from error


def _checked(data: bytes, reader: PdfFileReader, signature: Any) -> Checked:
    certificate = signature.signer_cert
    # its own root: the question here is whether the bytes are whole, not whom to trust
    context = ValidationContext(trust_roots=[certificate], allow_fetching=False)
    status = validate_pdf_signature(signature, context)
    return Checked(
        intact=bool(status.intact and status.valid),
        whole=status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
        who=str(certificate.subject.human_friendly),
        fingerprint=str(certificate.sha256.hex()),
        self_signed=certificate.self_signed != "no",
        claimed=signature.self_reported_timestamp,
        record_digest=_record_digest(reader),
        unsigned_sha256=hashlib.sha256(_unsigned(data)).hexdigest(),
    )


def _record_digest(reader: PdfFileReader) -> str:
    """Read the record's digest from the document's subject."""
    about = reader.trailer["/Info"] if "/Info" in reader.trailer else {}  # noqa: SIM401 - has no get
    subject = str(about["/Subject"]) if "/Subject" in about else ""
    found = re.fullmatch(re.escape(DIGEST_MARK) + "([0-9a-f]{64})", subject)
    return found.group(1) if found else ""


def _unsigned(data: bytes) -> bytes:
    """Return the first revision: all up to and with its end-of-file mark and line end."""
    found = re.search(rb"%%EOF\r?\n?", data)
    return data[: found.end()] if found else data
