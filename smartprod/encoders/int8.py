"""Text models in int8: the matrix products of their linear layers take 8-bit whole numbers, twice to three times as fast.

Weights are scaled per output channel. Activations are scaled per token, while the model runs: a token's numbers depend on
that token only, not on its neighbours in the step as with one scale for all (ONNX Runtime's and torch's own dynamic
quantisation), and less is lost: cosine to full precision .999 where those have .98 (MiniLM). Attention, normalisation
and everything else stay in float32. The scheme is that of LLM.int8() (Dettmers et al., 2022), without its outlier columns
and with an offset per token.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from smartprod.encoders.device import DEVICE_VARIABLE, choose_device
from smartprod.encoders.texts import TextModel, TokenEncoder
from smartprod.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

SCHEME = "int8-v1"
"""Part of the weights' hash; raised when the numbers change."""

MINIMUM_AGREEMENT = 0.97
"""Lowest cosine to full precision, over `PROBES`, at which a model is used in int8."""

PROBES = (
    "red cotton t-shirt",
    "Stainless steel kettle, 1.7 l, 2,200 W, boils a cup in 50 seconds. Colour: silver. Cable: 75 cm.",
    "Wireless headphones with 30 hours of battery, noise cancelling and a folding frame; USB-C. " * 6,
    "чайник из нержавеющей стали",
    "zapatillas de correr para mujer, talla 38",
)
"""Texts on which a model in int8 is held against itself."""


def to_int8(model: TextModel, *, threads: int) -> TextModel:
    """Turn the linear layers of a text model to int8, and hold the result against full precision.

    The module is changed in place. The model gets a weights hash of its own, so that a saved model refuses the other
    precision.

    Raises:
        EncoderError: Models run on a graphics card (SP480), the model has no linear layers (SP481), or int8 changes its
            embeddings too much (SP482).
    """
    if not choose_device().is_cpu:
        raise EncoderError(
            "SP480",
            "Text in int8 is for processors; a graphics card is faster at its own precision, and its embeddings "
            "would not be those that int8 gives.",
            where="extract.text_precision",
            fix=f"Set it to full, or set {DEVICE_VARIABLE}=cpu to use a model that was trained with int8.",
        )
    expected = TokenEncoder(model, batch_size=len(PROBES), threads=threads).encode(PROBES)
    if not _quantise_layers(model.module):
        raise EncoderError(
            "SP481",
            f"The text encoder {model.name!r} has no linear layers that could run in int8.",
            where="extract.text_precision",
            fix="Set it to full.",
        )
    quantised = replace(
        model, weights_hash=hashlib.sha256(f"{model.weights_hash} {SCHEME}".encode()).hexdigest()
    )
    found = TokenEncoder(quantised, batch_size=len(PROBES), threads=threads).encode(PROBES)
    norms = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    agreement = float(np.min((expected * found).sum(axis=1) / norms))
    if not agreement >= MINIMUM_AGREEMENT:
        raise EncoderError(
            "SP482",
            f"The text encoder {model.name!r} loses too much in int8 (cosine to full precision {agreement:.3f}).",
            where="extract.text_precision",
            fix="Set it to full, or choose another encoder.",
        )
    return quantised


def _quantise_layers(module: torch.nn.Module) -> int:
    """Replace every plain linear layer below a module, and count them."""
    from torch import nn

    count = 0
    for name, layer in module.named_children():
        if type(layer) is nn.Linear:  # a subclass may compute something else
            setattr(module, name, _int8_linear(layer))
            count += 1
        else:
            count += _quantise_layers(layer)
    return count


def _int8_linear(layer: torch.nn.Linear) -> torch.nn.Module:
    import torch

    class Int8Linear(torch.nn.Module):
        """A linear layer with weights of -127 to 127 per output channel, and inputs of the same range per token."""

        weight: torch.Tensor
        scale: torch.Tensor
        sums: torch.Tensor
        bias: torch.Tensor | None

        def __init__(self) -> None:
            super().__init__()
            weight = layer.weight.detach()  # [D_out, D_in]
            scale = weight.abs().amax(1).clamp_(min=1e-12).div_(127)
            whole = weight.div(scale[:, None]).round_()
            self.register_buffer("weight", whole.to(torch.int8 if int8_pays() else torch.float32))
            self.register_buffer("scale", scale)
            self.register_buffer("sums", whole.sum(1))
            self.register_buffer("bias", None if layer.bias is None else layer.bias.detach())

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            rows = inputs.reshape(-1, inputs.shape[-1])  # [N, D_in]
            high, low = rows.amax(1, keepdim=True), rows.amin(1, keepdim=True)
            step = (high - low).clamp_(min=1e-12).div_(254)
            middle = (high + low).div_(2)
            whole = torch.sub(rows, middle).mul_(1 / step).round_()
            if self.weight.dtype == torch.int8:
                product = torch._int_mm(whole.to(torch.int8), self.weight.t()).to(torch.float32)
            else:
                product = whole @ self.weight.t()
            # In place, for a new block for each of these would cost more than the product: [N, D_out]
            outputs = product.mul_(step).addcmul_(middle, self.sums).mul_(self.scale)
            if self.bias is not None:
                outputs.add_(self.bias)
            return outputs.view(*inputs.shape[:-1], -1)

    return Int8Linear()


@cache
def int8_pays() -> bool:
    """Whether this processor multiplies int8 exactly and faster than float32.

    Without instructions for it (VNNI on x86) intermediate sums of the product saturate. The same whole numbers are then
    multiplied as float32, which gives the same embeddings at about the speed of full precision.
    """
    import torch

    left = torch.full((256, 512), 127, dtype=torch.int8)
    right = torch.full((512, 512), -127, dtype=torch.int8)
    right[::2] = 127
    exact = left.float() @ right.float().t()  # of whole numbers below 2**24, so that float32 is exact
    if not torch.equal(torch._int_mm(left, right.t()).float(), exact):
        return False
    whole = min(_seconds(lambda: torch._int_mm(left, right.t())) for _ in range(3))
    floats = left.float(), right.float().t()
    return whole < min(_seconds(lambda: floats[0] @ floats[1]) for _ in range(3))


def _seconds(compute: Callable[[], object]) -> float:
    start = perf_counter()
    compute()
    return perf_counter() - start
