"""What hash-matching platforms need to find this very file and its frames again: digests and PDQ.

Facts, never weighed: a fingerprint says which pictures these are, not whether they are genuine.

Limits: PDQ looks at the whole frame and barely notices a swapped face: footage and its face swap
mostly match each other. It does not survive mirroring, strong crops, borders or large captions.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

import numpy as np

from forensics.analyzer import Analyzer, Findings, Material
from forensics.evenly import some
from forensics.intake.frame_prints import EVERY_S, MOST_PRINTS, FramePrint, Printer
from forensics.record import Extent, Fact, Reason, Shot

GOOD_QUALITY = 50
"""PDQ hashes of lower quality match too much: vPDQ leaves them out of matching."""

MOST_KEY_FRAMES = 16
CHUNK = 1 << 20


class Fingerprints(Analyzer):
    """Digests of the file, PDQ of key frames, and the vPDQ list.

    Source: PDQ and vPDQ (Meta 2019; github.com/facebook/ThreatExchange): lines of frame number,
    quality, hash and time in seconds with three decimals.
    """

    name: ClassVar[str] = "fingerprints"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Fingerprints"
    examines: ClassVar[str] = "digests and perceptual hashes, for hash-matching platforms"
    weighed: ClassVar[bool] = False

    def analyze(self, material: Material) -> Findings:
        """Digest the file, and put its frames' fingerprints in lists."""
        md5, sha256 = digests(material.path)
        weak = "For lists that still use MD5; other files can be made to have the same."
        said: list[Fact] = [self.fact("md5", md5, words=weak), self.fact("sha256", sha256)]
        prints = material.prints or taken(material)
        if not prints:
            none = self.abstain(Reason.NOT_APPLICABLE, "no frame could be fingerprinted")
            return Findings((*said, none))
        said += [self._key_frame(seen) for seen in key_frames(prints, material.shots)]
        if material.media.kind == "video":
            said.append(self._list(prints))
        return Findings(tuple(said))

    def _key_frame(self, seen: FramePrint) -> Fact:
        quality = f"quality {seen.quality} of 100"
        words = quality if seen.quality >= GOOD_QUALITY else f"{quality}: too low to match by"
        return self.fact(
            f"pdq_frame_{seen.index}", (seen.pdq, seen.quality), unit="hash, quality",
            locator=f"frame {seen.index}", words=words,
            extent=Extent(start_s=round(seen.pts_s, 3)),
        )  # fmt: skip

    def _list(self, prints: tuple[FramePrint, ...]) -> Fact:
        return self.fact(
            "vpdq", tuple(vpdq_line(seen) for seen in prints),
            unit="frame,quality,hash,seconds",
            words=f"{len(prints)} frames; compare at {GOOD_QUALITY} quality or more and 31 bits or "
            "fewer. A face swap and its original mostly match: a match says which footage it is.",
        )  # fmt: skip


def vpdq_line(seen: FramePrint) -> str:
    """Return a line of a vPDQ file: frame number, quality, hash, time in seconds."""
    return f"{seen.index},{seen.quality},{seen.pdq},{seen.pts_s:.3f}"


def digests(path: Path) -> tuple[str, str]:
    """Return MD5 and SHA-256 of a file, read once."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            md5.update(block)
            sha256.update(block)
    return md5.hexdigest(), sha256.hexdigest()


def key_frames(prints: tuple[FramePrint, ...], shots: tuple[Shot, ...]) -> list[FramePrint]:
    """Choose one fingerprint a shot: of those good enough to match by, the one nearest its middle.

    Args:
        prints: Not empty.
        shots: In order.

    Returns:
        At most MOST_KEY_FRAMES, in order of time.
    """
    chosen: list[FramePrint] = []
    for shot in shots:
        inside = [seen for seen in prints if shot.start_s <= seen.pts_s < shot.end_s]
        good = [seen for seen in inside if seen.quality >= GOOD_QUALITY]
        middle = (shot.start_s + shot.end_s) / 2
        if inside:
            chosen.append(min(good or inside, key=lambda seen: abs(seen.pts_s - middle)))
    return some(chosen, MOST_KEY_FRAMES) or [prints[0]]


def taken(material: Material) -> tuple[FramePrint, ...]:
    """Take the fingerprints by decoding once more, where intake did not take them."""
    pts = material.frame_table.pts_s
    if not len(pts):
        return ()
    seconds = np.arange(float(pts[0]), float(pts[-1]) + 1e-6, EVERY_S)
    index = np.unique(np.searchsorted(pts, seconds - 1e-3).clip(0, len(pts) - 1))
    printer = Printer()
    step = -(-len(index) // MOST_PRINTS)
    for frame in material.frames(index[::step].astype(np.int64)):
        printer.add(frame.index, frame.pts_s, frame.rgb)
    return printer.prints()
