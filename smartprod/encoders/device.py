"""The one place that decides where models run, at which precision and with how many threads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

DEVICE_VARIABLE = "SMARTPROD_DEVICE"


@dataclass(frozen=True, slots=True)
class Device:
    """A device by torch's name and the precision models compute at on it (`fp32`, `bf16`, `fp16`)."""

    name: str
    precision: str

    @property
    def is_cpu(self) -> bool:
        """Whether models run on the processor itself."""
        return self.name == "cpu"

    def autocast(self) -> Any:
        """Give the torch context in which a model computes at this device's precision."""
        import torch

        dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.precision, torch.float32)
        kind = torch.device(self.name).type
        return torch.autocast(kind, dtype=dtype, enabled=self.precision != "fp32")


def choose_device() -> Device:
    """Choose CUDA, then Apple's MPS, then the processor; `SMARTPROD_DEVICE` (`cpu`, `cuda:1`) overrides."""
    import torch

    name = os.environ.get(DEVICE_VARIABLE) or _best_device_name()
    if not name.startswith("cuda"):
        return Device(name=name, precision="fp32")
    return Device(name=name, precision="bf16" if torch.cuda.is_bf16_supported() else "fp16")


def _best_device_name() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def use_torch_threads(threads: int) -> None:
    """Let torch use `threads` threads for operators started from the calling thread."""
    import torch

    # Asking first matters: until a thread has asked once, it takes over what other threads set later.
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def to_device(model: torch.nn.Module, device: Device) -> torch.nn.Module:
    """Move `model` to `device`, ready for inference only."""
    return model.eval().requires_grad_(False).to(device.name)
