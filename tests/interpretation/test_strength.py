import itertools
import math

import pytest

from forensics.interpretation.strength import (
    BANDS,
    STRENGTHS,
    SUPPORT_FROM_LOG10,
    band_of,
    edges_of,
    words_for,
)


def test_the_table_has_no_gap_and_no_overlap() -> None:
    assert BANDS[0].lower_log10 == 0
    assert math.isinf(BANDS[-1].upper_log10)
    for lower, upper in itertools.pairwise(BANDS):
        assert lower.upper_log10 == upper.lower_log10


@pytest.mark.parametrize(
    ("log10_lr", "words"),
    [(0.0, "no support"), (0.31, "weak support"), (1.0, "moderate support"),
     (-1.5, "moderate support"), (2.0, "moderately strong support"), (-9.0, "extremely strong")],
)  # fmt: skip
def test_words_follow_the_edges(log10_lr: float, words: str) -> None:
    assert band_of(log10_lr).words.startswith(words)


def test_words_name_the_side() -> None:
    assert words_for(1.2).endswith("that the face was replaced")
    assert words_for(-1.2).endswith("that the face was not replaced")
    assert words_for(0.1) == "no support for either proposition"


def test_edges_are_printed_as_ratios() -> None:
    assert edges_of(band_of(1.5)) == "10 to 100"
    assert edges_of(BANDS[-1]) == "1,000,000 and more"


def test_fail_at_starts_where_a_conclusion_is_drawn() -> None:
    assert min(band.lower_log10 for band in STRENGTHS.values()) == SUPPORT_FROM_LOG10
    assert "weak" not in STRENGTHS
