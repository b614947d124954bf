"""The case's own signing key, and Content Credentials that say a video was made by a model.

The private key never enters the case folder, which is handed on: it stays in this installation's
data folder, readable by its owner only. The certificate chain goes into the case.

Source: C2PA Technical Specification 2.x; IPTC digital source type `trainedAlgorithmicMedia`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from filelock import FileLock

from forensics.casefile.durable import replace_file
from forensics.casefile.fingerprints import data_folder
from forensics.environment import tool_version
from forensics.errors import output_error

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
VALID_DAYS = 3650


@dataclass(frozen=True)
class CaseKey:
    """A leaf certificate with the authority above it, and the leaf's key, all PEM."""

    chain: str
    key: str


def case_key(case_id: str) -> CaseKey:
    """Return the key of a case, made when it is first asked for.

    Raises:
        OutputError: The data folder cannot be written to.
    """
    folder = data_folder() / "keys"
    path = folder / f"{case_id}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(folder / ".lock"):
            if not path.exists():
                made = _new_key(case_id)
                text = json.dumps({"chain": made.chain, "key": made.key})
                beside = path.with_suffix(".tmp")
                os.close(os.open(beside, os.O_CREAT | os.O_WRONLY, 0o600))
                replace_file(path, text.encode("ascii"), beside)
            return CaseKey(**json.loads(path.read_text("ascii")))
    except OSError as error:
        raise output_error(error, folder) from error


def sign(clear: Path, signed: Path, key: CaseKey, *, title: str, description: str) -> None:
    """Sign an MP4 file; the claim says that a trained model made it.

    Args:
        clear: The file to sign.
        signed: Where the signed file goes.
        key: Of the case.
        title: File name that the claim shows.
        description: What was done, and for which case.
    """
    agent = {"name": "face-swap audit reference generators", "version": tool_version()}
    manifest = {
        "claim_generator_info": [agent],
        "title": title,
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "softwareAgent": agent,
                            "description": description,
                            "digitalSourceType": SOURCE_TYPE,
                        }
                    ]
                },
            }
        ],
    }
    info = c2pa.C2paSignerInfo(b"es256", key.chain.encode(), key.key.encode(), None)
    context = c2pa.Context.from_dict(
        {
            "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
            "builder": {"thumbnail": {"enabled": False}},
        }
    )
    with (
        c2pa.Builder(json.dumps(manifest), context) as builder,
        clear.open("rb") as source,
        signed.open("w+b") as target,
    ):
        builder.sign(c2pa.Signer.from_info(info), "video/mp4", source, target)


def _new_key(case_id: str) -> CaseKey:
    """Make a certificate authority for one case and one leaf that may sign claims."""
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name(f"Comparison fakes of case {case_id}, authority")
    root = _certificate(root_name, root_name, root_key, root_key, authority=True)
    leaf = _certificate(
        _name(f"Comparison fakes of case {case_id}"), root_name, leaf_key, root_key, authority=False
    )
    private = leaf_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = [c.public_bytes(serialization.Encoding.PEM).decode("ascii") for c in (leaf, root)]
    return CaseKey("".join(pem), private.decode("ascii"))


def _name(common: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Face-swap audit, this computer")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey, *, authority: bool,
) -> x509.Certificate:  # fmt: skip
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(above, critical=False)
        .add_extension(
            x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True
        )
        .add_extension(usage, critical=True)
    )
    if not authority:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())
