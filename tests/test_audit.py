from __future__ import annotations

from pathlib import Path

import pytest

from forensics.analyzer import Analyzer, Findings, Material
from forensics.analyzers.face_bandwidth import FaceBandwidth
from forensics.audit import audit
from forensics.errors import ItemChanged, UnreadableItem
from forensics.record import Conclusion, Reason, Settings
from tests.conftest import FIXTURES

QUICK = Settings(frames=6, device="cpu")


class Breaks(Analyzer):
    name = "breaks"
    version = "1"
    title = "Breaks"
    examines = "nothing"

    def analyze(self, material: Material) -> Findings:
        raise ZeroDivisionError("on purpose")


class Touches(Analyzer):
    name = "touches"
    version = "1"
    title = "Touches"
    examines = "nothing"

    def analyze(self, material: Material) -> Findings:
        with material.path.open("ab") as file:
            file.write(b"x")
        return Findings(())


def test_two_runs_differ_in_run_alone() -> None:
    item = FIXTURES / "two-people-one-swapped.mp4"
    first, second = audit(item, QUICK), audit(item, QUICK)
    assert first.exhibits == second.exhibits
    one, two = first.record.to_plain(), second.record.to_plain()
    assert one.pop("run") != {}
    assert two.pop("run") != {}
    assert one == two


def test_every_person_is_examined_and_named() -> None:
    record = audit(FIXTURES / "two-people-one-swapped.mp4", QUICK).record
    assert [person.id for person in record.tracks] == [1, 2]
    assert [person.track for person in record.verdict.tracks] == [1, 2]
    assert {signal.extent.track for signal in record.signals()} >= {1, 2}


def test_a_method_that_breaks_abstains_and_the_others_go_on() -> None:
    item = FIXTURES / "genuine-one-face.mp4"
    record = audit(item, QUICK, analyzers=(Breaks, FaceBandwidth)).record
    failed = [said for said in record.abstentions() if said.analyzer == "breaks"]
    assert [said.reason for said in failed] == [Reason.FAILED]
    assert "on purpose" in failed[0].detail
    assert [signal for signal in record.signals() if signal.analyzer == "face_bandwidth"]
    assert any("breaks" in line for line in record.verdict.not_examined)


def test_an_item_that_changes_is_not_reported_on(tmp_path: Path) -> None:
    copy = tmp_path / "item.mp4"
    copy.write_bytes((FIXTURES / "no-face.mp4").read_bytes())
    with pytest.raises(ItemChanged, match="changed while it was examined"):
        audit(copy, QUICK, analyzers=(Touches,))


def test_without_a_face_the_verdict_is_not_examinable() -> None:
    verdict = audit(FIXTURES / "no-face.mp4", QUICK).record.verdict
    assert verdict.conclusion is Conclusion.NOT_EXAMINABLE
    assert verdict.log10_lr is None
    assert "No face was found" in verdict.sentence


def test_what_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableItem, match="is not there"):
        audit(tmp_path / "nothing.mp4", QUICK)
