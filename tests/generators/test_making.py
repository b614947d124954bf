from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import structural_similarity
from typer.testing import CliRunner

from forensics.casefile.checking import verify
from forensics.cli import app
from forensics.errors import MaterialError
from forensics.intake.landmarks import DlibLandmarker
from reference_generators import faces as faces_module
from reference_generators import making
from reference_generators.faces import FaceSet, faces_of
from reference_generators.making import Wish, doubts, make
from reference_generators.material import check
from reference_generators.measuring import ssim
from tests.generators.conftest import Chain
from tests.generators.small_faces import face_set


def test_the_fake_was_measured(chain: Chain) -> None:
    metrics = json.loads((chain.folder / "manifest.json").read_text("ascii"))["recipe"]["metrics"]
    assert metrics == chain.made.metrics
    assert metrics["identity_distance_to_donor"] < metrics["identity_distance_to_target"]
    assert metrics["landmark_error_of_eye_distance"] < 0.15
    assert metrics["mask_iou_with_face_hull"] > 0.8
    assert metrics["flicker_over_targets"] > 0


@pytest.mark.usefixtures("quick")
def test_a_trained_method_goes_the_same_way(chain: Chain) -> None:
    said: list[str] = []
    wish = Wish("autoencoder", chain.target, chain.donor, preset="quick", steps=2)
    made = make(chain.case, wish, lambda *_: None, said.append)
    folder = chain.case.folder / made.folder
    assert {p.name for p in folder.iterdir()} >= {
        "fake.mp4", "mask.mkv", "model.safetensors", "preview.png", "losses.csv",
    }  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text("ascii"))
    assert manifest["recipe"]["steps"] == 2
    assert manifest["recipe"]["settings"]["preset"] == "quick"
    assert manifest["recipe"]["settings"]["blend"] == "adjust"
    assert {"target", "donor", "reconstruction_ssim"} <= set(manifest["recipe"]["metrics"])
    assert "model.safetensors" in manifest["files"]
    assert any("319 and 377 proved too few" in line for line in said)
    assert verify(chain.case.folder).whole
    with pytest.raises(MaterialError, match="go on with --resume"):
        make(chain.case, wish, lambda *_: None, said.append)


@pytest.mark.usefixtures("quick")
def test_a_dry_run_says_what_would_be_done_and_does_nothing(chain: Chain) -> None:
    before = len(chain.case.entries())
    args = ["generate", "--case", chain.case.folder, "--target", chain.target, "--donor"]
    args += [chain.donor, "--method", "cyclegan", "--dry-run"]
    done = CliRunner().invoke(app, [str(arg) for arg in args])
    assert done.exit_code == 0, done.output
    assert "method: cyclegan" in done.stdout
    assert "target_faces: 8" in done.stdout
    assert len(chain.case.entries()) == before


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("preset", "asked", "blend"),
    [("faithful-2018", "", "hull"), ("quick", "", "adjust"), ("quick", "square", "square")],
)
def test_the_blend_is_what_was_asked_or_the_preset_s(
    chain: Chain, preset: str, asked: str, blend: str
) -> None:
    wish = Wish("autoencoder", chain.target, chain.donor, preset=preset, blend=asked, dry_run=True)
    assert make(chain.case, wish, lambda *_: None, print).plan["blend"] == blend


@pytest.mark.usefixtures("quick")
def test_one_picture_is_too_few_to_train_on(
    chain: Chain, sets: dict[Path, FaceSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = sets[chain.donor]
    rows = slice(0, 1)
    single = FaceSet(
        one.name, one.sha256, one.aligned[rows], one.landmarks[rows], one.landmarks_px[rows],
        one.boxes_xyxy_px[rows], one.to_aligned[rows], one.frame_index[rows], one.pose_deg[rows],
    )  # fmt: skip
    monkeypatch.setattr(making, "faces_of", lambda p, *_: single if p == chain.donor else sets[p])
    with pytest.raises(MaterialError, match="shows 1 face; training needs many"):
        make(chain.case, Wish("unit", chain.target, chain.donor), lambda *_: None, print)


def test_a_person_is_followed_over_cuts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def shot(seed: int, first: int, count: int) -> FaceSet:
        return replace(face_set("x", count, seed), frame_index=np.arange(first, first + count))

    person, other, again, beside = shot(1, 20, 9), shot(2, 60, 8), shot(1, 0, 7), shot(1, 22, 3)
    monkeypatch.setattr(faces_module, "_tracks", lambda *_: [person, other, again, beside])
    monkeypatch.setattr(faces_module, "_of_track", lambda _name, _sha, track: track)
    video = tmp_path / "video.mp4"
    video.write_bytes(b"x")

    def same(a: FaceSet, b: FaceSet) -> bool:
        return a.sha256 == b.sha256

    found = faces_of(video, DlibLandmarker(), same)
    assert found.frame_index.tolist() == [*range(7), *range(20, 29)]


class Alike:
    """Stands for an embedder that cannot tell two people apart."""

    def of_set(self, faces: FaceSet) -> np.ndarray:
        del faces
        return np.ones(128)


def test_identical_people_are_refused() -> None:
    with pytest.raises(MaterialError, match="show the same person"):
        check(face_set("a", seed=1), face_set("b", seed=2), Alike(), trained=False)  # type: ignore[arg-type]


def test_ssim_is_the_published_one() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 255, (64, 64), dtype=np.uint8)
    b = np.clip(a + rng.normal(0, 20, a.shape), 0, 255).astype(np.uint8)
    theirs = structural_similarity(a, b, gaussian_weights=True, use_sample_covariance=False)
    assert ssim(a, b) == pytest.approx(theirs, abs=0.01)
    assert ssim(a, a) == 1


def test_a_fake_that_swaps_nothing_is_doubted() -> None:
    good = {
        "mask_iou_with_face_hull": 0.9, "identity_distance_to_target": 0.7,
        "identity_distance_to_donor": 0.4,
    }  # fmt: skip
    assert doubts(good) == []
    (covers,) = doubts(good | {"mask_iou_with_face_hull": 0.0})
    assert "0 % of the face" in covers
    (looks,) = doubts(good | {"identity_distance_to_target": 0.19})
    assert "nearer to the target (0.19) than to the donor (0.40)" in looks
    assert doubts({}) == []
