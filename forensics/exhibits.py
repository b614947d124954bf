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
FRAMES = 12
"""Examined frames of a track that its strip shows, evenly spaced."""

FRAMES_IN_ALL = 60
"""About so many frames are shown of an item, however many people are in it."""


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
            shows_face=picture.shows_face, aligned=picture.aligned, panels=picture.panels,
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

    def frames(self, track: FaceTrack, people: int) -> None:
        """Keep evenly spaced examined frames of a track, in aligned face space, as one strip.

        Args:
            track: Whose.
            people: Tracks in the item; of many, each shows fewer frames.
        """
        most = min(FRAMES, max(4, FRAMES_IN_ALL // max(people, 1)))
        chosen = track.spread(most)
        cells = [
            cv2.resize(track.aligned(int(i)), (THUMBNAIL_PX,) * 2, interpolation=cv2.INTER_AREA)
            for i in chosen
        ]
        times = tuple(round(float(track.pts_s[i]), 6) for i in chosen)
        self._keep(
            f"faces-frames-person-{track.id}.png", np.asarray(np.hstack(cells), np.uint8),
            analyzer="faces", title=f"Examined frames of person {track.id}",
            caption=f"{len(chosen)} of {len(track)} examined frames, turned and scaled so that the "
            "eyes and the mouth stay in place.",
            track=track.id, shows_face=True, control=None, aligned=True, times_s=times,
        )  # fmt: skip

    def _keep(
        self, name: str, rgb: NDArray[np.uint8], *, analyzer: str, title: str, caption: str,
        track: int | None, shows_face: bool, control: str | None, aligned: bool = False,
        times_s: tuple[float, ...] = (), panels: tuple[str, ...] = (),
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
                aligned=aligned, times_s=times_s, panels=panels,
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
