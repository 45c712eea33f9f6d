"""Image models in ONNX Runtime on the processor: exported on first use, held against torch, kept in the cache."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.encoders.export_cache import drop_export, read_exports, write_export
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from smartprod.encoders.runtimes import ImageModel

EXPORT_VERSION = 2
"""Raised when the exported graph changes its form; part of the name of a cached export."""

MINIMUM_AGREEMENT = 0.9999
"""Lowest cosine between torch's embedding and the exported model's at which the export is used."""


class OnnxRuntime:
    """Runs an exported model in ONNX Runtime, in fp32, one image at a time in the thread that calls.

    Two threads with an image each do 360 lite0 images/s on two cores; one call with a team of two threads and batches
    of 4 does 200. A graph of fixed shape is worth a fifth of that.
    """

    precision = "fp32"
    images_per_call = 1

    def __init__(self, exported: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed uint8 `[B, 3, S, S]` to float32 `[B, D]`."""
        images = (batch[i : i + 1] for i in range(len(batch)))
        return np.concatenate([self._session.run(None, {"pixels": image})[0] for image in images])


def open_onnx(model: ImageModel) -> OnnxRuntime:
    """Open a model's cached export, or make one.

    Raises:
        EncoderError: (SP407) It cannot be exported, or the export's embeddings differ from torch's.
    """
    stem = f"{model.weights_hash[:32]}-v{EXPORT_VERSION}"
    for path, content in read_exports(stem):
        try:
            return OnnxRuntime(content)
        except Exception:  # noqa: BLE001  (whatever this ONNX Runtime has against an export of another one)
            drop_export(path)
    exported, runtime = _export(model)
    write_export(stem, exported)
    return runtime


def _export(model: ImageModel) -> tuple[bytes, OnnxRuntime]:
    import torch

    probes = probe_images(model.input_size)
    module = model.build().eval()
    try:
        with torch.inference_mode():
            exported = _to_onnx(module, torch.from_numpy(probes[:1]))
            expected = np.concatenate([module(torch.from_numpy(image[None])).numpy() for image in probes])
        runtime = OnnxRuntime(exported)
        agreement = lowest_cosine(runtime.run(probes), expected)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise _no_export(model, f"{type(error).__name__}: {reason}") from error
    if not agreement >= MINIMUM_AGREEMENT:
        raise _no_export(model, f"its embeddings differ from torch's (cosine {agreement:.6f})")
    return exported, runtime


def _to_onnx(module: torch.nn.Module, image: torch.Tensor) -> bytes:
    import torch

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        file = Path(folder) / "model.onnx"
        warnings.simplefilter("ignore")  # the exporter reports every traced constant
        torch.onnx.export(
            module, (image,), file, input_names=["pixels"], output_names=["embedding"], dynamo=False
        )
        return file.read_bytes()


def _no_export(model: ImageModel, reason: str) -> EncoderError:
    return EncoderError(
        "SP407",
        f"The encoder {model.name!r} cannot be run by ONNX Runtime: {reason}.",
        fix="Set extract.runtime to auto or torch.",
    )


def probe_images(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw four inputs to compare runtimes on: noise, a slope, stripes and a disc; uint8 `[4, 3, H, W]`."""
    height, width = size
    rng = np.random.default_rng(0)
    down, across = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    disc = np.hypot(down - 0.5, across - 0.5) < 0.3
    channels = np.array([1.0, 0.6, 0.3])[:, None, None]
    images = [
        rng.random((3, height, width)),
        (down + across)[None] / 2 * channels,
        (np.sin(across * 40)[None] + 1) / 2 * channels[::-1],
        np.where(disc, 0.8, 0.2)[None] * channels,
    ]
    return (np.stack(images) * 255).astype(np.uint8)


def lowest_cosine(left: NDArray[Any], right: NDArray[Any]) -> float:
    """The lowest cosine between rows of two matrices `[N, D]`."""
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return float(np.min((left * right).sum(axis=1) / norms))
