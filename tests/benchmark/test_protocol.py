from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from forensics.benchmark import sheets
from forensics.benchmark.cache import load
from forensics.benchmark.manifest import Entry, read_manifest
from forensics.benchmark.protocol import Protocol, Row, examine
from forensics.benchmark.tables import by_method, by_signal
from forensics.errors import ManifestError
from tests.conftest import FIXTURES, Run


def test_manifest_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(manifest)
    manifest.write_text("path,label\na.mp4,fake\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="lacks the column method"):
        read_manifest(manifest)
    manifest.write_text("path,label,method\na.mp4,perhaps,x\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="line 2: label 'perhaps'"):
        read_manifest(manifest)
    manifest.write_text("path,label,method\na.mp4,fake,x\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"a\.mp4 is not there"):
        read_manifest(manifest)


def test_faces_from_the_cache_give_the_same_row(tmp_path: Path) -> None:
    entry = Entry(path="swapped-one-face.mp4", fake=True, method="m")
    protocol = Protocol(FIXTURES, frames=6, faces=tmp_path)
    first = examine(entry, protocol)
    (kept,) = tmp_path.iterdir()
    stored = load(kept)
    assert stored
    assert len(stored[1]) == 1
    second = examine(entry, protocol)
    assert first.signals == second.signals
    assert first.score == pytest.approx(second.score, nan_ok=True)
    assert load(tmp_path / "absent.npz") is None
    (sheet,) = sheets.write([second], protocol, tmp_path / "sheets")
    picture = cv2.imread(str(sheet))
    assert sheet.name == "fakes-lowest.png"
    assert picture.shape == (sheets.LINE_PX + sheets.CELL_PX, sheets.CELL_PX * sheets.FRAMES, 3)
    assert picture[sheets.LINE_PX :].std() > 20  # faces, not an empty sheet


def row(fake: bool, method: str, group: str, score: float, conclusion: str = "inconclusive") -> Row:
    entry = Entry(path=f"{method}{score}", fake=fake, method=method, group=group)
    return Row(entry, conclusion, score, score, {"a.x": score}, 1, 100.0)


def test_a_method_is_compared_with_its_own_group_and_with_all() -> None:
    rows = [row(True, "swap", "g", s) for s in (2.0, 3.0)]
    rows += [row(False, "real", "g", s) for s in (0.0, 1.0)]
    rows += [row(False, "other", "h", s) for s in (2.5, 9.0)]
    swap, overall = by_method(rows)
    assert (swap["method"], swap["n_fake"], swap["n_real"], swap["auc"]) == ("swap", 2, 2, 1.0)
    assert swap["against_all"]["n_real"] == 4
    assert swap["against_all"]["auc"] == pytest.approx(0.625)
    assert overall["method"] == "all methods"
    assert overall["auc"] == pytest.approx(0.625)
    assert {"tpr_at_fpr_1", "tpr_at_fpr_5", "cllr", "inconclusive", "auc_low"} <= set(swap)
    assert {entry["signal"] for entry in by_signal(rows)} == {"a.x"}


def test_unscored_videos_are_counted_and_not_ranked() -> None:
    rows = [row(True, "swap", "g", 2.0), row(True, "swap", "g", float("nan"), "not_examinable")]
    rows += [row(False, "real", "g", 0.0)]
    entry = by_method(rows)[0]
    assert (entry["n_fake"], entry["unscored"], entry["auc"]) == (1, 1, 1.0)
    assert entry["inconclusive_fake"] == 1.0
    assert np.isfinite(float(entry["cllr"]))


def test_the_command_writes_results_and_scores(audit_program: Run, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    lines = ["path,label,method,group"]
    for name, label in (("swapped-one-face", "fake"), ("genuine-one-face", "real")):
        (tmp_path / f"{name}.mp4").write_bytes((FIXTURES / f"{name}.mp4").read_bytes())
        lines.append(f"{name}.mp4,{label},{label} clip,g")
    manifest.write_text("\n".join(lines), encoding="utf-8")
    done = audit_program("benchmark", manifest, "--out", tmp_path / "out", "--jobs", "1",
                         "--frames", "6")  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    wanted = {"method", "n_fake", "n_real", "auc", "auc_low", "auc_high", "tpr_at_fpr_1",
              "tpr_at_fpr_5", "cllr", "inconclusive"}  # fmt: skip
    assert all(wanted <= set(entry) for entry in results["methods"])
    scores = (tmp_path / "out" / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert len(scores) == 3
    assert scores[0].startswith("path,label,method,group,conclusion")
    assert "fake clip" in done.stdout
