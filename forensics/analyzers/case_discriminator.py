"""Does the face look drawn to a discriminator that this case's own generator was trained against?

Runs only with a case (`--case`) that holds a comparison fake by `faceswap_gan`.

What this cannot say: the discriminator has seen one fake and two people. It tells what that one
generator draws from genuine pictures of these people, knows neither another method nor another
camera, and may have learned how the two videos were encoded. It is not weighed; how often it was
right on the case's own footage is measured by `audit case validate`.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from forensics.analyzer import Analyzer, Findings, Material, extent_of, too_little
from forensics.face_warp import warped_pair
from forensics.intake.tracks import FaceTrack
from forensics.models.conditional_discriminator import INPUT_PX
from forensics.record import Observation, Reason
from forensics.references.case_discriminators import CaseDiscriminator

FRAMES = 16
WARPS = 4
"""Ways in which each frame is warped; the answer depends on the warp, the mean hardly."""
LEAST_FRAMES = 4
LEAST_FACE_PX = 60.0


class CaseDiscriminatorAnalyzer(Analyzer):
    """One less the mean answer of the case's own discriminators: 0 genuine, 1 drawn.

    Source: Mao et al., "Least Squares Generative Adversarial Networks" (arXiv 1611.04076): trained
    to answer 1 on genuine faces and 0 on drawn ones; the public faceswap-GAN v2.2 of 2018 for the
    condition, a warp of the same face. Asking it about other footage is ours.
    Limits: see the head of this file.
    """

    name: ClassVar[str] = "case_discriminator"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "The case's own discriminators"
    examines: ClassVar[str] = (
        "whether the face looks drawn to discriminators trained with the case's comparison fakes"
    )
    weighed: ClassVar[bool] = False

    def __init__(self) -> None:
        self._digests: dict[str, str] = {}

    def model_digests(self) -> dict[str, str]:
        """Return the digests of the case's models that were asked."""
        return self._digests

    def analyze(self, material: Material) -> Findings:
        """Ask every discriminator about every track, and about the control footage."""
        judges = material.references.discriminators
        if not judges:
            detail = "no case with a comparison fake by faceswap_gan was given (--case)"
            return Findings((self.abstain(Reason.NOT_APPLICABLE, detail),))
        self._digests = {f"{judge.fake}/discriminators": judge.sha256 for judge in judges}
        usual = _usual(judges, material)
        said: list[Observation] = []
        for number, track in enumerate(material.tracks):
            material.progress(number, len(material.tracks))
            where = extent_of(track)
            refused = too_little(track, LEAST_FACE_PX, LEAST_FRAMES)
            if refused:
                said.append(self.abstain(*refused, where))
                continue
            chosen, shares = drawn_shares(judges, track, material.seed)
            for judge, values, known in zip(judges, shares, usual, strict=True):
                score = float(np.median(values))
                said.append(
                    self.signal(
                        _name(judge, judges), score, "0 genuine, 1 drawn",
                        _words(judge, score, known), where, track.pts_s[chosen], values,
                    )
                )  # fmt: skip
        return Findings(tuple(said))


def drawn_shares(
    judges: tuple[CaseDiscriminator, ...], track: FaceTrack, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ask discriminators about frames spread over a track.

    Args:
        judges: Whom to ask; all see the same warps.
        track: About whose face.
        seed: Of the warps; the same for every track.

    Returns:
        (k,) which examined frames, and (judges, k) one less each one's mean answer on each.
    """
    picks = track.spread(FRAMES)
    aligned = np.stack([track.aligned(int(i)) for i in picks])
    faces = torch.from_numpy(aligned).permute(0, 3, 1, 2).float() / 255
    random = torch.Generator().manual_seed(seed)
    answers = []
    with torch.inference_mode():
        for _ in range(WARPS):
            warped, plain = (2 * one - 1 for one in warped_pair(faces, INPUT_PX, random))
            said = [judge.network(plain, warped) for judge in judges]  # (k, 1, 4, 4) each
            answers.append(torch.stack([one.mean(dim=(1, 2, 3)) for one in said]))
    return picks, 1 - torch.stack(answers).mean(dim=0).numpy().astype(np.float64)


def _usual(judges: tuple[CaseDiscriminator, ...], material: Material) -> list[float | None]:
    """Return what each says of the control footage, None where there is none."""
    medians = [
        np.median(drawn_shares(judges, track, material.seed)[1], axis=1)
        for control in material.references.controls
        for track in control.tracks
        if too_little(track, LEAST_FACE_PX, LEAST_FRAMES) is None
    ]
    if not medians:
        return [None] * len(judges)
    return [float(value) for value in np.median(medians, axis=0)]


def _name(judge: CaseDiscriminator, judges: tuple[CaseDiscriminator, ...]) -> str:
    fakes = sorted({one.fake for one in judges})
    number = "" if len(fakes) == 1 else f"_{fakes.index(judge.fake) + 1}"
    return f"drawn_to_{judge.person}{number}"


def _words(judge: CaseDiscriminator, score: float, known: float | None) -> str:
    beside = "no control footage was given" if known is None else f"{known:.2f} on control footage"
    return (
        f"The discriminator that learned genuine faces of the {judge.person} of {judge.fake} from "
        f"drawn ones answers {score:.2f} (0 genuine, 1 drawn; {beside}); it knows that one fake "
        "and is not weighed."
    )
