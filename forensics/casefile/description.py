"""What a case is, who answers for it, and by what right: `case.toml`."""

from __future__ import annotations

import secrets
import tomllib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from forensics.casefile import layout
from forensics.errors import CaseError

SCHEMA = "face-swap-audit/case/1"
NEEDED = ("operator", "purpose", "authority")


@dataclass(frozen=True)
class Description:
    """The head of a case, written once.

    Attributes:
        id: Made up when the case is made.
        operator: Who works on it.
        purpose: What for.
        authority: By what right: a court order, a commission, a consent.
        created_utc: ISO 8601.
        request_id: The requester's own reference.
        received: When and how the material came, in the operator's words.
    """

    id: str
    operator: str
    purpose: str
    authority: str
    created_utc: str
    request_id: str = ""
    received: str = ""

    @classmethod
    def of(
        cls, operator: str, purpose: str, authority: str, request_id: str = "", received: str = ""
    ) -> Description:
        """Check what was given and make up the rest.

        Raises:
            CaseError: Operator, purpose or authority is missing, or something is not one line.
        """
        given = {
            "operator": operator.strip(), "purpose": purpose.strip(),
            "authority": authority.strip(), "request_id": request_id.strip(),
            "received": received.strip(),
        }  # fmt: skip
        for name in NEEDED:
            if not given[name]:
                raise CaseError(f"a case needs --{name}; say {_WHY[name]}")
        for name, text in given.items():
            if not text.isprintable():
                raise CaseError(f"--{name.replace('_', '-')} must be one line of printable text")
        now = datetime.now(UTC)
        return cls(
            id=f"{now:%Y%m%d}-{secrets.token_hex(4)}",
            created_utc=now.isoformat(timespec="seconds"), **given,
        )  # fmt: skip

    def to_toml(self) -> str:
        """Return the file's text."""
        rows = {"schema": SCHEMA, **asdict(self)}
        return "".join(f"{name} = {_quoted(text)}\n" for name, text in rows.items())


_WHY = {
    "operator": "who works on it",
    "purpose": "what it is for",
    "authority": "by what right (a court order, a commission, a consent)",
}


def read_description(folder: Path) -> Description:
    """Read `case.toml`.

    Raises:
        CaseError: There is no case, or its description cannot be read.
    """
    path = folder / layout.CASE
    if not folder.is_dir():
        raise CaseError(f"there is no case at {folder}; make one with `audit case new`")
    try:
        plain = tomllib.loads(path.read_text(encoding="utf-8"))
        if plain.pop("schema") != SCHEMA:
            raise CaseError(f"{path} is of another schema than {SCHEMA}; use the tool it names")
        return Description(**{name: str(text) for name, text in plain.items()})
    except FileNotFoundError as error:
        raise CaseError(f"{folder} is not a case: it has no case.toml") from error
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CaseError(f"{path} was changed or is broken; run `audit case verify`") from error


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
