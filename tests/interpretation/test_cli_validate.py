import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from forensics.cli_validate import validate
from forensics.errors import ManifestError
from forensics.models.loading import MODELS

app = Typer()
app.command()(validate)


def write_cases(path: Path) -> Path:
    rows = [f"fake,{0.2 * n},swap" for n in range(10)] + [f"real,{-0.2 * n}," for n in range(10)]
    path.write_text("label,log10_lr,group\n" + "\n".join(rows) + "\n")
    return path


def test_figures_and_diagrams_are_written(tmp_path: Path) -> None:
    cases = write_cases(tmp_path / "cases.csv")
    done = CliRunner().invoke(app, [str(cases), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "out" / "validation.json").read_text())
    assert figures["all"]["n_h1"] == 10
    assert figures["all"]["false_alarm_rate"] == 0
    assert figures["swap"]["n_h2"] == 10  # a group without genuine cases is set against all
    header = (tmp_path / "out" / "tippett.csv").read_text().splitlines()[0]
    assert header == "log10_lr,share_h1_at_or_above,share_h2_at_or_above"
    for name in ("tippett.svg", "reliability.svg"):
        assert (tmp_path / "out" / name).read_text().startswith("<svg")


def test_the_first_strength_can_be_given(tmp_path: Path) -> None:
    cases = write_cases(tmp_path / "cases.csv")
    for edge, misses in (("1.0", 0.5), ("0.1", 0.1)):
        out = tmp_path / edge
        CliRunner().invoke(app, [str(cases), "--out", str(out), "--support-from", edge])
        figures = json.loads((out / "validation.json").read_text())
        assert figures["all"]["miss_rate"] == pytest.approx(misses)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("label,score\nfake,1\n", "lacks the columns log10_lr"),
        ("label,log10_lr\nfake,high\n", "could not convert"),
        ("label,log10_lr\nfake,1\n", "both kinds"),
    ],
)
def test_bad_tables_are_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(text)
    done = CliRunner().invoke(app, [str(path)])
    assert isinstance(done.exception, ManifestError)
    assert words in str(done.exception)


@pytest.mark.skipif(not (MODELS / "discriminator").is_dir(), reason="no model is shipped")
def test_the_shipped_cases_are_honest() -> None:
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 0, done.output
    assert "autoencoder" in done.output


@pytest.mark.parametrize(
    "model", sorted({path.parts[-3] for path in MODELS.glob("*/*/validation.json")})
)
def test_every_shipped_model_can_be_validated(model: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--model", model, "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "validation.json").read_text())["all"]["n_h1"] > 20


def test_a_model_without_cases_is_named() -> None:
    with pytest.raises(ManifestError, match="there are discriminator"):
        CliRunner().invoke(app, ["--model", "nothing"], catch_exceptions=False)
