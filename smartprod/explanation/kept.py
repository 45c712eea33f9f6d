"""Explanations as a table, from the stage that asked for them to the report that shows them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from smartprod.explanation.explanation import Explanation, ModalityShare, PathStep, PhotoMap, WordWeight
from smartprod.explanation.similar import SimilarProduct
from smartprod.model import ShownProduct

if TYPE_CHECKING:
    from collections.abc import Sequence

_REASON_KEY = b"smartprod.unexplained"
_STEP = pa.struct({"category": pa.string(), "confidence": pa.float64()})
_SHOWN = pa.struct(
    {
        "row": pa.int64(), "id": pa.string(), "title": pa.string(), "category": pa.string(), "photo": pa.binary(),
    }
)  # fmt: skip
_SCHEMA = pa.schema(
    {
        "row": pa.int64(),
        "id": pa.string(),
        "title": pa.string(),
        "answer": pa.string(),
        "explained": pa.string(),
        "confidence": pa.float64(),
        "decision": pa.string(),
        "head": pa.string(),
        "head_reason": pa.string(),
        "status": pa.string(),
        "reason": pa.string(),
        "top": pa.list_(_STEP),
        "path": pa.list_(_STEP),
        "base": pa.float64(),
        "modalities": pa.list_(
            pa.struct({"modality": pa.string(), "share": pa.float64(), "alone": pa.float64()})
        ),
        "words": pa.list_(pa.struct({"text": pa.string(), "weight": pa.float64()})),
        "photo": pa.struct(
            {"photo": pa.binary(), "overlay": pa.binary(), "weights": pa.list_(pa.list_(pa.float32()))}
        ),
        "similar": pa.list_(
            pa.struct(
                {"product": _SHOWN, "similarity": pa.float64(), "image": pa.float64(), "text": pa.float64()}
            )
        ),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class KeptExplanations:
    """Explanations of some answers about the test part.

    Attributes:
        explanations: The most telling first.
        reason: Why there are none, in a sentence; empty where there are some, or where none were wanted.
    """

    explanations: tuple[Explanation, ...] = ()
    reason: str = ""


def explanations_table(kept: KeptExplanations) -> pa.Table:
    """Write explanations down."""
    schema = _SCHEMA.with_metadata({_REASON_KEY: kept.reason.encode()})
    return pa.Table.from_pylist([_record(each) for each in kept.explanations], schema=schema)


def read_explanations(table: pa.Table) -> KeptExplanations:
    """Read what `explanations_table` wrote."""
    reason = (table.schema.metadata or {}).get(_REASON_KEY, b"").decode()
    return KeptExplanations(tuple(_explanation(**record) for record in table.to_pylist()), reason)


def _record(explanation: Explanation) -> dict[str, Any]:
    record = asdict(explanation)
    if explanation.photo is not None:
        record["photo"]["weights"] = explanation.photo.weights.tolist()
    return record


def _explanation(
    *,
    top: Sequence[dict[str, Any]],
    path: Sequence[dict[str, Any]],
    modalities: Sequence[dict[str, Any]],
    words: Sequence[dict[str, Any]],
    photo: dict[str, Any] | None,
    similar: Sequence[dict[str, Any]] | None,
    **plain: Any,
) -> Explanation:
    return Explanation(
        top=tuple(PathStep(**each) for each in top),
        path=tuple(PathStep(**each) for each in path),
        modalities=tuple(ModalityShare(**each) for each in modalities),
        words=tuple(WordWeight(**each) for each in words),
        photo=None if photo is None else _photo(**photo),
        similar=None if similar is None else tuple(_similar(**each) for each in similar),
        **plain,
    )


def _photo(*, weights: list[list[float]], photo: bytes, overlay: bytes) -> PhotoMap:
    return PhotoMap(photo, overlay, np.asarray(weights, dtype=np.float32))


def _similar(*, product: dict[str, Any], **cosines: Any) -> SimilarProduct:
    return SimilarProduct(ShownProduct(**product), **cosines)
