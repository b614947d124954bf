import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from forensics.analyzer import Control, Material, References
from forensics.analyzers import discriminator
from forensics.analyzers.discriminator import DiscriminatorAnalyzer
from forensics.audit import audit
from forensics.errors import ModelAbsent
from forensics.intake.crops import align, alignment, crop_square
from forensics.intake.spool import Spool
from forensics.intake.tracks import CONTEXT_SCALE, FaceTrack
from forensics.models.loading import load, sha256_of
from forensics.models.scoring import Scorer, trimmed_mean
from forensics.record import Abstention, Media, Reason, Settings, Signal
from tests.conftest import FIXTURES
from tests.training.test_pseudo_fakes import landmarks, picture


def make_track(number: int = 1, frames: int = 6, size: int = 120, seed: int = 0) -> FaceTrack:
    """A track whose face box is `size` px high in a square frame twice that."""
    spool, side = Spool(), 2 * size
    points = landmarks(side) * 0.9 + 0.05 * side
    box = np.array([side / 2 - size * 0.4, side / 2 - size / 2, side / 2 + size * 0.4,
                    side / 2 + size / 2])  # fmt: skip
    matrix = alignment(points)
    scene = [np.ascontiguousarray(picture(seed + i, 240)[:side, :side]) for i in range(frames)]
    scene = [np.kron(s, np.ones((-(-side // 240),) * 2 + (1,), np.uint8))[:side, :side]
             for s in scene]  # fmt: skip
    context = round(CONTEXT_SCALE * size)
    return FaceTrack(
        id=number, frame_index=np.arange(frames), pts_s=np.arange(frames) / 25,
        boxes_xyxy_px=np.repeat(box[None], frames, axis=0), confidence=np.ones(frames),
        landmarks_px=np.repeat(points[None], frames, axis=0),
        burst_px=np.full((frames, 3, 68, 2), np.nan), pose_deg=np.zeros((frames, 3)),
        to_aligned=np.repeat(matrix[None], frames, axis=0),
        disagreement=np.zeros(frames, bool), qp=np.full(frames, 26.0),
        seen_s=np.arange(frames) / 25, shot=0, spool=spool,
        aligned_slots=np.array([spool.put(align(s, matrix)) for s in scene]),
        next_slots=np.full(frames, -1),
        context_slots=np.array(
            [spool.put(crop_square(s, box, CONTEXT_SCALE, context)) for s in scene]
        ),
    )  # fmt: skip


def material(*tracks: FaceTrack, controls: tuple[Control, ...] = ()) -> Material:
    return Material(
        path=Path("item.mp4"), media=media(), container=None, frame_table=None,  # type: ignore[arg-type]
        shots=(), tracks=tracks, references=References(controls=controls),
    )  # fmt: skip


def media() -> Media:
    return Media(
        kind="video", container="mp4", codec="h264", width_px=240, height_px=240, duration_s=1.0,
        frames_decoded=25,
    )  # fmt: skip


@pytest.fixture
def toy_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of untrained heads on ImageNet weights, in place of the shipped one."""
    import torch
    from safetensors.torch import save_file

    from forensics.training.export import PROTOCOL
    from forensics.training.network import imagenet_discriminator

    torch.manual_seed(0)
    folder = tmp_path / "discriminator" / "0.0.1"
    folder.mkdir(parents=True)
    state = imagenet_discriminator().state_dict()
    save_file({k: v.half().contiguous() for k, v in state.items()}, folder / "w.safetensors")
    config = {
        "weights": {"file": "w.safetensors", "sha256": sha256_of(folder / "w.safetensors")},
        "protocol": PROTOCOL, "genuine_map": [[0.1, 0.2], [0.0, 0.1]],
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr(discriminator, "load", lambda name: load(name, root=tmp_path))
    return folder


def test_every_track_gets_a_score_a_map_and_its_control(toy_model: Path) -> None:
    analyzer = DiscriminatorAnalyzer()
    found = analyzer.analyze(material(make_track(1), make_track(2, seed=50)))
    signals = [seen for seen in found.observations if isinstance(seen, Signal)]
    assert [signal.extent.track for signal in signals] == [1, 2]
    assert all(signal.name == "swap_logit" and len(signal.values) == 6 for signal in signals)
    assert len(found.pictures) == 4
    by_name = {picture.name: picture for picture in found.pictures}
    assert all(p.control in by_name for p in found.pictures if p.control)
    assert all(p.rgb.shape == (256, 256, 3) and p.rgb.dtype == np.uint8 for p in found.pictures)
    assert set(analyzer.model_digests()) == {
        "discriminator/w.safetensors", "discriminator/config.json",
    }  # fmt: skip


def test_scores_do_not_depend_on_who_else_is_there(toy_model: Path) -> None:
    one, two = make_track(1), make_track(2, seed=50)
    together = DiscriminatorAnalyzer().analyze(material(one, two)).observations
    alone = DiscriminatorAnalyzer().analyze(material(two)).observations
    first, second = together[-1], alone[0]
    assert isinstance(first, Signal)
    assert isinstance(second, Signal)
    assert first.score == pytest.approx(second.score, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 40}, "calibrated for 60"),
        ({"frames": 3}, "4 are needed"),
    ],
)
def test_abstains_outside_its_range(toy_model: Path, change: dict[str, int], words: str) -> None:
    found = DiscriminatorAnalyzer().analyze(material(make_track(**change))).observations
    assert len(found) == 1
    assert isinstance(found[0], Abstention)
    assert words in found[0].detail


def test_abstains_from_coarse_compression(toy_model: Path) -> None:
    track = make_track()
    track.qp[:] = 50
    (said,) = DiscriminatorAnalyzer().analyze(material(track)).observations
    assert isinstance(said, Abstention)
    assert said.reason is Reason.OUT_OF_RANGE
    assert "quantization parameter 50" in said.detail


def test_an_absent_model_is_said_of_every_track(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModelAbsent("not here")

    monkeypatch.setattr(discriminator, "load", absent)
    analyzer = DiscriminatorAnalyzer()
    said = analyzer.analyze(material(make_track(1), make_track(2))).observations
    assert [one.reason for one in said] == [Reason.MODEL_ABSENT] * 2  # type: ignore[union-attr]
    assert analyzer.model_digests() == {}


def test_a_control_gives_a_second_signal(toy_model: Path) -> None:
    control = Control("c.mp4", "given", media(), (make_track(1),))
    found = DiscriminatorAnalyzer().analyze(material(make_track(1), controls=(control,)))
    over = [s for s in found.observations if isinstance(s, Signal) and "control" in s.name]
    assert len(over) == 1
    assert abs(over[0].score) < 1.5  # the very same footage, only resampled


def found(source: FaceTrack, slots: list[int], **changed: int) -> Control:
    seen = media().model_copy(update=changed)
    return Control("s.mp4", "found", seen, (source,), (np.array(slots),))


def test_a_face_is_compared_with_the_same_moments_of_the_found_source(
    toy_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, list[int]]] = []
    plain = Scorer.score_frames

    def score_frames(self: Scorer, track: FaceTrack, used: np.ndarray) -> np.ndarray:
        asked.append((track.id, used.tolist()))
        return plain(self, track, used)

    monkeypatch.setattr(Scorer, "score_frames", score_frames)
    tracks = (make_track(1), make_track(2))
    control = found(make_track(2, frames=5), [5, 2, 0, 4, 1])
    heard = DiscriminatorAnalyzer().analyze(material(*tracks, controls=(control,)))
    over = [s for s in heard.observations if getattr(s, "name", "") == "logit_over_source"]
    assert asked == [(2, [5, 2, 0, 4, 1])]  # the face that the source shows, at its moments
    assert isinstance(over[0], Signal)
    assert over[0].times_s == tuple(tracks[1].pts_s[[5, 2, 0, 4, 1]].round(6).tolist())
    assert len(over[0].values) == 5
    assert "which copy was altered is open" in over[0].words
    assert not any(getattr(s, "name", "") == "logit_over_control" for s in heard.observations)
    shown = {picture.name: picture for picture in heard.pictures}
    on_source = shown["boundary-map-person-2-source"]
    assert on_source.rgb.shape == shown["boundary-map-person-2"].rgb.shape
    assert "s.mp4" in on_source.caption
    assert not on_source.shows_face  # blurred beneath the map
    assert shown["boundary-map-person-2"].control == on_source.name
    assert shown["boundary-map-person-1"].control == "boundary-map-person-1-control"
    assert set(shown) == {
        "boundary-map-person-1", "boundary-map-person-1-control", "boundary-map-person-2",
        "boundary-map-person-2-source",
    }  # fmt: skip


def turned(track: FaceTrack, degrees: float) -> FaceTrack:
    turn = cv2.getRotationMatrix2D((120, 120), degrees, 1.0)
    matrices = [np.vstack([m, [0, 0, 1]]) @ np.vstack([turn, [0, 0, 1]]) for m in track.to_aligned]
    return replace(track, to_aligned=np.stack(matrices)[:, :2])


@pytest.mark.parametrize(
    ("control", "codec", "words"),
    [
        (found(make_track(1, size=90), [0, 1, 2, 3, 4, 5]), "h264", "0.75 of the item's size"),
        (found(turned(make_track(1), 90), [0, 1, 2, 3, 4, 5]), "h264", "turned by 90 degrees"),
        (found(make_track(1), [0, 1, 2, 3, 4, 5], width_px=120), "h264", "lies in its picture"),
        (found(make_track(1), [0, 1, 2, 3, 4, 5]), "mpeg1video", "compression is not told"),
    ],
)
def test_an_unlike_source_is_not_compared(
    toy_model: Path, control: Control, codec: str, words: str
) -> None:
    questioned = material(make_track(1), controls=(control,))
    questioned = replace(questioned, media=media().model_copy(update={"codec": codec}))
    said = DiscriminatorAnalyzer().analyze(questioned).observations
    (why,) = (one for one in said if isinstance(one, Abstention))
    assert words in why.detail
    assert "s.mp4" in why.detail
    assert not any(getattr(s, "name", "") == "logit_over_source" for s in said)


def test_too_few_moments_of_a_source_are_not_compared(toy_model: Path) -> None:
    control = found(make_track(1, frames=3), [0, 1, 2])
    said = DiscriminatorAnalyzer().analyze(material(make_track(1), controls=(control,)))
    assert not any(isinstance(s, Signal) and "source" in s.name for s in said.observations)


def test_a_found_control_says_what_it_shows() -> None:
    with pytest.raises(ValueError, match="every frame"):
        Control("s.mp4", "found", media(), (make_track(1),))
    with pytest.raises(ValueError, match="every frame"):
        found(make_track(1), [0, 1])


def test_aggregation_leaves_extremes_out() -> None:
    values = np.array([100.0, *np.zeros(8), -50.0])
    assert trimmed_mean(values, 0.1) == 0
    assert trimmed_mean(np.array([1.0, 2.0]), 0.1) == 1.5


def test_frames_are_spread_over_the_track() -> None:
    track = make_track(frames=6)
    assert track.spread(3).tolist() in ([0, 2, 5], [0, 3, 5])
    assert track.spread(99).tolist() == [0, 1, 2, 3, 4, 5]


def test_attribution_is_shown_on_request_and_called_no_evidence() -> None:
    plain = audit(FIXTURES / "swapped-one-face.mp4", Settings(frames=4)).record
    asked = audit(FIXTURES / "swapped-one-face.mp4", Settings(frames=4, attribution=True)).record
    names = {exhibit.file for exhibit in asked.exhibits} - {e.file for e in plain.exhibits}
    assert names == {"discriminator-attribution-person-1.png"}
    (shown,) = [e for e in asked.exhibits if e.file in names]
    assert "no evidence" in shown.caption
    assert not shown.shows_face
    assert asked.weights == plain.weights
