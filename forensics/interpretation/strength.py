"""The one table of words for the strength of evidence.

Source: ENFSI Guideline for Evaluative Reporting in Forensic Science (2015), section 4 and the
example scale of its annex; likelihood ratios below one read the same for the other proposition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CITATION = "ENFSI Guideline for Evaluative Reporting in Forensic Science, version 3.0 (2015)"

SUPPORT_FROM_LOG10 = 1.0
"""A conclusion is drawn from here (a likelihood ratio of 10). Weak support is printed, and is
called inconclusive: at that strength one wrong in ten would be expected."""


@dataclass(frozen=True)
class Band:
    """One row of the table: words for lower <= |log10 LR| < upper."""

    words: str
    lower_log10: float
    upper_log10: float


BANDS = (
    Band("no support", 0.0, math.log10(2)),
    Band("weak support", math.log10(2), 1.0),
    Band("moderate support", 1.0, 2.0),
    Band("moderately strong support", 2.0, 3.0),
    Band("strong support", 3.0, 4.0),
    Band("very strong support", 4.0, 6.0),
    Band("extremely strong support", 6.0, math.inf),
)

STRENGTHS = {band.words.removesuffix(" support").replace(" ", "-"): band for band in BANDS[2:]}
"""What `--fail-at` takes: moderate, moderately-strong, strong, very-strong, extremely-strong."""


def band_of(log10_lr: float) -> Band:
    """Return the row for a likelihood ratio, whichever side it is on."""
    size = abs(log10_lr)
    return next(band for band in BANDS if band.lower_log10 <= size < band.upper_log10)


def words_for(log10_lr: float) -> str:
    """Put a likelihood ratio in words, naming the proposition it supports."""
    band = band_of(log10_lr)
    if band is BANDS[0]:
        return "no support for either proposition"
    side = "that the face was replaced" if log10_lr > 0 else "that the face was not replaced"
    return f"{band.words} for the proposition {side}"


def edges_of(band: Band) -> str:
    """Print the edges of a row as likelihood ratios."""
    low = f"{10**band.lower_log10:,.0f}"
    if math.isinf(band.upper_log10):
        return f"{low} and more"
    return f"{low} to {10**band.upper_log10:,.0f}"
