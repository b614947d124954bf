"""What comparison fakes are like, and what `audit` says of each.

Run as ``python benchmarks/generators.py CASE/comparison/* ...`` on fakes by `audit generate`. The
quality was measured when each fake was made and is read from its manifest; the verdict is of a
plain examination, without the case.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from forensics.audit import audit
from forensics.casefile.roles import FAKE, MANIFEST
from forensics.record import Fact, Settings

RESULTS = Path(__file__).parent / "results" / "generators.json"
MEASURED = (
    "reconstruction_ssim", "reconstruction_error_levels", "identity_distance_to_target",
    "identity_distance_to_donor", "identity_distance_of_donor_and_target",
    "landmark_error_of_eye_distance", "pose_error_deg", "mask_iou_with_face_hull",
    "flicker_over_targets",
)  # fmt: skip


def measured(folder: Path) -> dict[str, Any]:
    """Return what the manifest of a fake says of how it was made and how good it is."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    recipe = manifest["recipe"]
    settings = recipe["settings"]
    return {
        "method": recipe["method"], "version": recipe["version"], "preset": settings["preset"],
        "width": settings["width"], "size_px": settings["size_px"], "batch": settings["batch"],
        "steps": recipe["steps"], "minutes_given": settings["minutes"],
        "device": recipe["device"], "blend": settings["blend"],
        "target": manifest["target"]["name"], "donor": manifest["donor"]["name"],
        "frames_with_label_over_the_face": manifest["frames_with_label_over_the_face"],
        **{name: recipe["metrics"].get(name) for name in MEASURED},
    }  # fmt: skip


def examined(video: Path) -> dict[str, Any]:
    """Return what a plain examination says of a fake."""
    record = audit(video, Settings()).record
    facts = [one for one in record.observations if isinstance(one, Fact)]
    return {
        "conclusion": record.verdict.conclusion.value, "log10_lr": record.verdict.log10_lr,
        "swap_logit": max(
            (s.score for s in record.signals() if s.name == "swap_logit"), default=None
        ),
        "recognized_as_own": any(f.analyzer == "own_comparison" and f.notable for f in facts),
        "credentials_say_so": any(f.analyzer == "content_credentials" and f.notable for f in facts),
    }  # fmt: skip


def main() -> None:
    """Measure every fake of a case, print and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fakes", nargs="+", type=Path, metavar="FAKE", help="folder of a fake")
    rows = []
    for folder in parser.parse_args().fakes:
        rows.append(measured(folder) | examined(folder / FAKE))
        print(json.dumps(rows[-1], indent=1), flush=True)
    RESULTS.write_text(json.dumps({"fakes": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
