from __future__ import annotations

import pytest
import torch

from reference_generators.generator import Preset
from reference_generators.generators.faceswap_gan import Decoder, FaceswapGan
from tests.generators.small_faces import face_set


@pytest.fixture
def generator() -> FaceswapGan:
    made = FaceswapGan()
    people = face_set("target", 2), face_set("donor", 2)
    made.prepare(*people, Preset(steps=10, batch=2, width=1 / 16), "cpu", 0)
    return made


def closed(generator: FaceswapGan, bias: float) -> Decoder:
    decoder = generator.networks()["donor_decoder"]
    assert isinstance(decoder, Decoder)
    assert decoder.alpha.bias is not None
    torch.nn.init.constant_(decoder.alpha.bias, bias)
    return decoder


def step(generator: FaceswapGan) -> None:
    faces = [torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(n)) for n in (1, 2)]
    generator.step(faces[0], faces[1], torch.Generator().manual_seed(3), 0.0)


def test_the_face_is_learned_behind_a_closed_mask(generator: FaceswapGan) -> None:
    """A mask that closes would otherwise hide the face from every loss, for good."""
    decoder = closed(generator, -30.0)
    torch.nn.init.zeros_(decoder.alpha.weight)
    before = decoder.face.weight.detach().clone()
    step(generator)
    gradient = decoder.face.weight.grad
    assert gradient is not None
    assert float(gradient.abs().mean()) > 1e-4
    assert not torch.equal(before, decoder.face.weight)


def test_a_mask_that_closes_is_opened_inside_the_face(generator: FaceswapGan) -> None:
    decoder = closed(generator, -3.0)
    step(generator)
    assert decoder.alpha.bias is not None
    gradient = decoder.alpha.bias.grad
    assert gradient is not None
    assert float(gradient) < -0.01
