"""Signed PDFs: whole, altered, extended, of another record, with another key."""

from __future__ import annotations

import contextlib
import hashlib
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from report_records import make

from reports import keys
from reports.case import record_digest
from reports.pdf import pdf_bytes
from reports.signing import SigningError, check, sign
from reports.subject import subject


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def report(tmp_path: Path) -> bytes:
    return pdf_bytes(subject(make(tmp_path), "moderator", reproducible=True), tmp_path)


def test_a_key_is_made_once_and_only_its_owner_reads_it() -> None:
    first = keys.own_key()
    assert first.fresh
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
    again = keys.own_key()
    assert not again.fresh
    assert again.key.read_bytes() == first.key.read_bytes()
    certificate = x509.load_pem_x509_certificate(first.certificate.read_bytes())
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment
    assert usage.digital_signature
    assert not usage.key_cert_sign


def test_a_signed_report_is_intact_and_names_its_record(tmp_path: Path, report: bytes) -> None:
    signed = sign(report, keys.own_key())
    found = check(signed)
    assert found.intact
    assert found.whole
    assert found.self_signed
    assert found.record_digest == record_digest(make(tmp_path))
    certificate = x509.load_pem_x509_certificate(keys.own_key().certificate.read_bytes())
    assert found.fingerprint == certificate.fingerprint(hashes.SHA256()).hex()
    assert "face-swap-audit" in found.who


def test_the_unsigned_bytes_stay_in_front_and_can_be_compared(report: bytes) -> None:
    first, second = sign(report, keys.own_key()), sign(report, keys.own_key())
    assert first != second, "a signature holds the moment and a random number"
    assert first.startswith(report)
    assert second.startswith(report)
    assert check(first).unsigned_sha256 == hashlib.sha256(report).hexdigest()


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9])
def test_one_changed_byte_is_noticed(report: bytes, share: float) -> None:
    signed = bytearray(sign(report, keys.own_key()))
    signed[int(share * len(report))] ^= 1
    with contextlib.suppress(SigningError):  # not even a PDF any more
        assert not check(bytes(signed)).intact


def test_bytes_added_later_are_noticed(report: bytes) -> None:
    assert not check(sign(report, keys.own_key()) + b"\n% more\n").whole


def test_a_given_key_is_used(tmp_path: Path, report: bytes) -> None:
    found = check(sign(report, given(tmp_path)))
    assert found.intact
    assert "Expert" in found.who
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize("broken", ["key", "certificate", "other"])
def test_a_key_that_cannot_sign_is_said(tmp_path: Path, report: bytes, broken: str) -> None:
    files = given(tmp_path)
    if broken == "other":
        files = keys.KeyFiles(files.key, tmp_path / "absent.pem")
    else:
        getattr(files, broken).write_text("not a PEM")
    with pytest.raises(SigningError, match=r"key\.pem"):
        sign(report, files)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"\x00" * 5000])
def test_what_is_no_signed_pdf_is_said(data: bytes) -> None:
    with pytest.raises(SigningError):
        check(data)


def test_an_unsigned_report_is_said(report: bytes) -> None:
    with pytest.raises(SigningError, match="no signature"):
        check(report)


def given(folder: Path) -> keys.KeyFiles:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An Expert")])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(7)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(usage, critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return keys.KeyFiles(folder / "key.pem", folder / "certificate.pem")
