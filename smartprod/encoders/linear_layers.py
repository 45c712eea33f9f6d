"""Linear layers for models on a processor: steady in every bit, at the speed of the machine, and in int8.

Imported where a model is opened only, as it loads torch.
"""

from __future__ import annotations

import platform
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

STEADY_ROWS = 16
"""Fewest rows of one product. With fewer, matrix libraries turn to kernels that sum in another order: oneDNN for one row,
MKL for up to 11, depending on the threads."""


def replace_linear_layers(module: nn.Module, kind: type[SteadyLinear | Int8Linear]) -> int:
    """Replace the float32 linear layers below a module by layers of another kind, and count them."""
    count = 0
    for name, layer in module.named_children():
        # a subclass of nn.Linear may compute something else
        if type(layer) is not nn.Linear and not isinstance(layer, SteadyLinear):
            count += replace_linear_layers(layer, kind)
        elif layer.weight.dtype == torch.float32:
            setattr(module, name, kind(layer))
            count += 1
    return count


class SteadyLinear(nn.Module):
    """A linear layer in which a row's result does not depend on the number of rows or threads, for inference only.

    On x86 it multiplies by oneDNN, which torch brings along and uses for convolutions. For matrices torch takes MKL, which
    keeps its widest kernels for Intel's processors: on an EPYC with AVX-512 MKL does 190 GFLOP/s on two cores, oneDNN 430.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, layer: nn.Linear | SteadyLinear) -> None:
        super().__init__()
        self.weight = layer.weight  # [D_out, D_in]
        self.bias = layer.bias

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map `[..., D_in]` to `[..., D_out]`."""
        rows = inputs.reshape(-1, inputs.shape[-1])
        lacking = max(0, STEADY_ROWS - len(rows))
        filled = functional.pad(rows, (0, 0, 0, lacking)) if lacking else rows
        outputs = _multiply(filled, self.weight, self.bias)[: len(rows)]
        return outputs.view(*inputs.shape[:-1], -1)


def _multiply(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    if _has_onednn():
        return torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
    return functional.linear(rows, weight, bias)


@cache
def _has_onednn() -> bool:
    is_x86 = platform.machine().lower() in ("x86_64", "amd64")
    return is_x86 and torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


class Int8Linear(nn.Module):
    """A linear layer that multiplies whole numbers of -127 to 127.

    Weights are scaled per output channel when the layer is made, inputs per row (a token), with an offset, while it runs.
    The sums are whole numbers too, so that a row's result depends on that row only.
    """

    weight: torch.Tensor
    scale: torch.Tensor
    sums: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, layer: nn.Linear | SteadyLinear) -> None:
        super().__init__()
        weight = layer.weight.detach()  # [D_out, D_in]
        scale = weight.abs().amax(1).clamp_(min=1e-12).div_(127)
        whole = weight.div(scale[:, None]).round_()
        self.register_buffer("weight", whole.to(torch.int8 if int8_pays() else torch.float32))
        self.register_buffer("scale", scale)
        self.register_buffer("sums", whole.sum(1))
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach())

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Map `[..., D_in]` to `[..., D_out]`."""
        rows = inputs.reshape(-1, inputs.shape[-1])  # [N, D_in]
        high, low = rows.amax(1, keepdim=True), rows.amin(1, keepdim=True)
        step = (high - low).clamp_(min=1e-12).div_(254)
        middle = (high + low).div_(2)
        whole = torch.sub(rows, middle).mul_(1 / step).round_()
        if self.weight.dtype == torch.int8:
            product = torch._int_mm(whole.to(torch.int8), self.weight.t()).to(torch.float32)
        else:
            product = _multiply(whole, self.weight, None)
        outputs = product.mul_(step).addcmul_(middle, self.sums).mul_(self.scale)  # [N, D_out]
        if self.bias is not None:
            outputs.add_(self.bias)
        return outputs.view(*inputs.shape[:-1], -1)


@cache
def int8_pays() -> bool:
    """Whether this processor multiplies int8 exactly and faster than float32.

    Without instructions for it (VNNI on x86) intermediate sums of the product saturate. The same whole numbers are then
    multiplied as float32, which gives the same embeddings at about the speed of full precision.
    """
    left = torch.full((256, 512), 127, dtype=torch.int8)
    right = torch.full((512, 512), -127, dtype=torch.int8)
    right[::2] = 127
    floats = left.float(), right.float()
    exact = functional.linear(*floats)  # sums of whole numbers stay below 2**24, so that float32 is exact
    if not torch.equal(torch._int_mm(left, right.t()).float(), exact):
        return False
    whole = min(_seconds(lambda: torch._int_mm(left, right.t())) for _ in range(3))
    return whole < min(_seconds(lambda: _multiply(*floats, None)) for _ in range(3))


def _seconds(compute: Callable[[], object]) -> float:
    start = perf_counter()
    compute()
    return perf_counter() - start
