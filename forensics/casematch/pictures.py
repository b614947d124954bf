"""Questioned item, original and comparison fake side by side, at the same moments."""

from __future__ import annotations

from forensics.analyzer import Picture
from forensics.case_validation import SideBySide
from forensics.casematch.segments import Footage, picture
from forensics.evenly import some
from forensics.exhibits import Exhibits

NAME = "case_validation"
MOST_MOMENTS = 3

KINDS = ("questioned", "original", "comparison-fake")
TITLES = ("Questioned item", "Genuine footage", "Comparison fake")
CAPTIONS = (
    "The face in the questioned item, as received.",
    "The face in the genuine footage of the case, brought to the questioned item's encoding.",
    "The face in a labeled fake made for this case, brought to the questioned item's encoding; "
    "it is not footage of what it shows.",
)


def side_by_side(
    footage: tuple[Footage, Footage, Footage],
) -> tuple[tuple[SideBySide, ...], Exhibits]:
    """Show the three at moments that all of them have, or at the first of each where none is.

    Args:
        footage: Questioned, genuine, fake.

    Returns:
        What the record says of the pictures, and the pictures.
    """
    exhibits = Exhibits()
    rows = []
    for place, moments in enumerate(_moments(footage), 1):
        start = float(footage[0].edges[moments[0]].mean() - footage[0].edges[0, 0])
        names = []
        for one, number, kind, title, caption in zip(
            footage, moments, KINDS, TITLES, CAPTIONS, strict=True
        ):
            about = f"{title}, {start:.1f} s"
            words = f"{caption} A likeness to the eye is no measurement."
            exhibits.add(NAME, Picture(f"{kind}-{place}", about, words, picture(one, number)))
            names.append(exhibits.listed()[-1].file)
        rows.append(
            SideBySide(
                title=f"At {start:.1f} s", questioned=names[0], original=names[1],
                comparison_fake=names[2],
            )
        )  # fmt: skip
    return tuple(rows), exhibits


def _moments(footage: tuple[Footage, Footage, Footage]) -> list[tuple[int, int, int]]:
    shared = sorted(set.intersection(*(set(one.faces) for one in footage)))
    if not shared:
        first = [min(one.faces) for one in footage]
        return [(first[0], first[1], first[2])]
    return [(moment,) * 3 for moment in some(shared, MOST_MOMENTS)]
