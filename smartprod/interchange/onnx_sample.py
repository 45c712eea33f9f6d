"""Products to hold exported files against the model with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.embeddings import Extractor, ModalityEmbeddings
from smartprod.fusion import ProductEmbeddings
from smartprod.interchange.onnx_description import input_sizes
from smartprod.model import Answerer, load_reference, read_examples

if TYPE_CHECKING:
    from smartprod.encoders import ExportedEncoder
    from smartprod.model import SavedModel

_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class SampleTable:
    """A product table to take the first rows of.

    Attributes:
        table: In any format that is read, with the columns of the training table.
        image_root: Folder that image paths start from; None: the table's own.
    """

    table: str
    image_root: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Embeddings of the same products.

    Attributes:
        of_model: By the model's own encoders.
        of_files: By the exported encoders; the same where products are known by their embeddings only.
        described: What the products are, for people.
    """

    of_model: ProductEmbeddings
    of_files: ProductEmbeddings
    described: str


def reference_sample(model: SavedModel) -> Measured:
    """Take reference rows of the model; of one that keeps none, random embeddings."""
    reference = load_reference(model.folder)
    if reference is None:
        products = _random_products(model)
        return Measured(products, products, f"{len(products)} random embeddings")
    products = reference.products.take(np.arange(min(_MOST_ROWS, len(reference.products))))
    return Measured(products, products, f"the embeddings of {len(products)} training products")


def table_sample(model: SavedModel, encoders: Sequence[ExportedEncoder], sample: SampleTable) -> Measured:
    """Read products, and embed their photos and texts by the model's encoders and by the exported ones."""
    rows = read_examples(model, sample.table, image_root=sample.image_root).slice(0, _MOST_ROWS)
    exported: dict[str, Any] = {each.name: each.encoder for each in encoders}
    with Answerer.open(model) as own:
        of_model = own.embed(rows)
        through = Extractor(
            image_encoders=[exported.get(each.name, each) for each in own.extractor.image_encoders],
            text_encoders=[exported.get(each.name, each) for each in own.extractor.text_encoders],
            config=own.config,
            store=None,
            threads=own.extractor.threads,
        )
        with Answerer(model, own.decider, own.config, through) as other:
            of_files = other.embed(rows)
    return Measured(
        of_model, of_files, f"{rows.num_rows} products of {Path(sample.table).name}, from their files on"
    )


def _random_products(model: SavedModel) -> ProductEmbeddings:
    rng = np.random.default_rng(0)
    sizes = input_sizes(model)

    def draw(size: int) -> ModalityEmbeddings:
        values = rng.standard_normal((_MOST_ROWS, size)).astype(np.float32)
        values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), np.float32(1e-12))
        return ModalityEmbeddings(values, np.full(_MOST_ROWS, fill_value=size > 0))

    return ProductEmbeddings(draw(sizes["image"]), draw(sizes["text"]))
