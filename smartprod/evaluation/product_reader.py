"""Titles and photos of rows, from the product table of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from smartprod.evaluation.data import ProductExample
from smartprod.remote import image_on_disk

if TYPE_CHECKING:
    from smartprod.config import Config
    from smartprod.config.schema import RemoteConfig
    from smartprod.pipeline import RunFolder


@dataclass(frozen=True, slots=True, eq=False)
class ProductReader:
    """Looks up titles and images of rows in the product table."""

    products: pa.Table
    split: pa.Table
    remote: RemoteConfig

    def __call__(self, rows: Sequence[int]) -> Mapping[int, ProductExample]:
        """Fetch the products of some rows."""
        chosen = self.products.take(list(rows)).select(["id", "title", "images", "category"]).to_pylist()
        parts = self.split["part"].take(list(rows)).to_pylist()
        return {
            row: ProductExample(
                row,
                product["id"] or "",
                product["title"] or "",
                product["category"][0] if product["category"] else "",
                tuple(image_on_disk(path, self.remote) for path in product["images"] or ()),
                part,
            )
            for row, product, part in zip(rows, chosen, parts, strict=True)
        }


def product_reader(run: RunFolder, config: Config) -> ProductReader:
    """Look up titles and images in the product table of a finished run."""
    products, split = run.read("products"), run.read("split")
    assert isinstance(products, pa.Table)
    assert isinstance(split, pa.Table)
    return ProductReader(products, split, config.catalog.remote)
