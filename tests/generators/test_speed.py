from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from reference_generators.generator import Preset
from reference_generators.generators.autoencoder import Autoencoder, Decoder, Encoder
from reference_generators.speed import measure


def test_the_counted_work_is_the_published_one() -> None:
    with torch.device("meta"):
        encoder, decoder = Encoder(64, 1.0), Decoder(64, 1.0)
        face = torch.zeros(1, 3, 64, 64)
    with FlopCounterMode(display=False) as counter:
        decoder(encoder(face)).sum().backward()
    assert counter.get_total_flops() / 1e9 == pytest.approx(11.4, rel=0.03)


def test_a_measurement_is_complete() -> None:
    found = measure(Autoencoder, Preset(steps=1, batch=2, width=1 / 32), "cpu", 2)
    assert found["device"] == "cpu"
    for name in ("steps_per_s", "tera_operations_per_step", "matrix_tera_operations_per_s"):
        assert isinstance(found[name], float)
        assert found[name] >= 0
    assert isinstance(found["share_of_matrix_rate"], float)
    assert found["share_of_matrix_rate"] < 1.5
