"""`audit generate`: make a comparison fake of a case's footage, in the case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from forensics.progress import Bars


def generate(
    case: Annotated[Path, typer.Option(help="Case that keeps the fake; it must name its purpose.")],
    target: Annotated[Path, typer.Option(help="The footage that is kept.")],
    donor: Annotated[Path, typer.Option(help="Whose face is put in: a video, or pictures.")],
    method: Annotated[
        str, typer.Option(help="Name of a file in reference_generators/generators.")
    ] = "autoencoder",
    preset: Annotated[
        str, typer.Option(help="faithful-2018, quick or quality, where the method has them.")
    ] = "",
    blend: Annotated[
        str,
        typer.Option(
            help="square, hull, adjust or seamless. Default: the preset's or the method's own."
        ),
    ] = "",
    steps: Annotated[int, typer.Option(min=0, help="Training steps; 0: the preset's.")] = 0,
    minutes: Annotated[float, typer.Option(min=0, help="Time to train; 0: no limit.")] = 0.0,
    save_every: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 500,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    crf: Annotated[int, typer.Option(min=0, max=51, help="H.264 quality of the fake.")] = 18,
    destroy_after: Annotated[
        int, typer.Option(min=1, help="Days until the fake must be destroyed.")
    ] = 180,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check the material and say what would be done.")
    ] = False,
    operator: Annotated[str, typer.Option(help="Where it is not the case's operator.")] = "",
) -> None:
    """Make a labeled comparison fake: the target's footage with the donor's face."""
    from forensics.casefile.folder import Case
    from reference_generators.making import Wish, make

    console = Console(stderr=True, highlight=False)

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    wish = Wish(
        method=method, target=target, donor=donor, preset=preset, blend=blend, steps=steps,
        minutes=minutes, save_every=save_every, device=device, seed=seed, crf=crf,
        destroy_after_days=destroy_after, resume=resume, dry_run=dry_run, operator=operator,
    )  # fmt: skip
    with Bars(console) as bars:
        made = make(Case(case), wish, bars.update, say)
    if dry_run:
        for name, value in made.plan.items():
            print(f"{name}: {value}")
        return
    for name, figure in made.metrics.items():
        say(f"{name.replace('_', ' ')}: {figure:g}")
    print(case / made.folder)
