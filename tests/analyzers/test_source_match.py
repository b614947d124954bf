"""What the source match says, and what it refuses to say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forensics.analyzer import Material, References
from forensics.analyzers.source_match import SourceMatchAnalyzer
from forensics.intake.probe import Container
from forensics.intake.scan import FrameTable
from forensics.intake.spool import Spool
from forensics.intake.tracks import FaceTrack
from forensics.record import Abstention, Fact, Media, Reason, Shot, Signal
from forensics.references.sources.geometry import Shape
from forensics.references.sources.index import Video
from forensics.references.sources.material import (
    Elsewhere,
    FaceResidual,
    Pair,
    Panel,
    SourceMatch,
    SourceMaterial,
    TimeFit,
)


def track() -> FaceTrack:
    spool = Spool()
    slot = spool.put(np.zeros((256, 256, 3), np.uint8))
    marks = np.random.default_rng(0).uniform(60, 200, (2, 68, 2))
    return FaceTrack(
        id=1, frame_index=np.array([0, 10]), pts_s=np.array([0.0, 0.4]),
        boxes_xyxy_px=np.tile([60.0, 60, 200, 200], (2, 1)), confidence=np.ones(2),
        landmarks_px=marks, burst_px=np.repeat(marks[:, None], 3, axis=1),
        pose_deg=np.zeros((2, 3)), to_aligned=np.tile(np.eye(2, 3), (2, 1, 1)),
        disagreement=np.zeros(2, bool), qp=np.full(2, 25.0), seen_s=np.array([0.0, 0.4]), shot=0,
        spool=spool, aligned_slots=np.array([slot, slot]), next_slots=np.array([-1, -1]),
        context_slots=np.array([slot, slot]),
    )  # fmt: skip


def residual(score: float) -> FaceResidual:
    pairs = tuple(
        Pair(n * 10, 0.4 * n, 3 + 0.4 * n, 0.5, 0.98, 0.1, 0.9, 0.55, 0.97, 0.9) for n in (0, 1)
    )
    region = np.zeros((256, 256), bool)
    region[80:180, 80:180] = True
    plain = np.full((256, 256, 3), 90, np.uint8)
    units = np.ones((256, 256), np.float32)
    panel = Panel(pairs[0], plain, plain, units, "best 1")
    return FaceResidual(1, pairs, score, region, 0.95, units, 0.9, (panel,), "")


def match(**changes: object) -> SourceMatch:
    video = Video(1, "ab" * 32, "/archive/film.mp4", 9, "video", 640, 360, 20.0, 25.0)
    made = SourceMatch(
        video=video, relation="same_footage", inliers=120, verified_frames=3, tried_frames=3,
        pdq_bits=12, cosine=0.97, rival_inliers=8, chance=1e-6, placement=np.eye(3),
        shape=Shape(False, 0.0, 1.0, (0.0, 0.0, 1.0, 1.0), 1.0), bars=False,
        time=TimeFit(3.0, 1.0, True, 0.95, 0.2, 1.0), questioned_s=(0.0, 0.4),
        source_s=(3.0, 3.4), faces=(residual(2.4),), elsewhere=Elsewhere(0.0, ()), agreement=0.97,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def look(sources: object) -> tuple[list[Fact], list[Signal], list[Abstention], int]:
    media = Media(kind="video", container="mp4", codec="h264", width_px=640, height_px=360,
                  duration_s=0.8, frames_decoded=20)  # fmt: skip
    table = FrameTable(
        np.arange(20) / 25, "P" * 20, np.zeros(20, bool), np.full(20, 25.0), np.zeros(20, bool),
        np.zeros(20, bool), 0,
    )  # fmt: skip
    material = Material(
        path=Path("item.mp4"), media=media, container=Container("mp4", {}), frame_table=table,
        shots=(Shot(start_s=0.0, end_s=0.8),), tracks=(track(),),
        references=References(sources=sources),
    )  # fmt: skip
    found = SourceMatchAnalyzer().analyze(material)
    said = found.observations
    return (
        [o for o in said if isinstance(o, Fact)], [o for o in said if isinstance(o, Signal)],
        [o for o in said if isinstance(o, Abstention)], len(found.pictures),
    )  # fmt: skip


def index(*matches: SourceMatch, **more: object) -> SourceMaterial:
    return SourceMaterial("archive", 312, 4000, tuple(matches), **more)  # type: ignore[arg-type]


def test_without_an_index_it_does_not_apply() -> None:
    facts, signals, abstained, _ = look(None)
    assert (facts, signals) == ([], [])
    assert abstained[0].reason is Reason.NOT_APPLICABLE


def test_nothing_found_is_not_no_source() -> None:
    facts, signals, _, _ = look(index(best_rejected=9))
    words = " ".join(fact.words for fact in facts)
    assert signals == []
    assert "index of 312" in words
    assert "not the same as having no source" in words


def test_a_face_that_differs_gives_a_signal_pictures_and_open_direction() -> None:
    facts, signals, abstained, pictures = look(index(match()))
    assert [signal.name for signal in signals] == ["face_difference"]
    assert signals[0].score == pytest.approx(2.4)
    assert "differs from" in signals[0].words
    assert "which copy was altered is open" in signals[0].words
    assert abstained == []
    assert pictures == 2
    direction = next(fact for fact in facts if fact.name == "direction")
    assert direction.value == ("open",)
    assert "not assumed" in direction.words


def test_facts_name_files_by_name_and_digest_never_by_path() -> None:
    facts, signals, _, _ = look(index(match()))
    assert not [o for o in (*facts, *signals) if "/archive" in o.model_dump_json()]
    file = next(fact for fact in facts if fact.name == "source_file")
    assert (file.value, file.locator) == ("film.mp4", "sha256:" + "ab" * 32)


def test_the_chance_is_called_a_model() -> None:
    facts, _, _, _ = look(index(match()))
    words = next(fact for fact in facts if fact.name == "source_found").words
    assert "model" in words
    assert "at most" not in words


def test_a_face_that_agrees_says_so() -> None:
    _, signals, _, _ = look(index(match(faces=(residual(0.1),))))
    assert "agrees with" in signals[0].words


def test_between_the_two_it_is_left_open() -> None:
    _, signals, _, _ = look(index(match(faces=(residual(0.5),))))
    assert "neither clearly agrees with nor clearly differs from" in signals[0].words


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"relation": "same_file"}, "questioned file itself"),
        ({"relation": "same_scene"}, "not this take"),
        ({"relation": "undetermined"}, "too little moves"),
        (
            {"faces": (), "why_no_residual": "film.mp4 is no longer where it was indexed"},
            "no longer",
        ),
        ({"faces": ()}, "could not be laid"),
    ],
)
def test_no_score_without_the_same_moment(changes: dict[str, object], expected: str) -> None:
    _, signals, abstained, _ = look(index(match(**changes)))
    assert signals == []
    assert expected in abstained[0].detail
    assert abstained[0].extent.track == 1


def test_differences_elsewhere_are_a_fact_with_a_place() -> None:
    box = (10.0, 20.0, 200.0, 60.0)
    facts, _, _, _ = look(index(match(elsewhere=Elsewhere(0.06, (box,)))))
    fact = next(fact for fact in facts if fact.name == "differs_elsewhere")
    assert fact.extent.box_xyxy_px == box
    assert "captions" in fact.words


def test_an_unusable_search_is_an_abstention() -> None:
    facts, signals, abstained, _ = look(index(why_nothing="the source index is empty"))
    assert signals == []
    assert facts[0].name == "search_scope"
    assert abstained[0].detail == "the source index is empty"
