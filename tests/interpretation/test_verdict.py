import math

import pytest

from forensics.interpretation.verdict import conclude, item_weight, weigh
from forensics.record import (
    Abstention,
    Conclusion,
    Extent,
    Fact,
    LikelihoodRatio,
    Media,
    Reason,
    Signal,
)
from tests.interpretation.test_calibration import DIGESTS, make, person

MEDIA = Media(
    kind="video", container="mp4", codec="h264", width_px=640, height_px=480, duration_s=9,
    frames_decoded=200,
)  # fmt: skip


def ratio(track: int, log10_lr: float, spread: float = 0.1) -> LikelihoodRatio:
    return LikelihoodRatio(
        source="test", track=track, score=log10_lr * 2, log10_lr=log10_lr,
        lower=log10_lr - spread, upper=log10_lr + spread, bound=2.0, calibration_id="0" * 16,
        population="tests", n_h1=300, n_h2=300, contributions=(("a.x", log10_lr),),
    )  # fmt: skip


def signal(track: int, score: float, name: str = "x") -> Signal:
    return Signal(
        analyzer="a", version="1", name=name, unit="1", extent=Extent(track=track), score=score,
        words=f"Measurement {name} of person {track}.",
    )  # fmt: skip


def verdict_of(*weights: LikelihoodRatio, people: int | None = None):
    tracks = tuple(person(n + 1) for n in range(people or len(weights)))
    signals = [signal(track.id, 1.0) for track in tracks]
    return conclude(MEDIA, tracks, signals, list(weights), item_weight(list(weights), tracks))


@pytest.mark.parametrize(
    ("log10_lr", "spread", "conclusion"),
    [
        (1.4, 0.1, Conclusion.SUPPORTS_FACE_SWAP),
        (0.9, 0.1, Conclusion.INCONCLUSIVE),
        (1.4, 1.5, Conclusion.INCONCLUSIVE),
        (-1.4, 0.1, Conclusion.SUPPORTS_NO_FACE_SWAP),
        (-0.9, 0.1, Conclusion.INCONCLUSIVE),
    ],
)
def test_a_conclusion_needs_strength_and_an_interval_on_one_side(
    log10_lr: float, spread: float, conclusion: Conclusion
) -> None:
    verdict = verdict_of(ratio(1, log10_lr, spread))
    assert verdict.conclusion is conclusion
    assert verdict.tracks[0].conclusion is conclusion
    assert verdict.reasons[0] == "Measurement x of person 1."


def test_many_faces_weaken_one_striking_face() -> None:
    alone = item_weight([ratio(1, 1.2)], (person(1),))
    crowd = [ratio(1, 1.2), *[ratio(n, -1.0) for n in range(2, 11)]]
    among = item_weight(crowd, tuple(person(n) for n in range(1, 11)))
    assert alone
    assert among
    assert alone.log10_lr == pytest.approx(1.2)
    assert among.log10_lr == pytest.approx(math.log10((10**1.2 + 9 * 10**-1.0) / 10), abs=1e-5)
    assert among.log10_lr < 0.5


def test_a_face_seen_briefly_counts_briefly() -> None:
    brief = (person(1, seen=3), person(2, seen=97))
    both = item_weight([ratio(1, 1.5), ratio(2, -1.5)], brief)
    assert both
    assert both.log10_lr < 0.1


def test_a_person_who_could_not_be_examined_blocks_a_clean_bill() -> None:
    verdict = verdict_of(ratio(1, -1.6), people=2)
    assert verdict.conclusion is Conclusion.INCONCLUSIVE
    assert "Person 2 could not be weighed" in verdict.sentence
    assert verdict.tracks[1].conclusion is Conclusion.NOT_EXAMINABLE
    assert verdict_of(ratio(1, 1.6), people=2).conclusion is not Conclusion.SUPPORTS_NO_FACE_SWAP


def said(name: str, value: str, words: str = "", *, notable: bool = True) -> Fact:
    analyzer, name = name.split(".")
    return Fact(
        analyzer=analyzer, version="1", name=name, value=value, words=words, notable=notable
    )


@pytest.mark.parametrize(
    ("facts", "withheld"),
    [
        ([said("own_comparison.recognized", "exact file", "Made here.")], True),
        ([said("own_comparison.recognized", "same footage", "Made of it.", notable=False)], False),
        (
            [
                said("content_credentials.state", "valid"),
                said("content_credentials.ai_generation", "trained", "Made by a model."),
            ],
            True,
        ),
        (
            [
                said("content_credentials.state", "invalid"),
                said("content_credentials.ai_generation", "trained", "May be false."),
            ],
            False,
        ),
    ],
)
def test_no_clean_bill_for_what_says_that_it_was_made(facts: list[Fact], withheld: bool) -> None:
    tracks = (person(1),)
    clean, striking = (
        conclude(MEDIA, tracks, [signal(1, 1.0), *facts], [weight], item_weight([weight], tracks))
        for weight in (ratio(1, -1.6), ratio(1, 1.6))
    )
    wanted = Conclusion.INCONCLUSIVE if withheld else Conclusion.SUPPORTS_NO_FACE_SWAP
    assert clean.conclusion is clean.tracks[0].conclusion is wanted
    assert (facts[-1].words in clean.sentence) is withheld
    assert clean.log10_lr == pytest.approx(-1.6)
    assert striking.conclusion is Conclusion.SUPPORTS_FACE_SWAP
    assert facts[-1].words not in striking.sentence


def test_no_face_and_no_weight_are_told_apart() -> None:
    nobody = conclude(MEDIA, (), [], [], None)
    assert nobody.conclusion is Conclusion.NOT_EXAMINABLE
    assert "No face was found" in nobody.sentence
    small = Abstention(
        analyzer="a", version="1", reason=Reason.OUT_OF_RANGE, detail="face of 40 px",
        extent=Extent(track=1),
    )  # fmt: skip
    unweighed = conclude(MEDIA, (person(1),), [small], [], None)
    assert unweighed.conclusion is Conclusion.NOT_EXAMINABLE
    assert "face of 40 px" in unweighed.sentence
    assert unweighed.not_examined == ("a: face of 40 px",)


def test_the_first_calibration_that_fits_is_used() -> None:
    stale = make(source="stale", analyzers={"a": "0"})
    first, second = make(source="first"), make(source="second")
    signals = [signal(1, 1.0, "x"), signal(1, 10.0, "y")]
    weights, reasons = weigh(
        signals, (person(1), person(2)), (stale, first, second), {"a": "1"}, DIGESTS
    )
    assert [(w.track, w.source) for w in weights] == [(1, "first")]
    assert [r.extent.track for r in reasons] == [2]
    assert "no value of" in reasons[0].detail
    none, why = weigh(signals, (person(1),), (stale,), {"a": "1"}, DIGESTS)
    assert none == []
    assert [r.reason for r in why] == [Reason.UNCALIBRATED]


def test_the_verdict_never_speaks_of_probability_of_being_fake() -> None:
    for value in (-1.9, 0.0, 1.9):
        text = verdict_of(ratio(1, value)).model_dump_json().lower()
        assert "proves" not in text
        assert "% fake" not in text
        assert "probability that" not in text


@pytest.mark.parametrize(("log10_lr", "told"), [(1.0, "10"), (1.337, "22"), (2.0, "100")])
def test_a_ratio_is_told_with_two_digits(log10_lr: float, told: str) -> None:
    assert f"about {told} times more probable" in verdict_of(ratio(1, log10_lr)).sentence
