"""What every generator is: one file in `generators/`, found by walking the folder.

A generator redraws the face in a window of the aligned face space. It never sees a frame and never
writes one: `convert` puts its faces into frames, and `release` alone writes them.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

    from reference_generators.faces import FaceSet

Scalar = str | int | float | bool | None


@dataclass(frozen=True)
class Swapped:
    """Faces as a generator redrew them.

    Attributes:
        faces: (n, s, s, 3) uint8 RGB, of the generator's window.
        alpha: (n, s, s) float32 in [0, 1], its own mask, where it has one.
    """

    faces: NDArray[np.uint8]
    alpha: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Preset:
    """A set of choices with a name.

    Attributes:
        steps: Training steps, where none are asked for; 0 for methods that are not trained.
        batch: Faces of each person a step.
        size_px: Side of the network's input and output.
        width: Channels, as a share of the published network's.
        rate: Learning rate; 0 for the published one.
        blend: Where the preset is better blended otherwise than the method in its time.
    """

    steps: int
    batch: int = 1
    size_px: int = 64
    width: float = 1.0
    rate: float = 0.0
    blend: str = ""


class Generator(ABC):
    """One method. Subclasses set the class attributes.

    Attributes:
        name: Same as the file's name.
        version: Changes whenever its output could.
        title: For people.
        paper: Where the method is from.
        differences: How this one differs from that, in words.
        window: First and last+1 px, on both axes, of the aligned square that it redraws.
        blend: How its faces were put into frames in its time: a value of `convert.Blend`.
        presets: By name; the first is the default.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    differences: ClassVar[str]
    window: ClassVar[tuple[int, int]] = (48, 208)
    blend: ClassVar[str] = "hull"
    presets: ClassVar[Mapping[str, Preset]]

    @abstractmethod
    def prepare(
        self, target: FaceSet, donor: FaceSet, preset: Preset, device: str, seed: int
    ) -> None:
        """Get ready to train, or, for methods that are not trained, to swap."""

    @abstractmethod
    def swap(self, aligned: NDArray[np.uint8], landmarks: NDArray[np.float64]) -> Swapped:
        """Redraw target faces with the donor's identity.

        Args:
            aligned: (n, 256, 256, 3) uint8 RGB, target faces in aligned space.
            landmarks: (n, 68, 2) float64, aligned px.
        """

    def settings(self) -> dict[str, Scalar]:
        """Return what may change the output beside preset and seed, for the manifest."""
        return {}


class Trained(Generator):
    """A generator with networks; the loop in `train` does the rest."""

    @abstractmethod
    def networks(self) -> dict[str, torch.nn.Module]:
        """Return the networks by name; discriminators too: they are kept and saved."""

    @abstractmethod
    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """Return the optimizers by name."""

    @abstractmethod
    def step(
        self, target: torch.Tensor, donor: torch.Tensor, random: torch.Generator, done: float
    ) -> dict[str, torch.Tensor]:
        """Take one training step.

        Args:
            target: (b, 3, 256, 256) float32 RGB in [0, 1], aligned faces of the target.
            donor: The same of the donor.
            random: CPU generator, seeded for this very step, so that a resumed training draws
                what an uninterrupted one would have drawn.
            done: Share of the planned steps that are done, in [0, 1).

        Returns:
            Losses by name, scalars, not yet waited for.
        """

    @abstractmethod
    def reconstruct(self, aligned: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (n, s, s, 3) uint8 RGB: target faces through the target's own decoder."""


def discover() -> dict[str, type[Generator]]:
    """Find every generator by walking `generators/`, by name."""
    import reference_generators.generators as folder

    found: dict[str, type[Generator]] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        loaded = importlib.import_module(f"{folder.__name__}.{module.name}")
        for kind in vars(loaded).values():
            own = isinstance(kind, type) and kind.__module__ == loaded.__name__
            if own and issubclass(kind, Generator) and hasattr(kind, "name"):
                found[kind.name] = kind
    return dict(sorted(found.items()))
