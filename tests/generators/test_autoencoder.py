from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from forensics.face_warp import sample, similarity, warp_affine, warp_nodes, warped_pair
from forensics.intake.crops import umeyama
from reference_generators.augment import augment
from reference_generators.generator import Preset
from reference_generators.generators.autoencoder import Autoencoder, Decoder, Encoder
from reference_generators.layers import SameConv, glorot
from tests.generators.small_faces import face_set


@pytest.fixture(scope="module")
def original() -> tuple[nn.Module, nn.Module]:
    with torch.device("meta"):
        return Encoder(64, 1.0), Decoder(64, 1.0)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_original_has_82_062_470_parameters(original: tuple[nn.Module, nn.Module]) -> None:
    encoder, decoder = original
    assert count(encoder) == 69_662_976
    assert count(decoder) == 6_199_747
    assert count(encoder) + 2 * count(decoder) == 82_062_470


def test_its_layers_have_the_shapes_of_2018(original: tuple[nn.Module, nn.Module]) -> None:
    encoder, decoder = original
    shapes = []
    for layer in encoder.modules():
        if isinstance(layer, SameConv | nn.Linear | nn.PixelShuffle):
            layer.register_forward_hook(lambda _l, _i, out: shapes.append(tuple(out.shape[1:])))
    code = encoder(torch.zeros(2, 3, 64, 64, device="meta"))
    assert shapes == [
        (128, 32, 32), (256, 16, 16), (512, 8, 8), (1024, 4, 4), (1024,), (16384,), (512, 8, 8),
    ]  # fmt: skip
    assert decoder(code).shape == (2, 3, 64, 64)
    kernels = [layer.kernel_size for layer in encoder.modules() if isinstance(layer, nn.Conv2d)]
    assert kernels == [(5, 5)] * 4 + [(3, 3)]
    kinds = {type(layer).__name__ for layer in (*encoder.modules(), *decoder.modules())}
    assert not kinds & {"BatchNorm2d", "InstanceNorm2d", "Dropout"}
    with torch.device("meta"):
        larger, drawn = Encoder(128, 1.0), Decoder(128, 1.0)
        assert drawn(larger(torch.zeros(1, 3, 128, 128))).shape == (1, 3, 128, 128)


def test_weights_start_glorot_uniform_and_biases_at_zero() -> None:
    torch.manual_seed(0)
    network = Encoder(64, 0.125)
    glorot(network)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert layer.bias is not None
            assert not layer.bias.any()
            field = layer.weight[0, 0].numel() if layer.weight.dim() == 4 else 1
            limit = math.sqrt(6 / (field * sum(layer.weight.shape[:2])))
            assert 0.98 * limit < float(layer.weight.detach().abs().max()) <= limit
            uniform = limit / math.sqrt(3)
            assert float(layer.weight.detach().std()) == pytest.approx(uniform, rel=0.05)


def test_padding_is_tensorflows_same() -> None:
    layer = SameConv(1, 1, 5, 2)
    nn.init.zeros_(layer.conv.weight)
    nn.init.zeros_(layer.conv.bias)  # type: ignore[arg-type]
    layer.conv.weight.data[0, 0, 2, 2] = 1  # picks the kernel's middle
    picture = torch.arange(64.0).reshape(1, 1, 8, 8)
    assert torch.equal(layer(picture)[0, 0], picture[0, 0, 1::2, 1::2])


def test_the_warp_has_the_statistics_of_2018() -> None:
    random = torch.Generator().manual_seed(0)
    nodes = warp_nodes(4000, random)
    line = torch.tensor([48.0, 88, 128, 168, 208])
    assert torch.allclose(nodes[:, 0].mean(0), line.expand(5, 5), atol=0.5)
    assert torch.allclose(nodes[:, 1].mean(0), line[:, None].expand(5, 5), atol=0.5)
    assert torch.allclose(nodes.std(0), torch.full((2, 5, 5), 5.0), atol=0.35)


