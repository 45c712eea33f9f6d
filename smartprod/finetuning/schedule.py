"""Which parameters learn how fast: timm's layer-wise rates, warm-up and cosine (imported only with torch)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from smartprod.encoders import import_torchvision
from smartprod.finetuning.joint_network import JointEncoder

if TYPE_CHECKING:
    from smartprod.config.finetuning import FinetuneTrainingConfig
    from smartprod.finetuning.network import FinetuneNetwork

_FLOOR = 0.01
"""The cosine ends at this fraction of the peak."""

_NUMBERED = re.compile(r"(?:^|\.)(?:layers?|blocks?|h|stages)\.(\d+)(?:\.|$)")
_AT_THE_INPUT = re.compile(
    r"embedding|patch_embed|conv_stem|^stem|cls_token|pos_embed|relative_position_bias"
)


class _Grouped(nn.Module):
    """A transformers model as timm wants to see it when it groups parameters by layer."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def group_matcher(self, coarse: bool = False) -> Any:
        del coarse

        def ordinal(name: str) -> float:
            numbered = _NUMBERED.search(name)
            if numbered:
                return int(numbered.group(1)) + 1
            return 0 if _AT_THE_INPUT.search(name) else float("inf")

        return ordinal


def layer_of_parameters(encoder: nn.Module) -> dict[str, int]:
    """Number the layer of each parameter of an encoder, from 0 at the input."""
    import_torchvision()
    from timm.models import group_parameters

    grouped = _as_timm_sees_it(encoder)
    layers: dict[str, int] = group_parameters(grouped, grouped.group_matcher(coarse=False), reverse=True)
    lead = "model." if isinstance(grouped, _Grouped) else ""
    return {name.removeprefix(lead): layer for name, layer in layers.items()}


def learning_parameters(encoder: nn.Module, frozen_layers: float) -> set[str]:
    """Name the parameters that ever learn: those that can (beside adapters nothing else does), but for the layers next to the input.

    Args:
        encoder: As it was opened.
        frozen_layers: Fraction of the layers, counted from the input, that never learn; the parts of a joint encoder
            have each their own.
    """
    if isinstance(encoder, JointEncoder):
        return {
            lead + name
            for lead, part, settings in encoder.parts()
            for name in learning_parameters(part, settings.frozen_layers)
        }
    layers = layer_of_parameters(encoder)
    first = int(frozen_layers * (max(layers.values(), default=0) + 1))
    able = {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    return {name for name, layer in layers.items() if layer >= first and name in able}


def parameter_groups(
    network: FinetuneNetwork, objective: nn.Module, config: FinetuneTrainingConfig
) -> list[dict[str, Any]]:
    """Group the parameters that learn by rate and weight decay.

    Layers of the encoder learn slower towards the input (Clark et al., ELECTRA, 2020; Bao et al., BEiT, 2022), grouped by timm;
    the classifier, and what the objective itself has to learn, at a rate of their own.
    """
    encoder = network.encoder
    parts = encoder.parts() if isinstance(encoder, JointEncoder) else [("", encoder, config)]
    groups = [group for _, part, settings in parts for group in _encoder_groups(part, settings)]
    beside = [*network.head.parameters(), *objective.parameters()]
    for decay, chosen in (
        (config.weight_decay, [each for each in beside if each.ndim > 1]),
        (0.0, [each for each in beside if each.ndim <= 1]),
    ):
        if chosen:
            groups.append({"params": chosen, "weight_decay": decay, "lr": config.head_learning_rate})
    return groups


def _encoder_groups(encoder: nn.Module, config: FinetuneTrainingConfig) -> list[dict[str, Any]]:
    import_torchvision()
    from timm.optim import param_groups_layer_decay

    groups: list[dict[str, Any]] = param_groups_layer_decay(
        _as_timm_sees_it(encoder),
        weight_decay=config.weight_decay,
        no_weight_decay_list=getattr(encoder, "no_weight_decay", set)(),
        layer_decay=config.layer_decay,
    )
    for group in groups:
        group["lr"] = config.learning_rate
    return groups


def open_schedule(
    optimizer: torch.optim.Optimizer, config: FinetuneTrainingConfig, *, updates_per_epoch: int
) -> Any:
    """The cosine of timm over all updates, after a linear warm-up; tell it of each update by `step_update`."""
    from timm.scheduler import CosineLRScheduler

    updates = config.epochs * updates_per_epoch
    warm_up = min(round(config.warmup_epochs * updates_per_epoch), updates - 1)
    return CosineLRScheduler(
        optimizer,
        t_initial=max(updates, 2),
        lr_min=_FLOOR * config.learning_rate,
        warmup_t=warm_up,
        warmup_lr_init=_FLOOR * config.learning_rate,
        t_in_epochs=False,
    )


def _as_timm_sees_it(encoder: nn.Module) -> Any:
    return encoder if hasattr(encoder, "group_matcher") else _Grouped(encoder)
