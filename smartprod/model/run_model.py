"""A model before its folder is written, put together from what the stages of a run wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.classifiers import load_validation
from smartprod.embeddings import EmbeddingStore, encoders_of, store_folder, with_finetuned_encoders
from smartprod.fusion import load_products
from smartprod.model.loading import SavedModel
from smartprod.model.reference import ReferenceRows, choose_reference
from smartprod.model.saving import new_record
from smartprod.model.shown_products import ShownProduct, ShownReference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.decision import Decider, LabelDecider
    from smartprod.pipeline import RunFolder


def model_of_run(
    decider: Decider | LabelDecider, index: pa.Table, config: Config, run: RunFolder
) -> SavedModel:
    """Give the model that `export` will save; it has no identity yet.

    Args:
        decider: Of the run.
        index: The embedding index, which names the encoders.
        config: The configuration in force.
        run: Where fine-tuned encoders are.
    """
    encoders = encoders_of(index)
    record = new_record(
        with_finetuned_encoders(config, run, encoders), encoders, classes=len(decider.classes)
    )
    return SavedModel(run.root, record, decider, identity="")


def chosen_reference(heads: Path, index: pa.Table, config: Config) -> ReferenceRows:
    """Choose the reference rows of a run, with nothing to show of them yet.

    Args:
        heads: The fitted heads with their held-out answers.
        index: The embedding index.
        config: The configuration in force.
    """
    held_out = load_validation(heads)
    dims = sum(encoder.dim for encoder in encoders_of(index))
    rows = choose_reference(held_out, dims=dims, seed=config.run.seed)
    return ReferenceRows(held_out, rows, load_products(index, rows, EmbeddingStore(store_folder(config))))


def reference_of_run(
    heads: Path, index: pa.Table, labels: Sequence[str | None], config: Config
) -> ShownReference:
    """Give the reference rows that `export` will keep; of what is shown of them there is row and category only.

    Args:
        heads: The fitted heads with their held-out answers.
        index: The embedding index.
        labels: Category of every row of the product table.
        config: The configuration in force.
    """
    chosen = chosen_reference(heads, index, config)
    shown = [ShownProduct(row, None, None, labels[row], None) for row in chosen.rows.tolist()]
    return ShownReference(chosen.products, shown)
