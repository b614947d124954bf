"""The item's digest before and after: an examination speaks of exactly these bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from forensics.errors import ItemChanged, UnreadableItem
from forensics.intake.frames import check_readable
from forensics.record import Item


@dataclass(frozen=True)
class Seal:
    """What the item was when the examination began."""

    name: str
    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, path: Path) -> Seal:
        """Digest an item.

        Raises:
            UnreadableItem: It is not there, empty, or cannot be read.
        """
        check_readable(path)
        digest, size = _digest(path)
        return cls(printable(path.name), digest, size)

    def check(self, path: Path) -> Item:
        """Digest it again.

        Raises:
            ItemChanged: It is not what it was.
        """
        try:
            after, _ = _digest(path)
        except UnreadableItem as error:
            raise ItemChanged(f"{self.name} vanished while it was examined; run again") from error
        if after != self.sha256:
            raise ItemChanged(
                f"{self.name} changed while it was examined (SHA-256 {self.sha256[:12]} became "
                f"{after[:12]}); nothing was written; examine a copy that stands still"
            )
        return Item(
            name=self.name, sha256=self.sha256, sha256_after=after, size_bytes=self.size_bytes
        )


def printable(text: str) -> str:
    """Return text of the system with what is not valid UTF-8 in it (PEP 383) escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise UnreadableItem(f"{path.name} cannot be read: {error.strerror}") from error
    return digest.hexdigest(), size
