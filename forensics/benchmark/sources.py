"""How well sources are found, lined up and compared: queries made under attack, answers known.

Every pair of the manifest gives one query an attack; all other videos are distractors. Further
fakes of the same original are hidden: they are no wrong answer and no right one.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from forensics.benchmark.source_cases import (
    GENUINE,
    ONLY_GENUINE,
    Case,
    cases_of,
    in_turn,
    is_genuine,
)
from forensics.errors import ForensicsError
from forensics.intake.landmarks import DlibLandmarker
from forensics.intake.scan import scan
from forensics.intake.tracks import cut_tracks
from forensics.references.sources import attacks
from forensics.references.sources.adding import add_files, file_digest
from forensics.references.sources.descriptors import PDQ_MATCH_BITS, PDQ_MIN_QUALITY, pdq
from forensics.references.sources.edits import EDITS, retimed, write_clip
from forensics.references.sources.frames_of import rate_of
from forensics.references.sources.index import Index, Video, open_index
from forensics.references.sources.material import SourceMaterial
from forensics.references.sources.pairs import Footage
from forensics.references.sources.query import read_query
from forensics.references.sources.search import search_in

FRAMES = 8
RETIMED = frozenset({"film-swap/fake.mp4"})
"""Fakes whose frames are not those of the original one by one: this one starts five frames late
and ends with none. Which frame is right is not known there, so none is counted."""

VPDQ_SHARE = 0.8
"""Share of the query's frames that must match, as vPDQ's own default."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Outcome:
    """One query.

    Attributes:
        query: Name of the attack or edit.
        method: Of the fake, or "genuine".
        item: Path within the benchmark.
        original: Path of its original within the benchmark: queries of one depend on each other.
        right: Inliers of the right source, 0 where it was not found.
        wrong: Inliers of the best wrong source.
        found: Whether the first match is the right one.
        frame_errors: Of the compared frames, in source frames.
        score: `face_difference`, or None.
        relation: Of the first match.
        search_s: CPU seconds of search and comparison.
        read_s: CPU seconds of scan and tracks.
        vpdq: Whether plain vPDQ finds the right source; None where it was not asked.
        vpdq_wrong: Whether plain vPDQ finds a wrong one.
    """

    query: str
    method: str
    item: str
    original: str
    right: int
    wrong: int
    found: bool
    frame_errors: tuple[int, ...]
    score: float | None
    relation: str
    search_s: float
    read_s: float
    vpdq: bool | None
    vpdq_wrong: bool | None


