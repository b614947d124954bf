"""`audit calibrate`: fit the weights of signals and their map to likelihood ratios."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console

from forensics.errors import MaterialError
from forensics.output import writing
from forensics.progress import Bars

app = typer.Typer(no_args_is_help=True, help="Fit likelihood ratios on faces of known origin.")


@app.command()
def population(
    material: Annotated[Path, typer.Option(help="Packed faces, from `audit train`.")],
    videos: Annotated[Path, typer.Option(help="Folder for the videos that are made.")],
    out: Annotated[Path, typer.Option(help="Table of signals to write, CSV.")],
    train: Annotated[int, typer.Option(help="Identities for the weights.")] = 150,
    held_out: Annotated[int, typer.Option(help="Identities for the map.")] = 150,
    takes: Annotated[int, typer.Option(help="Pairs of videos a held-out identity.")] = 1,
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Videos at a time.")] = 2,
) -> None:
    """Make genuine and pseudo-fake videos of known identities and measure every signal."""
    from forensics.training.signal_table import Plan, measure

    with Bars(Console(stderr=True)) as bars:
        plan = Plan(material, videos, train, held_out, takes, seed)
        table = measure(plan, jobs, lambda done, total: bars.update("videos", done, total))
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(out, index=False, lineterminator="\n")
    print(f"{len(table)} videos of {table.identity.nunique()} identities: {out}")


@app.command()
def fit(
    table: Annotated[Path, typer.Argument(help="Table of signals, from `calibrate population`.")],
    out: Annotated[Path, typer.Option(help="Folder of the model version to write.")],
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
) -> None:
    """Fit the fusion of the hand-made signals and print how it does on held-out identities."""
    from forensics.training.weights import fit_fusion, report

    signals = _signals(table)
    calibration = fit_fusion(signals, seed)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        text = calibration.model_dump_json(indent=1) + "\n"
        (out / "calibration.json").write_text(text, encoding="utf-8")
    print(report(calibration, signals))


@app.command("look-alikes")
def look_alikes(
    faces: Annotated[Path, typer.Option(help="Folder with manifest.csv and one picture a person.")],
    out: Annotated[Path, typer.Option(help="Table to write, JSON.")],
    source: Annotated[str, typer.Option(help="Which source of the manifest.")] = "congress",
    population: Annotated[str, typer.Option(help="Who they are, in words.")] = (
        "official portraits of members of the United States Congress"
    ),
) -> None:
    """Measure how near different people come to each other in the space of face embeddings."""
    from forensics.references.look_alikes import dumped
    from forensics.training.look_alikes import measure

    with Bars(Console(stderr=True)) as bars:
        made = measure(
            faces, source, population, lambda done, total: bars.update("faces", done, total)
        )
    with writing(out):
        out.write_text(dumped(made), encoding="utf-8")
    print(f"{made.people} people: {out}")


@app.command()
def fuse(
    table: Annotated[Path, typer.Argument(help="Table of signals, from `calibrate population`.")],
    model: Annotated[Path, typer.Option(help="Folder of the discriminator that scored it.")],
    out: Annotated[Path, typer.Option(help="Folder of the model version to write.")],
    seed: Annotated[int, typer.Option(help="Of folds and bootstrap.")] = 0,
) -> None:
    """Fit network and hand-made signals together, and print whether that beats the network."""
    from forensics.models.loading import load
    from forensics.training import fitting, fusion

    rows = fusion.usable(_signals(table))
    digests = load(model.parent.name, model.name, model.parent.parent).digests
    ratios = fusion.cross_fitted(rows, seed)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        fitting.write(fusion.fit_fused(rows, digests, seed), fusion.cases(rows), ratios, out)
    print(fusion.report(rows, ratios, seed))


def _signals(table: Path) -> pd.DataFrame:
    if not table.exists():
        raise MaterialError(f"{table} is not there; make it with `audit calibrate population`")
    return pd.read_csv(table)
