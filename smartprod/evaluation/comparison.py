"""Two runs on the same test products: which is better, by how much, and where.

Only products that are test products in both runs count: one that a run learned from would flatter it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartprod.errors import UsageError
from smartprod.evaluation.kept_answers import KeptAnswers, read_answers
from smartprod.pipeline import RunFolder

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLES = 2_000
"""Bootstrap samples."""

LEAST_COMMON = 0.5
"""Runs that share a smaller part of their test products than this are not compared."""

Metric = Callable[["Side", NDArray[np.int64]], float]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """The answers of one run about the common test products, in the same order on both sides.

    Attributes:
        name: Of the run.
        rows: Position in its input table, int64 [N].
        truth: Number of the true category, int64 [N].
        answer: Number of the best guess, -1 without one, int64 [N].
        confidence: Of the best guess, float64 [N].
        loss: Negative logarithm of the probability of the true category, float64 [N]; NaN where either side has none.
        answered: Whether an answer was given, bool [N].
        right: Whether the given answer is the true category or an ancestor of it, bool [N].
    """

    name: str
    rows: NDArray[np.int64]
    truth: NDArray[np.int64]
    answer: NDArray[np.int64]
    confidence: NDArray[np.float64]
    loss: NDArray[np.float64]
    answered: NDArray[np.bool_]
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """One metric of both runs.

    Attributes:
        name: Its name.
        first, second: Its value in each run.
        low, high: 95 % interval of the difference, by paired bootstrap over the products.
        higher_is_better: Which way is good.
    """

    name: str
    first: float
    second: float
    low: float
    high: float
    higher_is_better: bool = True

    @property
    def difference(self) -> float:
        """Second minus first."""
        return self.second - self.first

    @property
    def verdict(self) -> str:
        """`better`, `worse` or `even`: whether the interval leaves zero on one side."""
        sign = 1 if self.higher_is_better else -1
        low, high = sorted((sign * self.low, sign * self.high))
        return "better" if low > 0 else "worse" if high < 0 else "even"


@dataclass(frozen=True, slots=True)
class ClassDifference:
    """One category in both runs.

    Attributes:
        category: Its path.
        rows: Its common test products.
        first_right, second_right: How many of them each run gets right.
    """

    category: str
    rows: int
    first_right: int
    second_right: int

    @property
    def difference(self) -> int:
        """Products that the second run gets right beyond the first."""
        return self.second_right - self.first_right


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two runs side by side.

    Attributes:
        first, second: Their answers.
        categories: What the numbers in the answers stand for.
        matched_by: `id` or `content`.
        left_out: Test products of each run that the other one has not.
        metrics: Differences of the metrics.
        classes: Categories in which the two differ, those won by the second first.
        won, lost: Positions of products that only the second, or only the first gets right, the surest first, int64.
    """

    first: Side
    second: Side
    categories: tuple[str, ...]
    matched_by: str
    left_out: tuple[int, int]
    metrics: tuple[MetricDifference, ...]
    classes: tuple[ClassDifference, ...]
    won: NDArray[np.int64]
    lost: NDArray[np.int64]

    @property
    def rows(self) -> int:
        """Common test products."""
        return len(self.first.rows)


def compare_runs(first: Path, second: Path, *, seed: int = 0) -> Comparison:
    """Compare two finished runs on the test products that they have in common.

    Args:
        first: Folder of the run to compare with.
        second: Folder of the run that may be better.
        seed: Of the bootstrap.

    Raises:
        UsageError: A folder holds no kept answers (SP658), or the test products differ (SP659).
    """
    answers = (_answers(first), _answers(second))
    names = _names(first, second)
    matched_by, places = _matched(answers, names)
    texts = [
        np.concatenate([side.truth[at], side.answer[at]]) for side, at in zip(answers, places, strict=True)
    ]
    categories, numbers = np.unique(np.concatenate(texts).astype(str), return_inverse=True)
    parts = numbers.reshape(4, -1)
    nothing = np.flatnonzero(categories == "")
    parts = np.where(np.isin(parts, nothing), -1, parts)
    comparable = np.logical_and.reduce(
        [~np.isnan(side.truth_probability[at]) for side, at in zip(answers, places, strict=True)]
    )
    one, other = (
        _side(
            answers[each],
            places[each],
            (parts[2 * each], parts[2 * each + 1]),
            comparable=comparable,
            name=names[each],
        )
        for each in (0, 1)
    )
    right = [np.asarray(side.answer == side.truth) for side in (one, other)]
    return Comparison(
        first=one,
        second=other,
        categories=tuple(categories.tolist()),
        matched_by=matched_by,
        left_out=(len(answers[0].rows) - len(places[0]), len(answers[1].rows) - len(places[1])),
        metrics=_differences(one, other, seed=seed),
        classes=_class_differences(one.truth, right[0], right[1], categories),
        won=_surest(right[1] & ~right[0], other.confidence),
        lost=_surest(right[0] & ~right[1], other.confidence),
    )


def _answers(folder: Path) -> KeptAnswers:
    run = RunFolder(folder)
    if not run.artefact_path("answers").is_file():
        raise UsageError(
            "SP658",
            "there are no answers about test products to compare",
            where=str(folder.absolute()),
            fix="give the folder of a run with one category per product; `smartprod report RUN` writes the answers of an older one",
        )
    table: pa.Table = run.read("answers")
    return read_answers(table)


