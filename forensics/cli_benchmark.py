"""`audit benchmark`: measure the tool on videos whose answer is known."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from forensics.output import writing
from forensics.progress import Bars


def benchmark(
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST.csv", help="path,label,method[,group,original]")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for results.json and scores.csv.")
    ] = None,
    analyzer: Annotated[
        list[str] | None, typer.Option(help="Run only this analyzer; may be repeated.")
    ] = None,
    frames: Annotated[int, typer.Option(min=4, help="Frames a person.")] = 32,
    jobs: Annotated[int, typer.Option(min=1, help="Videos at a time.")] = 2,
    cache: Annotated[
        Path | None, typer.Option(help="Folder that keeps faces, so that a second run is quick.")
    ] = None,
    sheets: Annotated[
        Path | None,
        typer.Option(
            help="Folder for pictures of the highest genuine and lowest fake videos; with --cache. "
            "They show faces."
        ),
    ] = None,
    than: Annotated[
        Path | None,
        typer.Option(help="scores.csv of another version: paired difference of AUC, 95 % CI."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print results.json, and nothing else, on stdout.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Print AUC, error rates and Cllr per method and overall, with 95 % intervals."""
    from forensics.analyzer import discover
    from forensics.benchmark.manifest import read_manifest
    from forensics.benchmark.protocol import Protocol, run
    from forensics.benchmark.tables import by_method, by_signal, score_table
    from forensics.benchmark.versions import differences, read_scores
    from forensics.environment import tool_version

    known = {kind.name for kind in discover()}
    unknown = set(analyzer or ()) - known
    if unknown:
        raise typer.BadParameter(
            f"no analyzer {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
        )
    if sheets is not None and cache is None:
        raise typer.BadParameter("--sheets needs --cache: the pictures are taken from there")
    entries = read_manifest(manifest)
    before = None if than is None else read_scores(than)
    protocol = Protocol(manifest.parent, frames, tuple(analyzer or ()), cache)
    console = Console(stderr=True, highlight=False)
    with Bars(console, quiet=quiet) as bars:
        rows = run(entries, protocol, jobs, lambda done, total: bars.update("videos", done, total))
    results: dict[str, Any] = {
        "schema": "face-swap-audit/benchmark/1", "tool_version": tool_version(),
        "frames": frames, "analyzers": sorted(analyzer or known), "n_videos": len(rows),
        "methods": by_method(rows), "signals": by_signal(rows),
        "errors": {row.entry.path: row.error for row in rows if row.error},
    }  # fmt: skip
    if before is not None:
        compared = differences(before, score_table(rows))
        results["than"] = [asdict(one) for one in compared]
    if out is not None:
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
            text = json.dumps(results, indent=1) + "\n"
            (out / "results.json").write_text(text, encoding="utf-8")
            score_table(rows).to_csv(out / "scores.csv", index=False, lineterminator="\n")
    if sheets is not None:
        from forensics.benchmark.sheets import write

        for path in write(rows, protocol, sheets):
            console.print(f"to be read one by one: {path}", markup=False)
    if as_json:
        sys.stdout.write(json.dumps(results, indent=1) + "\n")
    else:
        _print(results)


def _print(results: dict[str, Any]) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)
    table = Table(title="verdicts, by method (own group where it has genuine videos)")
    columns = (
        "method", "fakes", "real", "AUC", "95 % CI", "TPR@1%", "TPR@5%", "Cllr", "inconcl.",
        "found", "missed", "false alarms",
    )  # fmt: skip
    for column in columns:
        table.add_column(column)
    for entry in results["methods"]:
        _row(table, entry)
        wide = entry.get("against_all")
        if wide and entry["against"] != "all genuine":
            _row(table, wide | {"method": "  against all genuine"})
    console.print(table)
    signals = Table(title="each signal alone: AUC [95 % CI]")
    methods = list(dict.fromkeys(entry["method"] for entry in results["signals"]))
    signals.add_column("signal")
    for method in methods:
        signals.add_column(escape(method))
    for name in dict.fromkeys(entry["signal"] for entry in results["signals"]):
        cells = [e for e in results["signals"] if e["signal"] == name]
        signals.add_row(name, *[_interval(cell) for cell in cells])
    console.print(signals)
    if "than" in results:
        console.print(_versions(results["than"]))


def _versions(compared: list[dict[str, Any]]) -> Table:
    table = Table(title="AUC against all genuine videos, this version less the other, same videos")
    for column in ("method", "score", "fakes", "real", "other", "this", "difference", "95 % CI"):
        table.add_column(column)
    for one in compared:
        if one["before"] == one["now"] and one["lower"] == one["upper"] == 0:
            continue  # a signal that neither version changed
        table.add_row(
            escape(one["method"]), escape(one["score"]), str(one["n_fake"]), str(one["n_real"]),
            _number(one["before"]), _number(one["now"]), f"{one['now'] - one['before']:+.3f}",
            f"{one['lower']:+.3f} to {one['upper']:+.3f}",
        )  # fmt: skip
    return table


def _row(table: Table, entry: dict[str, Any]) -> None:
    interval = "" if entry["auc"] is None else f"{entry['auc_low']:.3f}-{entry['auc_high']:.3f}"
    table.add_row(
        escape(str(entry["method"])), str(entry["n_fake"]), str(entry["n_real"]),
        _number(entry["auc"]), interval, _number(entry["tpr_at_fpr_1"]),
        _number(entry["tpr_at_fpr_5"]), _number(entry["cllr"]), _number(entry["inconclusive"]),
        _number(entry["found"]), _number(entry["missed"]), str(entry["false_alarms"]),
    )  # fmt: skip


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(entry: dict[str, Any]) -> str:
    if entry["auc"] is None:
        return "-"
    return f"{entry['auc']:.2f} [{entry['auc_low']:.2f}-{entry['auc_high']:.2f}]"
