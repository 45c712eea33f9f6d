"""Which labels are learned where a product has several: the class policy applied to each, and the one to stratify by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.catalog.class_policy import ClassPolicyResult, apply_class_policy
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smartprod.config.schema import ClassPolicyConfig


@dataclass(frozen=True, slots=True)
class LabelPolicyResult:
    """The labels that are learned.

    Attributes:
        label_sets: The label paths of each of N rows, sorted; empty where the row is not learned from. A path that lies
            above another one of the same row is left out: it is implied.
        rarest: For each row its label with the fewest rows, by which rows are stratified, and why a row with labels is not
            learned from. The account counts labels, not rows.
    """

    label_sets: list[tuple[str, ...]]
    rarest: ClassPolicyResult


def apply_label_policy(
    categories: Sequence[Sequence[str] | None], *, policy: ClassPolicyConfig, separator: str, seed: int
) -> LabelPolicyResult:
    """Apply the class policy to every label of every row.

    Args:
        categories: The category paths of each of N rows.
        policy: What to do; `max_rows` has no meaning here.
        separator: Between the levels of a path.
        seed: Of the policy.

    Raises:
        UsageError: SP253 where no row has more than one label; SP230, SP231 as for single labels.
    """
    owners = [row for row, paths in enumerate(categories) for _ in paths or ()]
    if len(owners) == len(set(owners)):
        raise UsageError(
            "SP253",
            "No row of the table has more than one category.",
            where="catalog.categories_separator",
            fix="Say what separates the categories of a cell, such as `;`; or run the pipeline `all`, for one category.",
        )
    each = apply_class_policy(
        [path for paths in categories for path in paths or ()], policy=policy, separator=separator, seed=seed
    )
    kept: list[set[str]] = [set() for _ in categories]
    reasons: list[str | None] = [None] * len(categories)
    for row, label, reason in zip(owners, each.labels, each.reasons, strict=True):
        if label is None:
            reasons[row] = reason
        else:
            kept[row].add(label)
    label_sets = [_without_implied(labels, separator) for labels in kept]
    sizes = Counter(label for labels in label_sets for label in labels)
    rarest = [min(labels, key=lambda label: (sizes[label], label), default=None) for labels in label_sets]
    told = [None if labels else reason for labels, reason in zip(label_sets, reasons, strict=True)]
    return LabelPolicyResult(label_sets, ClassPolicyResult(rarest, told, each.account))


def ancestors_of(path: str, separator: str) -> Iterable[str]:
    """The paths above a path, from the root down."""
    levels = path.split(separator)
    return (separator.join(levels[:depth]) for depth in range(1, len(levels)))


def _without_implied(labels: set[str], separator: str) -> tuple[str, ...]:
    implied = {above for label in labels for above in ancestors_of(label, separator)}
    return tuple(sorted(labels - implied))
