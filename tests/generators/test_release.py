from __future__ import annotations

import ast
import csv
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import reference_generators
from forensics.analyzer import Material
from forensics.analyzers.own_comparison import OwnComparison
from forensics.casefile.checking import verify
from forensics.casefile.fingerprints import VARIABLE, registered
from forensics.casefile.folder import Case
from forensics.errors import CaseError, MaterialError
from forensics.intake.credentials import read_credentials
from forensics.intake.frames import read_frames
from forensics.intake.probe import probe
from forensics.intake.scan import scan
from forensics.record import Fact
from reference_generators.label import Label
from reference_generators.making import Wish, make
from reference_generators.release import Release, _Sound
from tests.conftest import ROOT
from tests.generators.conftest import Chain, new_case
from tests.generators.small_media import clip

PACKAGE = Path(reference_generators.__path__[0])


def test_the_case_holds_all_of_it_and_verifies(chain: Chain) -> None:
    names = {path.name for path in chain.folder.iterdir()}
    assert names == {"fake.mp4", "mask.mkv", "frames.csv", "manifest.json", "credentials.pem"}
    check = verify(chain.case.folder)
    assert check.whole, check.findings
    made = [entry for entry in chain.case.entries() if entry.action == "generate"]
    (entry,) = [entry for entry in made if entry.detail["method"] == "landmark_swap"]
    manifest = json.loads((chain.folder / "manifest.json").read_text("ascii"))
    assert manifest["operator"] == "A. Examiner"
    assert manifest["authority"] == "public-domain portraits"
    assert date.fromisoformat(manifest["destroy_on"]) > date.fromisoformat(
        manifest["made_utc"][:10]
    )
    assert manifest["files"]["fake.mp4"] == entry.files[f"{chain.made.folder}/fake.mp4"]
    assert manifest["recipe"]["seed"] == 3
    assert manifest["target"]["sha256"] in {p.split("/")[-1][:64] for p in chain.case.files()}


def test_every_frame_is_there_with_sound(chain: Chain) -> None:
    with av.open(str(chain.target)) as target, av.open(str(chain.folder / "fake.mp4")) as fake:
        was = [packet.pts for packet in target.demux(audio=0) if packet.pts is not None]
        now = [packet.pts for packet in fake.demux(audio=0) if packet.pts is not None]
        assert len(was) == len(now)
    with av.open(str(chain.folder / "fake.mp4")) as fake:
        kinds = [packet.stream.type for packet in fake.demux() if packet.pts is not None]
        assert kinds[0] == "video"
        assert "video" in kinds[kinds.index("audio") :], "all sound comes after all pictures"
    rows = list(csv.DictReader((chain.folder / "frames.csv").open(encoding="ascii")))
    assert len(rows) == 8
    for frame, row in zip(read_frames(chain.folder / "fake.mp4", np.arange(8)), rows, strict=True):
        assert frame.pts_s == pytest.approx(float(row["pts_s"]), abs=1e-4)
        assert row["face"] == "1"
        assert int(row["target_frame"]) == frame.index


def test_sound_that_mp4_cannot_hold_is_encoded(tmp_path: Path) -> None:
    source = clip(tmp_path / "raw.mkv", 6, audio="pcm_f32le")
    with av.open(str(source)) as target, av.open(str(tmp_path / "o.mp4"), "w") as out:
        sound = _Sound(target, out)
        sound.carry(0.1)
        sound.carry()
    with av.open(str(tmp_path / "o.mp4")) as made:
        assert made.streams.audio[0].codec_context.name == "aac"
        seconds = float(made.streams.audio[0].duration * made.streams.audio[0].time_base)
    assert seconds == pytest.approx(6 / 25, abs=0.08)


def test_the_mask_is_where_the_pixels_changed(chain: Chain) -> None:
    index = np.array([4])
    (fake,) = read_frames(chain.folder / "fake.mp4", index)
    (target,) = read_frames(chain.target, index)
    (mask,) = read_frames(chain.folder / "mask.mkv", index)
    inside = mask.rgb[..., 0] > 128
    assert 0.03 < inside.mean() < 0.4
    changed = np.abs(fake.rgb.astype(int) - target.rgb).mean(axis=2)
    above = np.arange(changed.shape[0])[:, None] < 0.9 * changed.shape[0]  # no label there
    assert changed[inside].mean() > 4 * changed[~inside & above].mean()


def test_the_label_is_burned_outside_the_face(chain: Chain) -> None:
    (fake,) = read_frames(chain.folder / "fake.mp4", np.array([0]))
    rows = fake.rgb.shape[0]
    strip = fake.rgb[round(0.945 * rows) :]
    yellow = (strip[..., 0] > 150) & (strip[..., 2] < 110)
    assert 0.01 < yellow.mean() < 0.4


def test_the_label_moves_away_from_faces() -> None:
    plain = np.full((100, 200, 3), 90, np.uint8)
    low, high = np.array([50.0, 60, 150, 100]), np.array([50.0, 0, 150, 40])
    label = Label("TEXT", np.stack([low, low, high]), (200, 100))
    assert (label.burn(plain, low)[:14] != 90).any()
    assert (label.burn(plain, low)[14:] == 90).all()
    assert (label.burn(plain, high)[:40] == 90).all()
    assert label.over_face == 0
    label.burn(plain, np.array([0.0, 0, 200, 100]))
    assert label.over_face == 1


