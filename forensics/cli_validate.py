"""`audit validate`: how honest the likelihood ratios are, as figures and as files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from forensics.errors import ManifestError
from forensics.output import writing

Values = NDArray[np.float64]


def validate(
    cases: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CASES.csv]",
            help="Columns label (real or fake), log10_lr, and group if wanted; without it, the "
            "held-out cases that the model was shipped with.",
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="Model whose shipped cases are read.")] = (
        "discriminator"
    ),
    out: Annotated[Path | None, typer.Option(help="Folder for figures and tables.")] = None,
    support_from: Annotated[
        float | None, typer.Option(help="log10 LR from which support is stated.")
    ] = None,
) -> None:
    """Print Cllr, Cllr_min, error rates and calibration error, and write their diagrams."""
    from forensics.interpretation.strength import SUPPORT_FROM_LOG10
    from forensics.interpretation.validation import summary

    rows = _shipped(model) if cases is None else _given(cases)
    from_log10 = SUPPORT_FROM_LOG10 if support_from is None else support_from
    groups = {"all": rows}
    for row in rows:
        groups.setdefault(str(row["group"]), []).append(row)
    figures: dict[str, dict[str, float]] = {}
    for name, members in groups.items():
        h1, h2 = _sides(members, rows)
        if len(h1) and len(h2):
            figures[name] = summary(h1, h2, support_from=from_log10)
    if not figures:
        raise ManifestError("no cases of both kinds with a log10_lr")
    _print(figures)
    if out is not None:
        _write(out, rows, figures)


def _shipped(model: str) -> list[dict[str, Any]]:
    from forensics.models.loading import MODELS, newest

    known = sorted({path.parts[-3] for path in MODELS.glob("*/*/validation.json")})
    if model not in known:
        raise ManifestError(
            f"{model} was shipped without validation.json; there are {', '.join(known)}; or give "
            "CASES.csv"
        )
    path = newest(path.parent for path in (MODELS / model).glob("*/validation.json"))
    path /= "validation.json"
    stored = json.loads(path.read_text("utf-8"))
    return [
        {"fake": case["swapped"], "log10_lr": case["log10_lr"], "group": case["family"]}
        for case in stored["cases"]
        if case["log10_lr"] is not None
    ]


def _given(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise ManifestError(f"there is no {path}")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    missing = [name for name in ("label", "log10_lr") if not rows or name not in rows[0]]
    if missing:
        raise ManifestError(f"{path} lacks the columns {', '.join(missing)}")
    try:
        return [
            {
                "fake": row["label"] == "fake", "log10_lr": float(row["log10_lr"]),
                "group": row.get("group") or row.get("method") or "",
            }
            for row in rows
            if row["log10_lr"]
        ]  # fmt: skip
    except ValueError as error:
        raise ManifestError(f"{path}: {error}") from error


def _sides(members: list[dict[str, Any]], rows: list[dict[str, Any]]) -> tuple[Values, Values]:
    """Return a group's log10 LRs under H1 and H2; all genuine cases where it has none."""
    h1 = np.array([row["log10_lr"] for row in members if row["fake"]], dtype=np.float64)
    genuine = [row["log10_lr"] for row in members if not row["fake"]]
    genuine = genuine or [row["log10_lr"] for row in rows if not row["fake"]]
    return h1, np.array(genuine, dtype=np.float64)


def _print(figures: dict[str, dict[str, float]]) -> None:
    table = Table(title="held-out cases; groups without genuine cases are set against all of them")
    for column in (
        "group", "H1", "H2", "AUC [95 % CI]", "Cllr", "Cllr_min", "ECE", "false alarms", "misses",
        "inconclusive H1 / H2",
    ):  # fmt: skip
        table.add_column(column)
    for name, f in figures.items():
        table.add_row(
            name or "-", f"{f['n_h1']:.0f}", f"{f['n_h2']:.0f}",
            f"{f['auc']:.3f} [{f['auc_lower']:.3f}, {f['auc_upper']:.3f}]",
            f"{f['cllr']:.3f}", f"{f['cllr_min']:.3f}", f"{f['ece']:.3f}",
            f"{f['false_alarm_rate']:.3f} [{f['false_alarm_lower']:.3f}, "
            f"{f['false_alarm_upper']:.3f}]",
            f"{f['miss_rate']:.3f} [{f['miss_lower']:.3f}, {f['miss_upper']:.3f}]",
            f"{f['inconclusive_h1']:.2f} / {f['inconclusive_h2']:.2f}",
        )  # fmt: skip
    Console(highlight=False, width=150).print(table)


def _write(out: Path, rows: list[dict[str, Any]], figures: dict[str, dict[str, float]]) -> None:
    from forensics.interpretation.validation import reliability, tippett

    h1, h2 = _sides(rows, rows)
    grid, above_h1, above_h2 = tippett(h1, h2)
    diagram, _ = reliability(h1, h2)
    curves = [(grid, above_h1, "#c1440e"), (grid, above_h2, "#1f4e8c")]
    points = np.array([[one.stated, one.seen] for one in diagram])
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / "validation.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
        with (out / "tippett.csv").open("w", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(("log10_lr", "share_h1_at_or_above", "share_h2_at_or_above"))
            writer.writerows(
                (f"{a:.6g}", f"{b:.6g}", f"{c:.6g}")
                for a, b, c in zip(grid, above_h1, above_h2, strict=True)
            )
        with (out / "reliability.csv").open("w", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(("stated_posterior", "seen_share", "cases"))
            writer.writerows((f"{d.stated:.4f}", f"{d.seen:.4f}", d.n) for d in diagram)
        title = "Tippett: share of cases at or above log10 LR (orange H1, blue H2)"
        (out / "tippett.svg").write_text(_svg(title, curves, (-3.0, 3.0)), "utf-8")
        ideal = (np.array([0.0, 1.0]), np.array([0.0, 1.0]), "#888888")
        stated = (points[:, 0], points[:, 1], "#c1440e")
        title = "Reliability at even prior odds: stated posterior across, share of H1 up"
        (out / "reliability.svg").write_text(_svg(title, [ideal, stated], (0.0, 1.0)), "utf-8")


def _svg(title: str, curves: list[tuple[Values, Values, str]], span: tuple[float, float]) -> str:
    """Draw curves with y in [0, 1] and x in `span` as a small SVG."""
    low, high = span
    left, top, wide, tall = 50.0, 40.0, 520.0, 320.0
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" width="620" height="410" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="620" height="410" fill="white"/><text x="{left}" y="24">{title}</text>',
        f'<rect x="{left}" y="{top}" width="{wide}" height="{tall}" fill="none" stroke="#444"/>',
    ]
    for step in range(7):
        value = low + (high - low) * step / 6
        x = left + wide * step / 6
        parts.append(f'<text x="{x:.0f}" y="{top + tall + 18:.0f}" text-anchor="middle">'
                     f"{value:.2g}</text>")  # fmt: skip
    for step in range(6):
        y = top + tall * (1 - step / 5)
        parts.append(
            f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">{step / 5:.1f}</text>'
        )
    for xs, ys, color in curves:
        across = left + wide * (np.clip(xs, low, high) - low) / (high - low)
        up = top + tall * (1 - np.asarray(ys))
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up, strict=True))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"
