"""Fitting the likelihood ratio of "the face differs" on pairs made here, and nowhere else.

Run as `python -m forensics.references.sources.fitting FACES WORK --identities N`: stills of FACES
are animated in WORK, swapped with a donor's face (H1) or only edited (H2), found and compared by
the very search that an examination runs; what is measured is kept in WORK, so a run resumes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from forensics.intake.landmarks import DlibLandmarker
from forensics.intake.scan import scan
from forensics.intake.tracks import cut_tracks
from forensics.interpretation.calibration import Calibration, Range, Stratum, identity_bound
from forensics.references.sources import pairs
from forensics.references.sources.edits import EDITS
from forensics.references.sources.network import weights
from forensics.references.sources.search import compare_files

ANALYZER, VERSION = "source_match", "2"
SOURCES = ("congress",)
"""Public-domain portraits: nothing else is needed, and the terms are clear."""

FRAMES = 8
BOOTSTRAPS = 200
FOLDS = 5
PENALTY = 10.0
"""Inverse strength of the penalty that keeps the slope finite where nothing overlaps."""

SPREADS = 8.0
"""Scores further from the mean than so many spreads are out of range."""

FACE_PX = (48.0, 900.0)
SHARPNESS = (-1.0, 5.0)


def measure(faces: Path, work: Path, identities: int, seed: int = 7) -> Path:
    """Make and measure pairs, one swap and one edit an identity, and return the list's path."""
    listing = work / "own.jsonl"
    known = {row["file"] for row in read(listing)} if listing.exists() else set()
    people = list(pairs.stills(faces, identities + 1, seed, SOURCES))
    landmarker, edits = DlibLandmarker(), list(EDITS)
    for n, (identity, rgb, marks) in enumerate(people[:identities]):
        kinds = [pairs.FAMILIES[n % len(pairs.FAMILIES)], edits[n % len(edits)]]
        footage = pairs.animate(identity, rgb, marks, np.random.default_rng(n))
        folder = work / "own" / f"still-{n:03d}"
        for pair in pairs.make_pairs(footage, people[n + 1][1:], kinds, folder, n):
            name = f"{folder.name}/{pair.questioned.name}"
            if name not in known:
                row = {"file": name, **_measured(pair, landmarker)}
                with listing.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(row) + "\n")
    return listing


def _measured(pair: pairs.TruePair, landmarker: DlibLandmarker) -> dict[str, Any]:
    found = scan(pair.questioned, frames=FRAMES)
    tracks = cut_tracks(pair.questioned, found, landmarker, frames=FRAMES)
    material = compare_files(pair.questioned, found, tracks, pair.source)
    row: dict[str, Any] = {
        "identity": pair.identity,
        "swapped": pair.swapped,
        "kind": pair.kind,
        "score": None,
    }
    for match in material.matches[:1]:
        row["rel"] = match.relation
        for face in match.faces[:1]:
            row["score"] = face.score if np.isfinite(face.score) else None
            row["ferr"] = [
                round(p.source_s * pairs.RATE_FPS) - pair.source_frame[p.index]
                for p in face.pairs if p.index < len(pair.source_frame)
            ]  # fmt: skip
    return row


def read(listing: Path) -> list[dict[str, Any]]:
    """Read measured pairs."""
    return [json.loads(line) for line in listing.read_text(encoding="utf-8").splitlines()]


def _line(scores: NDArray[np.float64], swapped: NDArray[np.bool_]) -> tuple[float, float]:
    """Fit log10 LR as a line in the standardized score; the two classes weigh the same.

    Both are separated by far, so the slope is what the penalty leaves of it: it errs towards
    weak evidence.
    """
    model = LogisticRegression(C=PENALTY, class_weight="balanced").fit(scores[:, None], swapped)
    return (
        float(model.coef_[0, 0]) / float(np.log(10)),
        float(model.intercept_[0]) / float(np.log(10)),
    )


