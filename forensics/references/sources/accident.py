"""How often unrelated footage would agree as well: a model, and what it takes for granted."""

from __future__ import annotations

import math

KNEE, AT_KNEE, FALL = 6, 0.025, 2.2
"""Read off wrong frame pairs when this was built: about one in 40 reached 6 inliers, and each
further one was at least 2.2 times rarer. Those pairs were not kept, so this cannot be refitted; the
worst wrong pair of the field notes (section 8) had 11."""

SMALLEST = 1e-9
"""The chance of one frame pair is not taken to be smaller, whatever the extrapolation says."""


def chance_by_accident(inliers: int, frames: int) -> float:
    """Estimate the chance that some unrelated frame of an index agrees in so many features.

    The model: one unrelated frame pair reaches k inliers with probability
    p(k) = 0.025 * 2.2^-(k - 6), at least 1e-9; each frame of the index is one independent try;
    so the chance is 1 - (1 - p)^frames.

    What it takes for granted, and none of it is proven:

    - the tail goes on falling beyond 11 inliers, where no wrong pair was seen: at 17 and above it
      is extrapolated, not measured;
    - frames are independent (frames of one video are not: the true chance is smaller), and every
      frame was tried (only those of a few candidates are: smaller again);
    - the candidates are as unlike the item as a random pair (they were chosen for likeness: the
      true chance is greater);
    - the footage is unrelated. The same studio, stage or title sequence is not: there features
      agree for a reason, and this number says nothing.

    It is no likelihood ratio, no bound, and not the probability that the source is the wrong one.

    Args:
        inliers: Median over the verified frames.
        frames: Frames in the index.

    Returns:
        0 to 1.
    """
    one = min(0.5, max(AT_KNEE * FALL ** -max(0, inliers - KNEE), SMALLEST))
    return float(-math.expm1(frames * math.log1p(-one)))
