"""Every kind of bad input: one clear sentence, its own exit code, no traceback, nothing half-done.

Most run inside this process, because starting the program costs seconds; what needs a process of
its own (Ctrl-C, a full disk) gets one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

import forensics.audit
from fixtures import encode
from forensics.cli import app
from forensics.output import RECORD
from forensics.record import CaseRecord, Conclusion
from tests.conftest import FIXTURES, ROOT

ODD_NAMES = (
    "two words.png", "h\u00e9ros \u0627\u0644\u0641\u064a\u0644\u0645 \u6362\u8138.png",
    "-leading dash.png", "new\nline.png", "100%d[1] $(touch x).png", "a" * 240 + ".png",
)  # fmt: skip


def audit(*args: str | Path) -> Result:
    return CliRunner().invoke(app, ["--quiet", "--no-pdf", "--frames", "4", *map(str, args)])


def examined(item: Path, out: Path) -> CaseRecord:
    done = audit("--out", out, "--", item)
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    return CaseRecord.from_json((out / RECORD).read_bytes())


def refused(done: Result | subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One sentence, the right code, and no traceback."""
    got = done.exit_code if isinstance(done, Result) else done.returncode
    assert got == code, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert len(line) < 400
    for word in words:
        assert word in line


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    """A folder for results that must not be there when the test ends in an error."""
    yield tmp_path / "out"
    if (tmp_path / "out").is_dir():
        assert (tmp_path / "out" / RECORD).exists()
        assert not list((tmp_path / "out").glob(".partial-*"))


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [
        ("audio-only.m4a", 4, "no picture"),
        ("zero.mp4", 3, "empty"),
        ("text.mp4", 3, "not a video"),
        ("truncated-no-index.mp4", 3, "truncated"),
    ],
)
def test_not_a_picture(name: str, code: int, word: str, out: Path) -> None:
    refused(audit(FIXTURES / name, "--out", out), code, name, word)
    assert not out.exists()


def test_no_face(out: Path) -> None:
    record = examined(FIXTURES / "no-face.mp4", out)
    assert record.verdict.conclusion is Conclusion.NOT_EXAMINABLE
    assert record.tracks == ()
    assert "face" in record.verdict.sentence.lower()


def test_only_tiny_faces(out: Path) -> None:
    record = examined(FIXTURES / "tiny-faces.mp4", out)
    assert record.verdict.conclusion in (Conclusion.NOT_EXAMINABLE, Conclusion.INCONCLUSIVE)
    assert all(track.quality.face_px < 48 for track in record.tracks)


def test_twenty_faces(out: Path) -> None:
    record = examined(FIXTURES / "twenty-faces.mp4", out)
    assert len(record.tracks) >= 16
    assert len(record.verdict.tracks) == len(record.tracks)


def test_truncated_but_readable(out: Path) -> None:
    record = examined(FIXTURES / "truncated.mp4", out)
    assert record.media.truncated
    assert 0 < record.media.frames_decoded < record.media.frames_declared
    assert any(fact.name == "damage" and fact.notable for fact in record.facts())


@pytest.mark.parametrize("name", ["still.png", "still.webp", "one-frame.mp4"])
def test_a_single_picture(name: str, out: Path) -> None:
    record = examined(FIXTURES / name, out)
    assert record.media.frames_decoded == 1
    assert len(record.tracks) == 1


def test_variable_frame_rate(out: Path) -> None:
    record = examined(FIXTURES / "variable-frame-rate.mp4", out)
    assert record.media.variable_frame_rate
    assert record.media.gaps == 3


def test_rotated_phone_video(out: Path) -> None:
    record = examined(FIXTURES / "rotated.mp4", out)
    assert (record.media.width_px, record.media.height_px) == (360, 480)
    assert len(record.tracks) == 1


@pytest.mark.parametrize(("name", "depth"), [("ten-bit.mp4", 10), ("interlaced.mp4", 8)])
def test_unusual_coding(name: str, depth: int, out: Path) -> None:
    record = examined(FIXTURES / name, out)
    assert record.media.bit_depth == depth
    assert (record.media.interlaced_frames > 0) == (name == "interlaced.mp4")
    assert len(record.tracks) == 1


def test_eight_k(tmp_path: Path, out: Path) -> None:
    small = cv2.cvtColor(cv2.imread(str(FIXTURES / "still.png")), cv2.COLOR_BGR2RGB)
    frame = cv2.resize(small, (7680, 4320), interpolation=cv2.INTER_LINEAR)
    options = {"preset": "ultrafast", "crf": "40", "bf": "0"}
    encode.video(tmp_path / "8k.mp4", [frame, frame], options=options)
    record = examined(tmp_path / "8k.mp4", out)
    assert (record.media.width_px, record.media.height_px) == (7680, 4320)
    assert len(record.tracks) == 1


