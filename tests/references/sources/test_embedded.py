"""The folder index: whole files or none, one writer, and clear words for every bad state."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import SourceIndexError
from forensics.references.sources.descriptors import Local
from forensics.references.sources.embedded import TABLE
from forensics.references.sources.index import Index, StoredFrame, Timeline, Video, open_index


def video(name: str, path: str = "/nowhere") -> Video:
    digest = name.encode().hex().ljust(64, "0")[:64]
    where = f"{path}/{name}"
    return Video(0, digest, where, 10, "video", 640, 360, 4.0, 25.0, {"a": "b"}, "now", 2)


def frames(seed: int, count: int = 2) -> list[StoredFrame]:
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        vector = rng.normal(size=1280).astype(np.float32)
        made.append(
            StoredFrame(
                float(number), rng.integers(0, 256, 32, np.uint8), 80,
                vector / np.linalg.norm(vector),
                Local(rng.uniform(0, 300, (40, 2)).astype(np.float32),
                      rng.integers(0, 256, (40, 32), np.uint8)),
            )
        )  # fmt: skip
    return made


def timeline(seed: int) -> Timeline:
    rng = np.random.default_rng(seed)
    return Timeline(np.arange(5) / 10, rng.integers(0, 256, (5, 24, 24), np.uint8))


def fill(index: Index, count: int) -> None:
    for number in range(count):
        index.add(video(f"v{number}.mp4"), frames(number), timeline(number))


def test_what_was_added_is_read_back_and_found(tmp_path: Path) -> None:
    with open_index(str(tmp_path), write=True) as index:
        fill(index, 5)
        index.commit()
    with open_index(str(tmp_path)) as index:
        assert [one.name for one in index.videos()] == [f"v{n}.mp4" for n in range(5)]
        number = index.videos()[3].id
        kept, given = index.frames_of(number), frames(3)
        assert np.array_equal(kept[1].pdq, given[1].pdq)
        assert np.abs(kept[1].local.points - given[1].local.points).max() <= 1 / 16
        assert np.array_equal(kept[1].local.codes, given[1].local.codes)
        assert np.array_equal(index.timeline(number).thumbs, timeline(3).thumbs)
        hits = index.search_pdq(given[1].pdq[None], 3)
        assert (hits.video[0, 0], hits.bits[0, 0]) == (number, 0)
        ids, cosine = index.similar(given[0].descriptor[None])
        assert ids[int(cosine[0].argmax())] == number
        assert cosine.max() == pytest.approx(1.0, abs=2e-3)


def test_what_was_not_committed_is_found_all_the_same(tmp_path: Path) -> None:
    with open_index(str(tmp_path), write=True) as index:
        fill(index, 2)
        index.commit()
        index.add(video("late.mp4"), frames(9), timeline(9))
    with open_index(str(tmp_path)) as index:
        late = index.videos()[-1].id
        assert index.search_pdq(frames(9)[0].pdq[None], 2).video[0, 0] == late
        ids, cosine = index.similar(frames(9)[1].descriptor[None])
        assert ids[int(cosine[0].argmax())] == late
        assert any("searched the slow way" in line for line in index.verify())


def test_the_removed_is_no_longer_found(tmp_path: Path) -> None:
    with open_index(str(tmp_path), write=True) as index:
        fill(index, 3)
        index.commit()
        gone = index.videos()[1].id
        index.remove(gone)
        assert gone not in index.search_pdq(frames(1)[0].pdq[None], 6).video
        index.commit()
        assert gone not in index.similar(frames(1)[0].descriptor[None])[0]
        assert index.stats().videos == 2


KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from tests.references.sources.test_embedded import video, frames, timeline
from forensics.references.sources.index import open_index
index = open_index({folder!r}, write=True)
index.add(video("whole.mp4"), frames(1), timeline(1))
def half():
    yield frames(2)[0]
    os.kill(os.getpid(), signal.SIGKILL)
index.add(video("half.mp4"), half(), timeline(2))
"""


def test_a_killed_writer_leaves_whole_files_only(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[3])
    code = KILLED.format(root=root, folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], env=os.environ, timeout=120)
    assert done.returncode == -signal.SIGKILL
    with open_index(str(tmp_path)) as index:  # the lock died with its process
        assert [one.name for one in index.videos()] == ["whole.mp4"]
        assert index.search_pdq(frames(1)[0].pdq[None], 1).bits[0, 0] == 0
    with open_index(str(tmp_path), write=True) as index:
        index.add(video("half.mp4"), frames(2), timeline(2))
        index.commit()
        assert index.stats().videos == 2


def test_two_writers_are_one_too_many(tmp_path: Path) -> None:
    with open_index(str(tmp_path), write=True) as index:
        fill(index, 1)
        with pytest.raises(SourceIndexError, match="another process is writing"):
            open_index(str(tmp_path), write=True)
    open_index(str(tmp_path), write=True).close()


def test_readers_go_on_while_one_writes(tmp_path: Path) -> None:
    with open_index(str(tmp_path), write=True) as writer:
        fill(writer, 1)
        writer.commit()
        with open_index(str(tmp_path)) as reader:
            writer.add(video("more.mp4"), frames(7), timeline(7))
            assert len(reader.videos()) in (1, 2)


def test_another_version_is_refused(tmp_path: Path) -> None:
    open_index(str(tmp_path), write=True).close()
    with sqlite3.connect(tmp_path / TABLE) as table:
        table.execute("UPDATE about SET value = '99' WHERE name = 'version'")
    with pytest.raises(SourceIndexError, match="version 99"):
        open_index(str(tmp_path))


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / TABLE).write_bytes(b"not a table at all" * 100)
    with pytest.raises(SourceIndexError, match="cannot be read"):
        open_index(str(tmp_path))
    with pytest.raises(SourceIndexError, match="no source index"):
        open_index("ftp://host/index")


def test_lost_search_files_are_not_missed(tmp_path: Path) -> None:
    with open_index(str(tmp_path), write=True) as index:
        fill(index, 2)
        index.commit()
    for file in tmp_path.glob("search-*/fingerprints.faiss"):
        file.write_bytes(b"broken")
    with open_index(str(tmp_path)) as index:
        assert index.search_pdq(frames(1)[0].pdq[None], 1).bits[0, 0] == 0


def test_verify_names_changed_and_missing_sources(tmp_path: Path) -> None:
    file = tmp_path / "v0.mp4"
    file.write_bytes(b"something else")
    with open_index(str(tmp_path / "index"), write=True) as index:
        index.add(video("v0.mp4", str(tmp_path)), frames(0), timeline(0))
        index.add(video("v1.mp4", str(tmp_path)), frames(1), timeline(1))
        index.commit()
        said = index.verify()
    assert any("v0.mp4" in line and "changed" in line for line in said)
    assert any("v1.mp4" in line and "no longer" in line for line in said)
