"""Is the item a comparison fake that this very installation made for a case?

Limits: knows only what this installation made, as a whole or in part, at any size and compression;
a strong crop, a mirror or a border hides it. The label in the picture and the Content Credentials
say the same where they were left in.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from forensics.analyzer import Analyzer, Findings, Material
from forensics.casefile.durable import digest_of
from forensics.casefile.fingerprints import (
    EVERY_S,
    MATCH_BITS,
    FramePrint,
    Registered,
    distance,
    face_fingerprint,
    fingerprint,
    registered,
)
from forensics.evenly import evenly
from forensics.intake.frames import Frame
from forensics.record import Fact

MOST_FRAMES = 24
LEAST_SHARE = 0.5
FACE_BITS = 90
"""A face further than this from both the fake's and the target's is neither: unrelated pictures
differ in 128 bits on average, the same face re-encoded in fewer than 60."""


class OwnComparison(Analyzer):
    """Recognizes this installation's own comparison fakes, by digest and by fingerprints."""

    name: ClassVar[str] = "own_comparison"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Own comparison fakes"
    examines: ClassVar[str] = "whether this installation made the item itself, for a case"
    weighed: ClassVar[bool] = False

    def analyze(self, material: Material) -> Findings:
        """Compare with the registry of fakes made here."""
        known = registered()
        if not known:
            words = "This installation has made no comparison fakes to compare with."
            return Findings((self.fact("recognized", "none registered", words=words),))
        digest = digest_of(material.path)
        for fake in known:
            if fake.sha256 == digest:
                return Findings((self._own(fake, "exact file"),))
        return Findings((self._by_fingerprints(material, known),))

    def _own(self, fake: Registered, how: str) -> Fact:
        words = (
            f"This installation made this video itself on {fake.made_utc[:10]}, as a comparison "
            f"fake by {fake.method} for case {fake.case}; it is not footage in question."
        )
        return self.fact("recognized", how, words=words, notable=True)

    def _by_fingerprints(self, material: Material, known: tuple[Registered, ...]) -> Fact:
        frames = list(material.frames(_sampled(material)))
        prints = [fingerprint(frame.rgb) for frame in frames]
        footage: Registered | None = None
        for fake in known:
            pairs = _matched(frames, prints, fake)
            if len(pairs) < max(1.0, LEAST_SHARE * len(frames)):
                continue
            faces = [(face_fingerprint(frame.rgb, seen.box), seen) for frame, seen in pairs]
            to_fake = float(np.median([distance(face, seen.face) for face, seen in faces]))
            to_target = float(np.median([distance(face, seen.target_face) for face, seen in faces]))
            if to_fake < to_target and to_fake <= FACE_BITS:
                return self._own(fake, "fingerprints")
            footage = fake
        if footage is not None:
            words = (
                f"The same footage was used for a comparison fake in case {footage.case}, but the "
                "face is not that fake's: this is the target itself, or another change of it."
            )
            return self.fact("recognized", "footage only", words=words)
        words = f"None of the {len(known)} comparison fakes made on this installation."
        return self.fact("recognized", "no", words=words)


def _sampled(material: Material) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Choose frames at the registry's pace, at most MOST_FRAMES, spread over the item."""
    pts = material.frame_table.pts_s
    times = np.arange(pts[0], pts[-1] + 1e-6, EVERY_S)
    times = times[evenly(len(times), MOST_FRAMES)]
    return np.unique(np.searchsorted(pts, times - 1e-6).clip(0, len(pts) - 1)).astype(np.int64)


def _matched(
    frames: list[Frame], prints: list[str], fake: Registered
) -> list[tuple[Frame, FramePrint]]:
    """Pair the item's frames with the nearest ones of a fake, where they match at all."""
    pairs: list[tuple[Frame, FramePrint]] = []
    for frame, own in zip(frames, prints, strict=True):
        ranked = (
            (distance(own, seen.frame), abs(frame.pts_s - seen.pts_s), place)
            for place, seen in enumerate(fake.frames)
        )
        best = min(ranked, default=None)
        if best is not None and best[0] <= MATCH_BITS:
            pairs.append((frame, fake.frames[best[2]]))
    return pairs
