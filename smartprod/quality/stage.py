"""The `quality` stage: what in the product table a person should look at, after learning from it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa


@stage(
    "quality",
    reads=["products", "clean_text", "embedding_index", "split", "heads"],
    writes=["findings", "findings_csv"],
    config=[
        "quality",
        "catalog.columns.extra",
        "clean.fields",
        "split.long_text_characters",
        "run.seed",
    ],
    libraries=["scikit-learn", "scipy"],
    packages=["smartprod.embeddings", "smartprod.fusion", "smartprod.classifiers", "smartprod.state"],
)
def quality(
    context: StageContext,
    products: pa.Table,
    clean_text: pa.Table,
    embedding_index: pa.Table,
    split: pa.Table,
    heads: Path,
) -> dict[str, object]:
    """Rank likely wrong labels, duplicates, confusable and small classes, and useless columns; nothing is changed."""
    from smartprod.fusion import fitting_threads
    from smartprod.quality import KIND_TITLES, FindingKind, Inspected, findings_csv, inspect_run

    inspected = Inspected(products, clean_text, embedding_index, split, heads)
    with fitting_threads(products.num_rows, available=context.threads):
        table = inspect_run(inspected, context.config)
    counts = Counter(table["kind"].to_pylist())
    for kind in FindingKind:
        context.metric(kind.value, counts[kind.value])
        if counts[kind.value]:
            context.say(f"{counts[kind.value]:5,}  {KIND_TITLES[kind]}")
    context.say("nothing was changed; `smartprod doctor` shows them" if counts else "nothing to look at")
    context.rows(products.num_rows, products.num_rows)
    return {"findings": table, "findings_csv": findings_csv(table)}
