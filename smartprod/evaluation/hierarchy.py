"""Scores that know the category tree: hierarchical precision and recall, depth of the answers, accuracy of each node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from smartprod.evaluation.data import HeadPredictions, ScoredDecisions

GIVEN = ("accepted", "backed_off")
"""Decisions that give an answer; the others leave it to a person."""


@dataclass(frozen=True, slots=True)
class HierarchicalScore:
    """Precision, recall and F1 over categories with all their ancestors; NaN where nothing is counted.

    Attributes:
        precision: Of the categories answered, ancestors included, the share that is true.
        recall: Of the true categories, ancestors included, the share that is answered.
        f1: Harmonic mean.
    """

    precision: float
    recall: float
    f1: float


def hierarchical_score(
    truth: Iterable[str], predicted: Iterable[str | None], *, separator: str
) -> HierarchicalScore:
    """Score answers by how much of the true path they get (Kiritchenko et al., 2005; Kosmopoulos et al., 2015).

    Truth and answer are each extended by all their ancestors (without the root, which all share), and the sets are
    counted over all rows: an answer in the right branch is half right, a shallower one costs recall only.

    Args:
        truth: True category path of each row, length N.
        predicted: Answered path at any level, None or empty for no answer, length N.
        separator: What separates the levels of a path.
    """
    shared = answered = true = 0
    for (of_truth, of_answer), rows in Counter(zip(truth, predicted, strict=True)).items():
        levels = of_truth.split(separator)
        answer = of_answer.split(separator) if of_answer else []
        shared += rows * common_depth(levels, answer)
        answered += rows * len(answer)
        true += rows * len(levels)
    return HierarchicalScore(
        precision=_ratio(shared, answered),
        recall=_ratio(shared, true),
        f1=_ratio(2 * shared, answered + true),
    )


def common_depth(first: Sequence[str], second: Sequence[str]) -> int:
    """How many levels two paths have in common, from the top."""
    depth = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        depth += 1
    return depth


@dataclass(frozen=True, slots=True)
class AnswerDepth:
    """How deep the final answers go.

    Attributes:
        rows: Rows of the part.
        true_depth: Mean levels of the true categories of the rows that got an answer.
        answered_depth: Mean levels of their answers.
        backed_off_share: Share of all rows answered with an ancestor.
        backed_off_accuracy: Of those, the share whose true category lies under the answer, or is it.
        backed_off_depth: Mean levels of those answers.
        score: Hierarchical scores of the answers given; rows left to a person cost recall.
    """

    rows: int
    true_depth: float
    answered_depth: float
    backed_off_share: float
    backed_off_accuracy: float
    backed_off_depth: float
    score: HierarchicalScore


def answer_depth(decisions: ScoredDecisions, *, separator: str) -> AnswerDepth:
    """Measure the depth of the final answers of one part."""
    truth = [path.split(separator) for path in decisions.truth]
    given = [
        path.split(separator) if path and decision in GIVEN else []
        for path, decision in zip(decisions.predicted, decisions.decision, strict=True)
    ]
    answered = [row for row, levels in enumerate(given) if levels]
    backed_off = [row for row in answered if decisions.decision[row] == "backed_off"]
    right = [common_depth(truth[row], given[row]) == len(given[row]) for row in backed_off]
    return AnswerDepth(
        rows=len(truth),
        true_depth=_mean(len(truth[row]) for row in answered),
        answered_depth=_mean(len(given[row]) for row in answered),
        backed_off_share=_ratio(len(backed_off), len(truth)),
        backed_off_accuracy=_mean(right),
        backed_off_depth=_mean(len(given[row]) for row in backed_off),
        score=hierarchical_score(
            decisions.truth, (separator.join(levels) for levels in given), separator=separator
        ),
    )


@dataclass(frozen=True, slots=True)
class NodeScore:
    """How one node of the tree fared, whatever happened below it.

    Attributes:
        path: The node; for a class that has categories below it, the class and those together.
        depth: Its level, 1 for the top.
        rows: Rows of the part whose true category lies under it.
        answered: Rows answered with a category under it.
        recall: Of `rows`, the share answered with a category under it; NaN without rows.
        precision: Of `answered`, the share that belongs there; NaN without answers.
    """

    path: str
    depth: int
    rows: int
    answered: int
    recall: float
    precision: float


def node_scores(
    labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str], *, separator: str
) -> list[NodeScore]:
    """Score every node of the tree, parents before their children, in the order of their paths.

    Args:
        labels: True class indices, int64 [N].
        predicted: Answered class indices, int64 [N].
        classes: Class paths, length C.
        separator: What separates the levels of a path.
    """
    paths = [tuple(name.split(separator)) for name in classes]
    nodes = sorted({path[:depth] for path in paths for depth in range(1, len(path) + 1)})
    column = {node: number for number, node in enumerate(nodes)}
    under = np.zeros((len(paths), len(nodes)), dtype=bool)  # class by node
    for row, path in enumerate(paths):
        under[row, [column[path[:depth]] for depth in range(1, len(path) + 1)]] = True
    pairs, often = np.unique(np.stack([labels, predicted]), axis=1, return_counts=True)
    true, answered = under[pairs[0]], under[pairs[1]]  # [M, nodes]
    rows, answers, hits = (often @ each for each in (true, answered, true & answered))
    return [
        NodeScore(
            path=separator.join(node),
            depth=len(node),
            rows=int(rows[number]),
            answered=int(answers[number]),
            recall=_ratio(int(hits[number]), int(rows[number])),
            precision=_ratio(int(hits[number]), int(answers[number])),
        )
        for number, node in enumerate(nodes)
    ]


@dataclass(frozen=True, slots=True)
class TreeSummary:
    """The category tree in numbers.

    Attributes:
        heads: Hierarchical scores of each head's most probable class.
        nodes: Scores of the chosen head at every node.
        answers: Depth of the final answers on the test part.
    """

    heads: Mapping[str, HierarchicalScore]
    nodes: tuple[NodeScore, ...]
    answers: AnswerDepth | None


def summarise_tree(
    heads: Iterable[HeadPredictions],
    main: HeadPredictions,
    decisions: ScoredDecisions | None,
    *,
    classes: tuple[str, ...],
    separator: str,
) -> TreeSummary | None:
    """Score heads and answers in the tree; None where the categories are no paths.

    Args:
        heads: Predictions of every head on one part.
        main: The chosen head's, rows of learned classes only.
        decisions: Final answers on the test part.
        classes: Category paths, length C.
        separator: What separates the levels of a path.
    """
    if not any(separator in name for name in classes):
        return None
    names = np.asarray(classes, dtype=object)
    known = {head.name: head.learned() for head in heads}
    return TreeSummary(
        heads={
            name: hierarchical_score(names[head.labels], names[head.predicted], separator=separator)
            for name, head in known.items()
        },
        nodes=tuple(node_scores(main.labels, main.predicted, classes, separator=separator)),
        answers=answer_depth(decisions, separator=separator)
        if decisions is not None and len(decisions.rows)
        else None,
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else nan


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else nan
