"""What the model answered about every test row, kept so that two runs can be compared without their models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smartprod.evaluation.data import UNKNOWN_CLASS, ReportData, ScoredDecisions
from smartprod.evaluation.hierarchy import GIVEN, common_depth

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, eq=False)
class KeptAnswers:
    """The answers about the test rows of one run.

    Attributes:
        rows: Position in the input table, int64 [N].
        ids: The shop's id of each product, empty where it has none, length N.
        contents: Hash of each product's photo and text, length N.
        truth: True category path, length N.
        answer: Best guess before anything is held back, empty where no head could answer, object [N].
        confidence: Of the best guess, float64 [N]; NaN without one.
        truth_probability: Probability of the true category, float64 [N]; NaN without an answer or where it was not learned.
        given: The category that was given, an ancestor where backed off; empty where it was held back, object [N].
        right: Whether what was given is the true category, or where backed off an ancestor of it, bool [N].
    """

    rows: NDArray[np.int64]
    ids: tuple[str, ...]
    contents: tuple[str, ...]
    truth: NDArray[np.object_]
    answer: NDArray[np.object_]
    confidence: NDArray[np.float64]
    truth_probability: NDArray[np.float64]
    given: NDArray[np.object_]
    right: NDArray[np.bool_]


def answers_table(data: ReportData, products: pa.Table, index: pa.Table) -> pa.Table:
    """Write down the answers about the test rows; no rows without a test part.

    Args:
        data: Everything that the report tells.
        products: The product table.
        index: The embedding index.
    """
    import pyarrow as pa

    decisions, together = data.decisions, data.together
    rows = np.zeros(0, np.int64) if decisions is None else decisions.rows
    place = {row: position for position, row in enumerate(rows.tolist())}
    answer = np.full(len(rows), "", dtype=object)
    confidence, truth_probability = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    if together is not None and len(together.rows):
        positions = np.asarray([place[row] for row in together.rows.tolist()])
        answer[positions] = np.asarray(data.classes, dtype=object)[together.predicted]
        confidence[positions] = together.confidence
        known = together.labels != UNKNOWN_CLASS
        truth_probability[positions[known]] = together.probabilities[known, together.labels[known]]
    given = [] if decisions is None else _given(decisions)
    truth = [] if decisions is None else list(decisions.truth)
    right = [
        bool(path)
        and common_depth(whole.split(data.separator), path.split(data.separator))
        == len(path.split(data.separator))
        for path, whole in zip(given, truth, strict=True)
    ]
    keys = index.select(["image_key", "text_key"]).take(rows)
    return pa.table(
        {
            "row": pa.array(rows, pa.int64()),
            "id": pa.array([each or "" for each in products["id"].take(rows).to_pylist()], pa.string()),
            "content": pa.array(
                [f"{line['image_key'] or ''}:{line['text_key'] or ''}" for line in keys.to_pylist()],
                pa.string(),
            ),
            "truth": pa.array(truth, pa.string()),
            "answer": pa.array(answer.tolist(), pa.string()),
            "confidence": pa.array(confidence, pa.float64(), from_pandas=True),
            "truth_probability": pa.array(truth_probability, pa.float64(), from_pandas=True),
            "given": pa.array(given, pa.string()),
            "right": pa.array(right, pa.bool_()),
        }
    )


def _given(decisions: ScoredDecisions) -> list[str]:
    return [
        path if kind in GIVEN else ""
        for path, kind in zip(decisions.predicted, decisions.decision, strict=True)
    ]


def read_answers(table: pa.Table) -> KeptAnswers:
    """Read what `answers_table` wrote."""

    def texts(name: str) -> NDArray[np.object_]:
        return np.asarray([each or "" for each in table[name].to_pylist()], dtype=object)

    def numbers(name: str) -> NDArray[np.float64]:
        return np.asarray(
            [np.nan if each is None else each for each in table[name].to_pylist()], dtype=np.float64
        )

    return KeptAnswers(
        rows=np.asarray(table["row"].to_pylist(), dtype=np.int64),
        ids=tuple(texts("id").tolist()),
        contents=tuple(texts("content").tolist()),
        truth=texts("truth"),
        answer=texts("answer"),
        confidence=numbers("confidence"),
        truth_probability=numbers("truth_probability"),
        given=texts("given"),
        right=np.asarray(table["right"].to_pylist(), dtype=bool),
    )
