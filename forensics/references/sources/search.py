"""The search from end to end: candidates, geometry, time, space, residual."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forensics.errors import ForensicsError
from forensics.evenly import evenly
from forensics.intake.scan import Scan
from forensics.intake.tracks import FaceTrack
from forensics.references.sources.accident import chance_by_accident
from forensics.references.sources.adding import describe, file_digest
from forensics.references.sources.alignment import line_up
from forensics.references.sources.anchors import choose_anchors, windows_of
from forensics.references.sources.candidates import Search, Verified
from forensics.references.sources.comparison import compare_pair
from forensics.references.sources.direction import directions
from forensics.references.sources.elsewhere import differences_elsewhere
from forensics.references.sources.frames import SourceFrame, read_windows
from forensics.references.sources.geometry import MIN_INLIERS, shape_of
from forensics.references.sources.index import Index, Timeline, Video, open_index
from forensics.references.sources.material import SourceMatch, SourceMaterial, TimeFit
from forensics.references.sources.memory import MemoryIndex
from forensics.references.sources.query import Query, read_query
from forensics.references.sources.sampling import changes, sample

LINED_UP = 2
"""Sources that are lined up; the residual is measured against the first that is still there."""

PLACES, CLEARLY = 4, 0.93
"""So many placements are tried for the coarse alignment, unless one fits clearly."""

QUERY_FRAMES = (8, 5, 5)
STILL_CHANGE = 1.2
"""Mean deviation over time, in levels, under which footage counts as standing still."""

STILL_AGREEMENT = 0.8
"""The same where nothing moves: then a picture alone has to tell."""

SAME_AGREEMENT = 0.45
"""Correlation around the faces from which two takes that move together are one."""

Progress = Callable[[int, int], None]


class _Clock:
    def __init__(self) -> None:
        self.stage_s: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = clock.perf_counter()
        yield
        self.stage_s[name] = self.stage_s.get(name, 0.0) + clock.perf_counter() - began


def search_sources(
    path: Path, found: Scan, tracks: tuple[FaceTrack, ...], locator: str,
    progress: Progress = lambda _done, _total: None, hidden: frozenset[str] = frozenset(),
) -> SourceMaterial:  # fmt: skip
    """Look for an item's source in an index.

    Args:
        path: The item.
        found: Its first pass.
        tracks: Its faces.
        locator: Folder, `milvus://host:port/collection`, or one file to compare with.
        progress: Called with (steps done, steps).
        hidden: SHA-256 of indexed files to leave out; for measuring.

    Raises:
        SourceIndexError: The index cannot be used.
    """
    if "://" not in locator and Path(locator).is_file():
        return compare_files(path, found, tracks, Path(locator), progress)
    with open_index(locator) as index:
        return search_in(index, path, found, tracks, progress, hidden)


def search_in(
    index: Index, path: Path, found: Scan, tracks: tuple[FaceTrack, ...],
    progress: Progress = lambda _done, _total: None, hidden: frozenset[str] = frozenset(),
) -> SourceMaterial:  # fmt: skip
    """Look for an item's source in an open index; see `search_sources`."""
    timer = _Clock()
    name = index_name(index.locator)
    videos = {video.id: video for video in index.videos() if video.sha256 not in hidden}
    frames = sum(video.frames for video in videos.values())
    if not videos:
        return SourceMaterial(name, 0, 0, why_nothing="the source index is empty")
    progress(0, 3)
    with timer.stage("read"):
        query = read_query(path, found.table.pts_s, _wanted(tracks))
    if not query.search:
        why = "every frame looked at is black or of one color: it would match anything"
        return SourceMaterial(name, len(videos), frames, why_nothing=why)
    progress(1, 3)
    with timer.stage("candidates"):
        ranked = Search(query, index, videos).run()
    accepted = [one for one in ranked if one.accepted]
    rejected = max((one.inliers for one in ranked if not one.accepted), default=0)
    progress(2, 3)
    matches: list[SourceMatch] = []
    digest = file_digest(path)
    ordered = _best_first(accepted, digest)
    for one in ordered[:LINED_UP]:
        with timer.stage("compare"):
            timeline = index.timeline(one.video.id)
            compared = not any(match.faces for match in matches)
            match = _match(
                query,
                one,
                timeline,
                tracks,
                digest,
                compared,
                _rival(ranked, one),
                frames,
                Path(path),
                found,
            )
        matches.append(match)
    progress(3, 3)
    matches.sort(key=lambda m: (m.relation == "same_scene", not m.faces))
    copies = [m.video.name for m in matches[1:] if m.relation != "same_scene"]
    copies += [one.video.name for one in ordered[LINED_UP:]]
    return SourceMaterial(
        name, len(videos), frames, tuple(matches), rejected, "", tuple(copies),
        {name: round(spent, 3) for name, spent in timer.stage_s.items()},
    )  # fmt: skip


