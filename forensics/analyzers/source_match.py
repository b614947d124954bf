"""Is the original footage at hand, and does anything but the face differ from it?

The search itself is part of the references, so that every method is offered what it found; here
it is put into words, facts, one score a person, and pictures.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from forensics.analyzer import Analyzer, Findings, Material, Picture, extent_of
from forensics.intake.tracks import FaceTrack
from forensics.record import Extent, Observation, Reason
from forensics.references.sources.material import FaceResidual, SourceMatch, SourceMaterial
from forensics.references.sources.network import weights
from forensics.references.sources.pictures import pair_strip, timeline

NAME_OF = {
    "same_file": "the very same file",
    "same_footage": "the same footage",
    "same_scene": "the same scene, but another take or another moment",
    "undetermined": "the same scene; too little moves to tell whether it is the same take",
}

AGREES_UP_TO, DIFFERS_FROM = 0.3, 0.75
"""Scores between which the words leave it open; the weight comes from the calibration. Of our own
pairs no genuine copy reached 0.22 and no swap stayed under 1.25. What strong
compression leaves of a swap, and reenactment, which keeps much of the face, may lie between."""


class SourceMatchAnalyzer(Analyzer):
    """Compares each face with the same moment of the found source.

    Limits: it needs an index that holds the source; it tells that the two copies differ in the
    face, not which of them was altered; a face altered alike in both copies shows nothing.
    Source: the field notes, section 8, for the correlation gap inside and outside the face.
    """

    name: ClassVar[str] = "source_match"
    version: ClassVar[str] = "2"
    title: ClassVar[str] = "Source match"
    examines: ClassVar[str] = "whether only the face differs from footage in the source index"

    def model_digests(self) -> dict[str, str]:
        """Return the digest of the frame descriptor's weights."""
        return {"efficientnet-lite0": weights()[1]}

    def analyze(self, material: Material) -> Findings:
        """Say what was searched, what was found, and how each face compares."""
        sources = material.references.sources
        if not isinstance(sources, SourceMaterial):
            detail = "no source index was given; use --sources"
            return Findings((self.abstain(Reason.NOT_APPLICABLE, detail),))
        if sources.why_nothing:
            return Findings(
                (self._scope(sources), self.abstain(Reason.INSUFFICIENT, sources.why_nothing))
            )
        said: list[Observation] = [self._scope(sources)]
        if not sources.matches:
            said.append(self._nothing(sources))
            return Findings(tuple(said))
        match = sources.matches[0]
        said += self._source(match, sources)
        said += self._alignment(match)
        said += self._elsewhere(match)
        pictures: list[Picture] = []
        for track in material.tracks:
            heard, shown = self._face(match, track)
            said += heard
            pictures += shown
        drawn = timeline(match)
        if drawn is not None:
            pictures.append(
                Picture(
                    "timeline", "Alignment in time",
                    f"Which moment of {match.video.name} each compared frame shows. The line is "
                    "the fitted alignment, a dot is one compared frame.",
                    drawn, shows_face=False,
                )
            )  # fmt: skip
        return Findings(tuple(said), tuple(pictures))

    def _scope(self, sources: SourceMaterial) -> Observation:
        return self.fact(
            "search_scope", (sources.videos, sources.frames), unit="files, frames",
            locator=sources.locator,
            words=f"Searched: {sources.videos} indexed files ({sources.frames} frames). What is "
            "not among them cannot be found.",
        )  # fmt: skip

    def _nothing(self, sources: SourceMaterial) -> Observation:
        return self.fact(
            "source_found", False, locator=sources.locator,
            words=f"Not found in an index of {sources.videos} files (best candidate: "
            f"{sources.best_rejected} agreeing features, 17 are needed). That is not the same as "
            "having no source.",
        )  # fmt: skip

    def _source(self, match: SourceMatch, sources: SourceMaterial) -> list[Observation]:
        said: list[Observation] = [
            self.fact(
                "source_found", True, locator=sources.locator, notable=True,
                words=f"{match.video.name} in the source index shows {NAME_OF[match.relation]}. "
                f"By a model of unrelated footage, extrapolated beyond what was seen of it, "
                f"{match.chance:.2g} of searches of an index of this size would meet such a match "
                "by accident; footage of the same place is not unrelated.",
            ),
            self.fact("source_file", match.video.name, locator=f"sha256:{match.video.sha256}"),
            self.fact("source_sha256", match.video.sha256),
            self.fact("relation", match.relation, words=f"Shows {NAME_OF[match.relation]}."),
            self.fact(
                "geometry", (match.inliers, match.verified_frames, match.tried_frames,
                             match.rival_inliers),
                unit="features, frames, frames, features",
                words=f"{match.inliers} local features agree on one placement (median over "
                f"frames; {match.verified_frames} of {match.tried_frames} frames pass 17); the "
                f"best other candidate has {match.rival_inliers}.",
            ),
            self.fact(
                "distances", (match.pdq_bits, match.cosine), unit="bits, cosine",
                words=f"Smallest PDQ distance {match.pdq_bits} of 256 bits, largest descriptor "
                f"cosine {match.cosine:.3f}.",
            ),
            self.fact(
                "direction", match.direction or ("open",),
                words=" ".join(match.direction) + " Which of the two was altered is not decided "
                "by this comparison; the indexed copy is not assumed to be the genuine one.",
            ),
        ]  # fmt: skip
        if sources.copies:
            words = "Further indexed files show the same scene."
            said.append(self.fact("further_copies", sources.copies, words=words))
        return said

    def _alignment(self, match: SourceMatch) -> list[Observation]:
        place = [f"shown at {match.shape.scale:.3f} of the source's size"]
        place += ["mirrored"] if match.shape.mirrored else []
        if abs(match.shape.rotation_deg) > 0.5:
            place.append(f"turned by {match.shape.rotation_deg:.1f} degrees")
        left, top, right, bottom = match.shape.seen_box
        if (right - left) * (bottom - top) < 0.95:
            place.append(f"{100 * (right - left) * (bottom - top):.0f} % of the source is seen")
        place += ["with borders"] if match.bars else []
        said: list[Observation] = [
            self.fact(
                "placement",
                tuple(round(float(v), 6) for v in match.placement.ravel()),
                unit="homography, questioned px to source px",
                words="In space: " + ", ".join(place) + ".",
            )
        ]  # fmt: skip
        if match.time is not None and match.questioned_s and match.source_s:
            time = match.time
            sure = (
                f"changes correlate by {time.correlation:.2f}, at best {time.rival:.2f} elsewhere"
                if time.determined
                else "too little moves to line them up by what changes"
            )
            said.append(
                self.fact(
                    "interval", (*match.questioned_s, *match.source_s, round(time.speed, 5)),
                    unit="s, s, s, s, source seconds a second",
                    words=f"In time: {match.questioned_s[0]:.2f} to {match.questioned_s[1]:.2f} s "
                    f"of the item lie on {match.source_s[0]:.2f} to {match.source_s[1]:.2f} s of "
                    f"the source, at {time.speed:.3f} times its speed; {sure}.",
                    extent=Extent(start_s=match.questioned_s[0], end_s=match.questioned_s[1]),
                )
            )  # fmt: skip
        return said

    def _elsewhere(self, match: SourceMatch) -> list[Observation]:
        if match.elsewhere is None:
            return []
        share, boxes = match.elsewhere.share, match.elsewhere.boxes_xyxy_px
        if not boxes:
            words = "Outside the faces nothing differs beyond re-encoding."
            return [self.fact("differs_elsewhere", 0.0, unit="share", words=words)]
        return [
            self.fact(
                "differs_elsewhere", share, unit="share of the compared picture",
                words=f"Outside the faces {len(boxes)} regions differ ({100 * share:.1f} % of "
                "what could be compared): captions, logos, overlays or removed objects.",
                extent=Extent(box_xyxy_px=boxes[0]),
            )
        ]  # fmt: skip

    def _face(
        self, match: SourceMatch, track: FaceTrack
    ) -> tuple[list[Observation], list[Picture]]:
        where = extent_of(track)
        face = next((face for face in match.faces if face.track == track.id), None)
        why = _why_not(match, face)
        if why or face is None:
            reason = Reason.OUT_OF_RANGE if match.faces else Reason.INSUFFICIENT
            return [self.abstain(reason, why, where)], []
        placed = [pair for pair in face.pairs if pair.placed]
        times = np.array([pair.pts_s for pair in placed])
        gaps = np.array([pair.local_outside - pair.local_inside for pair in placed])
        inside = float(np.median([pair.local_inside for pair in placed]))
        outside = float(np.nanmedian([pair.local_outside for pair in placed]))
        share = float(face.altered.sum()) and face.altered_overlap
        verb = _verb(face.score)
        said: list[Observation] = [
            self.signal(
                "face_difference", face.score, "log units",
                f"The face {verb} the same moment of {match.video.name}: detail correlates by "
                f"{inside:.2f} inside the face and {outside:.2f} around it, over "
                f"{len(placed)} frames lined up one by one{_left_out(face)}; which copy was "
                "altered is open.",
                where, times, gaps,
            ),
            self.fact(
                "altered_region", (round(float(face.altered.mean()), 4), round(share, 4)),
                unit="share of the aligned square, share of it in the face",
                words="The region that differs lies "
                f"{100 * share:.0f} % within the face's outline and stays from frame to frame "
                f"(map correlation {face.consistency:.2f})." if face.altered.any()
                else "No region of the face differs beyond re-encoding.", extent=where,
            ),
            self.fact(
                "frame_pairs",
                tuple(round(v, 4) for p in face.pairs for v in (p.pts_s, p.source_s)),
                unit="s of the item, s of the source, in turn", extent=where,
                words=f"{len(face.pairs)} pairs of frames were compared.",
            ),
        ]  # fmt: skip
        return said, [self._picture(match, track, face, n) for n in range(len(face.panels))]

    def _picture(
        self, match: SourceMatch, track: FaceTrack, face: FaceResidual, number: int
    ) -> Picture:
        panel = face.panels[number]
        return Picture(
            f"person-{track.id}-pair-{number + 1}",
            f"Questioned and source frame, {panel.rank}",
            f"Left to right: the questioned face at {panel.pair.pts_s:.3f} s; {match.video.name} "
            f"at {panel.pair.source_s:.3f} s, moved onto it and matched in color; where the two "
            "differ, in units of the noise around the face (bright: 8 times and more); the region "
            f"outlined that differs over all frames. Correlation of detail: "
            f"{panel.pair.local_inside:.2f} in the face, {panel.pair.local_outside:.2f} around. "
            "It does not show which of the two was altered.",
            pair_strip(panel, face), track=track.id, shows_face=True,
            panels=("questioned", "source", "difference", "outline"),
        )  # fmt: skip


def _left_out(face: FaceResidual) -> str:
    """Say how many pairs do not count, if any."""
    count = sum(not pair.placed for pair in face.pairs)
    return f" ({count} more left out, around the face they hardly agree)" if count else ""


def _verb(score: float) -> str:
    """Say in words how a face compares; reenactment may agree, and only swaps are claimed."""
    if score >= DIFFERS_FROM:
        return "differs from"
    return (
        "agrees with"
        if score <= AGREES_UP_TO
        else "neither clearly agrees with nor clearly differs from"
    )


def _why_not(match: SourceMatch, face: FaceResidual | None) -> str:
    """Say why a face has no score, or nothing where it has one."""
    if match.relation == "same_file":
        return "the indexed file is the questioned file itself: no difference can be told"
    if match.relation == "same_scene":
        return f"{match.video.name} shows the same scene, but not this take: no residual"
    if match.why_no_residual:
        return match.why_no_residual
    if face is None:
        return "this face could not be laid onto the source"
    if face.why_not:
        return f"not compared: {face.why_not}"
    if match.relation == "undetermined":
        return "too little moves to know that both show the same moment"
    return "" if math.isfinite(face.score) else "nothing could be measured"
