"""The key that signs reports: made at first use, or given as PEM files."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KEY_FILE, CERTIFICATE_FILE = "report-key.pem", "report-certificate.pem"
LASTS = timedelta(days=3650)


@dataclass(frozen=True)
class KeyFiles:
    """Where a private key and its certificate are, both PEM, the key not encrypted.

    Attributes:
        key: Private key.
        certificate: Of it.
        fresh: Made just now.
    """

    key: Path
    certificate: Path
    fresh: bool = False


def folder() -> Path:
    """Return this user's configuration folder, XDG_CONFIG_HOME/face-swap-audit or ~/.config/..."""
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "face-swap-audit"


def own_key() -> KeyFiles:
    """Return this user's own key, made now where there is none yet.

    Raises:
        OSError: The configuration folder cannot be written to.
    """
    files = KeyFiles(folder() / KEY_FILE, folder() / CERTIFICATE_FILE)
    if files.key.is_file() and files.certificate.is_file():
        return files
    key = ec.generate_private_key(ec.SECP256R1())
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(files.certificate, _certificate(key).public_bytes(serialization.Encoding.PEM), 0o644)
    _write(
        files.key,
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        0o600,
    )  # fmt: skip
    return KeyFiles(files.key, files.certificate, fresh=True)


def _write(path: Path, data: bytes, mode: int) -> None:
    """Write a file whose mode is right from its first byte on."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as stream:  # noqa: PTH123 - opens a descriptor
        stream.write(data)
    beside.replace(path)


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Sign a certificate with its own key: it says who, and nobody else vouches for it."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "face-swap-audit, self-signed"),
            x509.NameAttribute(NameOID.COMMON_NAME, _holder()),
        ]
    )
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _holder() -> str:
    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = "somebody"
    return f"{who}@{socket.gethostname()}"[:64]
