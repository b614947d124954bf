"""How often the calibrations used were right on held-out people, per quality class."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np

from forensics.interpretation.calibration import Calibration, Stratum, shipped
from forensics.interpretation.validation import Interval, Values, cllr, cllr_min, tippett, wilson
from reports.case import Case
from reports.content import Block, Paragraph, Table, Tippett
from reports.numbers import plain

Row = dict[str, Any]
MOST_MARKS = 4


def performance(case: Case) -> list[Block]:
    """Print error rates of every calibration the record used, where this installation has them.

    A calibration is found by its id, the digest of everything in it: no other one's figures can
    be printed by mistake.
    """
    used = dict.fromkeys(weight.calibration_id for weight in case.record.weights)
    known = {calibration.id: calibration for calibration in shipped()}
    held_out = _held_out()
    blocks: list[Block] = []
    for identity in used:
        if identity in known and identity in held_out:
            blocks += _calibration(case, known[identity], held_out[identity])
    return blocks


def _held_out() -> dict[str, Row]:
    """Read the held-out cases shipped with each model, by the id of their calibration."""
    found: dict[str, Row] = {}
    for model in sorted(files("forensics.models").iterdir(), key=lambda entry: entry.name):
        for version in sorted(model.iterdir(), key=lambda e: e.name) if model.is_dir() else ():
            path = version / "validation.json"
            if path.is_file():
                stored = json.loads(path.read_text("utf-8"))
                found[str(stored.get("calibration", ""))] = stored
    return found


def _calibration(case: Case, calibration: Calibration, stored: Row) -> list[Block]:
    words = case.template.words
    cases = [one for one in stored["cases"] if one["log10_lr"] is not None]
    rows = [
        _row(case, _name(case, calibration, stratum), _of(stratum, cases), plain(stratum.bound))
        for stratum in calibration.strata
    ]
    rows.append(_row(case, words.performance_all, cases, "–"))
    return [
        Paragraph(calibration.source, style="subhead"),
        Table(words.columns_performance, tuple(rows), (0.25, 0.11, 0.2, 0.2, 0.08, 0.08, 0.08)),
        Paragraph(words.performance_held_out.format(how=stored.get("how", "–")), style="note"),
        *_curves(case, calibration, cases),
    ]


def _name(case: Case, calibration: Calibration, stratum: Stratum) -> str:
    """Name a quality class, and mark which faces fell into it."""
    weighed = {w.track for w in case.record.weights if w.calibration_id == calibration.id}
    words = case.template.words
    here = [
        words.face.format(id=track.id)
        for track in case.record.tracks
        if track.id in weighed and calibration.stratum(track.quality) == stratum
    ]
    name = case.said(stratum.name)
    return words.performance_here.format(name=name, who=", ".join(here)) if here else name


def _of(stratum: Stratum, cases: list[Row]) -> list[Row]:
    """Take the cases of a quality class; those of one class for all keep no quality."""
    return [
        one
        for one in cases
        if one["face_px"] is None
        or (stratum.face_px.holds(one["face_px"]) and stratum.sharpness.holds(one["sharpness"]))
    ]


def _curves(case: Case, calibration: Calibration, cases: list[Row]) -> list[Block]:
    """Draw the Tippett diagram of the held-out cases, with this item's faces on it."""
    h1, h2 = _sides(cases)
    if not len(h1) or not len(h2):
        return []
    words = case.template.words
    used = [w for w in case.record.weights if w.calibration_id == calibration.id and w.track]
    grid, above_h1, above_h2 = tippett(h1, h2)
    return [
        Tippett(
            tuple(map(float, grid)), tuple(map(float, above_h1)), tuple(map(float, above_h2)),
            tuple((words.face.format(id=w.track), w.log10_lr) for w in used[:MOST_MARKS]),
            words.tippett_axis, words.tippett_caption,
        )
    ]  # fmt: skip


def _sides(cases: list[Row]) -> tuple[Values, Values]:
    """Return the log10 LRs of swapped and of genuine cases."""
    h1 = np.array([one["log10_lr"] for one in cases if one["swapped"]], dtype=np.float64)
    h2 = np.array([one["log10_lr"] for one in cases if not one["swapped"]], dtype=np.float64)
    return h1, h2


def _row(case: Case, name: str, cases: list[Row], bound: str) -> tuple[str, ...]:
    h1, h2 = _sides(cases)
    limit, words = case.scale.support_from_log10, case.template.words
    count = words.performance_n.format(h1=len(h1), h2=len(h2))
    false_alarms = rate(case, int((h2 >= limit).sum()), len(h2))
    misses = rate(case, int((h1 < limit).sum()), len(h1))
    costs = (
        (plain(cllr(h1, h2), 2), plain(cllr_min(h1, h2), 2)) if len(h1) and len(h2) else ("–", "–")
    )
    return (name, count, false_alarms, misses, *costs, bound)


def rate(case: Case, errors: int, n: int) -> str:
    """Print a rate in percent with its Wilson interval; a dash where nothing was counted."""
    return percent(case, wilson(errors, n)) if n else "–"


def percent(case: Case, found: Interval) -> str:
    """Print an interval in percent."""
    shown = (f"{100 * value:.1f}" for value in (found.value, found.lower, found.upper))
    value, low, high = shown
    return case.template.words.rate.format(rate=value, low=low, high=high)
