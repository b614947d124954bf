"""What each item is in its case: the questioned footage, the original, or other genuine footage.

A role is part of the log: `audit case add CASE FILE --as ROLE` notes it, and the last note counts.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from forensics.casefile.folder import Case
from forensics.casefile.items import Item, items
from forensics.casefile.layout import Role
from forensics.errors import CaseError

FAKE, MANIFEST, FRAMES = "fake.mp4", "manifest.json", "frames.csv"


@dataclass(frozen=True)
class Fake:
    """A comparison fake of the case.

    Attributes:
        path: Of the video in the case.
        sha256: Of the video.
        method: Generator.
        target_sha256: Of the footage it was made of.
        donor_sha256: Of the donor.
        crf: H.264 quality it was written at.
        boxes: Face boxes by frame number, left, top, right, bottom, px.
    """

    path: str
    sha256: str
    method: str
    target_sha256: str
    donor_sha256: str
    crf: int
    boxes: dict[int, tuple[float, float, float, float]]


def note_role(case: Case, item: Item, role: Role, operator: str = "") -> None:
    """Log what an item is in the case, unless the log says so already."""
    if roles(case).get(item.sha256) is not role:
        case.note("role", {"item": item.sha256, "role": role.value}, operator)


def roles(case: Case) -> dict[str, Role]:
    """Return the roles that were noted, by SHA-256."""
    return {
        str(entry.detail["item"]): Role(str(entry.detail["role"]))
        for entry in case.entries()
        if entry.action == "role" and entry.detail.get("role") in list(Role)
    }


def roles_in_effect(case: Case) -> dict[str, Role]:
    """Return each item's role: as noted, else what the case itself tells.

    What a fake was made of is an original, whose face was put in is a donor, and the only item
    left over is the questioned one.
    """
    found = roles(case)
    made = fakes(case)
    held = [item.sha256 for item in items(case)]
    for fake in made:
        if fake.target_sha256 in held:
            found.setdefault(fake.target_sha256, Role.ORIGINAL)
        if fake.donor_sha256 in held:
            found.setdefault(fake.donor_sha256, Role.DONOR)
    rest = [sha256 for sha256 in held if sha256 not in found]
    if len(rest) == 1 and Role.QUESTIONED not in found.values():
        found[rest[0]] = Role.QUESTIONED
    return found


def fakes(case: Case) -> list[Fake]:
    """List the comparison fakes that the case holds, in the order they were made."""
    return [
        _fake(case, path, digest)
        for entry in case.entries()
        if entry.action == "generate"
        for path, digest in entry.files.items()
        if path.endswith(f"/{FAKE}")
    ]


def _fake(case: Case, path: str, digest: str) -> Fake:
    home = (case.folder / path).parent
    try:
        manifest = json.loads((home / MANIFEST).read_text("utf-8"))
        return Fake(
            path=path, sha256=digest, method=str(manifest["recipe"]["method"]),
            target_sha256=str(manifest["target"]["sha256"]),
            donor_sha256=str(manifest["donor"]["sha256"]), crf=int(manifest["crf"]),
            boxes=_boxes(home / FRAMES),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CaseError(f"{home.name} is incomplete or broken; run `audit case verify`") from error


def _boxes(path: Path) -> dict[int, tuple[float, float, float, float]]:
    with path.open(encoding="ascii", newline="") as lines:
        return {
            int(row["frame"]): (
                float(row["left_px"]), float(row["top_px"]), float(row["right_px"]),
                float(row["bottom_px"]),
            )
            for row in csv.DictReader(lines)
            if row["face"] == "1"
        }  # fmt: skip


@dataclass(frozen=True)
class CaseMaterial:
    """What a case holds to compare its questioned item with.

    Attributes:
        questioned: The item.
        originals: Genuine footage that it may have been made of.
        controls: Other genuine footage of the same camera.
        fakes: Comparison fakes.
    """

    questioned: Item
    originals: tuple[Item, ...]
    controls: tuple[Item, ...]
    fakes: tuple[Fake, ...]


def material_of(case: Case, wanted: str = "") -> CaseMaterial:
    """Collect what a questioned item can be compared with.

    Args:
        case: The case.
        wanted: Name of the questioned item, or first digits of its SHA-256; may be empty where
            the case has only one.

    Raises:
        CaseError: It is not clear which item is questioned, or there is no fake or no genuine
            footage in the case.
    """
    role = roles_in_effect(case)
    held = items(case)
    questioned = [item for item in held if role.get(item.sha256) is Role.QUESTIONED]
    if wanted:
        questioned = [i for i in held if i.name == wanted or i.sha256.startswith(wanted.lower())]
    if len(questioned) != 1:
        raise CaseError(
            f"{case.folder.name} has {len(questioned)} questioned items"
            + (f" called {wanted}" if wanted else "")
            + "; say which with --item, or `audit case add CASE FILE --as questioned`"
        )
    item = questioned[0]
    genuine = {
        kind: tuple(i for i in held if role.get(i.sha256) is kind and i.sha256 != item.sha256)
        for kind in (Role.ORIGINAL, Role.CONTROL)
    }
    made = tuple(fakes(case))
    if not made:
        raise CaseError(
            f"{case.folder.name} holds no comparison fake; make one with `audit generate --case "
            f"{case.folder.name} --target ORIGINAL --donor PERSON`"
        )
    if not any(genuine.values()):
        raise CaseError(
            f"{case.folder.name} holds no genuine footage to compare with; add the original, or "
            "other clips of the same camera, with `audit case add CASE FILE --as original|control`"
        )
    return CaseMaterial(item, genuine[Role.ORIGINAL], genuine[Role.CONTROL], made)
