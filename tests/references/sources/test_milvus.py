"""The Milvus index behind the same interface, on a client that keeps everything in lists."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

import numpy as np
import pytest

from forensics.errors import SourceIndexError
from forensics.references.sources.index import open_index
from forensics.references.sources.memory import MemoryIndex
from forensics.references.sources.milvus import MilvusIndex

from .test_embedded import frames, timeline, video


class Client:
    """Speaks the few words of pymilvus.MilvusClient that the index uses."""

    def __init__(self, version: str = "1") -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {"films": [], "films_frames": []}
        self.version = version

    def has_collection(self, name: str) -> bool:
        return name in self.rows

    def describe_collection(self, name: str) -> dict[str, Any]:
        return {"properties": {"source.index.version": self.version}}

    def insert(self, name: str, rows: list[dict[str, Any]]) -> None:
        self.rows[name] += rows

    def flush(self, name: str) -> None:
        assert name in self.rows

    def close(self) -> None:
        self.rows.clear()

    def _chosen(self, name: str, text: str) -> list[dict[str, Any]]:
        code = re.sub(r"\b(video|part|id)\b", r"row['\1']", text)
        return [row for row in self.rows[name] if eval(code, {}, {"row": row})]  # noqa: S307

    def query(self, name: str, filter: str, output_fields: list[str], limit: int) -> list[Any]:
        found = sorted(self._chosen(name, filter), key=lambda row: row["id"])[:limit]
        return [{field: row[field] for field in output_fields} for row in found]

    def delete(self, name: str, filter: str) -> None:
        gone = [id(row) for row in self._chosen(name, filter)]
        self.rows[name] = [row for row in self.rows[name] if id(row) not in gone]

    def search(
        self, name: str, data: list[Any], anns_field: str, limit: int, **_: Any
    ) -> list[Any]:
        found = []
        for one in data:
            hits = []
            for row in self.rows[name]:
                if anns_field == "pdq":
                    a, b = np.frombuffer(one, np.uint8), np.frombuffer(row["pdq"], np.uint8)
                    near = float(np.bitwise_count(a ^ b).sum())
                else:
                    near = float(np.dot(one, row["descriptor"]))
                hits.append({"distance": near, "entity": {"video": row["video"]}})
            hits.sort(key=lambda hit: hit["distance"] * (1 if anns_field == "pdq" else -1))
            found.append(hits[:limit])
        return found


def test_it_answers_as_the_one_in_memory_does() -> None:
    cluster = MilvusIndex("milvus://host:19530/films", write=True, client=Client())
    memory = MemoryIndex()
    numbers = {}
    for n in range(4):
        for index in (cluster, memory):
            numbers[n, index] = index.add(video(f"v{n}.mp4"), frames(n), timeline(n))
    cluster.commit()
    assert [v.name for v in cluster.videos()] == [v.name for v in memory.videos()]
    codes = np.stack([frames(n)[1].pdq for n in range(4)])
    vectors = np.stack([frames(n)[0].descriptor for n in range(4)])
    for n in range(4):
        assert cluster.search_pdq(codes, 3).video[n, 0] == numbers[n, cluster]
        ids, cosine = cluster.similar(vectors)
        assert ids[int(cosine[n].argmax())] == numbers[n, cluster]
    assert np.array_equal(cluster.search_pdq(codes, 3).bits, memory.search_pdq(codes, 3).bits)
    kept = cluster.frames_of(numbers[2, cluster])
    assert np.array_equal(kept[1].local.codes, frames(2)[1].local.codes)
    assert np.array_equal(cluster.timeline(numbers[2, cluster]).thumbs, timeline(2).thumbs)
    assert cluster.verify() == []
    cluster.remove(numbers[2, cluster])
    assert len(cluster.videos()) == 3


def test_a_file_without_its_last_row_does_not_count() -> None:
    client = Client()
    index = MilvusIndex("milvus://host:19530/films", client=client)
    number = index.add(video("v.mp4"), frames(1), timeline(1))
    client.rows["films"] = [row for row in client.rows["films"] if row["part"] != 0]
    assert number not in [v.id for v in index.videos()]


def test_bad_locators_versions_and_a_missing_package_are_said_so() -> None:
    with pytest.raises(SourceIndexError, match="milvus://host:port/collection"):
        open_index("milvus://host/films")
    with pytest.raises(SourceIndexError, match="version 7"):
        MilvusIndex("milvus://host:19530/films", client=Client("7"))
    if importlib.util.find_spec("pymilvus") is None:
        with pytest.raises(SourceIndexError, match="pip install pymilvus"):
            open_index("milvus://host:19530/films")
