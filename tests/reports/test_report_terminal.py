from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from report_records import ARABIC, HOSTILE, make
from rich.console import Console

from forensics.record import Conclusion
from reports.terminal import print_verdict


def printed(tmp_path: Path, *, width: int = 60, encoding: str = "utf-8", **more: object) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    console = Console(file=stream, width=width, highlight=False)
    record = make(tmp_path, **more)  # type: ignore[arg-type]
    print_verdict(record, console, tmp_path / "[bold]" / "report.pdf", tmp_path)
    return raw.getvalue().decode(encoding)


def joined(text: str) -> str:
    return re.sub(r"[│|\s]+", " ", text)


@pytest.mark.parametrize("conclusion", list(Conclusion))
def test_every_conclusion_is_said(tmp_path: Path, conclusion: Conclusion) -> None:
    text = joined(printed(tmp_path, conclusions=(conclusion,)))
    label = {
        Conclusion.SUPPORTS_FACE_SWAP: "▲ Supports face swap",
        Conclusion.SUPPORTS_NO_FACE_SWAP: "● Supports no face swap",
        Conclusion.INCONCLUSIVE: "■ Inconclusive",
        Conclusion.NOT_EXAMINABLE: "◇ Not examinable",
    }[conclusion]
    assert label in text
    assert "learned discriminator: its weights are not installed" in text
    assert ("log10 LR" in text) == (conclusion is not Conclusion.NOT_EXAMINABLE)


def test_a_hostile_name_sends_nothing_to_the_terminal(tmp_path: Path) -> None:
    text = printed(tmp_path, name=HOSTILE)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "⟨U+001B⟩[31m" in text
    assert "[red]x[/red]" in text


def test_it_fits_sixty_columns(tmp_path: Path) -> None:
    text = printed(tmp_path, conclusions=tuple(Conclusion) * 5, name="x" * 300)
    assert max(map(len, text.splitlines())) <= 60
    assert "and 14 more, in the report" in joined(text)


def test_the_report_path_is_printed_as_it_is(tmp_path: Path) -> None:
    assert str(tmp_path / "[bold]" / "report.pdf").replace("/", "") in re.sub(
        r"[│\s/]+", "", printed(tmp_path, width=200)
    )


def test_a_terminal_with_ascii_only_gets_everything(tmp_path: Path) -> None:
    text = printed(tmp_path, encoding="ascii", name=ARABIC, width=100)
    assert "\\u0645" in text
    assert "Supports face swap" in text
    assert "log10 LR +1.42" in text


def test_no_face(tmp_path: Path) -> None:
    text = joined(printed(tmp_path, conclusions=()))
    assert "No face was found in this video." in text
    assert "People" not in text


def test_notable_facts_stand_beside_what_was_weighed(tmp_path: Path) -> None:
    record = make(tmp_path)
    noted = [fact for fact in record.facts() if fact.notable]
    text = joined(printed(tmp_path, width=300))
    assert noted
    assert "Also noted, not weighed" in text
    assert joined(noted[0].words or noted[0].name)[:40] in text
