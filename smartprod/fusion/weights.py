"""The weights of a torch network as named arrays of a saved state, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn

_PREFIX = "network."


def arrays_of_network(network: nn.Module) -> dict[str, np.ndarray]:
    """The network's weights under names that keep them apart from other arrays of a state."""
    return {f"{_PREFIX}{name}": value.numpy() for name, value in network.state_dict().items()}


def weights_from_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The weights among the arrays of a state, ready for `load_state_dict`."""
    import torch

    return {
        name.removeprefix(_PREFIX): torch.from_numpy(np.array(value))
        for name, value in arrays.items()
        if name.startswith(_PREFIX)
    }
