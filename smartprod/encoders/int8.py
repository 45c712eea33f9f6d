"""Text models in int8: the matrix products of their linear layers take 8-bit whole numbers, up to twice as fast.

Weights are scaled per output channel. Activations are scaled per token, while the model runs: a token's numbers depend on
that token only, not on its neighbours in the step as with one scale for all (ONNX Runtime's and torch's own dynamic
quantisation), and less is lost: cosine to full precision .999 where those have .98 (MiniLM). Attention, normalisation
and everything else stay in float32. The scheme is that of LLM.int8() (Dettmers et al., 2022), without its outlier columns
and with an offset per token.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from smartprod.encoders.device import DEVICE_VARIABLE, choose_device
from smartprod.encoders.texts import TextModel, TokenEncoder
from smartprod.errors import EncoderError

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
    from smartprod.encoders.linear_layers import Int8Linear, replace_linear_layers

    if not choose_device().is_cpu:
        raise EncoderError(
            "SP480",
            "Text in int8 is for processors; a graphics card is faster at its own precision, and its embeddings "
            "would not be those that int8 gives.",
            where="extract.text_precision",
            fix=f"Set it to full, or set {DEVICE_VARIABLE}=cpu to use a model that was trained with int8.",
        )
    expected = TokenEncoder(model, batch_size=len(PROBES), threads=threads).encode(PROBES)
    if not replace_linear_layers(model.module, Int8Linear):
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
