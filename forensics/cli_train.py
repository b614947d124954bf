"""`audit train`: make the discriminator from genuine faces, and its calibration."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from forensics.errors import MaterialError
from forensics.progress import Bars

if TYPE_CHECKING:
    from forensics.training.filming import Films
    from forensics.training.material import Face
    from forensics.training.pack import PairMaker

app = typer.Typer(no_args_is_help=True, help="Make what the examination rests on.")

SHARD_PAIRS = 256
HELD_OUT_SHARDS = 3
BRANCH_RATE = 2e-4
"""Learning rate of branches: batches of one process are smaller, and much is learned already."""


@app.command()
def discriminator(
    faces: Annotated[Path, typer.Option(help="Folder of stills with manifest.csv.")],
    clips: Annotated[
        Path, typer.Option(help="Folder of genuine clips; those marked train are used.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for material, packs, checkpoints, model.")],
    minutes: Annotated[float, typer.Option(min=0.1, help="Training time.")] = 60.0,
    pairs: Annotated[int, typer.Option(min=256, help="Pairs to make beforehand.")] = 20_000,
    source: Annotated[
        list[str] | None, typer.Option(help="Use only stills of this source; may be repeated.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="One-thread processes.")] = 2,
    branches: Annotated[
        int,
        typer.Option(
            min=0,
            help="Then so many runs of other seeds from there, as long again; their mean is kept.",
        ),
    ] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 1,
) -> None:
    """Train on genuine faces alone; run again to take an interrupted training up."""
    from forensics.training.export import export
    from forensics.training.loop import Settings
    from forensics.training.runs import train, train_branches

    console = Console(stderr=True, highlight=False)
    with Bars(console) as bars:
        material = _material(faces, clips, out, source)
        _pack(material, out / "packs", pairs, seed, processes, bars)
    console.print(f"training for {minutes:g} minutes; the log is {out / 'run' / 'log.jsonl'}")
    plan = Settings(minutes=minutes, seed=seed, device=device)
    train(out / "run", out / "packs", plan, processes if device == "cpu" else 1)
    checkpoints = [out / "run" / "checkpoint.pt"]
    if branches:
        console.print(f"training {branches} branches for {minutes:g} minutes")
        again = replace(plan, rate=BRANCH_RATE)
        checkpoints = train_branches(out, out / "packs", again, branches, checkpoints[0])
    config = export(checkpoints, out / "discriminator" / "0.0.0")
    print(config.parent)


@app.command()
def calibration(
    material: Annotated[Path, typer.Option(help="material.npz of `train discriminator`.")],
    clips: Annotated[Path, typer.Option(help="Folder of genuine clips with manifest.csv.")],
    cases: Annotated[Path, typer.Option(help="Where the filmed cases are kept, .npz.")],
    model: Annotated[Path, typer.Option(help="Model folder to calibrate.")],
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 11,
) -> None:
    """Film held-out people, score them, and fit likelihood ratios."""
    from forensics.training import filming
    from forensics.training.calibrating import calibrate

    _film(material, clips, cases, lambda held: filming.Studio(held, seed))
    print(calibrate(model, filming.load_cases(cases, filming.Case), seed))


@app.command()
def sourced(
    material: Annotated[Path, typer.Option(help="material.npz of `train discriminator`.")],
    clips: Annotated[Path, typer.Option(help="Folder of genuine clips with manifest.csv.")],
    cases: Annotated[Path, typer.Option(help="Where the filmed cases are kept, .npz.")],
    model: Annotated[Path, typer.Option(help="The discriminator's folder.")],
    out: Annotated[Path, typer.Option(help="Folder for calibration.json and validation.json.")],
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 12,
) -> None:
    """Film held-out people beside their own source, and calibrate the score over the source."""
    import json

    from forensics.models.scoring import Protocol
    from forensics.training import sourced as making
    from forensics.training.filming import load_cases

    plan = Protocol.of(json.loads((model / "config.json").read_text("utf-8")))
    _film(material, clips, cases, lambda held: making.SourceStudio(held, seed, plan))
    filmed = load_cases(cases, making.SourcedCase)
    print(making.calibrate_sourced(model, filmed, out, "audit train sourced", seed))


def _film(
    material: Path, clips: Path, cases: Path, studio_of: Callable[[list[Face]], Films[Any]]
) -> None:
    """Film the held-out people and clips once; the file is kept."""
    from forensics.training import filming
    from forensics.training import material as faces
    from forensics.training.pack import usable

    if cases.exists():
        return
    held = [
        face
        for face in faces.load(material)
        if face.held_out and face.source != "clip" and usable(face)
    ]
    with Bars(Console(stderr=True)) as bars:
        made = filming.film(
            studio_of(held), range(len(held)), faces.held_out_paths(clips),
            lambda done, total: bars.update("people filmed", done, total),
        )  # fmt: skip
    filming.save_cases(made, cases)


def _material(faces: Path, clips: Path, out: Path, source: list[str] | None) -> Path:
    """Cut the faces out once; the file is kept."""
    from forensics.training import material

    path = out / "material.npz"
    if not path.exists():
        found = [
            face for face in material.still_faces(faces) if not source or face.source in source
        ]
        found += material.clip_faces(clips)
        if len(found) < 2:
            raise MaterialError(f"no faces were found in {faces} and {clips}")
        material.save(found, path)
    return path


def _pack(material: Path, folder: Path, pairs: int, seed: int, processes: int, bars: Bars) -> None:
    """Make pairs in several processes; shards that are there are kept."""
    jobs = [(material, folder, "held", number, seed) for number in range(HELD_OUT_SHARDS)]
    shards = max(1, pairs // SHARD_PAIRS)
    jobs += [(material, folder, "train", number, seed) for number in range(shards)]
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes) as pool:
        for done, _ in enumerate(pool.imap_unordered(_make_shard, jobs), start=1):
            bars.update("pairs made", done * SHARD_PAIRS, len(jobs) * SHARD_PAIRS)


def _make_shard(job: tuple[Path, Path, str, int, int]) -> None:
    import cv2

    from forensics.training.pack import PairMaker, usable, write_shard

    material, folder, kind, number, seed = job
    name = f"{kind}-{number:04d}"
    if (folder / f"{name}.json").exists():
        return
    cv2.setNumThreads(1)
    key = (str(material), kind)
    if key not in _MAKERS:
        from forensics.training.material import load

        held_out = kind == "held"
        faces = [face for face in load(material) if usable(face) and face.held_out == held_out]
        _MAKERS[key] = PairMaker(faces, seed if kind == "train" else seed + 1)
    numbers = range(number * SHARD_PAIRS, (number + 1) * SHARD_PAIRS)
    write_shard(_MAKERS[key], numbers, folder, name)


_MAKERS: dict[tuple[str, str], PairMaker] = {}  # one a worker process
