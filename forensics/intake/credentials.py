"""Reading a file's C2PA Content Credentials in a process of its own, without any network.

A manifest is hostile input to a native library: a crash, a hang or a memory bomb in there must
not take the examination with it. The file runs itself as the child: it imports nothing of ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMORY_BYTES = 4 << 30
REPORT_BYTES = 16 << 20
PATIENCE_S = 30.0
HASHING_BYTES_PER_S = 50e6


@dataclass(frozen=True)
class Reading:
    """What the library said.

    Attributes:
        outcome: "read", "absent", "unsupported" (this kind of file holds none), "unreadable"
            (there is something, but it cannot be parsed), or "broken" (the reader failed).
        detail: In words, where there is nothing to read.
        store: The manifest store as the library reports it.
        library: Version of the C2PA library.
    """

    outcome: str
    detail: str = ""
    store: dict[str, Any] | None = None
    library: str = ""


def read_credentials(path: Path, anchors: Path | None = None) -> Reading:
    """Read and validate a file's Content Credentials.

    Args:
        path: The item.
        anchors: PEM file of the certificate authorities to trust; None trusts nobody.
    """
    patience_s = PATIENCE_S + path.stat().st_size / HASHING_BYTES_PER_S
    command = [sys.executable, "-I", __file__, str(path.absolute()), str(anchors or "")]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and file, no shell
            command, capture_output=True, timeout=patience_s, env={}, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return Reading("broken", f"the reader gave no answer within {patience_s:.0f} s")
    if done.returncode != 0 or len(done.stdout) > REPORT_BYTES:
        return Reading("broken", f"the reader ended with code {done.returncode}")
    try:
        said = json.loads(done.stdout)
        return Reading(said["outcome"], said["detail"], said["store"], said["library"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Reading("broken", "the reader's answer cannot be parsed")


def _settings(anchors: str) -> dict[str, Any]:
    trust = {"trust": {"trust_anchors": Path(anchors).read_text("utf-8")}} if anchors else {}
    return {
        "verify": {
            "verify_after_reading": True,
            "verify_trust": True,
            "verify_timestamp_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        **trust,
    }


def _read(path: str, anchors: str) -> dict[str, Any]:
    """Read in this process; only the child calls it."""
    import c2pa

    answer: dict[str, Any] = {"detail": "", "store": None, "library": c2pa.sdk_version()}
    try:
        with Path(path).open("rb") as file:
            reader = c2pa.Reader.try_create(
                None, file, None, c2pa.Context.from_dict(_settings(anchors))
            )
            if reader is None:
                return {**answer, "outcome": "absent"}
            return {**answer, "outcome": "read", "store": json.loads(reader.json())}
    except c2pa.C2paError as error:
        text = str(error)[:500]
        if text.startswith("NotSupported"):
            return {**answer, "outcome": "unsupported", "detail": text}
        return {**answer, "outcome": "unreadable", "detail": text}


def _main() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.write(json.dumps(_read(sys.argv[1], sys.argv[2])))


if __name__ == "__main__":
    _main()