def test_credentials_say_what_made_it(chain: Chain) -> None:
    reading = read_credentials(chain.folder / "fake.mp4", chain.folder / "credentials.pem")
    assert reading.store is not None
    assert reading.store["validation_state"] in ("Valid", "Trusted")
    assert "trainedAlgorithmicMedia" in json.dumps(reading.store)
    assert "PRIVATE" not in (chain.folder / "credentials.pem").read_text("ascii")
    inside = [path for path in chain.case.folder.rglob("*") if path.is_file()]
    assert not [path for path in inside if b"PRIVATE KEY" in path.read_bytes()]


def _recognized(path: Path) -> Fact:
    found = scan(path, frames=1)
    material = Material(
        path=path, media=found.media, container=probe(path), frame_table=found.table,
        shots=found.shots, tracks=(),
    )  # fmt: skip
    (fact,) = OwnComparison().analyze(material).observations
    assert isinstance(fact, Fact)
    return fact


def test_this_installation_knows_its_own_fake(chain: Chain, tmp_path: Path) -> None:
    assert chain.case.description.id in {fake.case for fake in registered()}
    fact = _recognized(chain.folder / "fake.mp4")
    assert fact.value == "exact file"
    assert fact.notable
    assert chain.case.description.id in fact.words
    small = tmp_path / "small.mp4"
    with av.open(str(small), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        video.options = {"crf": "34"}
        for frame in read_frames(chain.folder / "fake.mp4", np.arange(8)):
            shrunk = cv2.resize(frame.rgb, (320, 240), interpolation=cv2.INTER_AREA)
            out.mux(video.encode(av.VideoFrame.from_ndarray(shrunk, format="rgb24")))
        out.mux(video.encode(None))
    assert _recognized(small).value == "fingerprints"
    assert _recognized(chain.target).value in ("footage only", "no")


def test_another_installation_does_not(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert _recognized(chain.folder / "fake.mp4").value == "none registered"


@pytest.mark.parametrize("missing", ["operator", "purpose", "authority"])
def test_no_fake_without_someone_to_answer_for_it(missing: str, tmp_path: Path) -> None:
    case = new_case(tmp_path / "case")
    about = (case.folder / "case.toml").read_text("utf-8").splitlines()
    text = "\n".join(f'{missing} = " "' if ln.startswith(f"{missing} ") else ln for ln in about)
    (case.folder / "case.toml").chmod(0o644)
    (case.folder / "case.toml").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(CaseError, match=f"names no {missing}"):
        Release(Case(case.folder), crf=18, destroy_on=date(2030, 1, 1))


def _wish(chain: Chain, **other: object) -> Wish:
    plain = {"method": "landmark_swap", "target": chain.target, "donor": chain.donor}
    return Wish(**(plain | other))  # type: ignore[arg-type]


@pytest.mark.usefixtures("quick")
def test_bad_material_has_one_sentence(chain: Chain, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    said = {
        "holds no pictures": _wish(chain, donor=empty),
        "must be one video": _wish(chain, target=empty),
        "there is no method": _wish(chain, method="magic"),
        "has no preset": _wish(chain, preset="best"),
        "the same file": _wish(chain, donor=chain.target),
        "no face was found": _wish(chain, donor=clip(tmp_path / "n.mp4", 3, name="no-face")),
    }
    before = len(chain.case.entries())
    for words, wish in said.items():
        with pytest.raises(MaterialError, match=words):
            make(chain.case, wish, lambda *_: None, lambda _line: None)
    assert len(chain.case.entries()) == before


def _writers(tree: ast.AST) -> list[str]:
    """Find every way this code could open a video writer."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        modes = [a.value for a in node.args[1:2] if isinstance(a, ast.Constant)]
        modes += [k.value.value for k in node.keywords if k.arg == "mode"
                  and isinstance(k.value, ast.Constant)]  # fmt: skip
        unknown = len(node.args) > 1 and not isinstance(node.args[1], ast.Constant)
        if name.endswith("av.open") or name == "av.container.open":
            found += [name] if unknown or any(str(m).startswith("w") for m in modes) else []
        if name.rpartition(".")[2] in ("VideoWriter", "add_stream", "imwrite", "Popen", "system"):
            found.append(name)
        if name.rpartition(".")[2] in ("mimwrite", "write_video", "getattr") and (
            name != "getattr" or any(ast.unparse(a) == "av" for a in node.args[:1])
        ):
            found.append(name)
    return found


def test_no_other_code_opens_a_video_writer() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert len(files) > 8
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = _writers(tree)
        if path.name == "release.py":
            assert found
            continue
        assert not found, f"{path.name}: {found}"
        modules = [n.names[0].name for n in ast.walk(tree) if isinstance(n, ast.Import)]
        froms = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        named = {module.split(".")[0] for module in (*modules, *froms)}
        assert not named & {"av", "imageio", "subprocess", "moviepy"}, path.name


def test_the_scan_for_writers_can_fail() -> None:
    for line in ('av.open(p, "w")', 'av.open(p, mode="w")', "cv2.VideoWriter(p)", "av.open(p, m)"):
        assert _writers(ast.parse(line))
    assert not _writers(ast.parse("av.open(p)"))


def test_forensics_loads_no_generator() -> None:
    code = "import sys, forensics.cli_case, forensics.analyzers.own_comparison as o; " \
        "print([m for m in sys.modules if m.startswith('reference_generators')])"  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