class Bench:
    """Runs queries against one index of everything.

    Args:
        manifest: Table of fakes and originals.
        genuine: Folder of further distractors.
        cache: Where attacked videos and the index are kept.
        seed: Of the attacks.
        seconds: Longest query.
    """

    def __init__(
        self, manifest: Path, genuine: Path, cache: Path, seed: int, seconds: float
    ) -> None:
        self.cache, self.seed, self.seconds = cache, seed, seconds
        self.manifest, self.genuine = manifest, genuine
        self.landmarker = DlibLandmarker()
        self.all = cases_of(manifest, 0)

    def open(self) -> Index:
        """Fill the index with what is not in it yet, and open it to read."""
        with open_index(str(self.cache / "index"), write=True) as index:
            for _ in add_files(index, [self.manifest.parent, self.genuine]):
                pass
        return open_index(str(self.cache / "index"))

    def queries(self, case: Case, names: list[str]) -> Iterator[tuple[str, Path, list[int], Case]]:
        """Make a fake's queries under attacks, and the original's under edits."""
        for name in names:
            if case.method == ONLY_GENUINE and not is_genuine(name):
                continue
            slug = "".join(c if c.isalnum() else "-" for c in name)
            if name in EDITS:
                source = case.original
                path = self.cache / f"edits-{self.seconds:g}s" / slug / "--".join(source.parts[-3:])
                numbers = self._edit(source, name, path)
                yield name, path, numbers, replace(case, item=source, method=ONLY_GENUINE)
            else:
                plain = name.removeprefix(GENUINE)
                attack = attacks.shortened(attacks.named(plain), self.seconds)
                source = case.item if plain == name else case.original
                method = case.method if plain == name else ONLY_GENUINE
                folder = self.cache / f"attacks-{self.seconds:g}s" / slug
                path = folder / "--".join(source.parts[-3:])
                numbers = attacks.make(source, attack, path, self.seed)
                yield name, path, numbers, replace(case, item=source, method=method)

    def _edit(self, source: Path, name: str, path: Path) -> list[int]:
        count = round(self.seconds * 25)
        if not path.exists():
            footage = _footage(source, count)
            edit, share = EDITS[name]
            done = [
                edit(rgb, marks, np.random.default_rng(self.seed))
                for rgb, marks in zip(footage.frames, footage.marks, strict=True)
            ]
            write_clip(path, retimed(done, share)[0], rate_of(source) * share, 27)
        return retimed([np.zeros((1, 1, 3), np.uint8)] * count, EDITS[name][1])[1]

    def run(self, index: Index, name: str, path: Path, numbers: list[int], case: Case) -> Outcome:
        """Run one query."""
        began = time.process_time()
        found = scan(path, frames=FRAMES)
        tracks = cut_tracks(path, found, self.landmarker, frames=FRAMES)
        middle = time.process_time()
        right, hidden = self._truth(index, case)
        material = search_in(index, path, found, tracks, hidden=hidden)
        spent = time.process_time() - middle
        rate = _rate(index, material)
        errors: tuple[int, ...] = ()
        score = None
        first = material.matches[0] if material.matches else None
        good = first is not None and first.video.id in right
        if first is not None and good and first.faces and self.short(case.item) not in RETIMED:
            errors = tuple(
                round(p.source_s * rate) - numbers[p.index]
                for p in first.faces[0].pairs if p.index < len(numbers)
            )  # fmt: skip
        if first is not None and good and first.faces:
            scores = [face.score for face in first.faces if np.isfinite(face.score)]
            score = max(scores) if scores and first.relation == "same_footage" else None
        baseline: tuple[bool | None, bool | None] = (None, None)
        if case.method != ONLY_GENUINE:
            baseline = self._vpdq(index, path, found.table.pts_s, right, hidden)
        return Outcome(
            name, case.method, self.short(case.item), self.short(case.original),
            max((m.inliers for m in material.matches if m.video.id in right), default=0),
            max([m.inliers for m in material.matches if m.video.id not in right]
                + [material.best_rejected]),
            good, errors, None if score is None else round(float(score), 4),
            first.relation if first else "nothing", round(spent, 3), round(middle - began, 3),
            *baseline,
        )  # fmt: skip

    def short(self, path: Path) -> str:
        """Return a file's path within the benchmark."""
        return path.relative_to(self.manifest.parent).as_posix()

    def _truth(self, index: Index, case: Case) -> tuple[set[int], frozenset[str]]:
        """Return ids of right answers, and digests of what is neither right nor wrong."""
        stem = case.original.stem
        videos = {str(Path(v.path)): v for v in index.videos()}
        same = [c for c in self.all if c.original.stem == stem and _clip_set(c) == _clip_set(case)]
        originals = {str(c.original.absolute()) for c in same} | {str(case.original.absolute())}
        fakes = {str(c.item.absolute()) for c in same}
        hidden = {videos[p].sha256 for p in fakes if p in videos} | {file_digest(case.item)}
        hidden -= {videos[p].sha256 for p in originals if p in videos}
        return {videos[p].id for p in originals if p in videos}, frozenset(hidden)

    def _vpdq(
        self, index: Index, path: Path, pts_s: np.ndarray[Any, Any], right: set[int],
        hidden: frozenset[str],
    ) -> tuple[bool, bool]:  # fmt: skip
        """Run plain vPDQ: a frame a second, at most 31 bits, quality 50, 80 % of the query."""
        query = read_query(path, pts_s, np.array([], np.int64))
        codes = [pdq(query.frames[i].rgb) for i in query.search]
        good = [code[0] for code, quality in codes if quality >= PDQ_MIN_QUALITY]
        if not good:
            return False, False
        names: dict[int, Video] = {v.id: v for v in index.videos() if v.sha256 not in hidden}
        hits = index.search_pdq(np.stack(good), 64)
        counts: dict[int, int] = {}
        for video, bits in zip(hits.video, hits.bits, strict=True):
            near = {int(v) for v, b in zip(video, bits, strict=True) if b <= PDQ_MATCH_BITS}
            for number in near & set(names):
                counts[number] = counts.get(number, 0) + 1
        found = {number for number, count in counts.items() if count >= VPDQ_SHARE * len(good)}
        return bool(found & right), bool(found - right)


