"""Gather what the report on several labels tells: answers on the test part, or on held-out rows without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from smartprod.classifiers import load_held_out_labels
from smartprod.evaluation.label_sets.metrics import (
    LabelAnswers,
    LabelCounts,
    LabelSetScores,
    count_labels,
    score_label_sets,
    tree_f1,
)
from smartprod.fusion import load_products

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

    from smartprod.decision import LabelDecider
    from smartprod.embeddings import EmbeddingStore

_HEADS = ("fused", "text", "image")


@dataclass(frozen=True, slots=True, eq=False)
class LabelEvaluation:
    """A model for several labels, measured.

    Attributes:
        part: `test`, or `validation` where there is no test part: then every row was held out of what answers for it,
            but the thresholds were learned on these rows.
        rows: Positions of the measured rows in the product table, int64 [N].
        answers: What was due and given.
        scores: Over all labels.
        tree_f1: Over all labels and the categories above them: a right parent counts.
        labels: One by one, the worst first.
        decisions: How many rows were accepted, backed off or went to review; empty for `validation`.
        heads: How many rows each head answered; empty for `validation`.
    """

    part: Literal["test", "validation"]
    rows: np.ndarray
    answers: LabelAnswers
    scores: LabelSetScores
    tree_f1: float
    labels: list[LabelCounts]
    decisions: Mapping[str, int]
    heads: Mapping[str, int]


def evaluate_labels(
    decider: LabelDecider, index: pa.Table, split: pa.Table, heads: Path, store: EmbeddingStore
) -> LabelEvaluation:
    """Measure a decider on the test part; on its held-out answers where there is none.

    Args:
        decider: What answers.
        index: The `embedding_index` artefact.
        split: The `split` artefact of the stage `split-labels`.
        heads: The `label_heads` artefact.
        store: The embedding store.
    """
    rows = np.flatnonzero(np.asarray(split["part"].to_pylist(), dtype=object) == "test")
    main = next(name for name in _HEADS if name in decider.head_set.heads)
    thresholds = decider.settings.thresholds[main]
    if len(rows):
        decided = decider.decide(load_products(index, rows, store))
        given = decided.given
        decisions, answered = _counts(decided.decision), _counts(decided.head)
    else:
        held = load_held_out_labels(heads)[main]
        rows = held.rows
        given = decider.tree.closed(held.probabilities >= thresholds)
        decisions, answered = {}, {}
    label_sets = split["labels"].take(rows).to_pylist()
    answers = _answers(decider, given, label_sets)
    return LabelEvaluation(
        "test" if decisions else "validation",
        rows,
        answers,
        score_label_sets(answers),
        tree_f1(decider.tree.targets(label_sets), given),
        count_labels(answers, thresholds[decider.tree.carried]),
        decisions,
        answered,
    )


def _answers(decider: LabelDecider, given: np.ndarray, label_sets: Sequence[Sequence[str]]) -> LabelAnswers:
    tree = decider.tree
    known = set(decider.classes)
    unknown = [[label for label in labels if label not in known] for labels in label_sets]
    return LabelAnswers(
        decider.classes, tree.targets(label_sets)[:, tree.carried], given[:, tree.carried], unknown
    )


def _counts(column: np.ndarray) -> dict[str, int]:
    names, counts = np.unique(column.astype(str), return_counts=True)
    return {name or "none": count for name, count in zip(names.tolist(), counts.tolist(), strict=True)}
