"""What the queries of a source benchmark come to: recall, frame error, AUC, each with its n."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from forensics.benchmark.source_cases import ONLY_GENUINE
from forensics.benchmark.sources import Outcome
from forensics.interpretation.validation import auc_interval, wilson
from forensics.references.sources.attacks import ATTACKS
from forensics.references.sources.edits import EDITS
from forensics.references.sources.geometry import MIN_INLIERS

DIFFERS_FROM = 0.75
"""Score from which the analyzer's words say that the face differs."""

SWAPS = ("Deepfakes", "FaceSwap", "film swap", "DFDC")
"""Methods that replace the identity; the others reenact."""


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Put outcomes into the tables that are printed and kept."""
    line = max([MIN_INLIERS, *(o.wrong for o in outcomes)])
    hard = {attack.name for attack in ATTACKS if attack.hard}
    fakes = [o for o in outcomes if o.method != ONLY_GENUINE]
    easy = [o for o in fakes if o.query not in hard]
    errors = np.abs([e for o in outcomes for e in o.frame_errors])
    names = dict.fromkeys(o.query for o in outcomes)
    return {
        "highest_wrong_inliers": line,
        "recall": {
            "easy": _rate(easy, lambda o: o.found),
            "hard": _rate([o for o in fakes if o.query in hard], lambda o: o.found),
            "genuine": _rate([o for o in outcomes if o not in fakes], lambda o: o.found),
            "vpdq easy": _rate(easy, lambda o: bool(o.vpdq)),
            "vpdq hard": _rate([o for o in fakes if o.query in hard], lambda o: bool(o.vpdq)),
            "wrong first": _rate(outcomes, lambda o: o.relation != "nothing" and not o.found),
        },
        "frames": {
            "n": len(errors), "queries": sum(bool(o.frame_errors) for o in outcomes),
            "median": float(np.median(errors)) if len(errors) else None,
            "within_1": round(float((errors <= 1).mean()), 4) if len(errors) else None,
        },
        "swap_vs_genuine": swap_auc(outcomes),
        "by_query": {name: _row(outcomes, name) for name in names},
    }  # fmt: skip


def _row(outcomes: list[Outcome], name: str) -> dict[str, Any]:
    some = [o for o in outcomes if o.query == name]
    errors = np.abs([e for o in some for e in o.frame_errors])
    return {
        "n": len(some),
        "recall": round(float(np.mean([o.found for o in some])), 4),
        "vpdq_recall": _share([o.vpdq for o in some]),
        "wrong_first": sum(o.relation != "nothing" and not o.found for o in some),
        "least_right_inliers": min(o.right for o in some),
        "most_wrong_inliers": max(o.wrong for o in some),
        "n_frames": len(errors),
        "frame_error_median": float(np.median(errors)) if len(errors) else None,
        "frame_error_within_1": round(float((errors <= 1).mean()), 4) if len(errors) else None,
        "n_scored": sum(o.score is not None for o in some),
        "score_median": _median([o.score for o in some]),
        "search_cpu_s": round(float(np.mean([o.search_s for o in some])), 3),
    }


def _rate(some: list[Outcome], counts: Callable[[Outcome], bool]) -> dict[str, Any]:
    """Return how many of some queries count, with the share's Wilson interval."""
    if not some:
        return {"n": 0, "k": 0}
    k = sum(counts(o) for o in some)
    found = wilson(k, len(some))
    return {
        "n": len(some), "k": k, "share": round(found.value, 4),
        "interval": [round(found.lower, 4), round(found.upper, 4)],
    }  # fmt: skip


def _share(values: list[bool | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.median(known)), 4) if known else None


def swap_auc(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return how the face score tells swaps from genuine footage that was attacked and edited.

    Intervals of AUCs are bootstrapped over originals, since queries of one depend on each other.
    """
    scored = [o for o in outcomes if o.score is not None]
    genuine = [o for o in scored if o.method == ONLY_GENUINE]
    fakes = [o for o in scored if o.method != ONLY_GENUINE]
    swaps = [o for o in fakes if any(word in o.method for word in SWAPS)]
    table: dict[str, Any] = {
        "n_genuine": len(genuine),
        "genuine_originals": len({o.original for o in genuine}),
        "genuine_without_score": sum(
            o.method == ONLY_GENUINE and o.score is None for o in outcomes
        ),
        "highest_genuine": max((o.score or 0.0 for o in genuine), default=None),
        "false_alarms": _rate(genuine, lambda o: (o.score or 0.0) >= DIFFERS_FROM),
        "false_alarms_edits": _rate(
            [o for o in genuine if o.query in EDITS], lambda o: (o.score or 0.0) >= DIFFERS_FROM
        ),
    }
    groups = {"all swaps": swaps}
    groups |= {
        m: [o for o in fakes if o.method == m] for m in dict.fromkeys(o.method for o in fakes)
    }
    for name, group in groups.items():
        for label, plain in (("untouched", True), ("attacked", False)):
            some = [o for o in group if (o.query == "none") == plain]
            if some and genuine:
                table[f"{name}, {label}"] = _auc(some, genuine)
    return table


def _auc(fakes: list[Outcome], genuine: list[Outcome]) -> dict[str, Any]:
    owners = {name: n for n, name in enumerate(dict.fromkeys(o.original for o in fakes + genuine))}
    high, low = (np.array([o.score for o in some], float) for some in (fakes, genuine))
    owner = np.array([owners[o.original] for o in fakes + genuine], float)
    found = auc_interval(high, low, groups=owner)
    return {
        "n": len(fakes), "auc": round(found.value, 4),
        "interval": [round(found.lower, 4), round(found.upper, 4)], "lowest": float(high.min()),
        "called_different": _rate(fakes, lambda o: (o.score or 0.0) >= DIFFERS_FROM),
    }  # fmt: skip


def as_plain(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """Return outcomes as JSON values."""
    return [asdict(outcome) for outcome in outcomes]
