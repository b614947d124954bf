"""Which of the two is older? What the files say; nothing here is proof, and it may stay open."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from forensics.errors import ForensicsError
from forensics.intake.frames import open_media, picture_stream
from forensics.intake.scan import Scan
from forensics.references.sources.index import Video

CAMERA_TAGS = ("com.apple.quicktime.make", "com.apple.quicktime.model", "make", "model",
               "com.android.version", "com.android.manufacturer")  # fmt: skip
"""Written by cameras; programs that re-encode mostly drop them."""


def directions(path: Path, found: Scan, video: Video) -> tuple[str, ...]:
    """Say what tells which of the two came first, in sentences; empty where nothing does.

    Args:
        path: The item.
        found: Its first pass.
        video: The indexed file.
    """
    try:
        with open_media(path) as container:
            own = {**container.metadata, **picture_stream(container).metadata}
    except ForensicsError:
        own = {}
    said = [_times(own, video.tags), _cameras(own, video.tags), _sizes(found, video)]
    return tuple(sentence for sentence in said if sentence)


def _time(tags: dict[str, str]) -> datetime | None:
    text = tags.get("com.apple.quicktime.creationdate") or tags.get("creation_time", "")
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
    except ValueError:
        return None


def _times(own: dict[str, str], other: dict[str, str]) -> str:
    here, there = _time(own), _time(other)
    if here is None or there is None or (here.tzinfo is None) != (there.tzinfo is None):
        return ""
    if here == there:
        return ""
    first = "the questioned item" if here < there else "the indexed copy"
    return (
        f"By its container's own clock {first} was made first ({here.isoformat()} and "
        f"{there.isoformat()}, questioned and indexed); such times are easily changed."
    )


def _cameras(own: dict[str, str], other: dict[str, str]) -> str:
    here = any(tag in own for tag in CAMERA_TAGS)
    there = any(tag in other for tag in CAMERA_TAGS)
    if here == there:
        return ""
    which = "the questioned item" if here else "the indexed copy"
    return f"Only {which} carries a camera's tags; re-encoding mostly drops them."


def _sizes(found: Scan, video: Video) -> str:
    here = found.media.width_px * found.media.height_px
    there = video.width_px * video.height_px
    if 0.8 <= here / max(1, there) <= 1.25:
        return ""
    which = "the indexed copy" if there > here else "the questioned item"
    return f"The picture of {which} is larger; a copy is seldom larger than what it was made from."
