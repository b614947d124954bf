"""What a larger archive costs: latency, memory and recall of fingerprints up to a million."""

from __future__ import annotations

import time
from typing import Any

import faiss
import numpy as np

QUERIES = 64
FLIPS = 24
"""Bits changed in a query, of 256: within the 31 that count as a match."""

BYTES_A_FRAME = {"fingerprint": 32, "descriptor": 2560, "local features": 21_612}


def measure(steps: tuple[int, ...], seed: int = 0) -> list[dict[str, Any]]:
    """Time exact and inverted search over synthetic fingerprints; recall is of the inverted one.

    Args:
        steps: Numbers of fingerprints, growing.
        seed: Of the fingerprints.
    """
    rng = np.random.default_rng(seed)
    faiss.omp_set_num_threads(1)
    codes = rng.integers(0, 256, (max(steps), 32), np.uint8)
    rows = []
    for count in steps:
        part = codes[:count]
        chosen = rng.integers(0, count, QUERIES)
        queries = np.unpackbits(part[chosen], axis=1)
        for query in queries:
            query[rng.choice(256, FLIPS, replace=False)] ^= 1
        asked = np.packbits(queries, axis=1)
        flat = faiss.IndexBinaryFlat(256)
        flat.add(part)
        began = time.perf_counter()
        _, exact = flat.search(asked, 1)
        flat_ms = (time.perf_counter() - began) / QUERIES * 1e3
        lists = int(np.sqrt(count))
        quantizer = faiss.IndexBinaryFlat(256)
        inverted = faiss.IndexBinaryIVF(quantizer, 256, lists)
        inverted.cp.niter = 4
        inverted.cp.max_points_per_centroid = 64
        inverted.train(part)
        inverted.add(part)
        inverted.nprobe = max(8, lists // 16)
        began = time.perf_counter()
        _, near = inverted.search(asked, 1)
        inverted_ms = (time.perf_counter() - began) / QUERIES * 1e3
        rows.append(
            {
                "frames": count, "flat_ms": round(flat_ms, 3),
                "flat_recall": round(float((exact[:, 0] == chosen).mean()), 4),
                "inverted_ms": round(inverted_ms, 3),
                "inverted_recall": round(float((near[:, 0] == chosen).mean()), 4),
                **{f"{what} MB": round(n * count / 1e6, 1) for what, n in BYTES_A_FRAME.items()},
            }
        )  # fmt: skip
    return rows