def _clip_set(case: Case) -> str:
    """Return the family of footage: the same number in another set is other footage."""
    folder = case.original.parent
    return folder.parent.name.split("-")[0] if folder.name == "original" else folder.name


def _rate(index: Index, material: SourceMaterial) -> float:
    return material.matches[0].video.rate_fps if material.matches else 25.0


def _footage(source: Path, count: int) -> Footage:
    """Read the first frames of a genuine video with the largest face's landmarks."""
    from forensics.intake.detection import FaceDetector
    from forensics.references.sources.frames_of import first_frames
    from forensics.references.sources.pairs import find_face

    detector, landmarker = FaceDetector(), DlibLandmarker()
    frames = first_frames(source, count)
    marks, last = [], None
    for number, rgb in enumerate(frames):
        if number % 3 == 0 or last is None:
            last = find_face(rgb, detector, landmarker)
        marks.append(last)
    return Footage(source.stem, frames, marks)  # type: ignore[arg-type]


def read_ledger(path: Path) -> list[Outcome]:
    """Read outcomes kept by earlier runs, each query once; a line that was cut off is left out."""
    found: dict[tuple[str, str, str], Outcome] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                one = Outcome(**{**row, "frame_errors": tuple(row["frame_errors"])})
                found[one.query, one.method, one.item] = one
    return list(found.values())


def run_all(
    bench: Bench, cases: list[Case], names: list[str], progress: Progress, budget_s: float,
    ledger: Path, each: int = 0,
) -> list[Outcome]:  # fmt: skip
    """Run every query of every case, until the time is over where a time is given.

    Args:
        bench: What runs them.
        cases: Pairs.
        names: Attacks and edits.
        progress: Called with (stage, done, total).
        budget_s: 0 for no limit.
        ledger: JSON lines of what was measured; what stands there is not measured again.
        each: So many attacks of each fake and of each original, in turn; 0 for all.
    """
    outcomes = read_ledger(ledger)
    done = {(one.query, one.method, one.item) for one in outcomes}
    numbers: dict[Path, int] = {}
    began = time.monotonic()
    with bench.open() as index:
        for number, case in enumerate(cases):
            progress("videos", number, len(cases))
            original = numbers.setdefault(case.original, len(numbers))
            wanted = [
                name for name in in_turn(names, each, number, original)
                if (name, *_whose(case, name, bench)) not in done
            ]  # fmt: skip
            for name, path, frames, own in bench.queries(case, wanted):
                if budget_s and time.monotonic() - began > budget_s:
                    return outcomes
                done.add((name, own.method, bench.short(own.item)))  # originals are shared
                try:
                    outcomes.append(bench.run(index, name, path, frames, own))
                except ForensicsError:
                    continue
                ledger.parent.mkdir(parents=True, exist_ok=True)
                with ledger.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(outcomes[-1])) + "\n")
    return outcomes


def _whose(case: Case, name: str, bench: Bench) -> tuple[str, str]:
    """Return the method and the item that a query of a case counts for."""
    if is_genuine(name):
        return ONLY_GENUINE, bench.short(case.original)
    return case.method, bench.short(case.item)
