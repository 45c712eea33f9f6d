"""Products that come one by one, as a service or a page receives them: texts, and photos as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smartprod.config.schema import ColumnsConfig
from smartprod.model.inputs import read_inputs

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from smartprod.config.schema import CatalogConfig


@dataclass(frozen=True, slots=True)
class ProductInput:
    """A product as somebody typed or sent it; nothing of it is ever taken for a path or an address.

    Attributes:
        id: Comes back with the answer.
        title: Its title.
        description: Its description, plain or HTML.
        attributes: Its attributes by name.
        extra: Further texts by the name of their column (`catalog.columns.extra`); others are ignored.
        images: The bytes of its image files, the main one first.
    """

    id: str | None = None
    title: str | None = None
    description: str | None = None
    attributes: Mapping[str, Any] | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    images: tuple[bytes, ...] = ()


def product_rows(products: Sequence[ProductInput], config: CatalogConfig, *, scratch: Path) -> pa.Table:
    """Turn products into rows of the product table.

    Args:
        products: N products.
        config: How the model reads a table; its column names play no part but for the extra ones.
        scratch: An empty folder for the photos; it has to stay until the rows are answered.

    Returns:
        The product table, N rows in their order.
    """
    extra = config.columns.extra
    columns = ColumnsConfig(
        id="id", title="title", description="description", attributes="attributes", images=("images",),
        category=None, split=None, group=None, domain=None, extra=extra,
    )  # fmt: skip
    # Photos come as bytes, and are written to the scratch folder; no cell names a file or an address.
    reading = config.model_copy(update={"columns": columns, "image_root": str(scratch)})
    records = [
        {
            "id": product.id,
            "title": product.title,
            "description": product.description,
            "attributes": None if product.attributes is None else dict(product.attributes),
            "images": list(product.images) or None,
            **{name: product.extra.get(name) for name in extra},
        }
        for product in products
    ]
    return read_inputs(records, reading, scratch=scratch)
