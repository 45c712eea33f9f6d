"""Costs of answering one class for another, and the answer of least expected cost (minimum Bayes risk)."""

from __future__ import annotations

import csv
import difflib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from smartprod.decision.hierarchy import Hierarchy
from smartprod.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COLUMNS = ("true", "predicted", "cost")


@dataclass(frozen=True, slots=True)
class ClassCosts:
    """What wrong answers cost; a right one costs nothing.

    Attributes:
        kind: `tree`: as many as there are edges between the two classes in the tree; `listed`: 1, but for those listed.
        listed: True class, answered class, cost.
    """

    kind: Literal["tree", "listed"]
    listed: tuple[tuple[str, str, float], ...] = ()

    def matrix(self, classes: tuple[str, ...], *, separator: str) -> np.ndarray:
        """Cost of each answer, float32 [C, C]: true class by answered class; a listed class that is not there is left out."""
        if self.kind == "tree":
            return Hierarchy(classes, separator).distances
        costs = 1 - np.eye(len(classes), dtype=np.float32)
        index = {name: number for number, name in enumerate(classes)}
        for true, predicted, cost in self.listed:
            if true in index and predicted in index:
                costs[index[true], index[predicted]] = cost
        return costs


def costs_from_document(document: Mapping[str, Any]) -> ClassCosts:
    """Build the costs again from their JSON form (`dataclasses.asdict`)."""
    return ClassCosts(
        document["kind"], tuple((true, predicted, cost) for true, predicted, cost in document["listed"])
    )


def choose_classes(probabilities: np.ndarray, costs: np.ndarray | None) -> np.ndarray:
    """Choose the class of least expected cost for each row, the most probable one without costs, int64 [N].

    The expected cost of answering k is the sum over j of p(j) * cost(j, k) (Duda, Hart and Stork, Pattern
    Classification, 2001, section 2.2). It needs calibrated probabilities.

    Args:
        probabilities: Calibrated, float32 [N, C]; NaN in rows that nobody answered, whose choice means nothing.
        costs: float32 [C, C], true class by answered class.
    """
    known = np.nan_to_num(probabilities, nan=0.0)
    if len(known) == 0 or costs is None:
        return known.argmax(axis=1) if len(known) else np.zeros(0, dtype=np.int64)
    return (known.astype(np.float64) @ costs.astype(np.float64)).argmin(axis=1)


def mean_cost(labels: np.ndarray, predicted: np.ndarray, costs: np.ndarray) -> float:
    """Mean cost of the answers; NaN without rows."""
    return float(costs[labels, predicted].mean()) if len(labels) else math.nan


def read_costs(source: str, classes: Sequence[str] | None) -> ClassCosts:
    """Read `decide.costs`: `tree`, or the path of a CSV with the columns true, predicted and cost.

    Args:
        source: The configured value.
        classes: Names that the file may use; None where they are not known yet.

    Raises:
        UsageError: The file cannot be read as such, or names what is no class (SP670 to SP672).
    """
    if source == "tree":
        return ClassCosts("tree")
    listed: dict[tuple[str, str], float] = {}
    for line, cells in _rows(Path(source)):
        where = f"{source}, line {line}"
        for name in cells[:2]:
            if classes is not None and name not in classes:
                _refuse_name(name, classes, where)
        listed[cells[0], cells[1]] = _cost(cells, where)
    return ClassCosts("listed", tuple((*pair, cost) for pair, cost in listed.items()))


def _rows(path: Path) -> list[tuple[int, tuple[str, str, str]]]:
    """The cells of each line under the header, with the number of the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            found = [(reader.line_num, row) for row in reader]
            problem = "" if set(_COLUMNS) <= set(reader.fieldnames or ()) else "a column is missing"
    except (OSError, ValueError, csv.Error) as error:
        found, problem = [], str(error)
    if problem:
        raise UsageError(
            "SP670",
            f"the table of costs cannot be read: {problem}",
            where=f"{path} (decide.costs)",
            fix="give a UTF-8 CSV whose first line is `true,predicted,cost`, or `tree`",
        )
    return [(line, _cells(row)) for line, row in found]


def _cells(row: Mapping[str, str | None]) -> tuple[str, str, str]:
    true, predicted, cost = ((row[name] or "").strip() for name in _COLUMNS)
    return true, predicted, cost


def _refuse_name(name: str, classes: Sequence[str], where: str) -> None:
    close = difflib.get_close_matches(name, classes, n=1, cutoff=0.0)
    raise UsageError(
        "SP671",
        f"the table of costs names `{name}`, which is no learned class"
        + (f"; did you mean `{close[0]}`?" if close else ""),
        where=where,
        fix="write class paths as in the report; classes that the class policy merges or drops do not count",
    )


def _cost(cells: tuple[str, str, str], where: str) -> float:
    true, predicted, text = cells
    try:
        cost = float(text)
    except ValueError:
        cost = math.nan
    if not (math.isfinite(cost) and cost >= 0 and (cost == 0 or true != predicted)):
        raise UsageError(
            "SP672",
            f"`{text}` is no cost of answering `{predicted}` for `{true}`",
            where=where,
            fix="give a number of at least 0; a right answer costs 0",
        )
    return cost
