"""Content Credentials (C2PA): who signed what was done to the file, if anyone did.

Source: C2PA Technical Specification 2.x (validation states, assertions, ingredients); IPTC
digital source types.
Limits: signed statements tell who vouches, not what is true. Most files carry none, and every
re-encoding or remux drops them: absent means unknown, never fake.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forensics.analyzer import Analyzer, Findings, Material
from forensics.intake.credentials import Reading, read_credentials
from forensics.record import Fact, Reason

ANCHORS_VARIABLE = "AUDIT_TRUST_ANCHORS"
"""Environment variable that names a PEM file of authorities to trust. None is shipped."""

MAX_MANIFESTS = 32
MAX_LISTED = 32
MAX_CHARS = 300

MADE_BY_MODEL = {
    "trainedAlgorithmicMedia": "created by a trained model (AI)",
    "compositeWithTrainedAlgorithmicMedia": "a composite with parts made by a trained model (AI)",
    "compositeSynthetic": "a composite with synthetic parts",
    "virtualRecording": "a recording of a virtual scene",
    "algorithmicMedia": "made by an algorithm",
}
"""IPTC digital source types that speak of generation."""

STATES = {
    "Trusted": "The Content Credentials verify: the file is unchanged since it was signed, and "
    "the signer's certificate comes from a trusted authority.",
    "Valid": "The Content Credentials verify: the file is unchanged since it was signed, but the "
    "signer is on no trust list given to this examination, so the name could be anyone's.",
    "Invalid": "The Content Credentials do not verify: the file or its credentials changed after "
    "signing, or were never made correctly. What they say cannot be relied on.",
}
ABSENT = (
    "The file carries no Content Credentials. Most files carry none and re-encoding drops them: "
    "absent means unknown, never fake."
)


class ContentCredentials(Analyzer):
    """Prints the validation state and the whole ingredient chain."""

    name = "content_credentials"
    version = "1"
    title = "Content Credentials"
    examines = "C2PA manifests: validation state, signers, actions, ingredients, AI declarations"
    weighed = False

    def analyze(self, material: Material) -> Findings:
        """Read in a child process, offline, and list what is said."""
        named = os.environ.get(ANCHORS_VARIABLE, "")
        anchors = Path(named) if named and Path(named).is_file() else None
        reading = read_credentials(material.path, anchors)
        if reading.outcome == "broken":
            return Findings((self.abstain(Reason.FAILED, reading.detail),))
        if reading.outcome != "read" or reading.store is None:
            return Findings((self._nothing(reading),))
        facts = [
            *self._state(reading.store),
            self._trust_list(anchors),
            *self._chain(reading.store),
        ]
        return Findings(tuple(facts))

    def _nothing(self, reading: Reading) -> Fact:
        if reading.outcome == "unreadable":
            return self.fact(
                "state", "unreadable", notable=True,
                words="Something like Content Credentials is in the file but cannot be parsed "
                f"({_text(reading.detail)}). They say nothing either way.",
            )  # fmt: skip
        return self.fact("state", "absent", words=ABSENT)

    def _trust_list(self, anchors: Path | None) -> Fact:
        digest = hashlib.sha256(anchors.read_bytes()).hexdigest() if anchors else None
        return self.fact(
            "trust_list", digest, unit="SHA-256" if digest else "",
            words="Authorities trusted in this examination." if digest
            else f"No list of trusted authorities was given ({ANCHORS_VARIABLE}), so no signer "
            "can be reported as trusted.",
        )  # fmt: skip

    def _state(self, store: dict[str, Any]) -> Iterator[Fact]:
        state = store.get("validation_state")
        state = state if state in STATES else "Invalid"
        yield self.fact("state", state.lower(), words=STATES[state], notable=True)
        active = _dict(_dict(store.get("validation_results")).get("activeManifest"))
        failures = [_dict(row) for row in _list(active.get("failure"))]
        if failures:
            yield self.fact(
                "validation_codes", tuple(_text(row.get("code")) for row in failures),
                locator="active manifest",
                words="; ".join(_text(row.get("explanation")) for row in failures),
            )  # fmt: skip

    def _chain(self, store: dict[str, Any]) -> Iterator[Fact]:
        manifests = _dict(store.get("manifests"))
        state = store.get("validation_state")
        generated: list[str] = []
        for number, (label, via) in enumerate(_order(store, manifests), start=1):
            manifest = _dict(manifests[label])
            what = f"manifest {number}"
            yield from self._manifest(manifest, what, _text(label), via)
            actions = list(_actions(manifest))
            if actions:
                yield self.fact(
                    f"{what} actions", tuple(name for name, _source in actions),
                    locator=_text(label),
                )  # fmt: skip
            for source in (source for _name, source in actions if source):
                yield self.fact(f"{what} source type {source}", source, locator=_text(label))
                generated += [source] if source in MADE_BY_MODEL else []
        if generated:
            kinds = list(dict.fromkeys(generated))
            caveat = " They do not verify, so this may be false." if state == "Invalid" else ""
            yield self.fact(
                "ai_generation", tuple(kinds), locator="digitalSourceType", notable=True,
                words="The Content Credentials declare the picture, or something it was made "
                f"from, to be {' and '.join(MADE_BY_MODEL[kind] for kind in kinds)}.{caveat}",
            )  # fmt: skip

    def _manifest(
        self, manifest: dict[str, Any], what: str, label: str, via: str
    ) -> Iterator[Fact]:
        signature = _dict(manifest.get("signature_info"))
        makers = [_dict(row) for row in _list(manifest.get("claim_generator_info"))]
        maker = ", ".join(
            f"{_text(row.get('name'))} {_text(row.get('version'))}".strip() for row in makers
        )
        yield self.fact(f"{what} title", _text(manifest.get("title")), locator=label, words=via)
        yield self.fact(
            f"{what} claim generator", maker or _text(manifest.get("claim_generator")),
            locator=label,
        )  # fmt: skip
        names = [_text(signature.get(key)) for key in ("common_name", "issuer")]
        yield self.fact(
            f"{what} signer", ", ".join(name for name in names if name), locator=label,
            words=f"Certificate serial {_text(signature.get('cert_serial_number'))}.",
        )  # fmt: skip
        time = signature.get("time")
        yield self.fact(
            f"{what} signed", _text(time) if time else None, locator=label,
            words="" if time else "No trusted time stamp: the signing time is not known.",
        )  # fmt: skip
        for row in _list(manifest.get("ingredients"))[:MAX_LISTED]:
            ingredient = _dict(row)
            own = ingredient.get("active_manifest")
            known_as = _text(ingredient.get("instance_id") or ingredient.get("label"))
            yield self.fact(
                f"{what} ingredient {known_as}",
                f"{_text(ingredient.get('relationship'))}: {_text(ingredient.get('title'))}",
                locator=label,
                words=_ingredient_words(ingredient) if own else "It has no credentials of its own.",
            )  # fmt: skip


def _ingredient_words(ingredient: dict[str, Any]) -> str:
    results = _dict(_dict(ingredient.get("validation_results")).get("activeManifest"))
    codes = [_text(_dict(row).get("code")) for row in _list(results.get("failure"))]
    known = f"; failures when it was added: {', '.join(codes)}" if codes else ""
    return f"It has credentials of its own{known}."


def _order(store: dict[str, Any], manifests: dict[str, Any]) -> list[tuple[str, str]]:
    """List manifests from the active one down its ingredients, then any that none refers to."""
    found: dict[str, str] = {}
    todo = [(str(store.get("active_manifest")), "The active manifest.")]
    while todo and len(found) < MAX_MANIFESTS:
        label, via = todo.pop(0)
        if label in found or label not in manifests:
            continue
        found[label] = via
        todo += [
            (str(_dict(row).get("active_manifest")), f"Ingredient of {_text(label)}.")
            for row in _list(_dict(manifests[label]).get("ingredients"))[:MAX_LISTED]
        ]
    rest = [label for label in manifests if label not in found][: MAX_MANIFESTS - len(found)]
    return [*found.items(), *((label, "Referred to by no other manifest.") for label in rest)]


def _actions(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (action, last part of its digital source type) of a manifest."""
    for row in _list(manifest.get("assertions"))[:MAX_LISTED]:
        assertion = _dict(row)
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for deed in _list(_dict(assertion.get("data")).get("actions"))[:MAX_LISTED]:
                source = str(_dict(deed).get("digitalSourceType") or "")
                yield _text(_dict(deed).get("action")), _text(source.rsplit("/", 1)[-1])


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    """Return a bounded text that UTF-8 can hold: JSON may carry halves of surrogate pairs."""
    text = "" if value is None else str(value)[:MAX_CHARS]
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
