"""An encoder with a new classifier, and which of its layers learn when (imported only with torch)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


class FinetuneNetwork(nn.Module):
    """An encoder and a classifier on its embedding.

    Args:
        encoder: Gives embeddings float `[B, dim]`.
        prepare: Comes before it and learns nothing, such as the normalisation of pixels; None: nothing.
        dim: Their length.
        classes: Number of classes C.
        hidden: Width of a hidden layer; 0: none.
        dropout: Fraction of units left out in training.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        prepare: nn.Module | None = None,
        dim: int,
        classes: int,
        hidden: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.prepare = prepare or nn.Identity()
        self.encoder = encoder
        self.dim = dim
        self.classes = classes
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        if hidden:
            layers += [nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout)]
        self.head = nn.Sequential(*layers, nn.Linear(hidden or dim, classes))
        self._resting: tuple[nn.Module, ...] = ()

    def embed(self, inputs: Any) -> torch.Tensor:
        """Embeddings `[B, dim]`."""
        embeddings: torch.Tensor = self.encoder(self.prepare(inputs))
        return embeddings

    def forward(self, inputs: Any) -> torch.Tensor:
        """Logits `[B, C]`."""
        logits: torch.Tensor = self.head(self.embed(inputs))
        return logits

    def let_learn(self, names: set[str] | None) -> None:
        """Choose the parameters of the encoder that learn, by name; None: none of them.

        A part without one that learns is also left in evaluation mode: its normalisation statistics stay.
        """
        for name, parameter in self.encoder.named_parameters():
            parameter.requires_grad_(names is not None and name in names)
        self._resting = tuple(
            module for module in self.encoder.modules() if not _learns(module) and _has_state(module)
        )
        if names is None:
            self._resting = (self.encoder,)
        self.train(self.training)

    def train(self, mode: bool = True) -> FinetuneNetwork:
        """Set training mode, but for parts that do not learn."""
        super().train(mode)
        for module in self._resting:
            module.eval()
        return self


def _learns(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())


def _has_state(module: nn.Module) -> bool:
    return any(True for _ in module.parameters()) or any(True for _ in module.buffers())


def copy_weights(module: nn.Module) -> dict[str, torch.Tensor]:
    """Keep the weights of a module as they are now, and what it has counted, by name."""
    return {name: value.detach().cpu().clone() for name, value in module.state_dict().items()}


def mix_weights(module: nn.Module, before: Mapping[str, torch.Tensor], *, share: float) -> None:
    """Mix earlier weights into those of a module, in place (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).

    Args:
        module: Its weights are changed.
        before: What `copy_weights` gave.
        share: How much the earlier ones count, from 0 to 1.
    """
    if share:
        now = module.state_dict()
        with torch.no_grad():
            for name, value in before.items():
                if value.is_floating_point():
                    now[name].lerp_(value.to(now[name].device), share)
