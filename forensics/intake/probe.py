"""Container and codec facts, read from the file's bytes without decoding it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Container:
    """What the container says of itself.

    Attributes:
        format_name: As FFmpeg names it.
        tags: Metadata of the file and its streams, text as found (hostile).
    """

    format_name: str
    tags: dict[str, str]


def probe(path: Path) -> Container:
    """Read the container's facts.

    Raises:
        UnreadableItem: The file cannot be opened as media.
    """
    from forensics.intake.frames import open_media

    with open_media(path) as container:
        return Container(container.format.name, dict(container.metadata))
