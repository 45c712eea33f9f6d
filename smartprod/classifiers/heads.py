"""From chosen leaderboard entries to fitted heads, and their held-out answers for calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers.candidates import fit_final
from smartprod.classifiers.head import Head, HeadSet, Member
from smartprod.classifiers.leaderboard import HEAD_MODALITIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smartprod.classifiers.base import Classifier
    from smartprod.classifiers.leaderboard import HeadName, LeaderboardEntry
    from smartprod.config.learning import ClassifierConfig
    from smartprod.fusion import LearningData, Representation

_VALIDATION_FILE = "validation.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutAnswers:
    """What a head answered about rows that it had not seen.

    Attributes:
        positions: Positions among the learning rows, int64 [M].
        rows: Positions in the product table, int64 [M].
        labels: Class indices, int64 [M].
        log_probabilities: float32 [M, C], before the head's calibration.
    """

    positions: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    log_probabilities: np.ndarray


def fit_head_set(
    chosen: Mapping[HeadName, LeaderboardEntry],
    representations: Mapping[str, Representation],
    data: LearningData,
    training_rows: Mapping[str, np.ndarray],
    *,
    config: ClassifierConfig,
    seed: int,
    threads: int,
) -> HeadSet:
    """Fit the members of every chosen entry on all learning rows, each candidate once."""
    fitted: dict[str, Classifier] = {}
    heads: dict[str, Head] = {}
    for name, entry in chosen.items():
        members = []
        for planned in entry.members:
            candidate = planned.candidate
            representation = representations[candidate.representation]
            if candidate.name not in fitted:
                fitted[candidate.name] = fit_final(
                    candidate, representation, data, training_rows, config=config, seed=seed, threads=threads
                ).classifier
            members.append(
                Member(
                    candidate.name,
                    representation,
                    fitted[candidate.name],
                    planned.weight,
                    planned.temperature,
                )
            )
        heads[name] = Head(name, HEAD_MODALITIES[name], tuple(members))
    return HeadSet(data.classes, heads)


def save_validation(chosen: Mapping[HeadName, LeaderboardEntry], data: LearningData, folder: Path) -> None:
    """Write the held-out answers of the chosen heads beside them."""
    from safetensors.numpy import save_file

    validated = data.validated()
    arrays: dict[str, np.ndarray] = {}
    for name, entry in chosen.items():
        positions = validated[entry.rows]
        arrays[f"{name}/positions"] = positions
        arrays[f"{name}/rows"] = data.rows[positions]
        arrays[f"{name}/labels"] = data.labels[positions]
        arrays[f"{name}/log_probabilities"] = entry.log_probabilities
    save_file({key: np.ascontiguousarray(value) for key, value in arrays.items()}, folder / _VALIDATION_FILE)


def load_validation(folder: Path) -> dict[str, HeldOutAnswers]:
    """Read the held-out answers by head."""
    from safetensors.numpy import load_file

    arrays = load_file(folder / _VALIDATION_FILE)
    names = sorted({key.partition("/")[0] for key in arrays})
    fields = ("positions", "rows", "labels", "log_probabilities")
    return {name: HeldOutAnswers(*(arrays[f"{name}/{field}"] for field in fields)) for name in names}
