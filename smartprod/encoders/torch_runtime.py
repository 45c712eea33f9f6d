"""Image models in torch: on a GPU in large steps, on a processor one image at a time."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from smartprod.encoders.device import to_device, use_torch_threads
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from numpy.typing import NDArray

    from smartprod.encoders.device import Device


class TorchRuntime:
    """Runs a module in torch, at its device's precision.

    Every step has the same number of images, the last one filled up with zeros: torch chooses its kernels by shape, and an
    image in a smaller step would get another embedding in the last bits.

    Args:
        module: uint8 `[B, 3, S, S]` to float `[B, D]`.
        device: Where it runs.
        images_per_call: Images of a step.
        convolutional: Whether it is a convolutional network; those are faster with the channels last.
        compiled: Whether to compile it.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        device: Device,
        images_per_call: int,
        convolutional: bool = False,
        compiled: bool = False,
    ) -> None:
        import torch

        self._memory_format = torch.channels_last if convolutional else torch.contiguous_format
        self._eager = to_device(module, device, memory_format=self._memory_format)
        self._compiled: Callable[[torch.Tensor], torch.Tensor] | None = (
            torch.compile(self._eager, dynamic=False) if compiled else None
        )
        self._device = device
        self.images_per_call = images_per_call

    @property
    def module(self) -> torch.nn.Module:
        """The module that it runs, not compiled, on its device."""
        return self._eager

    @property
    def precision(self) -> str:
        """The device's precision."""
        return self._device.precision

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed uint8 `[B, 3, S, S]` to float32 `[B, D]`.

        Raises:
            EncoderError: (SP470) The GPU's memory is too small for a step.
        """
        import torch

        if self._device.is_cpu:
            use_torch_threads(1)  # the threads that call share the processor among themselves
        size = self.images_per_call
        try:
            with torch.inference_mode(), self._device.autocast():
                steps = [self._step(batch[i : i + size]) for i in range(0, len(batch), size)]
                return torch.cat(steps)[: len(batch)].float().cpu().numpy()
        except torch.OutOfMemoryError as error:
            raise EncoderError(
                "SP470",
                f"The memory of {self._device.name} is too small for {size} images at once.",
                fix=f"Set extract.image_batch_size={max(1, size // 2)}, or a larger GPU by SMARTPROD_DEVICE.",
            ) from error

    def _step(self, images: NDArray[np.uint8]) -> torch.Tensor:
        """Embed up to `images_per_call` images; the result has rows for the filling too."""
        import torch

        lacking = self.images_per_call - len(images)
        filled = np.pad(images, ((0, lacking), (0, 0), (0, 0), (0, 0))) if lacking else images
        pixels = torch.from_numpy(np.require(filled, requirements=["C", "W"]))
        if self._device.is_cuda:
            pixels = pixels.pin_memory()  # only from pinned memory does the copy run beside the kernels
        pixels = pixels.to(self._device.name, non_blocking=self._device.is_cuda)
        return self._run(pixels.contiguous(memory_format=self._memory_format))

    def _run(self, pixels: torch.Tensor) -> torch.Tensor:
        import torch

        if self._compiled is not None:
            try:
                return self._compiled(pixels)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:  # noqa: BLE001  (compilers fail in ways of their own)
                self._compiled = None
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                warnings.warn(f"The model could not be compiled and runs as it is: {reason}", stacklevel=2)
        return self._eager(pixels)
