"""Content Credentials: the four states, the chain, and hostile manifests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from forensics.analyzers import content_credentials
from forensics.analyzers.content_credentials import ContentCredentials
from forensics.intake import credentials
from forensics.intake.credentials import Reading, read_credentials
from forensics.record import Abstention, Fact, Observation, Reason

FIXTURES = Path(__file__).parents[2] / "fixtures"


def look(path: Path) -> list[Observation]:
    return list(ContentCredentials().analyze(SimpleNamespace(path=path)).observations)


def facts(path: Path) -> dict[str, Fact]:
    found = look(path)
    named = {seen.name: seen for seen in found if isinstance(seen, Fact)}
    assert len(named) == len(found)
    return named


@pytest.fixture(autouse=True)
def _nobody_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(content_credentials.ANCHORS_VARIABLE, raising=False)


@pytest.mark.parametrize("name", ["still.jpg", "genuine-one-face.mp4", "still.webp"])
def test_absent_means_unknown(name: str) -> None:
    found = facts(FIXTURES / name)
    assert found["state"].value == "absent"
    assert "never fake" in found["state"].words
    assert not found["state"].notable


@pytest.mark.parametrize("name", ["c2pa-signed.jpg", "c2pa-signed.mp4"])
def test_valid_until_the_signer_is_trusted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = facts(FIXTURES / name)
    assert found["state"].value == "valid"
    assert found["validation_codes"].value == ("signingCredential.untrusted",)
    assert found["manifest 1 signer"].value.startswith("Face-swap audit test camera")
    assert found["manifest 1 signed"].value is None
    assert "ai_generation" not in found
    monkeypatch.setenv(
        content_credentials.ANCHORS_VARIABLE, str(FIXTURES / "c2pa-test-authority.pem")
    )
    trusted = facts(FIXTURES / name)
    assert trusted["state"].value == "trusted"
    assert "validation_codes" not in trusted
    assert len(str(trusted["trust_list"].value)) == 64


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("c2pa-invalid.jpg", "assertion.dataHash.mismatch"),
        ("c2pa-invalid.mp4", "assertion.bmffHash.mismatch"),
    ],
)
def test_one_flipped_bit_is_invalid(name: str, code: str) -> None:
    found = facts(FIXTURES / name)
    assert found["state"].value == "invalid"
    assert found["state"].notable
    assert code in found["validation_codes"].value


def test_generated_by_a_model() -> None:
    found = facts(FIXTURES / "c2pa-ai.jpg")
    assert found["ai_generation"].value == ("trainedAlgorithmicMedia",)
    assert found["ai_generation"].notable
    assert "declare" in found["ai_generation"].words


def test_whole_chain() -> None:
    found = facts(FIXTURES / "c2pa-chain.jpg")
    assert found["manifest 1 title"].value == "c2pa-chain.jpg"
    assert found["manifest 2 title"].value == "c2pa-ai.jpg"
    assert found["manifest 1 actions"].value == ("c2pa.opened", "c2pa.edited")
    assert found["ai_generation"].value == (
        "compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia",
    )  # fmt: skip
    ingredients = [fact for name, fact in found.items() if "ingredient" in name]
    assert [fact.value for fact in ingredients] == ["parentOf: c2pa-ai.jpg"]


def test_every_flipped_byte_of_the_picture_is_seen(tmp_path: Path) -> None:
    raw = (FIXTURES / "c2pa-signed.jpg").read_bytes()
    rng = np.random.default_rng(1)
    for at in rng.integers(len(raw) // 2, len(raw), 6).tolist():
        changed = bytearray(raw)
        changed[at] ^= 0x10
        path = tmp_path / "changed.jpg"
        path.write_bytes(changed)
        assert facts(path)["state"].value == "invalid"


def test_hostile_manifests_never_verify_and_never_break(tmp_path: Path) -> None:
    raw = (FIXTURES / "c2pa-chain.jpg").read_bytes()
    start, end = raw.find(b"jumb") - 20, raw.rfind(b"c2pa.signature")
    rng = np.random.default_rng(2)
    for _ in range(12):
        changed = bytearray(raw)
        for at in rng.integers(start, end, 8).tolist():
            changed[at] = int(rng.integers(0, 256))
        path = tmp_path / "hostile.jpg"
        path.write_bytes(changed)
        (state,) = [seen for seen in look(path) if isinstance(seen, Fact) and seen.name == "state"]
        assert state.value in ("invalid", "unreadable", "absent")


@pytest.mark.parametrize("cycle", [True, False])
def test_made_up_stores_are_walked_within_bounds(
    cycle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests = {
        f"m{n}": {"ingredients": [{"active_manifest": "m0" if cycle else f"m{n + 1}"}] * 3}
        for n in range(100)
    }
    store = {"active_manifest": "m0", "manifests": manifests, "validation_state": "Valid"}
    monkeypatch.setattr(
        content_credentials, "read_credentials", lambda *_: Reading("read", store=store)
    )
    names = [seen.name for seen in look(Path("any")) if isinstance(seen, Fact)]
    assert sum(name.endswith(" title") for name in names) == content_credentials.MAX_MANIFESTS


def test_nonsense_in_the_store_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    store = {
        "active_manifest": 7, "validation_state": "Perfect", "validation_results": ["?"],
        "manifests": {"a": {"assertions": {"x": 1}, "ingredients": "no", "signature_info": []},
                      "b": None, "c": {"title": "half \ud800 pair"}},
    }  # fmt: skip
    monkeypatch.setattr(
        content_credentials, "read_credentials", lambda *_: Reading("read", store=store)
    )
    found = [seen for seen in look(Path("any")) if isinstance(seen, Fact)]
    assert found[0].value == "invalid"
    assert [seen.model_dump_json().encode() for seen in found]


def test_a_reader_that_hangs_or_dies_is_an_abstention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "PATIENCE_S", 0.0)
    monkeypatch.setattr(credentials, "HASHING_BYTES_PER_S", 1e18)
    (seen,) = look(FIXTURES / "c2pa-signed.jpg")
    assert isinstance(seen, Abstention)
    assert seen.reason is Reason.FAILED


def test_unsupported_kinds_are_absent(tmp_path: Path) -> None:
    path = tmp_path / "clip.mpg"
    path.write_bytes(b"\x00\x00\x01\xba" + bytes(4000))
    assert read_credentials(path).outcome == "unsupported"
    assert facts(path)["state"].value == "absent"
