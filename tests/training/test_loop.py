import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.errors import MaterialError
from forensics.models.loading import load as load_model
from forensics.training.batches import EMPHASIS, PairSource
from forensics.training.export import export
from forensics.training.loop import Settings, Trainer, evaluate
from forensics.training.material import CONTEXT_SCALE, Face, is_held_out, load, save
from forensics.training.network import imagenet_discriminator, score, to_input
from forensics.training.pack import (
    CROP_PX,
    INPUT_PX,
    MAP_PX,
    STORED_PX,
    Pack,
    PairMaker,
    boundary_of,
    read_shards,
    write_shard,
)
from forensics.training.runs import train_branches
from tests.training.test_pseudo_fakes import landmarks, picture

TOY = Settings(minutes=60.0, pairs=1, warm_up_steps=4, rate=1e-3)


def toy_faces(count: int = 4) -> list[Face]:
    side = 192
    points = (landmarks(100) + (side - 100) / 2).astype(np.float32)
    return [
        Face(picture(seed, side), points, f"person {seed}", "toy", seed == 3)
        for seed in range(count)
    ]


def toy_pack(pairs: int = 6) -> Pack:
    made = [PairMaker(toy_faces(), seed=5).make(number) for number in range(pairs)]
    return Pack(
        np.stack([pair[0] for pair in made]), np.stack([pair[1] for pair in made]),
        np.stack([pair[2] for pair in made]), [pair[3] for pair in made],
    )  # fmt: skip


@pytest.fixture(scope="module")
def pack() -> Pack:
    return toy_pack()


def test_pairs_have_the_stored_shapes_and_repeat_by_number(pack: Pack) -> None:
    assert pack.genuine.shape == (6, STORED_PX, STORED_PX, 3)
    assert pack.fake.shape == pack.genuine.shape
    assert pack.boundary.shape == (6, MAP_PX, MAP_PX)
    again = PairMaker(toy_faces(), seed=5).make(2)
    assert np.array_equal(again[0], pack.genuine[2])
    assert np.array_equal(again[1], pack.fake[2])
    other = PairMaker(toy_faces(), seed=6).make(2)
    assert not np.array_equal(other[0], pack.genuine[2])


def test_both_branches_of_a_pair_differ_only_by_the_fake(pack: Pack) -> None:
    """Noise and encoding differ where the face does; corners stay alike."""
    for genuine, fake in zip(pack.genuine, pack.fake, strict=True):
        corner = np.abs(genuine[:12, :12].astype(int) - fake[:12, :12]).mean()
        assert corner < 16
    assert np.abs(pack.genuine.astype(int) - pack.fake).mean() > 0.5


def test_boundaries_are_highest_at_half() -> None:
    alpha = np.array([[0.0, 0.5, 1.0]], np.float32)
    assert boundary_of(alpha).tolist() == [[0, 1, 0]]
    assert boundary_of(alpha * 0.5)[0, 1] == pytest.approx(1)  # half-transparent fakes too


def test_a_donor_is_another_person() -> None:
    maker = PairMaker(toy_faces(), seed=1)
    for index in range(4):
        donor = maker.donor_for(index, np.random.default_rng(index))
        assert donor.identity != f"person {index}"


def test_one_face_is_not_enough() -> None:
    with pytest.raises(MaterialError, match="two faces"):
        PairMaker(toy_faces(1), seed=1)


