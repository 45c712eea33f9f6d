"""A small product table as examples of a new class: read like a table to be scored, and embedded as the model embeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog import LABEL_ROLES, read_products
from smartprod.model.answerer import Answerer

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.fusion import ProductEmbeddings
    from smartprod.model.loading import SavedModel


def embed_examples(model: SavedModel, table: str, *, image_root: str | None = None) -> ProductEmbeddings:
    """Read and embed a table of examples.

    Args:
        model: The saved model, which names columns and encoders.
        table: A product table in any format that is read, with the columns of the training table.
        image_root: Folder that image paths start from; None: the table's own.

    Raises:
        UsageError: The table does not exist or lacks the columns (SP201 to SP210).
        ModelError: (SP718) An encoder is not the one that the model was trained with.
    """
    products = read_examples(model, table, image_root=image_root)
    with Answerer.open(model) as answerer:
        return answerer.embed(products)


def read_examples(model: SavedModel, table: str, *, image_root: str | None = None) -> pa.Table:
    """Read a table of examples as rows of the product table; arguments as for `embed_examples`.

    Raises:
        UsageError: The table does not exist or lacks the columns (SP201 to SP210).
    """
    path = str(Path(table).absolute()) if Path(table).exists() else table
    update = {"path": path, "format": "auto", "image_root": image_root}
    return read_products(model.config.catalog.model_copy(update=update), optional=LABEL_ROLES)
