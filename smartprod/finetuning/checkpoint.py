"""Everything a training needs to go on as if it had never stopped, in one file that is there whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from smartprod.finetuning.history import EpochRecord
from smartprod.pipeline import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    import torch

CHECKPOINT_FILE = "checkpoint.safetensors"
_STATE_KEY = "smartprod"


@dataclass(slots=True)
class TrainingState:
    """How far a training is.

    Attributes:
        epoch: The epoch under way, from 0.
        step: Batches of it that are done.
        updates: Times that the weights have moved.
        loss_sum: Sum of the losses of its batches.
        losses: Mean loss of every update so far.
        history: The epochs that are done.
        best_epoch: After which the kept weights stood, from 1; 0: none yet.
        scaler: State of the scaling of 16-bit gradients.
    """

    epoch: int = 0
    step: int = 0
    updates: int = 0
    loss_sum: float = 0.0
    losses: list[float] = field(default_factory=list)
    history: list[EpochRecord] = field(default_factory=list)
    best_epoch: int = 0
    scaler: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(
    folder: Path, state: TrainingState, tensors: dict[str, torch.Tensor], *, key: str
) -> None:
    """Write a checkpoint in the place of the one before.

    Args:
        folder: Of the training.
        state: How far it is.
        tensors: Weights, averages, moments and random states by name.
        key: What the training depends on; another one cannot go on from here.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    told = json.dumps({"key": key, "state": asdict(state)})
    write_atomically(
        folder / CHECKPOINT_FILE, lambda path: save_file(plain, str(path), metadata={_STATE_KEY: told})
    )


def load_checkpoint(folder: Path, *, key: str) -> tuple[TrainingState, dict[str, torch.Tensor]] | None:
    """Read a checkpoint; None where there is none of the very training that `key` describes."""
    from safetensors import SafetensorError, safe_open

    path = folder / CHECKPOINT_FILE
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="pt") as file:
            document = json.loads(file.metadata()[_STATE_KEY])
            if document["key"] != key:
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None  # half a file cannot come from us: better begin again than stop
    values = document["state"]
    values["history"] = [EpochRecord(**record) for record in values["history"]]
    return TrainingState(**values), tensors


def best_file(folder: Path, epoch: int) -> Path:
    """The file of the weights that were best after an epoch, from 1."""
    return folder / f"best-{epoch:04d}.safetensors"


def save_weights(path: Path, weights: dict[str, torch.Tensor]) -> None:
    """Write weights by name."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in weights.items()}
    write_atomically(path, lambda temporary: save_file(plain, str(temporary)))


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read weights by name."""
    from safetensors.torch import load_file

    return load_file(str(path))
