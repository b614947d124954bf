"""From a query to verified sources: descriptors propose, geometry decides."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.evenly import some
from forensics.references.sources.descriptors import (
    QUERY_FEATURES,
    Local,
    distances,
    local_features,
    pdq,
)
from forensics.references.sources.geometry import MIN_INLIERS, Placement, place, unmirror
from forensics.references.sources.index import Index, StoredFrame, Video
from forensics.references.sources.network import network
from forensics.references.sources.query import Query, crop, grid_boxes

Box = tuple[int, int, int, int]

DESCRIBED_FRAMES = 4
CANDIDATES = 7
PDQ_CANDIDATES = 3
VERIFIED_FRAMES = 3
MORE_FRAMES = 3
"""Frames looked at beyond the first three where those are near the line."""

NEAR_LINE = 10
DECISIVE = 60
"""With so many agreeing features a source is found; further candidates, which can only be copies
of it, are given up after one frame that is not near the line."""


@dataclass(frozen=True)
class View:
    """One way to look at a query frame.

    Attributes:
        index: Frame number.
        box: Part of it.
        mirrored: Looked at in the mirror.
    """

    index: int
    box: Box
    mirrored: bool


@dataclass(frozen=True)
class Verified:
    """A candidate with its geometry.

    Attributes:
        video: Which.
        inliers: Median over the best three frames.
        places: (questioned frame number, source time in s, placement), best first.
        tried: Frames compared.
        cosine: Largest.
        pdq_bits: Smallest fingerprint distance, mirrored or not.
    """

    video: Video
    inliers: int
    places: tuple[tuple[int, float, Placement], ...]
    tried: int
    cosine: float
    pdq_bits: int

    @property
    def accepted(self) -> bool:
        """Say whether geometry decides that both show the same scene."""
        return self.inliers >= MIN_INLIERS


@dataclass
class Search:
    """A search under way; keeps what was computed of the query.

    Attributes:
        query: The questioned item.
        index: Where to look.
        videos: By id.
    """

    query: Query
    index: Index
    videos: dict[int, Video]
    _locals: dict[View, Local] = field(default_factory=dict)
    _codes: NDArray[np.uint8] | None = None

    def run(self) -> list[Verified]:
        """Return candidates with their geometry, most inliers first."""
        views = self.plain_views()
        found = self.verify(views, network().describe([self._picture(v) for v in views]))
        if not any(one.accepted for one in found):
            wide = self.grid_views()
            more = self.verify(wide, network().describe([self._picture(v) for v in wide]))
            found = _merge(found + more)
        return sorted(found, key=lambda one: (-one.inliers, -one.cosine, one.video.id))

    def plain_views(self) -> list[View]:
        """List the whole frames and the frames without borders, and both in the mirror."""
        chosen = some(self.query.search, DESCRIBED_FRAMES)
        whole: Box = (0, 0, self.query.width_px, self.query.height_px)
        boxes = [whole, self.query.box] if self.query.has_bars else [whole]
        return [View(i, box, turn) for i in chosen for box in boxes for turn in (False, True)]

    def grid_views(self) -> list[View]:
        """List windows of two frames, for pictures in pictures and heavy crops."""
        boxes = grid_boxes(self.query.width_px, self.query.height_px)
        chosen = some(self.query.search, 2)
        return [View(i, box, turn) for i in chosen for box in boxes for turn in (False, True)]

    def _picture(self, view: View) -> NDArray[np.uint8]:
        part = crop(self.query.frames[view.index].rgb, view.box)
        return np.ascontiguousarray(part[:, ::-1]) if view.mirrored else part

    def fingerprints(self) -> NDArray[np.uint8]:
        """Return (q, 32) PDQ codes of the search frames and their mirror images."""
        if self._codes is None:
            boxes = [(0, 0, self.query.width_px, self.query.height_px)]
            boxes += [self.query.box] if self.query.has_bars else []
            chosen = some(self.query.search, DESCRIBED_FRAMES)
            parts = [crop(self.query.frames[i].rgb, box) for i in chosen for box in boxes]
            self._codes = np.concatenate([pdq(part, turned=True)[0] for part in parts])
        return self._codes

    def verify(self, views: list[View], vectors: NDArray[np.float32]) -> list[Verified]:
        """Propose candidates by descriptors and fingerprints, and check each one's geometry."""
        if not views:
            return []
        ids, cosine = self.index.similar(vectors)  # (v,), (q, v)
        if len(ids) == 0:
            return []
        # Against the background of all other videos, so that views compare with each other.
        middle = np.median(cosine, axis=1, keepdims=True)
        spread = 1.4826 * np.median(np.abs(cosine - middle), axis=1, keepdims=True)
        standard = (cosine - middle) / np.maximum(spread, 0.02)
        order = ids[np.argsort(-standard.max(axis=0), kind="stable")][:CANDIDATES].tolist()
        hits = self.index.search_pdq(self.fingerprints(), 8)
        near = [
            int(hits.video.flat[i]) for i in np.argsort(hits.bits, axis=None, kind="stable")
            if hits.video.flat[i] >= 0 and hits.bits.flat[i] <= 70
        ]  # fmt: skip
        chosen = list(dict.fromkeys([*order, *list(dict.fromkeys(near))[:PDQ_CANDIDATES]]))
        column = {int(number): i for i, number in enumerate(ids)}
        found: list[Verified] = []
        for number in chosen:
            if number in self.videos and number in column:
                least = 1 if any(one.inliers >= DECISIVE for one in found) else VERIFIED_FRAMES
                video, likeness = self.videos[number], cosine[:, column[number]]
                found.append(self._check(video, views, vectors, likeness, least))
        return found

    def _check(
        self, video: Video, views: list[View], vectors: NDArray[np.float32],
        cosine: NDArray[np.float32], least: int,
    ) -> Verified:  # fmt: skip
        """Check one candidate's geometry, giving it up after `least` frames far from the line."""
        stored = self.index.frames_of(video.id)
        alike = vectors @ np.stack([frame.descriptor for frame in stored]).T  # (views, frames)
        places: list[tuple[int, float, Placement]] = []
        tried: set[int] = set()
        for index in sorted({v.index for v in views}, key=lambda i: -_best(alike, views, i)):
            enough = sum(p[2].inliers >= MIN_INLIERS for p in places) >= VERIFIED_FRAMES
            hopeless = len(tried) >= least and _median(places) < NEAR_LINE
            if enough or hopeless or len(tried) >= VERIFIED_FRAMES + MORE_FRAMES:
                break
            tried.add(index)
            found = self._place(index, stored, views, alike)
            if found is not None:
                places.append((index, found[0], found[1]))
        places.sort(key=lambda p: -p[2].inliers)
        codes = np.stack([frame.pdq for frame in stored])
        inliers = _median(places) if len(places) >= min(len(tried), VERIFIED_FRAMES) // 2 + 1 else 0
        return Verified(
            video, inliers, tuple(places), len(tried), float(cosine.max()),
            int(distances(self.fingerprints(), codes).min()),
        )  # fmt: skip

    def _place(
        self, index: int, stored: list[StoredFrame], views: list[View],
        alike: NDArray[np.float32],
    ) -> tuple[float, Placement] | None:  # fmt: skip
        """Try the most alike pairs of a view of one frame and a stored frame, both hands."""
        best: tuple[float, Placement] | None = None
        for mirrored in (False, True):
            rows = [i for i, v in enumerate(views) if v.index == index and v.mirrored == mirrored]
            part = alike[rows]
            for flat in np.argsort(-part, axis=None, kind="stable")[:2]:
                row, column = divmod(int(flat), part.shape[1])
                view, frame = views[rows[row]], stored[column]
                found = place(self.local(view), frame.local, mirrored)
                if found is None:
                    continue
                if best is None or found.inliers > best[1].inliers:
                    best = (frame.pts_s, self._whole(found, view))
                if found.inliers >= 2 * MIN_INLIERS:
                    break
        return best

    def local(self, view: View) -> Local:
        """Return local features of a view, in px of the whole query frame in the view's hand."""
        if view not in self._locals:
            gray = np.asarray(cv2.cvtColor(self._picture(view), cv2.COLOR_RGB2GRAY), np.uint8)
            self._locals[view] = local_features(gray, QUERY_FEATURES, even=True)
        return self._locals[view]

    def _whole(self, found: Placement, view: View) -> Placement:
        """Turn a placement of a view into one of the whole frame, not mirrored."""
        matrix = found.matrix
        if view.mirrored:
            matrix = unmirror(matrix, view.box[2] - view.box[0])
        shift = np.array([[1, 0, -view.box[0]], [0, 1, -view.box[1]], [0, 0, 1]], np.float64)
        return Placement(matrix @ shift, found.inliers, found.matches, view.mirrored)


def _best(alike: NDArray[np.float32], views: list[View], index: int) -> float:
    return float(max(alike[i].max() for i, view in enumerate(views) if view.index == index))


def _median(places: list[tuple[int, float, Placement]]) -> int:
    best = sorted((p[2].inliers for p in places), reverse=True)[:VERIFIED_FRAMES]
    return int(np.median(best)) if best else 0


def _merge(found: list[Verified]) -> list[Verified]:
    best: dict[int, Verified] = {}
    for one in found:
        held = best.get(one.video.id)
        if held is None or one.inliers > held.inliers:
            best[one.video.id] = one
    return list(best.values())