def compare_files(
    path: Path, found: Scan, tracks: tuple[FaceTrack, ...], source: Path,
    progress: Progress = lambda _done, _total: None,
) -> SourceMaterial:  # fmt: skip
    """Compare an item with one given file, without an index.

    Raises:
        UnreadableItem: The source cannot be read.
    """
    taken = sample(source)
    if not taken.kept:
        why = f"every frame of {source.name} is black or of one color"
        return SourceMaterial("one given file", 1, 0, why_nothing=why)
    index = MemoryIndex()
    video = Video(
        0, file_digest(source), str(source.absolute()), source.stat().st_size, taken.kind,
        taken.width_px, taken.height_px, taken.duration_s, taken.rate_fps, taken.tags, "",
        len(taken.kept),
    )  # fmt: skip
    index.add(video, describe(taken), Timeline(taken.thumb_s, taken.thumbs))
    return replace(search_in(index, path, found, tracks, progress), locator="one given file")


def index_name(locator: str) -> str:
    """Return what a record calls an index: a cluster's address, or a folder's bare name."""
    if "://" in locator:
        scheme, _, rest = locator.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"
    return Path(locator).absolute().name


def _wanted(tracks: tuple[FaceTrack, ...]) -> NDArray[np.int64]:
    """Return the frame numbers of faces that a comparison may use."""
    ranked = sorted(tracks, key=lambda t: -t.face_px * math.sqrt(len(t.seen_s)))
    chosen: set[int] = set()
    for track, count in zip(ranked, QUERY_FRAMES, strict=False):
        steady = np.flatnonzero(~track.disagreement)
        slots = steady if len(steady) >= 3 else np.arange(len(track))
        chosen |= set(track.frame_index[slots[evenly(len(slots), count)]].tolist())
    return np.array(sorted(chosen), np.int64)


def _best_first(accepted: list[Verified], digest: str) -> list[Verified]:
    """Put what is not the item itself first: the same bytes show no difference."""
    return sorted(accepted, key=lambda one: (one.video.sha256 == digest, -one.inliers))


def _rival(ranked: list[Verified], one: Verified) -> int:
    return max((r.inliers for r in ranked if r is not one and not r.accepted), default=0)


def _match(
    query: Query, one: Verified, timeline: Timeline, tracks: tuple[FaceTrack, ...], digest: str,
    compared: bool, rival: int, frames: int, path: Path, found: Scan,
) -> SourceMatch:  # fmt: skip
    video = one.video
    size = (video.width_px, video.height_px)
    time, placement = _coarse(query, one, timeline)
    span = _spans(query, time, timeline)
    base = SourceMatch(
        video=video, relation="undetermined", inliers=one.inliers,
        verified_frames=sum(p[2].inliers >= MIN_INLIERS for p in one.places),
        tried_frames=one.tried, pdq_bits=one.pdq_bits, cosine=round(one.cosine, 4),
        rival_inliers=rival, chance=chance_by_accident(one.inliers, frames),
        placement=placement, bars=query.has_bars, time=time, questioned_s=span[0],
        source_s=span[1], direction=directions(path, found, video),
        shape=shape_of(placement, (query.width_px, query.height_px), size),
    )  # fmt: skip
    source = Path(video.path)
    why = ""
    if not compared:
        why = "another copy was compared"
    elif not source.is_file():
        why = f"{source.name} is no longer where it was indexed"
    elif file_digest(source) != video.sha256:
        why = f"{source.name} is not the file that was indexed (its digest differs)"
    if why:
        relation = _relation(base, time, digest, timeline, query)
        return replace(base, why_no_residual=why, relation=relation)
    try:
        return _residual(base, query, tracks, time, timeline, digest)
    except ForensicsError as error:
        return replace(base, why_no_residual=str(error))


