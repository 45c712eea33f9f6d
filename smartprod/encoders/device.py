"""The one place that decides where models run, at which precision and with how many threads."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path
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

    @property
    def is_cuda(self) -> bool:
        """Whether models run on a GPU by CUDA (or ROCm, which goes by the same name)."""
        return self.name.startswith("cuda")

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
        return Device(name=name, precision="fp32")  # MPS too: its autocast lacks operators
    return Device(name=name, precision="bf16" if torch.cuda.is_bf16_supported() else "fp16")


def _best_device_name() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@cache
def torch_multiplies_fast() -> bool:
    """Whether torch multiplies fp32 matrices about as fast as this processor can.

    On x86 torch leaves that to MKL, which keeps its widest kernels for Intel's processors: on an EPYC with AVX-512, BEiT-base
    does 4.9 images/s in torch and 10.5 in ONNX Runtime.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    return "AuthenticAMD" not in _processor()


def _processor() -> str:
    """Describe the processor, as Linux or Windows names its maker."""
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")[:2_000]
    except OSError:
        return platform.processor()


def use_torch_threads(threads: int) -> None:
    """Let torch use `threads` threads for operators started from the calling thread."""
    import torch

    # Asking first matters: until a thread has asked once, it takes over what other threads set later.
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def to_device(
    model: torch.nn.Module, device: Device, *, memory_format: torch.memory_format | None = None
) -> torch.nn.Module:
    """Move `model` to `device`, ready for inference only, with its 4-D weights in `memory_format`."""
    model = model.eval().requires_grad_(False).to(device.name)
    if memory_format is not None:
        for parameter in model.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=memory_format)
    return model
