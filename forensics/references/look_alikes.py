"""How near different people come to each other in the space of face embeddings."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np
from pydantic import Field

from forensics.record import Frozen


class LookAlikes(Frozen):
    """Distances between pictures of different people.

    Attributes:
        population: Who they are.
        people: How many, one picture each.
        shares: Share of pairs as near as, ascending.
        distances: The distance that so many pairs reach, one a share.
        model_sha256: Of the network.
        made_by: The command.
    """

    population: str
    people: int = Field(ge=2)
    shares: tuple[float, ...]
    distances: tuple[float, ...]
    model_sha256: str
    made_by: str


@cache
def look_alikes() -> LookAlikes:
    """Read the table that is shipped."""
    text = files("forensics.references").joinpath("look_alikes.json").read_text("utf-8")
    return LookAlikes.model_validate_json(text)


def share_as_near(distance: float) -> str:
    """Say in a sentence how many pairs of different people are so near."""
    known = look_alikes()
    share = float(np.interp(distance, known.distances, known.shares, left=0.0))
    least = known.shares[0]
    many = f"about {100 * share:.2g} %" if share > least else f"fewer than {100 * least:g} %"
    return (
        f"Of pairs of different people in a reference population ({known.population}), {many} lie "
        "as near as that; relatives and look-alikes do more often."
    )


def table_of(distances: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[str, list[float]]:
    """Return shares and the distances that so many of (n,) distances reach."""
    shares = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0]
    kept = [share for share in shares if share * len(distances) >= 10]
    found = np.quantile(distances, kept)
    return {"shares": kept, "distances": [round(float(d), 4) for d in found]}


def dumped(made: LookAlikes) -> str:
    """Return the table as its file."""
    return json.dumps(made.model_dump(mode="json"), indent=1) + "\n"
