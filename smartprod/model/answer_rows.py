"""Answers as a table: one row per product with its category, its certainty, and what was wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from smartprod.catalog import STATUS_FIELDS, Status, reason_column, status_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smartprod.model.answerer import Answers

_CELL_FIELDS = tuple(name for name in STATUS_FIELDS if name not in {"row", "images", "category"})


def answered_schema() -> pa.Schema:
    """Build the schema of scored output.

    Returns:
        `row` (position in the input, from 0), `id`, `category` (null for `other` and without answer; an ancestor where
        backed off), `confidence` of the category, `top_categories` and `top_confidences` (most probable first, empty
        without answer), `head` that answered (image, text, fused, or null), `decision` (accepted, backed_off, other,
        review), `status` (`ok`, or what is wrong with the row such as `images:corrupt;text:missing`) and `reason` (null
        for an accepted row that is ok).
    """
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
        `answered_schema()`, N rows in their order.
    """
    decisions = answers.decisions
    troubles = list(_troubles(answers, modalities))
    top_categories, top_confidences = _top(decisions.probabilities, np.asarray(classes, dtype=object), top_k)
    columns = {
        "row": answers.products["row"],
        "id": answers.products["id"],
        "category": pa.array(decisions.category.tolist(), pa.string()),
        "confidence": pa.array(decisions.confidence, pa.float32(), from_pandas=True),
        "top_categories": top_categories,
        "top_confidences": top_confidences,
        "head": pa.array([head or None for head in decisions.head], pa.string()),
        "decision": pa.array(decisions.decision.tolist(), pa.string()),
        "status": pa.array([_code(each) for each in troubles], pa.string()),
        "reason": pa.array(map(_sentences, decisions.reason, troubles), pa.string()),
    }
    return pa.table(columns, schema=answered_schema())


Trouble = tuple[str, str, str]
"""Field, status, and reason (empty where none is known)."""


def _troubles(answers: Answers, modalities: Sequence[str]) -> Iterator[list[Trouble]]:
    """List what is wrong with each row: the row itself, its modalities, then single cells of its text."""
    products, index = answers.products, answers.index
    seen = [("images", index)] if "image" in modalities else []
    if "text" in modalities:
        seen.append(("text", index))
    cells = [(name, products) for name in _CELL_FIELDS] if "text" in modalities else []
    columns = [
        (name, table[status_column(name)].to_pylist(), table[reason_column(name)].to_pylist())
        for name, table in (("row", products), *seen, *cells)
    ]
    for position in range(products.num_rows):
        found = [
            (name, statuses[position], reasons[position] or "")
            for name, statuses, reasons in columns
            if statuses[position] != Status.OK or (name == "images" and reasons[position])
        ]
        yield _without_consequences(found)


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


def _top(probabilities: np.ndarray, classes: np.ndarray, top_k: int) -> tuple[pa.Array, pa.Array]:
    """List the most probable classes of each of N rows; rows without answer have empty lists."""
    answered = ~np.isnan(probabilities).any(axis=1)
    kept = min(top_k, len(classes))
    # stable: of equally probable classes the first one comes first, as argmax has it
    best = np.argsort(-probabilities[answered], axis=1, kind="stable")[:, :kept]  # [M, kept]
    values = np.take_along_axis(probabilities[answered], best, axis=1)
    offsets = np.concatenate([[0], np.cumsum(np.where(answered, kept, 0))]).astype(np.int32)
    return (
        pa.ListArray.from_arrays(offsets, pa.array(classes[best.ravel()].tolist(), pa.string())),
        pa.ListArray.from_arrays(offsets, pa.array(values.ravel(), pa.float32())),
    )
