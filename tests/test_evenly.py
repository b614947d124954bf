import numpy as np
import pytest

from forensics.evenly import evenly, some


@pytest.mark.parametrize(("count", "most"), [(0, 3), (1, 3), (3, 3), (10, 3), (33, 32), (400, 7)])
def test_as_many_as_asked_each_once_and_both_ends(count: int, most: int) -> None:
    picks = evenly(count, most)
    assert picks.dtype == np.int64
    assert len(picks) == len(set(picks.tolist())) == min(count, most)
    if count and most > 1:
        assert picks[0] == 0
        assert picks[-1] == count - 1
        assert np.ptp(np.diff(picks)) <= 1 if len(picks) > 1 else True


def test_few_items_are_all_kept_in_their_order() -> None:
    assert some("abc", 5) == ["a", "b", "c"]
    assert some(list(range(11)), 3) == [0, 5, 10]
    assert some([], 2) == []
