"""Groups of rows to parts, class by class, in the fractions asked for."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

TRAIN = "train"


def assign_groups(
    labels: Sequence[str], groups: NDArray[np.int64], fractions: Mapping[str, float], seed: int
) -> list[str]:
    """Assign whole groups to train and other parts, stratified by the commonest label of each group.

    Within a class the groups come in seeded order, and each goes to the part that lacks the largest share of its rows
    and has room for it. Taking the biggest groups first would put them all into train, and the test would only know
    products that stand alone. A class with one group is train only; with two, the bigger one, and the other goes to the
    first of the other parts; with more, every part gets at least one. Every label has train rows in the end.

    Args:
        labels: The class of each of N rows.
        groups: The group of each row `[N]`.
        fractions: The share of the rows of each part other than train, the most important part first.
        seed: Of the order of equal groups; classes are shuffled each by itself.

    Returns:
        The part of each row.
    """
    names, label_codes = np.unique(np.array(labels, dtype=object), return_inverse=True)
    _, group_codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    main_labels = _commonest_labels(label_codes, group_codes)  # [G]
    wanted = {part: fraction for part, fraction in fractions.items() if fraction > 0}
    parts = np.zeros(len(sizes), dtype=np.int64)  # [G], 0 is train
    order = np.argsort(main_labels, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(main_labels[order])) + 1):
        name = str(names[main_labels[members[0]]])
        taken = np.random.default_rng([seed, zlib.crc32(name.encode())]).permutation(members)
        parts[taken] = _fill(sizes[taken], list(wanted.values()))
    _give_every_label_a_train_row(parts, label_codes, group_codes, sizes)
    part_names = [TRAIN, *wanted]
    return [part_names[part] for part in parts[group_codes].tolist()]


def _commonest_labels(labels: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the commonest label of each group `[G]`, of equally common ones the first."""
    width = int(labels.max()) + 1
    pairs, counts = np.unique(groups * width + labels, return_counts=True)
    pair_groups, pair_labels = np.divmod(pairs, width)
    ascending = np.lexsort((-pair_labels, counts, pair_groups))
    last_of_group = np.flatnonzero(np.diff(pair_groups[ascending], append=-1))
    return pair_labels[ascending][last_of_group]


def _fill(sizes: NDArray[np.int64], fractions: Sequence[float]) -> list[int]:
    """Choose the part of each group of one class, given their sizes in the order in which they are taken; 0 is train."""
    if len(sizes) == 1 or not fractions:
        return [0] * len(sizes)
    if len(sizes) == 2:
        return [0, 1] if sizes[0] >= sizes[1] else [1, 0]
    total = float(sizes.sum())
    wanted = [total * (1 - sum(fractions)), *(total * fraction for fraction in fractions)]
    lacking = list(wanted)
    chosen = []
    for size in sizes.tolist():
        roomy = [part for part, lack in enumerate(lacking) if size < lack + 0.5] or [
            lacking.index(max(lacking))
        ]
        part = max(roomy, key=lambda each: lacking[each] / wanted[each])
        lacking[part] -= size
        chosen.append(part)
    for part in range(len(lacking)):
        if part not in chosen:  # the smallest group of the part that has most of them
            giver = max(range(len(lacking)), key=chosen.count)
            given = [group for group, owner in enumerate(chosen) if owner == giver]
            chosen[min(given, key=lambda group: sizes[group])] = part
    return chosen


def _give_every_label_a_train_row(
    parts: NDArray[np.int64],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> None:
    """Move to train the smallest group of each label that has no train row, since it is never the main one there."""
    in_train = np.unique(labels[parts[groups] == 0])
    for label in np.setdiff1d(labels, in_train).tolist():
        candidates = np.unique(groups[labels == label])
        parts[candidates[np.argmin(sizes[candidates])]] = 0
