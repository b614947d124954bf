"""A case's own discriminators, from training to the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.audit import audit
from forensics.errors import CaseError
from forensics.record import Abstention, Settings, Signal
from forensics.references.case_discriminators import discriminators_of
from reference_generators.making import Made, Wish, make
from tests.generators.conftest import Chain


@pytest.fixture
def trained(chain: Chain, quick: None) -> Made:
    del quick
    wish = Wish("faceswap_gan", chain.target, chain.donor, preset="quick", steps=2, seed=11)
    return make(chain.case, wish, lambda *_: None, lambda _line: None)


def test_a_gan_s_discriminators_are_asked_about_an_item(chain: Chain, trained: Made) -> None:
    found = discriminators_of(chain.case)
    assert [one.person for one in found] == ["target", "donor"]
    assert {one.fake for one in found} == {Path(trained.folder).name}

    asked = audit(chain.target, Settings(frames=8), case=chain.case).record
    mine = [one for one in asked.observations if one.analyzer == "case_discriminator"]
    assert {one.name for one in mine if isinstance(one, Signal)} == {
        "drawn_to_target", "drawn_to_donor",
    }  # fmt: skip
    assert asked.model_digests[f"{found[0].fake}/discriminators"] == found[0].sha256
    assert all("case_discriminator" not in str(weight.contributions) for weight in asked.weights)

    alone = audit(chain.target, Settings(frames=8)).record
    (only,) = [one for one in alone.observations if one.analyzer == "case_discriminator"]
    assert isinstance(only, Abstention)

    model = chain.case.folder / trained.folder / "model.safetensors"
    model.chmod(0o644)
    whole = model.read_bytes()
    model.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        with pytest.raises(CaseError, match="run `audit case verify`"):
            discriminators_of(chain.case)
    finally:
        model.write_bytes(whole)