def test_a_picture_bomb(tmp_path: Path, out: Path) -> None:
    blank = np.zeros((20_000, 20_000), np.uint8)
    cv2.imwrite(str(tmp_path / "bomb.png"), blank, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    refused(audit(tmp_path / "bomb.png", "--out", out), 3, "million pixels")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_paths(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(FIXTURES / "still.png", tmp_path / name)
    monkeypatch.chdir(tmp_path)
    record = examined(Path(name), tmp_path / "out")
    assert record.item.name == name
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "out"])


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    """Libraries that take paths as UTF-8 crash or raise on such names, and so may JSON."""
    name = os.fsdecode(b"\xff\xfe.png")
    shutil.copy(FIXTURES / "still.png", tmp_path / name)
    record = examined(tmp_path / name, tmp_path / "out")
    assert record.item.name.endswith(".png")


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda path: path.mkdir(), "folder"),
        (lambda path: path.symlink_to("nowhere"), "not there"),
        (lambda path: os.mkfifo(path), "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
        (lambda path: path.symlink_to(path.name), "item.mp4"),
        (lambda path: None, "not there"),
    ],
    ids=["folder", "dangling", "pipe", "device", "loop", "missing"],
)
def test_unreadable(make: Callable[[Path], object], word: str, tmp_path: Path, out: Path) -> None:
    make(tmp_path / "item.mp4")
    refused(audit(tmp_path / "item.mp4", "--out", out), 3, word)
    assert not out.exists()


def test_a_name_that_is_too_long(tmp_path: Path, out: Path) -> None:
    refused(audit(tmp_path / ("x" * 300 + ".mp4"), "--out", out), 3)


def test_no_permission(monkeypatch: pytest.MonkeyPatch, out: Path) -> None:
    real = Path.open

    def closed(path: Path, *args: object, **kwargs: object) -> object:
        if path.name == "still.png":
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", closed)
    refused(audit(FIXTURES / "still.png", "--out", out), 3, "Permission denied")


def meddle(monkeypatch: pytest.MonkeyPatch, step: str, deed: Callable[[], object]) -> None:
    """Do something to the item right after a step of the line."""
    real = getattr(forensics.audit, step)

    def wrapped(*args: object, **kwargs: object) -> object:
        result = real(*args, **kwargs)
        deed()
        return result

    monkeypatch.setattr(forensics.audit, step, wrapped)


@pytest.mark.parametrize(("step", "code"), [("probe", 3), ("scan", 3), ("conclude", 5)])
def test_a_vanishing_file(
    step: str, code: int, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = Path(shutil.copy(FIXTURES / "still.png", tmp_path / "item.png"))
    meddle(monkeypatch, step, lambda: item.unlink(missing_ok=True))
    refused(audit(item, "--out", out), code, "item.png")
    assert not out.exists()


def test_a_file_that_changes(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = Path(shutil.copy(FIXTURES / "still.png", tmp_path / "item.png"))
    meddle(monkeypatch, "conclude", lambda: item.write_bytes(item.read_bytes() + b"\0"))
    refused(audit(item, "--out", out), 5, "changed")
    assert not out.exists()


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    refused(audit(FIXTURES / "still.png", "--out", tmp_path / "taken"), 9, "--out")
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


def test_a_read_only_place() -> None:
    refused(audit(FIXTURES / "still.png", "--out", "/proc/results"), 9, "--out")


def test_a_full_disk(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(small)]
    mount = shutil.which("mount")
    if not mount or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    try:
        refused(audit(FIXTURES / "still.png", "--out", small / "out"), 11, "space")
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_disk_that_fills_while_writing(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    refused(audit(FIXTURES / "still.png", "--out", out), 11, "space")
    assert not out.exists()


def test_ctrl_c(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "forensics.cli", str(FIXTURES / "twenty-faces.mp4"),
        "--out", "out", "--every-frame", "--quiet",
    ]  # fmt: skip
    env = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=env,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell's background job ignores Ctrl-C, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as program:
        deadline = time.monotonic() + 300  # a busy machine is slow to start
        while not list(tmp_path.glob("out/.partial-*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.0)  # well into the examination
        os.killpg(program.pid, signal.SIGINT)
        _, stderr = program.communicate(timeout=300)
    assert program.returncode == 130
    assert "Traceback" not in stderr
    assert len(stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
