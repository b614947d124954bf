"""`audit benchmark-sources`: measure finding, lining up and comparing on pairs that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from forensics.errors import ManifestError
from forensics.progress import Bars

SCALE_STEPS = (10_000, 100_000, 1_000_000)


def benchmark_sources(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST.csv", help="With `original`.")],
    genuine: Annotated[Path, typer.Option(help="Folder of genuine clips: further distractors.")],
    out: Annotated[Path, typer.Option(help="Folder for sources.json.")],
    limit: Annotated[int, typer.Option(min=0, help="So many pairs, methods in turn; 0: all.")] = 0,
    only: Annotated[
        list[str] | None, typer.Option(help="Attack, edit or `genuine: ATTACK`; repeatable.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Longest query, s.")] = 8.0,
    budget: Annotated[float, typer.Option(min=0, help="Stop after so many s; 0: never.")] = 0.0,
    each: Annotated[
        int, typer.Option(min=0, help="So many attacks of each fake and original, in turn; 0: all.")
    ] = 0,
    cache: Annotated[Path, typer.Option(help="Keeps attacked videos.")] = Path(".cache/sources"),
    seed: Annotated[int, typer.Option(min=0, help="Of the attacks.")] = 1,
    scale: Annotated[
        bool, typer.Option("--scale", help="Only time an index of 10^4 to 10^6 frames.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Print recall, frame error, face scores and time by attack; vPDQ beside it.

    Run again after an interruption: what was measured by the same code is not measured again.
    """
    from forensics.benchmark import source_cases, source_scale, source_tables, sources
    from forensics.references.sources.attacks import ATTACKS
    from forensics.references.sources.edits import EDITS

    console = Console(highlight=False)
    if scale:
        rows = source_scale.measure(SCALE_STEPS)
        _write(out / "sources-scale.json", {"steps": rows})
        for row in rows:
            console.print(", ".join(f"{key} {value}" for key, value in row.items()))
        return
    known = [a.name for a in ATTACKS]
    known += [*EDITS, *(source_cases.GENUINE + name for name in known[1:])]
    names = list(only) if only else known
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"not known: {', '.join(unknown)}; known: {', '.join(known)}")
    manifest, genuine = manifest.resolve(), genuine.resolve()  # as the index names them
    cases = source_cases.cases_of(manifest, limit)
    if not cases:
        raise ManifestError(f"{manifest} names no originals")
    bench = sources.Bench(manifest, genuine, cache, seed, seconds)

    def keep(outcomes: list[sources.Outcome]) -> dict[str, Any]:
        results: dict[str, Any] = {
            "schema": "face-swap-audit/benchmark-sources/1", "seed": seed, "seconds": seconds,
            "pairs": sum(case.method != source_cases.ONLY_GENUINE for case in cases),
            "queries": len(outcomes), **source_tables.summary(outcomes),
            "outcomes": source_tables.as_plain(outcomes),
        }  # fmt: skip
        _write(out / "sources.json", results)
        return results

    with Bars(Console(stderr=True), quiet=quiet) as bars:
        outcomes = sources.run_all(
            bench, cases, names, bars.update, budget, _ledger(cache, seconds, seed), each
        )  # fmt: skip
    _print(keep(outcomes), console)


def _ledger(cache: Path, seconds: float, seed: int) -> Path:
    """Name the file of what was measured by the code that measures: other code starts anew."""
    import hashlib

    from forensics.references import sources

    digest = hashlib.sha256()
    for file in sorted(Path(sources.__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return cache / f"measured-{digest.hexdigest()[:12]}-{seconds:g}s-{seed}.jsonl"


def _write(path: Path, values: dict[str, Any]) -> None:
    from forensics.errors import output_error

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise output_error(error, path) from error


def _print(results: dict[str, Any], console: Console) -> None:
    table = Table("query", "n", "recall", "vPDQ", "wrong first", "median error, frames",
                  "within 1", "face score", "CPU s")  # fmt: skip
    for name, row in results["by_query"].items():
        table.add_row(
            name, str(row["n"]), f"{row['recall']:.2f}", _number(row["vpdq_recall"]),
            str(row["wrong_first"]), _number(row["frame_error_median"]),
            _number(row["frame_error_within_1"]), _number(row["score_median"]),
            f"{row['search_cpu_s']:.1f}",
        )  # fmt: skip
    console.print(table)
    for part in ("recall", "frames", "swap_vs_genuine"):
        for name, row in results[part].items():
            console.print(f"{part}, {name}: {row}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
