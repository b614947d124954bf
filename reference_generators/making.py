"""From two videos and a case to a finished comparison fake: the steps, in order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from forensics import environment
from forensics.casefile import layout
from forensics.casefile.folder import Case
from forensics.casefile.items import add_item
from forensics.errors import MaterialError
from forensics.intake.landmarks import choose_landmarker
from reference_generators.convert import Blend, convert
from reference_generators.faces import FaceSet, faces_of
from reference_generators.generator import Generator, Preset, Scalar, Trained, discover
from reference_generators.identity import Embedder
from reference_generators.material import check
from reference_generators.measuring import Meter, reconstruction
from reference_generators.release import Recipe, Release, destroy_after

if TYPE_CHECKING:
    from reference_generators.train import Plan

CPU_NOTE = (
    "no GPU is used, and the full network takes days on a CPU; a preset with a narrow network, "
    "such as quick, is made for that"
)

LEAST_COVERED = 0.3
"""Of the face's hull, as intersection over union with the mask; methods that swap reach 0.8."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wish:
    """What was asked for.

    Attributes:
        method: Name of a generator.
        target: The footage kept.
        donor: The identity inserted: a video or a folder of pictures.
        preset: Empty for the method's first.
        blend: Empty for the preset's, or else the method's own.
        steps: Training steps; 0 for the preset's.
        minutes: Stop training after so long; 0 for no limit.
        save_every: Steps between checkpoints.
        device: "auto", "cpu" or "cuda".
        seed: Of everything random.
        crf: H.264 quality.
        destroy_after_days: When the fake must be destroyed.
        resume: Go on with an interrupted training.
        dry_run: Stop after the material has been checked.
        operator: Who makes it; empty for the case's operator.
    """

    method: str
    target: Path
    donor: Path
    preset: str = ""
    blend: str = ""
    steps: int = 0
    minutes: float = 0.0
    save_every: int = 500
    device: str = "auto"
    seed: int = 0
    crf: int = 18
    destroy_after_days: int = 180
    resume: bool = False
    dry_run: bool = False
    operator: str = ""


@dataclass
class Made:
    """What came of it.

    Attributes:
        folder: Of the fake in the case; empty after a dry run.
        plan: What was, or would be, done.
        warnings: One sentence each.
        metrics: Losses, distances.
    """

    folder: str = ""
    plan: dict[str, Scalar] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)


def make(case: Case, wish: Wish, progress: Progress, say: Callable[[str], None]) -> Made:
    """Make one comparison fake.

    Args:
        case: Keeps it.
        wish: What was asked for.
        progress: Called with (stage, done, total).
        say: Called with one line for people, now and then.

    Raises:
        ForensicsError: One of the tree in `forensics.errors`.
    """
    kind, preset = _chosen(wish)
    blend = Blend(wish.blend or preset.blend or kind.blend)
    release = Release(  # 1. whoever may not write is told before the work
        case, crf=wish.crf, destroy_on=destroy_after(wish.destroy_after_days),
        operator=wish.operator,
    )  # fmt: skip
    device = environment.device(wish.device)
    environment.seed(wish.seed)
    landmarker, embedder = choose_landmarker("auto", device), Embedder()
    target, donor = (  # 2. the faces of both
        faces_of(path, landmarker, embedder.same, partial(progress, role))
        for role, path in (("target", wish.target), ("donor", wish.donor))
    )
    trained = issubclass(kind, Trained)
    warnings, apart = check(target, donor, embedder, trained=trained)  # 3. enough material?
    if trained and device == "cpu" and preset.width >= 1:
        warnings.append(CPU_NOTE)
    for warning in warnings:
        say(f"warning: {warning}")
    made = Made(plan=_plan(wish, preset, blend, device, target, donor), warnings=warnings)
    made.metrics["identity_distance_of_donor_and_target"] = round(apart, 4)
    if wish.dry_run:
        return made
    for path in (wish.target, wish.donor):  # 4. what it is made of belongs to the case
        if path.is_file():
            add_item(case, path, wish.operator)
    generator = kind()
    generator.prepare(target, donor, preset, device, wish.seed)
    steps, files = 0, dict[str, Path]()
    if isinstance(generator, Trained):  # 5. learn
        from reference_generators.train import train

        work = case.folder / layout.WORK / _key(made.plan, wish)
        plan = _training(wish, preset, device)
        learned = train(generator, target, donor, plan, work, progress, say)
        steps, files = learned.step, learned.files
        made.metrics |= learned.losses | reconstruction(generator, target)
    recipe = Recipe(
        method=kind.name, version=kind.version, paper=kind.paper, differences=kind.differences,
        settings=made.plan | generator.settings(), seed=wish.seed, device=device, steps=steps,
        metrics=made.metrics, files=files,
    )  # fmt: skip
    meter = Meter(target, donor, landmarker, embedder, made.metrics)
    frames = meter.watch(convert(wish.target, target, generator, blend))  # 6. back, labeled
    made.folder = release.write(
        frames, wish.target, target, donor, recipe, lambda done: progress("write", done, 0)
    )
    for doubt in doubts(made.metrics):
        made.warnings.append(doubt)
        say(f"warning: {doubt}")
    return made


