"""Folds of the train and val rows, by which candidates are compared: stratified by class, whole groups at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from smartprod.config.schema import SplitConfig

ALWAYS_TRAINED = -1
"""Fold of a row that is never held out."""

_MOST_FOLDS = int(np.iinfo(np.int8).max)


def assign_folds(
    labels: Sequence[str | None],
    parts: Sequence[str],
    groups: NDArray[np.int64],
    *,
    config: SplitConfig,
    seed: int,
) -> NDArray[np.int8]:
    """Give every train and val row the fold that holds it out.

    Args:
        labels: The class of each of N rows, None where it has none.
        parts: The part of each row.
        groups: The group of each row, int64 [N].
        config: Number of folds, and up to how many rows there are folds at all.
        seed: Of the order of groups.

    Returns:
        Folds, int8 [N]: `ALWAYS_TRAINED` for rows of classes with a single group, which could not be trained on
        otherwise, and the rest of their groups; for rows of other parts; and for all rows where the val part
        alone validates.
    """
    folds = np.full(len(parts), ALWAYS_TRAINED, dtype=np.int8)
    rows = np.flatnonzero([part in {"train", "val"} for part in parts])
    if config.folds < 2 or len(rows) > config.folds_up_to_rows or len(rows) == 0:
        return folds
    classes = np.unique([str(labels[row]) for row in rows.tolist()], return_inverse=True)[1]
    pairs = np.unique(np.stack([classes, groups[rows]]), axis=1)
    lone = np.bincount(pairs[0])[classes] < 2
    able = ~np.isin(groups[rows], groups[rows[lone]])
    # More folds than there are groups, or rows of the largest class, cannot be filled.
    largest = int(np.bincount(classes[able]).max(initial=0))
    number = min(config.folds, len(np.unique(groups[rows[able]])), largest, _MOST_FOLDS)
    if number < 2:
        return folds
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
    positions = np.flatnonzero(able)
    # Classes smaller than the number of folds are in some folds only; that is no news to be warned of.
    for fold, (_, held) in enumerate(_split_quietly(splitter, classes[positions], groups[rows[positions]])):
        folds[rows[positions[held]]] = fold
    return folds


def _split_quietly(
    splitter: object, classes: NDArray[np.int64], groups: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        return list(splitter.split(classes, classes, groups))  # type: ignore[attr-defined]
