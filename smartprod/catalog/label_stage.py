"""The stage `split-labels`: the class policy on every label of a product, parts and folds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from smartprod.catalog.stages import divide_rows
from smartprod.config import check_several_labels
from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    import pyarrow as pa


@stage(
    "split-labels",
    reads=["products", "clean_text", "embedding_index"],
    writes=["split", "split_account"],
    config=["catalog.classes", "catalog.category_separator", "split", "run.seed"],
    libraries=["scikit-learn"],
    check=check_several_labels,
)
def split_labels(
    context: StageContext, products: pa.Table, clean_text: pa.Table, embedding_index: pa.Table
) -> dict[str, object]:
    """Apply the class policy to every label, split the rows by their rarest one, and look for leakage."""
    import pyarrow as pa

    from smartprod.catalog.label_policy import apply_label_policy

    config = context.config.catalog
    policy = apply_label_policy(
        products["category"].to_pylist(),
        policy=config.classes,
        separator=config.category_separator,
        seed=context.seed,
    )
    sizes = Counter(len(labels) for labels in policy.label_sets if labels)
    rows = ", ".join(f"{size} of {count:,} rows" for size, count in sorted(sizes.items()))
    made = divide_rows(
        context,
        products,
        clean_text,
        embedding_index,
        policy=policy.rarest,
        notes=[f"(each label of a row counted); labels per row: {rows}"],
        answers=["; ".join(labels) or None for labels in policy.label_sets],
    )
    table = made["split"]
    assert isinstance(table, pa.Table)
    labels = pa.array([list(labels) for labels in policy.label_sets], pa.list_(pa.string()))
    return {**made, "split": table.append_column("labels", labels)}
