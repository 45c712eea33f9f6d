"""Classes that are taken for each other more than their sizes explain, and whether merging them would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from smartprod.quality.findings import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.quality.held_out import HeldOut

_LEAST_MISTAKES = 3
_FALSE_ALARM = 0.01
_TOLD_APART = 0.75


def class_pair_findings(held: HeldOut, classes: Sequence[str]) -> list[Finding]:
    """Find pairs of classes with mutual confusion beyond chance.

    If mistakes fell on the other classes in proportion to their sizes, the mistakes between two classes would be Poisson
    distributed around an expected count; pairs are kept whose count that would reach in less than 1 % of tables (all pairs
    together, after Bonferroni). Merging is suggested where the two are told apart in less than 75 % of their own rows,
    each class weighing the same (guessing gives 50 %).
    """
    from scipy.stats import poisson

    size = len(classes)
    counts = np.zeros((size, size), dtype=np.int64)
    np.add.at(counts, (held.labels, held.predicted), 1)
    rows = counts.sum(axis=1)
    wrong = rows - np.diag(counts)
    others = np.maximum(len(held.rows) - rows, 1)
    expected = wrong[:, None] * rows[None, :] / others[:, None]
    mutual, mutual_expected = counts + counts.T, expected + expected.T
    pairs = np.argwhere(np.triu(mutual, 1) >= _LEAST_MISTAKES)
    tests = size * (size - 1) / 2
    found = []
    for first, second in pairs.tolist():
        chance = float(poisson.sf(mutual[first, second] - 1, max(mutual_expected[first, second], 1e-9)))
        if chance * tests < _FALSE_ALARM:
            found.append(
                _finding(
                    held, classes, counts, (first, second), expected=float(mutual_expected[first, second])
                )
            )
    return found


def _finding(
    held: HeldOut, classes: Sequence[str], counts: np.ndarray, pair: tuple[int, int], *, expected: float
) -> Finding:
    first, second = pair
    mistakes = int(counts[first, second] + counts[second, first])
    within = counts[np.ix_(pair, pair)]
    own = np.maximum(within.sum(axis=1), 1)
    apart = float((np.diag(within) / own).mean())
    gain = merged_accuracy(held, [pair]) - held.accuracy
    rows = int(counts[list(pair)].sum())
    merge = apart < _TOLD_APART
    names = f"`{classes[first]}` and `{classes[second]}`"
    suggestion = (
        f"merge {names}, or word what tells them apart" if merge else f"word what tells {names} apart"
    )
    return Finding(
        FindingKind.CONFUSABLE_CLASSES,
        min(0.99, 0.4 + 0.5 * (1 - apart) + 10 * gain / 2),
        suggestion,
        f"{mistakes} of {rows} held-out rows are taken for the other ({expected:.1f} expected by size); told apart in "
        f"{apart:.0%} (guessing: 50%); merged, accuracy would be {held.accuracy + gain:.1%} instead of {held.accuracy:.1%}",
        f"{classes[first]} | {classes[second]}",
        _mistaken(held, pair),
    )


def merged_accuracy(held: HeldOut, groups: Sequence[tuple[int, ...]]) -> float:
    """Accuracy if the classes of each group were one, their probabilities summed."""
    target = np.arange(held.probabilities.shape[1])
    for group in groups:
        target[list(group)] = group[0]
    summed = np.zeros_like(held.probabilities)
    np.add.at(summed.T, target, held.probabilities.T)
    return float((summed.argmax(axis=1) == target[held.labels]).mean())


def _mistaken(held: HeldOut, pair: tuple[int, int]) -> tuple[int, ...]:
    """Rows of one taken for the other, the most confident first."""
    inside = np.isin(held.labels, pair) & np.isin(held.predicted, pair) & (held.labels != held.predicted)
    positions = np.flatnonzero(inside)
    order = np.argsort(-held.probabilities[positions].max(axis=1), kind="stable")
    return tuple(int(row) for row in held.rows[positions[order]][:20])
