"""How well sources are found, lined up and compared: queries made under attack, answers known.

Every pair of the manifest gives one query an attack; all other videos are distractors. Further
fakes of the same original are hidden: they are no wrong answer and no right one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from forensics.benchmark.manifest import read_manifest
from forensics.errors import ForensicsError, ManifestError
from forensics.intake.landmarks import DlibLandmarker
from forensics.intake.scan import scan
from forensics.intake.tracks import cut_tracks
from forensics.references.sources import attacks
from forensics.references.sources.adding import add_files, file_digest
from forensics.references.sources.descriptors import PDQ_MATCH_BITS, PDQ_MIN_QUALITY, pdq
from forensics.references.sources.edits import EDITS, retimed, write_clip
from forensics.references.sources.frames_of import rate_of
from forensics.references.sources.geometry import MIN_INLIERS
from forensics.references.sources.index import Index, Video, open_index
from forensics.references.sources.material import SourceMaterial
from forensics.references.sources.pairs import Footage
from forensics.references.sources.query import read_query
from forensics.references.sources.search import search_in

FRAMES = 8
VPDQ_SHARE = 0.8
"""Share of the query's frames that must match, as vPDQ's own default."""

GENUINE = "genuine: "
"""Put before an attack's name: the original itself goes through it."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Case:
    """One video of the manifest with its original.

    Attributes:
        item: The video; a fake, or the original itself where only re-encodings are compared.
        original: Its source.
        method: From the manifest.
    """

    item: Path
    original: Path
    method: str


@dataclass(frozen=True)
class Outcome:
    """One query.

    Attributes:
        query: Name of the attack or edit.
        method: Of the fake, or "genuine".
        item: File name.
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


def cases_of(manifest: Path, limit: int) -> list[Case]:
    """Read the pairs of a manifest, taking methods in turn; at most `limit` where it is not 0.

    Raises:
        ManifestError: It is missing, lacks columns, or names files that are not there.
    """
    groups: dict[str, list[Case]] = {}
    for entry in read_manifest(manifest):
        if entry.original:
            original = manifest.parent / entry.original
            if not original.is_file():
                raise ManifestError(f"{manifest} names {original}, which is not there")
            case = Case(manifest.parent / entry.path, original, entry.method)
            groups.setdefault(entry.method, []).append(case)
    longest = max((len(group) for group in groups.values()), default=0)
    turns = [group[n] for n in range(longest) for group in groups.values() if n < len(group)]
    return turns[:limit] if limit else turns


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
            slug = "".join(c if c.isalnum() else "-" for c in name)
            if name in EDITS:
                source = case.original
                path = self.cache / f"edits-{self.seconds:g}s" / slug / "--".join(source.parts[-3:])
                numbers = self._edit(source, name, path)
                yield name, path, numbers, replace(case, item=source, method="genuine")
            else:
                plain = name.removeprefix(GENUINE)
                attack = attacks.shortened(attacks.named(plain), self.seconds)
                source = case.item if plain == name else case.original
                method = case.method if plain == name else "genuine"
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
        if first is not None and good and first.faces:
            errors = tuple(
                round(p.source_s * rate) - numbers[p.index]
                for p in first.faces[0].pairs if p.index < len(numbers)
            )  # fmt: skip
            scores = [face.score for face in first.faces if np.isfinite(face.score)]
            score = max(scores) if scores and first.relation == "same_footage" else None
        baseline: tuple[bool | None, bool | None] = (None, None)
        if case.method != "genuine":
            baseline = self._vpdq(index, path, found.table.pts_s, right, hidden)
        return Outcome(
            name, case.method, case.item.name,
            max((m.inliers for m in material.matches if m.video.id in right), default=0),
            max([m.inliers for m in material.matches if m.video.id not in right]
                + [material.best_rejected]),
            good, errors, None if score is None else round(float(score), 4),
            first.relation if first else "nothing", round(spent, 3), round(middle - began, 3),
            *baseline,
        )  # fmt: skip

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


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Put outcomes into the tables that are printed and kept."""
    wrong = [o.wrong for o in outcomes]
    line = max(MIN_INLIERS, *wrong) if wrong else MIN_INLIERS
    rows = {}
    for name in dict.fromkeys(o.query for o in outcomes):
        some = [o for o in outcomes if o.query == name]
        errors = np.abs([e for o in some for e in o.frame_errors])
        rows[name] = {
            "n": len(some),
            "recall": round(float(np.mean([o.found for o in some])), 4),
            "vpdq_recall": _share([o.vpdq for o in some]),
            "wrong_first": sum(o.relation != "nothing" and not o.found for o in some),
            "least_right_inliers": min(o.right for o in some),
            "most_wrong_inliers": max(o.wrong for o in some),
            "n_frames": len(errors),
            "frame_error_median": float(np.median(errors)) if len(errors) else None,
            "frame_error_within_1": round(float((errors <= 1).mean()), 4) if len(errors) else None,
            "score_median": _median([o.score for o in some]),
            "search_cpu_s": round(float(np.mean([o.search_s for o in some])), 3),
        }
    return {"by_query": rows, "highest_wrong_inliers": line, "swap_vs_genuine": swap_auc(outcomes)}


def _share(values: list[bool | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.median(known)), 4) if known else None


def swap_auc(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return AUC of the face score, swaps by method against all genuine queries."""
    genuine = [o.score for o in outcomes if o.method == "genuine" and o.score is not None]
    table: dict[str, Any] = {
        "n_genuine": len(genuine),
        "highest_genuine": max(genuine, default=None),
    }
    for method in dict.fromkeys(o.method for o in outcomes if o.method != "genuine"):
        for label, plain in (("untouched", True), ("attacked", False)):
            fake = [
                o.score for o in outcomes
                if o.method == method and o.score is not None and (o.query == "none") == plain
            ]  # fmt: skip
            if fake and genuine:
                wins = np.sign(np.array(fake)[:, None] - np.array(genuine)[None, :])
                table[f"{method}, {label}"] = {
                    "n": len(fake), "auc": round(float((wins + 1).mean() / 2), 4),
                    "lowest": min(fake),
                }  # fmt: skip
    return table


def as_plain(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """Return outcomes as JSON values."""
    return [asdict(outcome) for outcome in outcomes]


def run_all(
    bench: Bench, cases: list[Case], names: list[str], progress: Progress, budget_s: float,
    keep: Callable[[list[Outcome]], object],
) -> list[Outcome]:  # fmt: skip
    """Run every query of every case, until the time is over where a time is given.

    Args:
        bench: What runs them.
        cases: Pairs.
        names: Attacks and edits.
        progress: Called with (stage, done, total).
        budget_s: 0 for no limit.
        keep: Called with what is known so far after each query.
    """
    outcomes: list[Outcome] = []
    done: set[tuple[Path, str]] = set()
    began = time.monotonic()
    with bench.open() as index:
        for number, case in enumerate(cases):
            progress("videos", number, len(cases))
            for name, path, numbers, own in bench.queries(case, names):
                if budget_s and time.monotonic() - began > budget_s:
                    return outcomes
                if (path, own.method) in done:  # fakes of one original share its edits
                    continue
                done.add((path, own.method))
                try:
                    outcomes.append(bench.run(index, name, path, numbers, own))
                except ForensicsError:
                    continue
                keep(outcomes)
    return outcomes