def fit(rows: list[dict[str, Any]], seed: int = 0) -> Calibration:
    """Fit the calibration on measured pairs, bootstrapped over identities."""
    used = [row for row in rows if row.get("score") is not None and row.get("rel") != "same_scene"]
    scores = np.array([float(row["score"]) for row in used])
    swapped = np.array([bool(row["swapped"]) for row in used])
    who = np.array([row["identity"] for row in used])
    mean, scale = float(scores.mean()), float(scores.std())
    unit = (scores - mean) / scale
    slope, intercept = _line(unit, swapped)
    n_h1, n_h2 = len(set(who[swapped])), len(set(who[~swapped]))
    rng, people = np.random.default_rng(seed), np.unique(who)
    draws: list[tuple[float, float]] = []
    while len(draws) < BOOTSTRAPS:
        chosen = np.concatenate([np.flatnonzero(who == p) for p in rng.choice(people, len(people))])
        if 0 < swapped[chosen].sum() < len(chosen):
            a, b = _line(unit[chosen], swapped[chosen])
            draws.append((round(a, 6), round(b, 6)))
    return Calibration(
        source="source match", rank=0, analyzers={ANALYZER: VERSION},
        model_digests={"efficientnet-lite0": weights()[1]},
        population=f"{n_h1} animated public-domain portraits with a donor's face put in by "
        f"{len(pairs.FAMILIES)} kinds of recipe, and {n_h2} only re-encoded or edited in "
        f"{len(EDITS)} ways (captions over the face, beauty filter, color grade, sharpening, "
        "denoising, size, frame rate), each found and compared with its source; the face differs "
        "from the indexed copy, whichever of the two was altered",
        features=(f"{ANALYZER}.face_difference",), mean=(round(mean, 6),),
        scale=(round(scale, 6),), weights=(1.0,), intercept=0.0, feature_range=SPREADS,
        strata=(
            Stratum(
                name="all sizes", face_px=Range(lowest=FACE_PX[0], highest=FACE_PX[1]),
                sharpness=Range(lowest=SHARPNESS[0], highest=SHARPNESS[1]),
                slope=round(slope, 6), intercept=round(intercept, 6), bootstrap=tuple(draws),
                bound=identity_bound(n_h1, n_h2), n_h1=n_h1, n_h2=n_h2,
            ),
        ),
        made_by="python -m forensics.references.sources.fitting FACES WORK",
    )  # fmt: skip


def cross_fitted(rows: list[dict[str, Any]], seed: int = 0) -> list[dict[str, Any]]:
    """Return every pair with its log10 LR by a calibration fitted on other people.

    A pair that was not lined up has no score and no LR: it is an abstention, not an error.
    """
    found = [
        {
            "identity": row["identity"], "source": SOURCES[0], "swapped": bool(row["swapped"]),
            "family": row["kind"], "crf": None, "face_px": None, "sharpness": None,
            "score": row.get("score"), "log10_lr": None,
        }
        for row in rows
    ]  # fmt: skip
    who = np.array([row["identity"] for row in rows])
    for fitted, tested in GroupKFold(FOLDS, shuffle=True, random_state=seed).split(who, groups=who):
        calibration = fit([rows[i] for i in fitted], seed)
        (stratum,) = calibration.strata
        for i in tested:
            if rows[i].get("score") is None or rows[i].get("rel") == "same_scene":
                continue
            scored = calibration.score({calibration.features[0]: float(rows[i]["score"])})
            if not isinstance(scored, str):
                line = stratum.slope * scored[0] + stratum.intercept
                found[i]["log10_lr"] = round(max(-stratum.bound, min(stratum.bound, line)), 6)
    return found


def main() -> None:
    """Measure, fit, and write the calibration that is shipped."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--identities", type=int, default=100)
    parser.add_argument("--fit-only", action="store_true")
    given = parser.parse_args()
    listing = given.work / "own.jsonl"
    if not given.fit_only:
        listing = measure(given.faces, given.work, given.identities)
    rows = read(listing)
    made = fit(rows)
    folder = Path(__file__).parents[2] / "models" / "source_match" / VERSION
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.json").write_text(made.model_dump_json(indent=1) + "\n")
    judged = {
        "calibration": made.id, "how": f"{FOLDS}-fold by identity", "cases": cross_fitted(rows),
    }  # fmt: skip
    lines = json.dumps(judged).replace('{"identity"', '\n{"identity"')
    (folder / "validation.json").write_text(lines + "\n", encoding="utf-8")
    print(f"{made.strata[0].n_h1} and {made.strata[0].n_h2} identities, bound "
          f"{made.strata[0].bound}, written to {folder}")  # fmt: skip


if __name__ == "__main__":
    main()