def test_batches_change_both_branches_alike(pack: Pack) -> None:
    same = Pack(pack.genuine, pack.genuine, pack.boundary, pack.notes)
    crops, maps = PairSource([same]).batch(5, np.random.default_rng(0))
    assert crops.shape == (10, INPUT_PX, INPUT_PX, 3)
    assert maps.shape == (5, INPUT_PX // 8, INPUT_PX // 8)
    assert np.array_equal(crops[:5], crops[5:])


def test_a_run_resumes_where_its_checkpoint_left_it(pack: Pack, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    whole = Trainer([pack], [], tmp_path / "whole", TOY)
    for _ in range(2):
        whole.train_step()
    first = Trainer([pack], [], tmp_path / "split", TOY)
    first.train_step()
    first.save()
    second = Trainer([pack], [], tmp_path / "split", TOY)
    assert second.resume()
    assert second.step == 1
    second.train_step()
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name
        assert torch.allclose(whole.average[name], second.average[name])


def test_training_lowers_the_loss_on_what_it_sees(pack: Pack, tmp_path: Path) -> None:
    trainer = Trainer([pack], [pack], tmp_path, Settings(pairs=2, warm_up_steps=2, rate=1e-3))
    losses = [trainer.train_step()["seam"] for _ in range(4)]
    assert losses[-1] < losses[0]


def test_the_rate_rises_then_falls(tmp_path: Path, pack: Pack) -> None:
    trainer = Trainer([pack], [], tmp_path, TOY)
    first = trainer.rate_now()
    trainer.step = 10
    top = trainer.rate_now()
    trainer.elapsed_s = 3600
    assert first < top
    assert trainer.rate_now() == pytest.approx(0.02 * TOY.rate)


def test_a_run_stops_and_leaves_a_log(pack: Pack, tmp_path: Path) -> None:
    Trainer([pack], [pack], tmp_path, Settings(pairs=1, max_steps=1)).run()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines[0]["pairs"] == len(pack)
    assert 0 <= lines[-1]["held_out"]["all"] <= 1
    assert (tmp_path / "checkpoint.pt").exists()


def test_branches_start_from_the_run_and_differ_by_their_seed(tmp_path: Path, pack: Pack) -> None:
    for name in ("train-0000", "held-0000"):
        write_shard(PairMaker(toy_faces(), seed=5), range(2), tmp_path / "packs", name)
    Trainer([pack], [], tmp_path / "run", replace(TOY, max_steps=1)).run()
    start = tmp_path / "run" / "checkpoint.pt"
    still = replace(TOY, max_steps=1, seed=40, rate=0.0, decay=0.0)
    made = train_branches(tmp_path, tmp_path / "packs", still, 2, start)
    assert [path.parent.name for path in made] == ["seed-41", "seed-42"]
    before = torch.load(start, weights_only=True)["network"]
    for path in made:
        after = torch.load(path, weights_only=True)
        assert after["plan"]["seed"] == int(path.parent.name[5:])
        assert all(torch.equal(after["network"][name], before[name]) for name in before)


def test_the_mean_of_several_runs_is_exported(tmp_path: Path, pack: Pack) -> None:
    paths = []
    for seed in (1, 2):
        trainer = Trainer([pack], [], tmp_path / str(seed), replace(TOY, seed=seed))
        trainer.average = {n: seed * torch.ones_like(v) for n, v in trainer.average.items()}
        trainer.save()
        paths.append(trainer.checkpoint_path)
    config = export(paths, tmp_path / "discriminator" / "0.0.0")
    weights = load_model("discriminator", "0.0.0", tmp_path).weights()
    assert all(torch.all(value == 1.5) for value in weights.values() if value.is_floating_point())
    assert [run["seed"] for run in json.loads(config.read_text())["training"]] == [1, 2]


def test_families_that_replace_a_face_are_drawn_more_often(pack: Pack) -> None:
    notes = [
        {"degradation": {"crf": crf}, "recipe": {"family": family}}
        for family, crf in (("self_blend", 20), ("one_shot", 20), ("one_shot", 40))
    ]
    three = Pack(pack.genuine[:3], pack.fake[:3], pack.boundary[:3], notes)
    source = PairSource([three])
    shares = np.diff(source._edges, prepend=0)
    assert shares[1] / shares[0] == pytest.approx(EMPHASIS["one_shot"])
    clear = np.diff(source._clear_edges, prepend=0)
    assert clear[2] == 0  # strongly compressed pairs are not what a run begins with
    assert clear[1] / clear[0] == pytest.approx(EMPHASIS["one_shot"])


def test_a_branch_that_fails_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(MaterialError, match="ended early"):
        train_branches(tmp_path, tmp_path / "no packs", TOY, 1, tmp_path / "none.pt")


def test_the_network_starts_from_imagenet_and_gives_a_map() -> None:
    network = imagenet_discriminator().eval()
    crops = np.stack([picture(seed) for seed in range(3)])
    assert to_input(crops).shape == (3, 3, 160, 160)
    logits, maps = score(network, crops, batch=2)
    assert logits.shape == (3,)
    assert maps.shape == (3, 20, 20)
    assert 0 <= maps.min() <= maps.max() <= 1
    alone, _ = score(network, crops[1:2])
    assert logits[1] == pytest.approx(alone[0], abs=1e-4)  # nothing depends on the batch
    mirrored, _ = score(network, crops, mirrored=True)
    flipped, _ = score(network, crops[:, :, ::-1], mirrored=True)
    assert mirrored == pytest.approx(flipped, abs=1e-4)


def test_evaluation_is_by_family(pack: Pack) -> None:
    found = evaluate(imagenet_discriminator().eval(), [pack])
    assert {"all"} < set(found)
    assert all(0 <= value <= 1 for value in found.values())


def test_shards_are_made_once_and_read_back(tmp_path: Path) -> None:
    maker = PairMaker(toy_faces(), seed=5)
    path = write_shard(maker, range(2), tmp_path, "train-0000")
    before = path.stat().st_mtime_ns
    write_shard(maker, range(2), tmp_path, "train-0000")
    assert path.stat().st_mtime_ns == before
    (shard,) = read_shards(tmp_path, "train")
    assert len(shard) == 2
    with pytest.raises(MaterialError, match="held"):
        read_shards(tmp_path, "held")


def test_material_survives_saving(tmp_path: Path) -> None:
    faces = toy_faces()
    save(faces, tmp_path / "m.npz")
    back = load(tmp_path / "m.npz")
    for one, two in zip(faces, back, strict=True):
        assert np.array_equal(one.rgb, two.rgb)
        assert (one.identity, one.source, one.held_out) == (two.identity, two.source, two.held_out)
    assert back[0].box_side_px == pytest.approx(192 / CONTEXT_SCALE)
    with pytest.raises(MaterialError, match="no training material"):
        load(tmp_path / "none.npz")


def test_a_tenth_of_the_people_is_held_out_and_always_the_same() -> None:
    names = [f"person {number}" for number in range(3000)]
    held = [is_held_out(name) for name in names]
    assert np.mean(held) == pytest.approx(0.1, abs=0.02)
    assert held == [is_held_out(name) for name in names]


def test_crops_fit_within_what_is_stored() -> None:
    assert INPUT_PX < CROP_PX < STORED_PX
    assert STORED_PX == 4 * MAP_PX
