"""From scores to likelihood ratios, only where a calibration exists that matches.

A calibration is valid for the analyzer versions, weight digests and population it was fitted with.
A changed version or digest finds no calibration, and there is no likelihood ratio.
"""

from __future__ import annotations

import hashlib
import json
import math
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from pydantic import Field, ValidationError, model_validator

from forensics.errors import ModelDigestMismatch
from forensics.record import Frozen, LikelihoodRatio, Quality, Signal, TrackSummary, round_floats


class Range(Frozen):
    """The values of a quality that a calibration speaks for, both ends included."""

    lowest: float
    highest: float

    def holds(self, value: float) -> bool:
        """Say whether a value lies in the range."""
        return self.lowest <= value <= self.highest


class Stratum(Frozen):
    """One quality class with its own map from score to log10 LR.

    Attributes:
        name: In words.
        face_px: Heights of the face box it speaks for.
        sharpness: `Quality.sharpness` it speaks for.
        slope: log10 LR a unit of score.
        intercept: log10 LR at score 0.
        bootstrap: Slope and intercept of refits on resampled identities.
        bound: Largest |log10 LR|, from the number of identities.
        n_h1: Identities under H1.
        n_h2: Identities under H2.
    """

    name: str
    face_px: Range
    sharpness: Range
    slope: float
    intercept: float
    bootstrap: tuple[tuple[float, float], ...] = Field(min_length=20)
    bound: float = Field(gt=0)
    n_h1: int
    n_h2: int


