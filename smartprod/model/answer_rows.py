"""Answers as a table: one row per product with its category, its certainty, and what was wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smartprod.catalog import STATUS_FIELDS, Status, reason_column, status_column
from smartprod.decision import LabelDecisions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smartprod.decision import Decisions
    from smartprod.model.answerer import Answers

_CELL_FIELDS = tuple(name for name in STATUS_FIELDS if name not in {"row", "images", "category"})
_TAKEN_ONE_BY_ONE = 8


def answered_schema(*, several_labels: bool = False) -> pa.Schema:
    """Build the schema of scored output.

    Args:
        several_labels: Whether the model gives products several labels: then there are two columns more.

    Returns:
        `row` (position in the input, from 0), `id`, `category` (null for `other` and without answer; an ancestor where
        backed off), `confidence` of the category, `top_categories` and `top_confidences` (most probable first, empty
        without answer), `head` that answered (image, text, fused, or null), `decision` (accepted, backed_off, other,
        review), `status` (`ok`, or what is wrong with the row such as `images:corrupt;text:missing`), `reason` (null
        for an accepted row that is ok) and `categories_set` (the prediction set, the most probable first, empty without
        answer; null where `decide.prediction_sets` asked for none). With several labels also `categories` and `category_confidences` (all that are
        given, labels before categories above labels and the most probable first; `category` is the first of them, or the best guess where there is none).
    """
    several = [
        pa.field("categories", pa.list_(pa.string()), nullable=False),
        pa.field("category_confidences", pa.list_(pa.float32()), nullable=False),
    ]
    return pa.schema(
        [
            pa.field("row", pa.int64(), nullable=False),
            pa.field("id", pa.string()),
            pa.field("category", pa.string()),
            pa.field("confidence", pa.float32()),
            pa.field("top_categories", pa.list_(pa.string()), nullable=False),
            pa.field("top_confidences", pa.list_(pa.float32()), nullable=False),
            pa.field("head", pa.string()),
            pa.field("decision", pa.string(), nullable=False),
            pa.field("status", pa.string(), nullable=False),
            pa.field("reason", pa.string()),
            pa.field("categories_set", pa.list_(pa.string())),
            *(several if several_labels else ()),
        ]
    )


def answered_table(
    answers: Answers, *, classes: Sequence[str], modalities: Sequence[str], top_k: int
) -> pa.Table:
    """Write answers as a table.

    Args:
        answers: For N rows.
        classes: Class paths in index order, length C.
        modalities: What the model has encoders for: `image`, `text`; troubles with anything else are left out.
        top_k: Most probable categories to list.

    Returns:
        `answered_schema()`, with the columns for several labels where there are such answers; N rows in their order.
    """
    decisions = answers.decisions
    top_categories, top_confidences = _top(decisions.probabilities, pa.array(classes, pa.string()), top_k)
    status, reason = _accounts(answers, modalities)
    columns = {
        "row": answers.products["row"],
        "id": answers.products["id"],
        "category": pa.array(decisions.category, pa.string()),
        "confidence": pa.array(decisions.confidence, pa.float32(), from_pandas=True),
        "top_categories": top_categories,
        "top_confidences": top_confidences,
        "head": pa.array([head or None for head in decisions.head], pa.string()),
        "decision": pa.array(decisions.decision, pa.string()),
        "status": status,
        "reason": reason,
        "categories_set": _sets(decisions, pa.array(classes, pa.string())),
    }
    if not isinstance(decisions, LabelDecisions):
        return pa.table(columns, schema=answered_schema())
    schema = answered_schema(several_labels=True)
    for name, lists in (
        ("categories", decisions.categories),
        ("category_confidences", decisions.confidences),
    ):
        columns[name] = pa.array(lists, schema.field(name).type)
    return pa.table(columns, schema=schema)


def _sets(decisions: Decisions | LabelDecisions, classes: pa.Array) -> pa.Array:
    """List the classes of each prediction set, the most probable first; null where there are no sets."""
    if isinstance(decisions, LabelDecisions) or decisions.sets is None:
        return pa.nulls(len(decisions.head), pa.list_(pa.string()))
    rows, members = np.nonzero(decisions.sets)
    order = np.lexsort((members, -decisions.probabilities[rows, members], rows))
    offsets = np.concatenate([[0], np.cumsum(decisions.sets.sum(axis=1))]).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, classes.take(pa.array(members[order])))


Trouble = tuple[str, str, str]
"""Field, status, and reason (empty where none is known)."""


def _accounts(answers: Answers, modalities: Sequence[str]) -> tuple[pa.Array, pa.Array]:
    """Write the columns `status` and `reason`.

    Most rows are without trouble, and most troubles are alike: each distinct account is worded once.
    """
    undecided = answers.decisions.reason
    status = np.full(len(undecided), Status.OK.value, dtype=object)
    reason = np.full(len(undecided), None, dtype=object)
    worded = {None: None} | {text: _sentence(text) for text in set(undecided.tolist()) - {None}}
    reason[:] = [worded[text] for text in undecided.tolist()]
    told: dict[tuple[str | None, tuple[Trouble, ...]], tuple[str, str | None]] = {}
    for position, found in _troubles(answers, modalities):
        account = (undecided[position], tuple(found))
        if account not in told:
            told[account] = (_code(found), _sentences(undecided[position], found))
        status[position], reason[position] = told[account]
    return pa.array(status, pa.string()), pa.array(reason, pa.string())


def _troubles(answers: Answers, modalities: Sequence[str]) -> Iterator[tuple[int, list[Trouble]]]:
    """List what is wrong with each row that is not ok: the row itself, its modalities, then single cells of its text."""
    products, index = answers.products, answers.index
    seen = [("images", index)] if "image" in modalities else []
    if "text" in modalities:
        seen.append(("text", index))
    cells = [(name, products) for name in _CELL_FIELDS] if "text" in modalities else []
    fields = [("row", products), *seen, *cells]
    rows = np.flatnonzero(np.logical_or.reduce([_is_troubled(name, table) for name, table in fields]))
    if len(rows) == 0:
        return
    columns = [
        (name, *(table[column(name)].take(rows).to_pylist() for column in (status_column, reason_column)))
        for name, table in fields
    ]
    for place, position in enumerate(rows.tolist()):
        found = [
            (name, statuses[place], reasons[place] or "")
            for name, statuses, reasons in columns
            if statuses[place] != Status.OK or (name == "images" and reasons[place])
        ]
        yield position, _without_consequences(found)


def _is_troubled(name: str, table: pa.Table) -> np.ndarray:
    """Which rows have a status other than `ok` in a field, or an image of which something is told, bool [N]."""
    troubled = pc.not_equal(table[status_column(name)], Status.OK.value)
    if name == "images":
        troubled = pc.or_(troubled, pc.is_valid(table[reason_column(name)]))
    return np.asarray(troubled)


def _without_consequences(found: list[Trouble]) -> list[Trouble]:
    """Leave out what follows from a row that was not read, and single empty cells: `text` tells whether any is filled."""
    whole_row = [trouble for trouble in found if trouble[0] == "row"]
    if whole_row and all(
        reason in {"see reason.row", whole_row[0][2]} for name, _, reason in found if name != "row"
    ):
        return whole_row
    return [
        (name, status, reason)
        for name, status, reason in found
        if not (name in _CELL_FIELDS and status == Status.MISSING)
    ]


def _code(troubles: Sequence[Trouble]) -> str:
    return (
        ";".join(f"{name}:{status}" for name, status, _ in troubles if status != Status.OK) or Status.OK.value
    )


def _sentences(undecided: str | None, troubles: Sequence[Trouble]) -> str | None:
    told = [undecided] if undecided else []
    told += [f"{name}: {reason or status}" for name, status, reason in troubles]
    return " ".join(_sentence(part) for part in told) or None


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _top(probabilities: np.ndarray, classes: pa.Array, top_k: int) -> tuple[pa.Array, pa.Array]:
    """List the most probable classes of each of N products; those without answer have empty lists."""
    answered = ~np.isnan(probabilities[:, 0])
    kept = min(top_k, len(classes))
    best = _best(probabilities[answered], kept)  # [M, kept]
    values = np.take_along_axis(probabilities[answered], best, axis=1)
    offsets = np.concatenate([[0], np.cumsum(np.where(answered, kept, 0))]).astype(np.int32)
    return (
        pa.ListArray.from_arrays(offsets, classes.take(pa.array(best.ravel()))),
        pa.ListArray.from_arrays(offsets, pa.array(values.ravel(), pa.float32())),
    )


def _best(probabilities: np.ndarray, count: int) -> np.ndarray:
    """Positions of the `count` largest values of each row of [M, C], int64 [M, count]; of equal ones the first comes first."""
    if count > _TAKEN_ONE_BY_ONE:
        return np.argsort(-probabilities, axis=1, kind="stable")[:, :count]
    left = probabilities.copy()
    best = np.empty((len(left), count), dtype=np.int64)
    for rank in range(count):  # for a few, twenty times as fast as sorting a hundred classes
        best[:, rank] = left.argmax(axis=1)
        np.put_along_axis(left, best[:, rank : rank + 1], -1, axis=1)
    return best
