"""Classes without a shape of their own, and classes too small to be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from smartprod.quality.findings import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.quality.held_out import HeldOut

_LEAST_ROWS = 10
_MOST_ROWS = 4_000
_DEVIATIONS = 2.0
_TWO_GROUPS = 0.2


def general_class_findings(
    embedding: np.ndarray, labels: np.ndarray, rows: np.ndarray, classes: Sequence[str], *, seed: int
) -> list[Finding]:
    """Find classes without cluster structure.

    A class is too general where its rows lie nearer to another class than to each other (mean silhouette below zero;
    Rousseeuw, 1987; cosine distance), and its spread (mean distance from its centre) is more than two standard
    deviations, estimated by the median deviation, above that of the other classes. Classes from 10 rows on are judged.

    Args:
        embedding: Image and text side by side, float32 [N, D].
        labels: Class indices, int64 [N].
        rows: Positions in the input table, int64 [N].
        classes: Class paths.
        seed: Of the sample where there are more than 4,000 rows.
    """
    sizes = np.bincount(labels, minlength=len(classes))
    judged = np.flatnonzero(sizes >= _LEAST_ROWS)
    if len(judged) < 4:
        return []
    from sklearn.metrics import silhouette_samples

    unit = embedding / np.maximum(np.linalg.norm(embedding, axis=1, keepdims=True), 1e-12)
    spread = np.array([_spread(unit[labels == each]) for each in judged])
    middle = float(np.median(spread))
    deviation = 1.4826 * float(np.median(np.abs(spread - middle)))
    wide = judged[spread > middle + _DEVIATIONS * max(deviation, 1e-6)]
    if len(wide) == 0:
        return []
    sample = _sample(labels, seed)
    silhouette = silhouette_samples(unit[sample], labels[sample], metric="cosine")
    found = []
    for each in wide.tolist():
        inside = labels[sample] == each
        mean = float(silhouette[inside].mean()) if inside.any() else 0.0
        if mean < 0:
            own = float(spread[judged == each][0])
            members = np.flatnonzero(labels == each)
            outermost = members[np.argsort(unit[members] @ unit[members].mean(axis=0), kind="stable")]
            found.append(
                Finding(
                    FindingKind.GENERAL_CLASS,
                    min(0.9, 0.5 - mean),
                    f"narrow `{classes[each]}` down or split it{_groups(unit[members], seed)}",
                    f"its {sizes[each]} rows spread {own:.2f} around their centre (classes: median {middle:.2f}), and lie "
                    f"nearer to another class than to each other (silhouette {mean:.2f})",
                    classes[each],
                    tuple(int(row) for row in rows[outermost[:8]]),
                )
            )
    return found


def small_class_findings(
    held: HeldOut, labels: Sequence[str | None], classes: Sequence[str], *, least: int
) -> list[Finding]:
    """Find classes with fewer than `least` held-out rows: their scores are chance.

    Args:
        held: Held-out answers.
        labels: The class of every row of the table, None without.
        classes: Class paths that were learned.
        least: Rows from which a class counts as measured.
    """
    counts = np.bincount(held.labels, minlength=len(classes))
    rows_of: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        if label:
            rows_of.setdefault(label, []).append(row)
    found = []
    for number in np.flatnonzero(counts < least).tolist():
        rows = rows_of.get(classes[number], [])
        found.append(
            Finding(
                FindingKind.SMALL_CLASS,
                0.5 - 0.3 * counts[number] / least,
                "label more of them, or merge it (catalog.classes.merge, or rare=merge_to_parent)",
                _measured(len(rows), int(counts[number])),
                classes[number],
                tuple(rows[:8]),
            )
        )
    return found


def _measured(rows: int, held: int) -> str:
    if held == 0:
        return f"{rows} labelled rows, none of them held out: nobody knows how well it is found"
    return f"{rows} labelled rows, {held} of them held out: one row more or less changes its recall by {1 / held:.0%}"


def _spread(unit: np.ndarray) -> float:
    center = unit.mean(axis=0)
    center /= max(float(np.linalg.norm(center)), 1e-12)
    return float(1 - (unit @ center).mean())


def _sample(labels: np.ndarray, seed: int) -> np.ndarray:
    if len(labels) <= _MOST_ROWS:
        return np.arange(len(labels))
    return np.sort(np.random.default_rng(seed).choice(len(labels), _MOST_ROWS, replace=False))


def _groups(unit: np.ndarray, seed: int) -> str:
    """Say whether the class falls into two groups of some size."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    unit = unit[_sample(np.zeros(len(unit)), seed)]
    number = KMeans(2, n_init=4, random_state=seed).fit_predict(unit)
    sizes = np.bincount(number, minlength=2)
    if sizes.min() < 3 or float(silhouette_score(unit, number, metric="cosine")) < _TWO_GROUPS:
        return ""
    return f": it falls into two groups, about {sizes.max() / sizes.sum():.0%} and {sizes.min() / sizes.sum():.0%} of it"
