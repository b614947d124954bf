"""At most so many of many, evenly over all of them: the one way in which frames are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """Choose at most `most` of `count` things, both ends among them.

    Returns:
        (min(count, most),) which ones, ascending.
    """
    return np.linspace(0, count - 1, min(most, count)).round().astype(np.int64)


def some(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most `most` of the items, evenly over all of them."""
    return [items[i] for i in evenly(len(items), most)]
