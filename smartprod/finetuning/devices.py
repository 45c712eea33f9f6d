"""Where an encoder is trained, and at which precision."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smartprod.encoders import choose_device
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from smartprod.config.finetuning import Precision
    from smartprod.encoders import Device


def training_device(precision: Precision) -> Device:
    """Choose the device as extraction does; `auto` takes its precision: 16 bits on a GPU, 32 on a processor.

    Raises:
        UsageError: (SP443) fp16 was asked for without a GPU.
    """
    device = choose_device()
    if precision == "auto":
        return device
    if precision == "fp16" and not device.is_cuda:
        raise UsageError(
            "SP443",
            "A processor does not train in fp16.",
            where="finetune: precision",
            fix="Choose auto, fp32 or bf16.",
        )
    return replace(device, precision=precision)
