"""Is there enough to make a fake from? Refuses what cannot work and says what will be poor."""

from __future__ import annotations

import numpy as np

from forensics.errors import MaterialError
from reference_generators.faces import ENOUGH, LEAST, FaceSet
from reference_generators.identity import DOUBTFUL, SAME_PERSON, Embedder, distance

SHARP_LOG10 = 1.5
YAW_SPREAD_DEG = 20.0


def check(
    target: FaceSet, donor: FaceSet, embedder: Embedder, *, trained: bool
) -> tuple[list[str], float]:
    """Check two sets of faces before any work is put into them.

    Args:
        target: Faces of the footage kept.
        donor: Faces of the identity inserted.
        embedder: Tells people apart.
        trained: Whether the method learns from them.

    Returns:
        Warnings, one sentence each, and the identity distance of the two people.

    Raises:
        MaterialError: One picture is too few to train on, or the two are the same person.
    """
    warnings: list[str] = []
    if target.sha256 == donor.sha256:
        raise MaterialError(
            "target and donor are the same file; the donor is the person whose face is put in"
        )
    apart = distance(embedder.of_set(target), embedder.of_set(donor))
    if apart < SAME_PERSON:
        raise MaterialError(
            f"target {target.name} and donor {donor.name} show the same person (identity distance "
            f"{apart:.2f}, under {SAME_PERSON}); a swap needs two people"
        )
    if apart < DOUBTFUL:
        warnings.append(f"target and donor look alike: identity distance {apart:.2f}")
    if trained:
        for role, faces in (("target", target), ("donor", donor)):
            warnings += _enough(role, faces)
    return warnings, apart


def _enough(role: str, faces: FaceSet) -> list[str]:
    if len(faces) < LEAST:
        raise MaterialError(
            f"the {role} {faces.name} shows {len(faces)} face; training needs many: {ENOUGH} or "
            "more, or use --method landmark_swap, which needs one"
        )
    said: list[str] = []
    if len(faces) < ENOUGH:
        said.append(
            f"the {role} has {len(faces)} faces; {ENOUGH} and more are wanted (319 and 377 proved "
            "too few), so expect a poor likeness"
        )
    low, high = np.percentile(faces.pose_deg[:, 1], [5, 95])
    if high - low < YAW_SPREAD_DEG:
        said.append(
            f"the {role} turns the head by {high - low:.0f} degrees only; views that were not "
            f"seen ({YAW_SPREAD_DEG:.0f} degrees are wanted) will be guessed"
        )
    sharp = float(np.median(faces.sharpness()))
    if sharp < SHARP_LOG10:
        said.append(f"the {role}'s faces are blurred: sharpness {sharp:.2f}, {SHARP_LOG10} wanted")
    return said