def _names(first: Path, second: Path) -> tuple[str, str]:
    """What to call the runs: their folders, with the folder above where these are the same."""
    one, other = first.absolute(), second.absolute()
    if one.name != other.name:
        return one.name, other.name
    return f"{one.parent.name}/{one.name}", f"{other.parent.name}/{other.name}"


def _matched(
    answers: tuple[KeptAnswers, KeptAnswers], names: tuple[str, str]
) -> tuple[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Positions of the common products on each side, by id where every product has one, else by content."""
    for name in ("id", "content"):
        keys = [side.ids if name == "id" else side.contents for side in answers]
        if any(len(set(each)) < len(each) or {"", ":"} & set(each) for each in keys) and name == "id":
            continue
        places = [{key: position for position, key in reversed(list(enumerate(each)))} for each in keys]
        common = [key for key in places[0] if key in places[1] and key not in {"", ":"}]
        same = [key for key in common if answers[0].truth[places[0][key]] == answers[1].truth[places[1][key]]]
        smallest = min(len(same) / max(len(each), 1) for each in keys)
        if smallest >= LEAST_COMMON:
            same.sort(key=places[0].__getitem__)
            found = tuple(np.asarray([each[key] for key in same], dtype=np.int64) for each in places)
            return name, (found[0], found[1])
    raise UsageError(
        "SP659",
        f"the test products differ: {names[0]} has {len(answers[0].rows):,}, {names[1]} has {len(answers[1].rows):,}, and "
        f"fewer than {LEAST_COMMON:.0%} of them are the same product with the same category",
        fix="compare runs with the same catalog.path, split and run.seed; a product that one of them learned from proves nothing",
    )


def _side(
    answers: KeptAnswers,
    at: NDArray[np.int64],
    numbers: tuple[NDArray[np.int64], NDArray[np.int64]],
    *,
    comparable: NDArray[np.bool_],
    name: str,
) -> Side:
    loss = -np.log(np.maximum(answers.truth_probability[at], 1e-12))
    return Side(
        name=name,
        rows=answers.rows[at],
        truth=numbers[0],
        answer=numbers[1],
        confidence=np.nan_to_num(answers.confidence[at]),
        loss=np.where(comparable, loss, np.nan),
        answered=np.asarray(answers.given[at] != "", dtype=bool),
        right=answers.right[at],
    )


def _differences(first: Side, second: Side, *, seed: int) -> tuple[MetricDifference, ...]:
    measures: tuple[tuple[str, Metric, bool], ...] = (
        ("accuracy", _accuracy, True),
        ("macro-F1", _macro_f1, True),
        ("log loss", _log_loss, False),
        ("answered automatically", _answered, True),
        ("right of those", _answered_right, True),
    )
    count = len(first.rows)
    generator = np.random.default_rng(seed)
    draws = [generator.integers(0, count, count) for _ in range(SAMPLES)]
    everything = np.arange(count)
    found = []
    for name, measure, higher in measures:
        differences = [measure(second, draw) - measure(first, draw) for draw in draws]
        low, high = np.nanquantile(differences, [0.025, 0.975])
        found.append(
            MetricDifference(
                name,
                measure(first, everything),
                measure(second, everything),
                float(low),
                float(high),
                higher,
            )
        )
    return tuple(found)


def _accuracy(side: Side, at: NDArray[np.int64]) -> float:
    return float((side.answer[at] == side.truth[at]).mean())


def _macro_f1(side: Side, at: NDArray[np.int64]) -> float:
    """Mean F1 over the categories that are true or answered, as in the report."""
    truth, answer = side.truth[at], side.answer[at]
    size = int(max(side.truth.max(), side.answer.max())) + 1
    rows = np.bincount(truth, minlength=size)
    answered = np.bincount(answer[answer >= 0], minlength=size)
    hits = np.bincount(truth[truth == answer], minlength=size)
    present = rows + answered > 0
    return float((2 * hits[present] / (rows[present] + answered[present])).mean())


def _log_loss(side: Side, at: NDArray[np.int64]) -> float:
    return float(np.nanmean(side.loss[at]))


def _answered(side: Side, at: NDArray[np.int64]) -> float:
    return float(side.answered[at].mean())


def _answered_right(side: Side, at: NDArray[np.int64]) -> float:
    answered = side.answered[at]
    return float(side.right[at][answered].mean()) if answered.any() else float("nan")


def _class_differences(
    truth: NDArray[np.int64],
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    categories: NDArray[np.str_],
) -> tuple[ClassDifference, ...]:
    size = len(categories)
    rows, one, other = (np.bincount(each, minlength=size) for each in (truth, truth[first], truth[second]))
    found = [
        ClassDifference(str(categories[number]), int(rows[number]), int(one[number]), int(other[number]))
        for number in np.flatnonzero(one != other)
    ]
    return tuple(sorted(found, key=lambda each: (-each.difference, each.category)))


def _surest(which: NDArray[np.bool_], confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    places = np.flatnonzero(which)
    return places[np.argsort(-confidence[places], kind="stable")]