def doubts(metrics: dict[str, float]) -> list[str]:
    """Say in what a finished fake falls short of a swap, one sentence each."""
    found = []
    covered = metrics.get("mask_iou_with_face_hull", 1.0)
    if covered < LEAST_COVERED:
        found.append(
            f"the mask meets {100 * covered:.0f} % of the face: hardly anything was replaced, so "
            "this fake says little of swaps"
        )
    near, far = (metrics.get(f"identity_distance_to_{who}") for who in ("target", "donor"))
    if near is not None and far is not None and near < far:
        found.append(
            f"the fake is nearer to the target ({near:.2f}) than to the donor ({far:.2f}): train "
            "longer before comparing a questioned face with it"
        )
    return found


def _chosen(wish: Wish) -> tuple[type[Generator], Preset]:
    methods = discover()
    if wish.method not in methods:
        raise MaterialError(f"there is no method {wish.method!r}; there are: {', '.join(methods)}")
    kind = methods[wish.method]
    name = wish.preset or next(iter(kind.presets))
    if name not in kind.presets:
        raise MaterialError(
            f"{wish.method} has no preset {name!r}; it has: {', '.join(kind.presets)}"
        )
    if wish.target.is_dir():
        raise MaterialError("the target must be one video; only the donor may be a folder")
    return kind, kind.presets[name]


def _plan(
    wish: Wish, preset: Preset, blend: Blend, device: str, target: FaceSet, donor: FaceSet
) -> dict[str, Scalar]:
    return {
        "method": wish.method, "preset": wish.preset or "default", "blend": blend.value,
        "steps_planned": wish.steps or preset.steps, "minutes": wish.minutes,
        "batch": preset.batch, "size_px": preset.size_px, "width": preset.width,
        "device": device, "seed": wish.seed, "target_faces": len(target),
        "donor_faces": len(donor), "target_sha256": target.sha256, "donor_sha256": donor.sha256,
    }  # fmt: skip


def _training(wish: Wish, preset: Preset, device: str) -> Plan:
    from reference_generators.train import Plan

    return Plan(
        steps=wish.steps or preset.steps, batch=preset.batch, minutes=wish.minutes,
        save_every=wish.save_every, device=device, seed=wish.seed, resume=wish.resume,
    )  # fmt: skip


def _key(plan: dict[str, Scalar], wish: Wish) -> str:
    """Name the working folder after everything that a resumed training must share."""
    lasting = {
        name: plan[name] for name in plan if name not in ("minutes", "blend", "device")
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(lasting, sort_keys=True).encode("ascii")).hexdigest()
    return f"{wish.method}-{digest[:12]}"