class Calibration(Frozen):
    """A fitted combination of signals and its map to log10 LR.

    Attributes:
        source: Its name.
        rank: Of two that fit, the lower rank is used.
        analyzers: Versions it is valid for.
        model_digests: SHA-256 of weights it is valid for.
        population: What it was fitted on, in words.
        features: Signals as "analyzer.name".
        mean: Of each feature, subtracted.
        scale: Of each feature, divided by.
        weights: Of each standardized feature in the score.
        intercept: Of the score.
        feature_range: Standardized features beyond it are out of range.
        strata: Quality classes.
        made_by: The command that fitted it.
        limits: Lowest and highest value of each feature that is told apart, or None: what lies
            beyond weighs as much as the limit.
    """

    source: str
    rank: int
    analyzers: dict[str, str]
    model_digests: dict[str, str]
    population: str
    features: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    feature_range: float
    strata: tuple[Stratum, ...]
    made_by: str
    limits: tuple[tuple[float, float], ...] | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Calibration:
        n = len(self.features)
        if not n == len(self.mean) == len(self.scale) == len(self.weights):
            raise ValueError("features, mean, scale and weights differ in number")
        return self

    @property
    def id(self) -> str:
        """First 16 hex digits of the digest of everything in it."""
        text = json.dumps(self.model_dump(mode="json", exclude_none=True), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def mismatch(self, analyzers: dict[str, str], digests: dict[str, str]) -> str | None:
        """Say why it is not valid here, or None where it is.

        Args:
            analyzers: Versions of the analyzers that ran.
            digests: Of the weights they used.
        """
        for name, version in self.analyzers.items():
            if name not in analyzers:
                return f"{name} was not run"
            if analyzers[name] != version:
                return f"fitted for {name} version {version}, not {analyzers[name]}"
        for name, digest in self.model_digests.items():
            if digests.get(name) != digest:
                return f"fitted for weights {name} {digest[:12]}, not {digests.get(name, '')[:12]}"
        return None

    def stratum(self, quality: Quality) -> Stratum | str:
        """Return the quality class of a track, or why there is none."""
        for stratum in self.strata:
            if stratum.face_px.holds(quality.face_px) and stratum.sharpness.holds(
                quality.sharpness
            ):
                return stratum
        low = min(s.face_px.lowest for s in self.strata)
        if quality.face_px < low:
            return f"face of {quality.face_px:.0f} px; calibrated from {low:.0f} px"
        edges = [s.sharpness for s in self.strata if s.face_px.holds(quality.face_px)]
        if not edges:
            high = max(s.face_px.highest for s in self.strata)
            return f"face of {quality.face_px:.0f} px; calibrated to {high:.0f} px"
        return (
            f"sharpness {quality.sharpness:.2f} log10; calibrated for "
            f"{min(e.lowest for e in edges):.2f} to {max(e.highest for e in edges):.2f}"
        )

    def score(self, values: dict[str, float]) -> tuple[float, tuple[tuple[str, float], ...]] | str:
        """Combine signals into one score, with each signal's share, or say why not.

        Args:
            values: Scores by "analyzer.name".
        """
        missing = [name for name in self.features if name not in values]
        if missing:
            return f"no value of {', '.join(missing)}"
        raw = np.array([values[name] for name in self.features])
        unit = (raw - np.array(self.mean)) / np.array(self.scale)
        worst = int(np.argmax(np.abs(unit)))
        if abs(unit[worst]) > self.feature_range:
            return (
                f"{self.features[worst]} of {raw[worst]:.3g} is outside what was calibrated "
                f"({abs(unit[worst]):.1f} spreads from the mean, at most {self.feature_range:g})"
            )
        if self.limits is not None:
            held = np.clip(raw, *np.array(self.limits).T)
            unit = (held - np.array(self.mean)) / np.array(self.scale)
        shares = unit * np.array(self.weights)
        order = np.argsort(-np.abs(shares))
        parts = tuple((self.features[i], round_floats(float(shares[i]))) for i in order)
        return float(shares.sum() + self.intercept), parts

    def weigh(self, track: TrackSummary, values: dict[str, float]) -> LikelihoodRatio | str:
        """Weigh one track's signals, or say why they cannot be weighed."""
        stratum = self.stratum(track.quality)
        if isinstance(stratum, str):
            return stratum
        scored = self.score(values)
        if isinstance(scored, str):
            return scored
        score, parts = scored
        bound = stratum.bound
        raw = stratum.slope * score + stratum.intercept
        draws = np.array(stratum.bootstrap) @ np.array([score, 1.0])
        low, high = np.quantile(draws, [0.025, 0.975])
        return LikelihoodRatio(
            source=self.source, track=track.id, score=round_floats(raw),
            log10_lr=round_floats(_clip(raw, bound)),
            lower=round_floats(_clip(float(low), bound)),
            upper=round_floats(_clip(float(high), bound)),
            bound=bound, calibration_id=self.id,
            population=f"{self.population}; stratum {stratum.name}",
            n_h1=stratum.n_h1, n_h2=stratum.n_h2,
            contributions=tuple((name, round_floats(v * stratum.slope)) for name, v in parts),
        )  # fmt: skip


def _clip(value: float, bound: float) -> float:
    return max(-bound, min(bound, value))


def identity_bound(n_h1: int, n_h2: int) -> float:
    """Return the largest |log10 LR| that so many identities can carry.

    With no error in n identities the 95 % upper limit of the error rate is about 3 / n (the rule
    of three), so a likelihood ratio over n / 3 would claim more than was seen.
    """
    return round(math.log10(max(2.0, min(n_h1, n_h2) / 3)), 4)


def signal_values(signals: list[Signal], track: int) -> dict[str, float]:
    """Collect one track's scores by "analyzer.name"."""
    return {
        f"{signal.analyzer}.{signal.name}": signal.score
        for signal in signals
        if signal.extent.track == track
    }


@cache
def shipped() -> tuple[Calibration, ...]:
    """Load every calibration in `forensics/models/`, newest version of each model, by rank.

    Raises:
        ModelDigestMismatch: A calibration file is broken.
    """
    found: list[Calibration] = []
    for model in sorted(files("forensics.models").iterdir(), key=lambda entry: entry.name):
        if model.is_dir() and not model.name.startswith("_"):
            versions = [v for v in model.iterdir() if v.joinpath("calibration.json").is_file()]
            if versions:
                found.append(_read(max(versions, key=_version_key)))
    return tuple(sorted(found, key=lambda calibration: calibration.rank))


def _version_key(folder: Traversable) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in folder.name.split("."))


def _read(folder: Traversable) -> Calibration:
    try:
        return Calibration.model_validate_json(folder.joinpath("calibration.json").read_text())
    except ValidationError as error:
        raise ModelDigestMismatch(
            f"the calibration of {folder.name} is broken ({error.errors()[0]['msg']}); reinstall"
        ) from error