def _residual(
    base: SourceMatch, query: Query, tracks: tuple[FaceTrack, ...], time: TimeFit,
    timeline: Timeline, digest: str,
) -> SourceMatch:  # fmt: skip
    video, size = base.video, (base.video.width_px, base.video.height_px)
    ends = (float(timeline.times_s[0]), float(timeline.times_s[-1]))
    still = video.kind == "still"
    rate = video.rate_fps or 25.0
    anchors = choose_anchors(
        query, tracks, time, base.placement, size, (-1e9, 1e9) if still else ends
    )
    frames: list[SourceFrame] = []
    if anchors:
        frames = read_windows(Path(video.path), windows_of(anchors, time, rate))
    if not frames:
        why = "no face of the item lies on the source" if not anchors else "its frames are gone"
        return replace(
            base, why_no_residual=why, relation=_relation(base, time, digest, timeline, query)
        )
    done = compare_pair(query, anchors, frames, base.placement, time, size, rate)
    match = replace(
        base, placement=done.placement, time=None if still else done.time, faces=done.faces,
        agreement=done.agreement, cuts=done.cuts,
        elsewhere=differences_elsewhere(query, anchors, frames, done.placement, done.time, size),
        shape=shape_of(done.placement, (query.width_px, query.height_px), size),
    )  # fmt: skip
    if not still:
        span = _spans(query, done.time, timeline)
        match = replace(match, questioned_s=span[0], source_s=span[1])
    return replace(match, relation=_relation(match, done.time, digest, timeline, query))


def _coarse(query: Query, one: Verified, timeline: Timeline) -> tuple[TimeFit, NDArray[np.float64]]:
    """Line up by what changes; where nothing does, by which stored frames matched best.

    Where the camera moves, a placement found on another moment is off, and with it the fit: so
    several are tried, and the one under which most changes together is kept.
    """
    size = (one.video.width_px, one.video.height_px)
    best: tuple[TimeFit, NDArray[np.float64]] | None = None
    for _, _, place in one.places[:PLACES]:
        time = line_up(query, timeline, place.matrix, size)
        if best is None or time.correlation > best[0].correlation:
            best = (time, place.matrix)
        if time.correlation >= CLEARLY:
            break
    if best is None:
        raise ValueError("a source without a placement cannot be lined up")
    if best[0].determined:
        return best
    here = {number: query.frames[number].pts_s for number, _, _ in one.places}
    offsets = [source_s - here[number] for number, source_s, _ in one.places[:3]]
    return replace(best[0], offset_s=float(np.median(offsets)), speed=1.0), one.places[0][2].matrix


def _relation(
    match: SourceMatch, time: TimeFit, digest: str, timeline: Timeline, query: Query
) -> str:
    """Say how the two relate; being of one scene is not being one take."""
    if match.video.sha256 == digest:
        return "same_file"
    if match.video.kind == "still" or len(query.small) < 4:
        return "same_footage" if match.agreement >= STILL_AGREEMENT else "undetermined"
    if time.determined:
        return "same_footage" if not match.agreement < SAME_AGREEMENT else "same_scene"
    moving = min(changes(timeline.thumbs), changes(query.small)) > STILL_CHANGE
    if moving and match.agreement < STILL_AGREEMENT:
        return "same_scene"
    return "same_footage" if match.agreement >= STILL_AGREEMENT else "undetermined"


def _spans(
    query: Query, time: TimeFit, timeline: Timeline
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the compared interval of the item and of the source, s."""
    low, high = float(timeline.times_s[0]), float(timeline.times_s[-1])
    first, last = float(query.small_s[0]), float(query.small_s[-1])
    start = max(first, (low - time.offset_s) / time.speed)
    end = min(last, (high - time.offset_s) / time.speed)
    if end <= start:
        start, end = first, last
    return (
        (round(start, 3), round(end, 3)),
        (round(max(low, time.source_s(start)), 3), round(min(high, time.source_s(end)), 3)),
    )
