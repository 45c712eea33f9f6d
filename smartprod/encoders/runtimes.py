"""What runs an image model: torch, or ONNX Runtime on a processor."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from smartprod.encoders.device import torch_multiplies_fast
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from smartprod.encoders.device import Device

RuntimeName = Literal["auto", "torch", "onnxruntime"]

GPU_IMAGES_PER_CALL = 64
"""Images that a GPU takes at once where the configuration says nothing."""


class ImageRuntime(Protocol):
    """Runs an image model: uint8 `[B, 3, S, S]` to float32 `[B, D]`; safe to call from many threads.

    An embedding depends on its image alone, bit for bit: not on the batch around it, nor on who calls.
    """

    @property
    def precision(self) -> str:
        """`fp32`, `bf16` or `fp16`."""
        ...

    @property
    def images_per_call(self) -> int:
        """Images that one call takes best; 1 on a processor, where each calling thread runs the model for itself."""
        ...

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed a batch of any size."""
        ...


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """What the configuration says of runtimes.

    Attributes:
        name: `auto`, `torch` or `onnxruntime`.
        images_per_call: Images that a GPU takes at once; None for `GPU_IMAGES_PER_CALL`.
        compile: Whether torch compiles the model on CUDA.
    """

    name: RuntimeName = "auto"
    images_per_call: int | None = None
    compile: bool = False


@dataclass(frozen=True, slots=True)
class ImageModel:
    """An image model before it is given to a runtime.

    Attributes:
        name: As the configuration names it.
        weights_hash: Hash of weights and preprocessing.
        input_size: Height and width of its input.
        convolutional: Whether it is a convolutional network.
        build: Builds the torch module, uint8 `[B, 3, S, S]` to float `[B, D]`, with the normalisation inside.
    """

    name: str
    weights_hash: str
    input_size: tuple[int, int]
    convolutional: bool
    build: Callable[[], torch.nn.Module]


def open_runtime(model: ImageModel, *, options: RuntimeOptions, device: Device) -> ImageRuntime:
    """Choose and open the runtime of an image model.

    `auto` takes torch on a GPU. On a processor it takes ONNX Runtime for convolutional networks, and for
    transformers too where torch's matrix products are slow.

    Raises:
        EncoderError: (SP407) ONNX Runtime was asked for and the model cannot be run by it.
    """
    from smartprod.encoders.onnx_runtime import open_onnx

    if not _takes_onnx(model, options, device):
        return _open_torch(model, options, device)
    try:
        return open_onnx(model)
    except EncoderError as error:
        if options.name == "onnxruntime":
            raise
        warnings.warn(f"{error.what} Continuing with torch, which is slower.", stacklevel=2)
        return _open_torch(model, options, device)


def _takes_onnx(model: ImageModel, options: RuntimeOptions, device: Device) -> bool:
    if options.name == "auto":
        return device.is_cpu and (model.convolutional or not torch_multiplies_fast())
    return options.name == "onnxruntime"


def _open_torch(model: ImageModel, options: RuntimeOptions, device: Device) -> ImageRuntime:
    from smartprod.encoders.torch_runtime import TorchRuntime

    return TorchRuntime(
        model.build(),
        device=device,
        images_per_call=1 if device.is_cpu else options.images_per_call or GPU_IMAGES_PER_CALL,
        convolutional=model.convolutional,
        compiled=options.compile and device.is_cuda,
    )


def is_convolutional(module: torch.nn.Module) -> bool:
    """Whether most of a network's weights are convolutions."""
    from torch import nn

    total = sum(parameter.numel() for parameter in module.parameters())
    layers = (layer for layer in module.modules() if isinstance(layer, nn.Conv2d))
    return sum(layer.weight.numel() for layer in layers) > total / 2
