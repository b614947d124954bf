"""Score the filmed cases with a model and write its calibration and validation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.analyzers.discriminator import DiscriminatorAnalyzer
from forensics.interpretation.validation import summary
from forensics.models.loading import load
from forensics.models.maps import average_map
from forensics.models.scoring import Protocol, network_of, trimmed_mean
from forensics.record import Quality
from forensics.training.filming import Case
from forensics.training.fitting import Scored, cross_fitted, fit, write
from forensics.training.network import score

GENUINE_MAP_PX = 32

POPULATION = (
    "another person's face put in (autoencoder-like, cross-identity, one-shot-like pseudo-fakes) "
    "on people kept from training, filmed from stills as H.264 at crf 18 to 42 with faces of 60 "
    "to 240 px, and on two genuine clips kept from training; against the same without a swap"
)


def score_cases(model: Path, cases: list[Case]) -> tuple[list[dict[str, Any]], NDArray[np.float32]]:
    """Score cases by the model's protocol.

    Args:
        model: Model folder.
        cases: From `filming.film`.

    Returns:
        One row a case, its notes with its score; and the mean boundary map of the genuine cases
        in aligned space, (GENUINE_MAP_PX, GENUINE_MAP_PX).
    """
    loaded = load(model.parent.name, model.name, model.parent.parent)
    protocol = Protocol.of(loaded.config)
    network = network_of(loaded)
    rows, genuine = [], []
    for case in cases:
        logits, maps = score(network, case.crops, mirrored=protocol.mirrored)
        rows.append({**case.notes(), "score": trimmed_mean(logits, protocol.trim)})
        if not case.swapped:
            genuine.append(average_map(maps, case.to_aligned))
    size = (GENUINE_MAP_PX, GENUINE_MAP_PX)
    mean = cv2.resize(np.mean(genuine, axis=0), size, interpolation=cv2.INTER_AREA)
    return rows, np.asarray(mean, dtype=np.float32)


def speaks_for(protocol: Protocol, quality: Quality) -> bool:
    """Say whether the analyzer would not refuse a track."""
    sized = protocol.face_px[0] <= quality.face_px <= protocol.face_px[1]
    coded = quality.qp is None or quality.qp <= protocol.highest_qp
    return sized and coded and quality.sharpness >= protocol.sharpness[0]


def calibrate(model: Path, cases: list[Case], seed: int = 0) -> str:
    """Calibrate a model folder: config (genuine map), calibration and validation are written.

    Args:
        model: Model folder, with weights and config.
        cases: Held-out people.
        seed: Of bootstrap and folds.

    Returns:
        The figures, as one line of JSON a group.
    """
    config_path = model / "config.json"
    config = json.loads(config_path.read_text("utf-8"))
    usable = [case for case in cases if speaks_for(Protocol.of(config), case.quality)]
    rows, genuine_map = score_cases(model, usable)
    config["genuine_map"] = [[round(float(v), 4) for v in row] for row in genuine_map]
    text = json.dumps(config, indent=1)
    start = text.index('"genuine_map"')  # the map on few lines: it is not for reading
    packed = json.dumps(config["genuine_map"])
    config_path.write_text(text[:start] + f'"genuine_map": {packed}\n}}\n', encoding="utf-8")
    digests = load(model.parent.name, model.name, model.parent.parent).digests
    scored = Scored.of(rows)
    command = "audit train calibration"
    fitted = fit(scored, DiscriminatorAnalyzer.version, digests, POPULATION, command, seed=seed)
    ratios = cross_fitted(scored, seed=seed)
    write(fitted, rows, ratios, model)
    return figures(rows, ratios)


def figures(rows: list[dict[str, Any]], ratios: NDArray[np.float64]) -> str:
    """Say how the cross-fitted log10 LRs do, in all, by compression, size and family."""
    told = np.isfinite(ratios)
    swapped = np.array([row["swapped"] for row in rows], dtype=bool)
    crf = np.array([row["crf"] for row in rows])
    face_px = np.array([row["quality"]["face_px"] for row in rows])
    groups = {
        "all": told, "crf 18-26": told & (crf <= 26), "crf 27-34": told & (crf > 26) & (crf <= 34),
        "crf 35-42": told & (crf > 34), "face under 110 px": told & (face_px < 110),
        "face from 110 px": told & (face_px >= 110),
        "clips": told & np.array([row["source"] == "clip" for row in rows]),
    }  # fmt: skip
    for family in sorted({str(row["family"]) for row in rows} - {"genuine"}):
        groups[family] = told & (np.array([r["family"] == family for r in rows]) | ~swapped)
    lines = [f"{int((~told).sum())} of {len(rows)} cases outside the calibration"]
    for name, inside in groups.items():
        h1, h2 = ratios[inside & swapped], ratios[inside & ~swapped]
        if len(h1) and len(h2):
            values = {k: round(v, 4) for k, v in summary(h1, h2).items()}
            lines.append(json.dumps({name: values}))
    return "\n".join(lines)
