from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from forensics.casefile.checking import verify
from forensics.casefile.folder import Case
from tests.casefile.tampering import (
    change_byte,
    change_line,
    one_command,
    run_and_kill,
    small_case,
)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_case(tmp_path_factory.mktemp("pristine")).folder


@pytest.mark.parametrize("how", [change_byte, change_line])
def test_every_change_is_named(how, pristine: Path, tmp_path: Path) -> None:
    assert verify(pristine).whole
    assert verify(pristine).notes == ()
    for seed in range(75):
        copy = tmp_path / f"{how.__name__}-{seed}"
        shutil.copytree(pristine, copy)
        change = how(copy, random.Random(seed))  # noqa: S311
        check = verify(copy)
        said = [str(finding) for finding in check.findings if finding.path == change.path]
        assert said, f"{change.what}: {check.findings}"
        for words in change.words:
            assert any(words in line for line in said), f"{change.what}: {said}"


def test_killed_commands_lose_no_line(tmp_path: Path) -> None:
    case = small_case(tmp_path)
    rng = random.Random(5)  # noqa: S311
    before = len(case.entries())
    finished = 0
    for number in range(8):
        scratch = tmp_path / f"kill-{number}"
        _, done = run_and_kill(case, scratch, one_command, after_s=rng.uniform(0, 0.2))
        finished += done
        check = verify(case.folder)
        assert check.whole, check.findings
        assert check.lines >= before + finished
    assert len(Case(case.folder).entries()) == verify(case.folder).lines
    assert verify(case.folder).notes == ()


def _add_some(case: Case, scratch: Path) -> None:
    with case.staging() as staged:
        staged.write(f"records/{scratch.name}/record.json", scratch.name.encode())
        staged.write(f"records/{scratch.name}/signals.csv", b"track\n")
        case.commit(staged, "record")


def test_killed_at_every_wait_for_the_disk(tmp_path: Path) -> None:
    case = small_case(tmp_path)
    before = len(case.entries())
    finished_by_others = 0
    for point in range(1, 40):
        scratch = tmp_path / f"point-{point}"
        killed, _ = run_and_kill(case, scratch, _add_some, at_sync=point)
        check = verify(case.folder)
        assert check.whole, (point, check.findings)
        if not killed:
            break
        decided = check.lines == before + finished_by_others + 1
        entries = Case(case.folder).entries()  # the next command finishes or clears
        finished_by_others += decided
        assert len(entries) == before + finished_by_others
        both = {f"records/{scratch.name}/{name}" for name in ("record.json", "signals.csv")}
        assert (both <= set(case.files())) == decided
        assert not (both - set(case.files())) or not decided
        assert verify(case.folder).notes == ()
        assert verify(case.folder).whole
    else:
        pytest.fail("the command never ended by itself")
    assert point > 8
    assert finished_by_others