def test_the_warp_agrees_with_opencv() -> None:
    face = face_set("a", 1).aligned
    faces = torch.from_numpy(face).permute(0, 3, 1, 2).float()
    warped, wanted = warped_pair(faces, 64, torch.Generator().manual_seed(4))
    nodes = warp_nodes(1, torch.Generator().manual_seed(4))[0].numpy()
    maps = [cv2.resize(axis, (80, 80))[8:72, 8:72].astype(np.float32) for axis in nodes]
    remapped = cv2.remap(face[0], maps[0], maps[1], cv2.INTER_LINEAR)
    assert np.abs(warped[0].permute(1, 2, 0).numpy() - remapped).mean() < 0.6
    regular = np.mgrid[0:65:16, 0:65:16][::-1].reshape(2, -1).T.astype(float)
    matrix = umeyama(nodes.reshape(2, -1).T.astype(float), regular)
    cut = cv2.warpAffine(face[0], matrix, (64, 64), borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(wanted[0].permute(1, 2, 0).numpy() - cut).mean() < 0.6


def test_similarity_is_umeyamas() -> None:
    rng = np.random.default_rng(2)
    source, goal = rng.normal(size=(2, 25, 2)) * 40
    goal = goal * 0.1 + source * 0.4
    ours = similarity(
        torch.from_numpy(source.T[None].copy()), torch.from_numpy(goal.T[None].copy())
    )[0].numpy()
    assert np.allclose(ours, umeyama(source, goal))


def test_augmentation_stays_in_its_limits() -> None:
    line = torch.arange(64.0)
    y, x = torch.meshgrid(line, line, indexing="ij")
    places = torch.stack([x, y, torch.zeros_like(x)])[None].expand(600, -1, -1, -1)
    moved = augment(places, torch.Generator().manual_seed(1))
    middle = moved[:, :2, 31:33, 31:33].mean((2, 3))
    right = moved[:, :2, 31:33, 41:43].mean((2, 3)) - middle
    mirrored = right[:, 0] < 0
    assert 0.34 < float(mirrored.float().mean()) < 0.46
    turned = torch.rad2deg(torch.atan2(right[:, 1], right[:, 0].abs())).abs()
    assert 9 < float(turned.max()) < 10.3
    zoom = 10 / right.norm(dim=1)
    assert 0.94 < float(zoom.min()) < 0.96
    assert 1.04 < float(zoom.max()) < 1.06


def test_identity_warp_changes_nothing() -> None:
    faces = torch.rand(2, 3, 16, 16)
    same = torch.tensor([[1.0, 0, 0], [0, 1.0, 0]]).expand(2, 2, 3)
    assert torch.allclose(warp_affine(faces, same, 16), faces, atol=1e-5)
    line = torch.arange(16.0)
    y, x = torch.meshgrid(line, line, indexing="ij")
    assert torch.allclose(
        sample(faces, torch.stack([x, y]).expand(2, -1, -1, -1)), faces, atol=1e-5
    )


def test_the_mean_shift_and_the_optimizer_are_the_originals() -> None:
    target, donor = face_set("a", 4, 1), face_set("b", 4, 2)
    generator = Autoencoder()
    generator.prepare(target, donor, Preset(1, 2, 64, 1 / 32), "cpu", 0)
    wanted = (donor.aligned.mean((0, 1, 2)) - target.aligned.mean((0, 1, 2))) / 255
    assert np.allclose(generator.shift, wanted)
    (adam,) = generator.optimizers().values()
    (group,) = adam.param_groups
    assert (group["lr"], group["betas"]) == (5e-5, (0.5, 0.999))
    held = {id(p) for p in group["params"]}
    assert held == {id(p) for n in generator.networks().values() for p in n.parameters()}
    faithful = Autoencoder.presets["faithful-2018"]
    assert (faithful.batch, faithful.size_px, faithful.width) == (64, 64, 1.0)


@pytest.mark.parametrize("faithful", [True, False])
def test_the_shift_is_applied_in_conversion_but_not_by_the_original(faithful: bool) -> None:
    target, donor = face_set("a", 4, 1), face_set("b", 4, 2)
    generator = Autoencoder()
    generator.prepare(target, donor, Preset(1, 2, 64, 1 / 32), "cpu", 0)
    generator._faithful = faithful
    seen: list[torch.Tensor] = []
    generator.encoder.register_forward_pre_hook(lambda _net, args: seen.append(args[0]))
    generator.swap(target.aligned[:1], target.landmarks[:1])
    generator.reconstruct(target.aligned[:1])
    off = (seen[1] - seen[0]).mean(dim=(0, 2, 3)).flip(0).numpy()  # BGR to RGB
    assert np.allclose(off, generator.shift if faithful else 0, atol=1e-5)
