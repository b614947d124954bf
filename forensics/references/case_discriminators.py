"""The discriminators that a case's own generators trained, read back from the case.

Whoever makes a swap with a GAN trains discriminators against it and never publishes them. A case
that holds a comparison fake by `faceswap_gan` holds its discriminators too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from forensics.casefile.durable import digest_of
from forensics.casefile.roles import Fake, fakes
from forensics.errors import CaseError

if TYPE_CHECKING:
    from torch import Tensor

    from forensics.casefile.folder import Case
    from forensics.models.conditional_discriminator import ConditionalDiscriminator

METHOD = "faceswap_gan"
MODEL = "model.safetensors"
PEOPLE = ("target", "donor")
FULL_WIDTH_CHANNELS = 64


@dataclass(frozen=True)
class CaseDiscriminator:
    """One trained discriminator.

    Attributes:
        fake: Folder of the comparison fake that it was trained against.
        person: "target" or "donor": whose genuine faces it tells from drawn ones.
        sha256: Of the file that holds it.
        network: In `eval` mode.
    """

    fake: str
    person: str
    sha256: str
    network: ConditionalDiscriminator


def discriminators_of(case: Case) -> tuple[CaseDiscriminator, ...]:
    """Load the discriminators of every comparison fake that has some.

    Raises:
        CaseError: A model is missing, changed or not what it says it is.
    """
    found: list[CaseDiscriminator] = []
    for fake in fakes(case):
        if fake.method == METHOD:
            found += _load(case, fake)
    return tuple(found)


def _load(case: Case, fake: Fake) -> list[CaseDiscriminator]:
    from safetensors.torch import load_file

    home = fake.path.rsplit("/", 1)[0]
    path = case.folder / home / MODEL
    logged = case.files().get(f"{home}/{MODEL}")
    try:
        if logged is None or digest_of(path) != logged:
            raise ValueError
        tensors = load_file(path)
        return [
            CaseDiscriminator(home.rsplit("/", 1)[1], person, logged, _network(tensors, person))
            for person in PEOPLE
        ]
    except Exception as error:  # safetensors has an error class of its own
        raise CaseError(
            f"{home}/{MODEL} is missing, changed or broken; run `audit case verify`"
        ) from error


def _network(tensors: dict[str, Tensor], person: str) -> ConditionalDiscriminator:
    from forensics.models.conditional_discriminator import ConditionalDiscriminator

    prefix = f"network/{person}_discriminator/"
    mine = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
    width = mine["blocks.0.weight"].shape[0] / FULL_WIDTH_CHANNELS
    network = ConditionalDiscriminator(width)
    network.load_state_dict(mine)
    return network.eval()
