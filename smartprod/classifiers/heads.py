"""From chosen leaderboard entries to fitted heads, and their held-out answers for calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers.candidates import fit_final
from smartprod.classifiers.head import Head, HeadSet, Member
from smartprod.classifiers.leaderboard import HEAD_MODALITIES
from smartprod.fusion import load_representations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smartprod.classifiers.candidates import Comparison
    from smartprod.classifiers.leaderboard import HeadName, LeaderboardEntry
    from smartprod.fusion import FittingWorkers, LearningData

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
    chosen: Mapping[HeadName, LeaderboardEntry], comparison: Comparison, *, workers: FittingWorkers
) -> HeadSet:
    """Fit the members of every chosen entry on all learning rows, each candidate once."""
    representations = load_representations(comparison.representations)
    candidates = {each.candidate.name: each.candidate for entry in chosen.values() for each in entry.members}
    tasks = (
        (comparison, candidate, representations[candidate.representation], workers.threads)
        for candidate in candidates.values()
    )
    fitted = dict(zip(candidates, workers.map(fit_final, tasks), strict=True))
    heads: dict[str, Head] = {}
    for name, entry in chosen.items():
        members = tuple(
            Member(
                planned.candidate.name,
                representations[planned.candidate.representation],
                fitted[planned.candidate.name].classifier,
                planned.weight,
                planned.temperature,
            )
            for planned in entry.members
        )
        heads[name] = Head(name, HEAD_MODALITIES[name], members)
    return HeadSet(comparison.data.classes, heads)


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
