"""The same index in a Milvus cluster, for archives that outgrow one machine.

Two collections: `<name>` holds files, `<name>_frames` what is kept of their frames. A file is
added frames first and itself last, so that a writer that is killed leaves no file half searchable.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.errors import SourceIndexError
from forensics.references.sources import packing
from forensics.references.sources.index import (
    INDEX_VERSION,
    Hits,
    Index,
    Stats,
    StoredFrame,
    Timeline,
    Video,
)
from forensics.references.sources.network import DESCRIPTOR_SIZE

TEXT_LIMIT = 65_535
PART = 60_000
"""Characters of a text field; a timeline is spread over as many rows as it needs."""

NEAREST = 128
"""Frames asked for each descriptor: the best cosine of videos further down is taken as -1."""

PAGE = 16_000
_LOCATOR = re.compile(r"milvus://([^/:]+):(\d+)/([A-Za-z_]\w*)$")


def connect(uri: str) -> Any:
    """Open a client.

    Raises:
        SourceIndexError: pymilvus is not installed, or nothing answers.
    """
    try:
        from pymilvus import MilvusClient
    except ImportError as error:
        raise SourceIndexError(
            "a milvus:// index needs the package pymilvus, which is not installed; "
            "`pip install pymilvus`, or give a folder"
        ) from error
    try:
        return MilvusClient(uri=uri, timeout=10)
    except Exception as error:
        raise SourceIndexError(f"no Milvus answers at {uri} ({str(error)[:120]})") from error


class MilvusIndex(Index):
    """An index in two Milvus collections.

    Args:
        locator: `milvus://host:port/collection`.
        write: Make the collections where they are not there.
        client: Something that speaks like `pymilvus.MilvusClient`; connected to where not given.

    Raises:
        SourceIndexError: It cannot be reached, is not there, or is of another version.

    Limits: Milvus has no lock; one writer at a time is the operator's business.
    """

    def __init__(self, locator: str, *, write: bool = False, client: Any = None) -> None:
        found = _LOCATOR.match(locator)
        if found is None:
            raise SourceIndexError(f"{locator} is not of the form milvus://host:port/collection")
        host, port, name = found.groups()
        self.locator, self._files, self._frames = locator, name, f"{name}_frames"
        self._client = client if client is not None else connect(f"http://{host}:{port}")
        if not self._client.has_collection(self._files):
            if not write:
                raise SourceIndexError(f"there is no collection {name} at {host}:{port}")
            self._make()
        self._check_version()

    def _make(self) -> None:
        from pymilvus import DataType

        client = self._client
        for name, fields, vectors in (
            (self._files, {"row": TEXT_LIMIT}, {"none": (DataType.BINARY_VECTOR, 8, "HAMMING")}),
            (self._frames, {"local": TEXT_LIMIT},
             {"pdq": (DataType.BINARY_VECTOR, 256, "HAMMING"),
              "descriptor": (DataType.FLOAT_VECTOR, DESCRIPTOR_SIZE, "IP")}),
        ):  # fmt: skip
            schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("video", DataType.INT64)
            schema.add_field("part", DataType.INT64)
            schema.add_field("pts_s", DataType.DOUBLE)
            for field, length in fields.items():
                schema.add_field(field, DataType.VARCHAR, max_length=length)
            params = client.prepare_index_params()
            for field, (kind, size, metric) in vectors.items():
                schema.add_field(field, kind, dim=size)
                flat = "BIN_FLAT" if kind == DataType.BINARY_VECTOR else "FLAT"
                params.add_index(field, index_type=flat, metric_type=metric)
            client.create_collection(
                name, schema=schema, index_params=params,
                properties={"source.index.version": str(INDEX_VERSION)},
            )  # fmt: skip
            client.load_collection(name)

    def _check_version(self) -> None:
        properties = self._client.describe_collection(self._files).get("properties") or {}
        found = str(properties.get("source.index.version", "unknown"))
        if found != str(INDEX_VERSION):
            raise SourceIndexError(
                f"{self.locator} is of version {found}, this program reads version "
                f"{INDEX_VERSION}; add the videos to a new collection"
            )

    def _rows(self, name: str, where: str, fields: list[str]) -> list[dict[str, Any]]:
        """Read rows page by page, by id."""
        rows: list[dict[str, Any]] = []
        last = -1
        while True:
            page = self._client.query(
                name, filter=f"({where}) and id > {last}", output_fields=[*fields, "id"], limit=PAGE
            )
            rows += page
            if len(page) < PAGE:
                return sorted(rows, key=lambda row: int(row["id"]))
            last = max(int(row["id"]) for row in page)

    def videos(self) -> list[Video]:
        """List what is indexed, by id."""
        rows = self._rows(self._files, "part == 0", ["row", "video"])
        return [Video(**{**json.loads(row["row"]), "id": int(row["video"])}) for row in rows]

    def holds(self, sha256: str) -> bool:
        """Say whether a file with this digest is indexed."""
        return any(video.sha256 == sha256 for video in self.videos())

    def add(self, video: Video, frames: Iterable[StoredFrame], timeline: Timeline) -> int:
        """Add one file: its frames, its timeline, and last the row that makes it count."""
        number = time.time_ns() // 1000
        side = max(video.width_px, video.height_px)
        kept = list(frames)
        rows = [
            {
                "id": number * 4096 + i, "video": number, "part": i, "pts_s": frame.pts_s,
                "pdq": frame.pdq.tobytes(), "descriptor": frame.descriptor.tolist(),
                "local": json.dumps([frame.quality, _text(packing.pack_local(frame.local, side))]),
            }
            for i, frame in enumerate(kept)
        ]  # fmt: skip
        if rows:
            self._client.insert(self._frames, rows)
        text = _text(packing.pack_timeline(timeline))
        about = json.dumps({**asdict(video), "frames": len(kept)})
        parts = [about, *(text[i : i + PART] for i in range(0, len(text), PART))]
        stored = [
            {"id": number * 4096 + part, "video": number, "part": part, "pts_s": 0.0, "row": row,
             "none": b"\0"}
            for part, row in enumerate(parts)
        ]  # fmt: skip
        if stored[1:]:
            self._client.insert(self._files, stored[1:])
        self._client.insert(self._files, stored[:1])
        return number

    def remove(self, video_id: int) -> None:
        """Forget one file."""
        for name in (self._files, self._frames):
            self._client.delete(name, filter=f"video == {video_id}")

    def commit(self) -> None:
        """Make what was added searchable."""
        for name in (self._files, self._frames):
            self._client.flush(name)

    def search_pdq(self, codes: NDArray[np.uint8], k: int) -> Hits:
        """Find the nearest fingerprints."""
        found = self._client.search(
            self._frames, data=[code.tobytes() for code in codes], anns_field="pdq", limit=k,
            output_fields=["video"], search_params={"metric_type": "HAMMING"},
        )  # fmt: skip
        width = max((len(hits) for hits in found), default=0)
        video = np.full((len(codes), width), -1, np.int64)
        bits = np.full((len(codes), width), 256, np.int64)
        for q, hits in enumerate(found):
            for n, hit in enumerate(hits):
                video[q, n], bits[q, n] = hit["entity"]["video"], round(hit["distance"])
        return Hits(video, bits)

    def similar(
        self, descriptors: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return video ids and the best cosine of each query in each video that is near."""
        found = self._client.search(
            self._frames, data=descriptors.tolist(), anns_field="descriptor", limit=NEAREST,
            output_fields=["video"], search_params={"metric_type": "IP"},
        )  # fmt: skip
        ids = np.unique([hit["entity"]["video"] for hits in found for hit in hits]).astype(np.int64)
        column = {int(number): i for i, number in enumerate(ids)}
        low = min((hit["distance"] for hits in found for hit in hits), default=-1.0)
        best = np.full((len(descriptors), len(ids)), low, np.float32)
        for q, hits in enumerate(found):
            for hit in hits:
                at = column[int(hit["entity"]["video"])]
                best[q, at] = max(best[q, at], hit["distance"])
        return ids, best

    def frames_of(self, video_id: int) -> list[StoredFrame]:
        """Return the kept frames of a file, by time."""
        fields = ["pts_s", "pdq", "descriptor", "local"]
        stored = []
        for row in self._rows(self._frames, f"video == {video_id}", fields):
            quality, text = json.loads(row["local"])
            code = row["pdq"][0] if isinstance(row["pdq"], list) else row["pdq"]
            stored.append(
                StoredFrame(
                    float(row["pts_s"]), np.frombuffer(code, np.uint8), int(quality),
                    np.asarray(row["descriptor"], np.float32),
                    packing.unpack_local(base64.b85decode(text)),
                )
            )  # fmt: skip
        return stored

    def timeline(self, video_id: int) -> Timeline:
        """Return the timeline of a file."""
        rows = self._rows(self._files, f"video == {video_id} and part > 0", ["row"])
        return packing.unpack_timeline(base64.b85decode("".join(row["row"] for row in rows)))

    def stats(self) -> Stats:
        """Count what is there; Milvus does not say how many bytes."""
        videos = self.videos()
        return Stats(
            INDEX_VERSION, sum(v.kind == "video" for v in videos),
            sum(v.kind == "still" for v in videos), sum(v.frames for v in videos),
            sum(v.duration_s for v in videos) / 3600, 0,
        )  # fmt: skip

    def verify(self) -> list[str]:
        """Check that every file has its frames and its timeline."""
        found = []
        for video in self.videos():
            held = len(self._rows(self._frames, f"video == {video.id}", ["part"]))
            if held != video.frames:
                found.append(f"{video.name}: {held} of {video.frames} frames")
            try:
                self.timeline(video.id)
            except (ValueError, IndexError):
                found.append(f"{video.name}: its timeline is damaged")
        return found

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _text(raw: bytes) -> str:
    """Write bytes as text: Milvus has no field for bytes."""
    return base64.b85encode(raw).decode()
