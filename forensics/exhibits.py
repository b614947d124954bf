"""Pictures beside the record, as PNG bytes with their digests."""

from __future__ import annotations

import hashlib
import re

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzer import Picture
from forensics.intake.quality import sharpest_frontal
from forensics.intake.tracks import CONTEXT_SCALE, FaceTrack
from forensics.record import Exhibit

THUMBNAIL_PX = 192


class Exhibits:
    """Collects pictures while an examination runs; nothing is written before it is complete."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._listed: list[Exhibit] = []

    def add(self, analyzer: str, picture: Picture) -> None:
        """Keep an analyzer's picture."""
        self._keep(
            _file_name(analyzer, picture.name), picture.rgb, analyzer=analyzer,
            title=picture.title, caption=picture.caption, track=picture.track,
            shows_face=picture.shows_face,
            control=_file_name(analyzer, picture.control) if picture.control else None,
        )  # fmt: skip

    def thumbnail(self, track: FaceTrack) -> str:
        """Keep a track's most frontal sharp face and return its file name."""
        best = sharpest_frontal(track)
        name = f"faces-person-{track.id}.png"
        self._keep(
            name, track.crop(best, CONTEXT_SCALE * 0.9, THUMBNAIL_PX), analyzer="faces",
            title=f"Person {track.id}",
            caption=f"Person {track.id} at {track.pts_s[best]:.2f} s.",
            track=track.id, shows_face=True, control=None,
        )  # fmt: skip
        return name

    def _keep(
        self, name: str, rgb: NDArray[np.uint8], *, analyzer: str, title: str, caption: str,
        track: int | None, shows_face: bool, control: str | None,
    ) -> None:  # fmt: skip
        ok, coded = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        if not ok:
            raise ValueError(f"{name} could not be coded as PNG")
        data = coded.tobytes()
        self._files[name] = data
        self._listed.append(
            Exhibit(
                file=name, sha256=hashlib.sha256(data).hexdigest(), analyzer=analyzer,
                title=title, caption=caption, track=track, shows_face=shows_face, control=control,
            )
        )  # fmt: skip

    def listed(self) -> tuple[Exhibit, ...]:
        """Return what the record says of them."""
        return tuple(self._listed)

    def files(self) -> dict[str, bytes]:
        """Return their bytes by file name."""
        return dict(self._files)


def _file_name(analyzer: str, name: str) -> str:
    return re.sub(r"[^\w.-]", "-", f"{analyzer}-{name}") + ".png"
