"""LoRA adapters: small matrices beside the weights learn in their place (Hu et al., 2022; imported only with torch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

from smartprod.errors import UsageError

if TYPE_CHECKING:
    from smartprod.config.finetuning import FinetuneTrainingConfig

_DROPOUT = 0.05
_SCALE = 2
"""What an adapter adds is multiplied by this: alpha divided by the rank."""


@dataclass(frozen=True, slots=True, eq=False)
class Adapters:
    """The adapters of an encoder; they live inside its module.

    Attributes:
        layers: How many layers have one.
    """

    layers: int
    _tuner: Any

    def merge(self) -> None:
        """Add what the adapters have learned to the weights, in place: the module is then as it was before it had any."""
        self._tuner.merge_and_unload()


def adapters_of(encoder: nn.Module, config: FinetuneTrainingConfig, *, where: str) -> Adapters | None:
    """Add the adapters that a configuration asks for; None where it asks for none.

    Args:
        encoder: See `add_adapters`.
        config: Of the training; a `lora_rank` of 0 asks for none.
        where: Its section, for errors.

    Raises:
        UsageError: As `add_adapters`.
    """
    if config.lora_rank == 0:
        return None
    return add_adapters(encoder, rank=config.lora_rank, where=f"{where}.lora_rank")


def add_adapters(module: nn.Module, *, rank: int, where: str) -> Adapters:
    """Give every linear layer, and every 1 x 1 convolution, an adapter, in place; only adapters can learn from then on.

    Args:
        module: An encoder. Its adapters begin without any effect; their weights are drawn by torch's present seed.
        rank: Of the matrices.
        where: The key of the configuration that asks for it, for errors.

    Raises:
        UsageError: peft is not installed (SP462), or the encoder has no such layer (SP463).
    """
    try:
        from peft import LoraConfig, LoraModel
    except ImportError as error:
        raise UsageError(
            "SP462",
            "LoRA adapters need the package peft.",
            where=where,
            fix="pip install 'smartprod[lora]', or set it to 0",
        ) from error
    names = [name for name, layer in module.named_modules() if _can_be_adapted(layer)]
    if not names:
        raise UsageError(
            "SP463",
            "The encoder has no linear layer that an adapter could stand beside.",
            where=where,
            fix="Set it to 0: such an encoder is small enough to train whole.",
        )
    config = LoraConfig(
        r=rank, lora_alpha=_SCALE * rank, lora_dropout=_DROPOUT, target_modules=names, bias="none"
    )
    return Adapters(len(names), LoraModel(module, config, "default"))


def _can_be_adapted(layer: nn.Module) -> bool:
    if type(layer) is nn.Linear:  # a subclass may compute something else
        return True
    return type(layer) is nn.Conv2d and layer.kernel_size == (1, 1) and layer.groups == 1
