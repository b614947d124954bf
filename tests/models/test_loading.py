import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import ModelAbsent, ModelDigestMismatch
from forensics.models.loading import MODELS, load, sha256_of
from forensics.models.maps import average_map


def make_model(root: Path, version: str, seed: int = 0) -> Path:
    from safetensors.numpy import save_file

    folder = root / "toy" / version
    folder.mkdir(parents=True)
    values = np.random.default_rng(seed).normal(size=(3, 2)).astype(np.float16)
    save_file({"w": values}, folder / "weights.safetensors")
    weights = {
        "file": "weights.safetensors", "sha256": sha256_of(folder / "weights.safetensors"),
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps({"weights": weights}))
    return folder


def test_the_newest_version_is_loaded_and_versions_are_numbers(tmp_path: Path) -> None:
    for version in ("1.2.0", "1.10.0", "1.9.9"):
        make_model(tmp_path, version)
    assert load("toy", root=tmp_path).version == "1.10.0"
    assert load("toy", "1.2.0", root=tmp_path).version == "1.2.0"


def test_weights_come_back_as_float32(tmp_path: Path) -> None:
    make_model(tmp_path, "1.0.0")
    weights = load("toy", root=tmp_path).weights()
    assert str(weights["w"].dtype) == "torch.float32"
    assert tuple(weights["w"].shape) == (3, 2)


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "1.0.0")
    path = folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ModelDigestMismatch, match=r"config\.json pins"):
        load("toy", root=tmp_path)


def test_a_changed_config_changes_its_digest(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "1.0.0")
    before = load("toy", root=tmp_path).digests
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "protocol": {"frames": 1}}))
    after = load("toy", root=tmp_path).digests
    assert before["toy/weights.safetensors"] == after["toy/weights.safetensors"]
    assert before["toy/config.json"] != after["toy/config.json"]


def test_what_is_not_there_is_absent(tmp_path: Path) -> None:
    with pytest.raises(ModelAbsent, match="toy"):
        load("toy", root=tmp_path)
    folder = make_model(tmp_path, "1.0.0")
    with pytest.raises(ModelAbsent, match=r"toy 2\.0\.0"):
        load("toy", "2.0.0", root=tmp_path)
    (folder / "weights.safetensors").unlink()
    with pytest.raises(ModelAbsent, match="missing"):
        load("toy", root=tmp_path)


def test_a_broken_config_is_a_mismatch(tmp_path: Path) -> None:
    folder = make_model(tmp_path, "1.0.0")
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelDigestMismatch, match="cannot be read"):
        load("toy", root=tmp_path)


def test_importing_does_not_import_torch() -> None:
    code = "import sys, forensics.models.loading; sys.exit('torch' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


@pytest.mark.skipif(not (MODELS / "discriminator").is_dir(), reason="no model is shipped")
def test_the_shipped_discriminator_is_whole() -> None:
    model = load("discriminator")
    assert (model.folder / "weights.safetensors").stat().st_size <= 16 * 2**20
    assert (model.folder / "card.md").is_file()
    calibration = json.loads((model.folder / "calibration.json").read_text("utf-8"))
    assert calibration["model_digests"] == model.digests


def test_a_map_is_put_where_the_crop_lies() -> None:
    crop = np.zeros((1, 4, 4), np.float32)
    crop[0, 0, 3] = 1  # the cell at the top right
    matrix = np.array([[[80.0, 0.0, 100.0], [0.0, 80.0, 40.0]]])  # 80 px square at (100, 40)
    found = average_map(crop, matrix)
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert (x, y) == pytest.approx((170, 50), abs=1)
    assert found.max() == pytest.approx(1, abs=0.05)
    both = average_map(np.concatenate([crop, 0 * crop]), np.repeat(matrix, 2, axis=0))
    assert both.max() == pytest.approx(0.5, abs=0.05)
