"""Models that ship with the tool: found by name, newest first, digests checked, loaded lazily.

A model is a folder `forensics/models/<name>/<version>/` with weights, `config.json`,
`calibration.json` and `card.md`. Nothing is ever downloaded.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensics.errors import ModelAbsent, ModelDigestMismatch

if TYPE_CHECKING:
    from torch import Tensor

MODELS = Path(__file__).parent
"""Where the shipped models lie."""


@dataclass(frozen=True)
class Model:
    """One version of a model, its files checked.

    Attributes:
        name: Of the model.
        version: As the folder is called.
        folder: Where its files lie.
        config: What `config.json` says.
        digests: SHA-256 by "<name>/<file>", of the weights and of the config itself.
    """

    name: str
    version: str
    folder: Path
    config: dict[str, Any]
    digests: dict[str, str]

    def weights(self) -> dict[str, Tensor]:
        """Load the weights as float32; torch is imported here and not before."""
        import torch
        from safetensors.torch import load_file

        stored = load_file(self.folder / self.config["weights"]["file"])
        return {name: value.to(torch.float32) for name, value in stored.items()}


def newest(folders: Iterable[Path]) -> Path:
    """Return the version folder with the highest version.

    Raises:
        ValueError: There is none.
    """
    return max(folders, key=_order)


def _order(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in folder.name.split("."))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load(name: str, version: str | None = None, root: Path = MODELS) -> Model:
    """Find a model and check its files.

    Args:
        name: Of the model.
        version: The newest where not given.
        root: Folder of models.

    Raises:
        ModelAbsent: There is no such model, or a file of it is missing.
        ModelDigestMismatch: The weights differ from the digest pinned in `config.json`, or the
            config cannot be read.
    """
    home = root / name
    versions = sorted(
        (folder for folder in home.glob("*") if (folder / "config.json").is_file()), key=_order
    )
    found = [folder for folder in versions if version in (None, folder.name)]
    if not found:
        what = f"{name} {version}" if version else name
        raise ModelAbsent(f"model {what} is not installed; reinstall the package")
    folder = found[-1]
    config_path = folder / "config.json"
    where = f"{name}/{folder.name}"
    try:
        config: dict[str, Any] = json.loads(config_path.read_text("utf-8"))
        file, pinned = str(config["weights"]["file"]), str(config["weights"]["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelDigestMismatch(
            f"{where}/config.json cannot be read ({error}); reinstall"
        ) from error
    weights = folder / file
    if not weights.is_file():
        raise ModelAbsent(f"the weights {where}/{file} are missing; reinstall the package")
    digest = sha256_of(weights)
    if digest != pinned:
        raise ModelDigestMismatch(
            f"{where}/{file} has digest {digest[:16]}, config.json pins {pinned[:16]}; reinstall"
        )
    digests = {f"{name}/{file}": digest, f"{name}/config.json": sha256_of(config_path)}
    return Model(name, folder.name, folder, config, digests)
