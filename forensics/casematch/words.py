"""What the case-matched validation says to people, and what it cannot say."""

from __future__ import annotations

from forensics.case_validation import MethodValidation, Rate, TraceComparison
from forensics.casematch.measures import beyond_chance

LIMITATIONS = (
    "Segments of one clip are not independent: share, n and interval describe this footage, and "
    "the true uncertainty is larger than the interval.",
    "The comparison fakes were made by reference generators of this project; a fake made another "
    "way may leave weaker or other traces, and the methods may do worse on it.",
    "Where the genuine footage is the original itself, a questioned item that only re-encodes it "
    "must look like it; where it is other footage, scene and light differ too.",
    "The comparison clips were encoded once more than the questioned item, to its own mean "
    "quality; how its encoder shared bits between face and background is not reproduced.",
    "Which of two references a face is closer to in a trace is no likelihood ratio, and changes "
    "none: it says what the questioned face resembles here.",
)
"""Printed with every case-matched validation."""


def summary(
    methods: tuple[MethodValidation, ...], traces: tuple[TraceComparison, ...], clips: int
) -> tuple[str, ...]:
    """Say the outcome in a few sentences.

    Args:
        methods: The verdict first, then by how often they were right.
        traces: Analysis by synthesis.
        clips: How many comparison clips the segments are from.
    """
    verdict, *others = methods
    said = [
        f"On this very footage, {verdict.on_fakes.n + verdict.on_fakes.silent} segments of "
        f"comparison fakes and {verdict.on_controls.n + verdict.on_controls.silent} of genuine "
        f"footage ({clips} clips, brought to the questioned item's own encoding), the tool's "
        f"verdict was {_counts(verdict.on_fakes)} on fakes and "
        f"{_counts(verdict.on_controls)} on genuine footage."
    ]
    told = [one for one in others if beyond_chance(one.overall, len(others))]
    if told:
        said.append(_readings(told))
    else:
        said.append("No single method told fakes from genuine footage better than chance here.")
    return (*said, _closeness(traces))


def _counts(rate: Rate) -> str:
    return f"right {rate.right}, wrong {rate.wrong} and silent {rate.silent} times"


def _readings(told: list[MethodValidation]) -> str:
    """Name the best method and say what those that work here read the questioned item as."""
    best = told[0]
    share = best.overall
    fake = sum(one.questioned_reads == "fake" for one in told)
    genuine = sum(one.questioned_reads == "genuine" for one in told)
    return (
        f"{len(told)} measurements told the two apart beyond chance here (their number allowed "
        "for), best "
        f"{best.title} (right on {share.right} of {share.n}, 95 % interval "
        f"{share.lower or 0:.2f} to {share.upper or 1:.2f}); by {fake} of them the questioned item "
        f"lies on the side of the fakes, by {genuine} on the side of the genuine footage."
    )


def _closeness(traces: tuple[TraceComparison, ...]) -> str:
    fake = sum(one.closer == "comparison_fake" for one in traces)
    original = sum(one.closer == "original" for one in traces)
    rest = len(traces) - fake - original
    said = (
        f"Analysis by synthesis: of {len(traces)} traces the questioned face is closer to the "
        f"comparison fake in {fake} and to the genuine footage in {original}; {rest} do not "
        "tell or lie between."
    )
    look = next((one for one in traces if one.trace == "identity"), None)
    if look is None or look.closer == "undecided":
        return said
    whose = "comparison fake's" if look.closer == "comparison_fake" else "genuine footage's"
    return f"{said} Its identity is closer to the {whose}."
