"""What runs an image model: torch, or ONNX Runtime on a processor (lite0: 4.4 times torch's eager speed)."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from smartprod.config import cache_folder
from smartprod.encoders.device import Device, to_device, use_torch_threads
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from numpy.typing import NDArray

RuntimeName = Literal["auto", "torch", "onnxruntime"]

EXPORT_VERSION = 1
"""Raised when the exported graph changes its form; part of the name of a cached export."""

MINIMUM_AGREEMENT = 0.9999
"""Lowest cosine between torch's embedding and the exported model's at which the export is used."""


IMAGES_PER_STEP = 4
"""Images that ONNX Runtime takes at once: lite0 on two cores does 233 images/s at 4 in 185 MB, 176 at 32 in 784 MB."""


class ImageRuntime(Protocol):
    """Runs an image model: uint8 `[B, 3, S, S]` to float32 `[B, D]`."""

    @property
    def precision(self) -> str:
        """`fp32`, `bf16` or `fp16`."""
        ...

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed a batch."""
        ...


@dataclass(frozen=True, slots=True)
class ImageModel:
    """An image model before it is given to a runtime.

    Attributes:
        name: As the configuration names it.
        weights_hash: Hash of weights and preprocessing.
        input_size: Height and width of its input.
        build: Builds the torch module, uint8 `[B, 3, S, S]` to float `[B, D]`, with the normalisation inside.
    """

    name: str
    weights_hash: str
    input_size: tuple[int, int]
    build: Callable[[], torch.nn.Module]


def open_runtime(model: ImageModel, *, runtime: RuntimeName, device: Device, threads: int) -> ImageRuntime:
    """Choose and open the runtime of an image model.

    `auto` takes ONNX Runtime for convolutional networks on a processor, and torch for everything else.

    Raises:
        EncoderError: (SP407) ONNX Runtime was asked for and the model cannot be run by it.
    """
    if runtime == "torch" or (runtime == "auto" and not device.is_cpu):
        return TorchRuntime(model.build(), device=device, threads=threads)
    exported = _read_export(model)
    if exported is not None:
        return OnnxRuntime(exported, threads=threads)
    module = model.build().eval()
    if runtime == "auto" and not is_convolutional(module):
        return TorchRuntime(module, device=device, threads=threads)
    use_torch_threads(threads)
    try:
        return _export(model, module, threads=threads)
    except EncoderError as error:
        if runtime == "onnxruntime":
            raise
        warnings.warn(f"{error.what} Continuing with torch, which is slower.", stacklevel=2)
        return TorchRuntime(module, device=device, threads=threads)


def is_convolutional(module: torch.nn.Module) -> bool:
    """Whether most of a network's weights are convolutions, so that ONNX Runtime pays."""
    from torch import nn

    total = sum(parameter.numel() for parameter in module.parameters())
    layers = (layer for layer in module.modules() if isinstance(layer, nn.Conv2d))
    return sum(layer.weight.numel() for layer in layers) > total / 2


class TorchRuntime:
    """Runs a module in torch, on any device, at that device's precision."""

    def __init__(self, module: torch.nn.Module, *, device: Device, threads: int) -> None:
        self._module = to_device(module, device)
        self._device = device
        self._threads = threads

    @property
    def precision(self) -> str:
        """The device's precision."""
        return self._device.precision

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed uint8 `[B, 3, S, S]` to float32 `[B, D]`."""
        import torch

        use_torch_threads(self._threads)
        with torch.inference_mode(), self._device.autocast():
            output = self._module(torch.from_numpy(batch).to(self._device.name))
        return output.float().cpu().numpy()


class OnnxRuntime:
    """Runs an exported model in ONNX Runtime on the processor, in fp32."""

    precision = "fp32"

    def __init__(self, exported: bytes, *, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Idle model threads must not spin while decode threads want the processor.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"])

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed uint8 `[B, 3, S, S]` to float32 `[B, D]`."""
        steps = range(0, len(batch), IMAGES_PER_STEP)
        return np.concatenate(
            [self._session.run(None, {"pixels": batch[i : i + IMAGES_PER_STEP]})[0] for i in steps]
        )


def _export(model: ImageModel, module: torch.nn.Module, *, threads: int) -> OnnxRuntime:
    """Export a module, hold the export against torch, and keep it in the cache."""
    import torch

    probe = _probe_images(model.input_size)
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.inference_mode():
            file = Path(folder) / "model.onnx"
            warnings.simplefilter("ignore")  # the exporter reports every traced constant
            torch.onnx.export(
                module,
                (torch.from_numpy(probe),),
                file,
                input_names=["pixels"],
                output_names=["embedding"],
                dynamic_axes={"pixels": {0: "batch"}, "embedding": {0: "batch"}},
                dynamo=False,
            )
            exported = file.read_bytes()
            expected = module(torch.from_numpy(probe)).numpy()
        runtime = OnnxRuntime(exported, threads=threads)
        agreement = _lowest_cosine(runtime.run(probe), expected)
    except Exception as error:
        raise _no_export(model, f"{type(error).__name__}: {str(error).strip().splitlines()[0]}") from error
    if not agreement >= MINIMUM_AGREEMENT:
        raise _no_export(model, f"its embeddings differ from torch's (cosine {agreement:.6f})")
    _write_export(model, exported)
    return runtime


def _no_export(model: ImageModel, reason: str) -> EncoderError:
    return EncoderError(
        "SP407",
        f"The encoder {model.name!r} cannot be run by ONNX Runtime: {reason}.",
        fix="Set extract.runtime to auto or torch.",
    )


def _probe_images(size: tuple[int, int]) -> NDArray[np.uint8]:
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


def _lowest_cosine(left: NDArray[Any], right: NDArray[Any]) -> float:
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return float(np.min((left * right).sum(axis=1) / norms))


def _export_stem(model: ImageModel) -> str:
    return f"{model.weights_hash[:32]}-v{EXPORT_VERSION}"


def _read_export(model: ImageModel) -> bytes | None:
    """Read a cached export whose content still has the hash in its name."""
    for path in sorted((cache_folder() / "onnx").glob(f"{_export_stem(model)}-*.onnx")):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest()[:32] == path.stem.rpartition("-")[2]:
            return content
    return None


def _write_export(model: ImageModel, content: bytes) -> None:
    folder = cache_folder() / "onnx"
    name = f"{_export_stem(model)}-{hashlib.sha256(content).hexdigest()[:32]}.onnx"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(folder / name)
    except OSError as error:
        warnings.warn(
            f"The exported model could not be kept in {folder} ({error}); it is made again next time.",
            stacklevel=2,
        )
