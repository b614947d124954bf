from __future__ import annotations

import errno
from pathlib import Path

import pytest

from forensics.errors import DiskFull, OutputNotWritable
from forensics.output import Output, writing


def test_a_file_in_the_way_is_said_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputNotWritable, match="is a file"), Output(tmp_path / "out"):
        raise AssertionError("never reached")
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("error", [RuntimeError("broke"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_run_that_fails(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), Output(tmp_path / "out") as output:  # noqa: PT012
        (output._work / "record.json").write_text("{}", encoding="utf-8")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_result_survives_a_run_that_fails(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "record.json").write_text("earlier", encoding="utf-8")
    with pytest.raises(RuntimeError), Output(folder):
        raise RuntimeError("broke")
    assert [path.name for path in folder.iterdir()] == ["record.json"]
    assert (folder / "record.json").read_text(encoding="utf-8") == "earlier"


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="no space is left"), writing(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
