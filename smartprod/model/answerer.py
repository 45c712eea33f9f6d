"""Answer for rows of the product table: clean, embed what the mode needs, ask the heads, decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from smartprod.classifiers import WORDS
from smartprod.cleaning import clean_products
from smartprod.decision import Decider, Decisions, LabelDecider
from smartprod.embeddings import Extractor, MemoryStore, load_embeddings
from smartprod.encoders import configure_offline
from smartprod.fusion import ProductEmbeddings
from smartprod.model.loading import SavedModel, check_encoders
from smartprod.pipeline import cpu_count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from smartprod.config import Config
    from smartprod.embeddings import EmbeddingSource
    from smartprod.fusion import Modality

ROWS_PER_STEP = 512
"""Rows embedded together: enough to fill the encoders' batches, little enough for memory and a lively progress bar."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What became of some rows of the product table.

    Attributes:
        products: The rows.
        index: Their embedding index, which has the statuses of images and text.
        decisions: One answer per row.
    """

    products: pa.Table
    index: pa.Table
    decisions: Decisions


@dataclass(frozen=True, slots=True, eq=False)
class Answerer:
    """A model with its encoders open; use it as a context manager.

    Attributes:
        model: The saved model.
        decider: Its decider, in the mode that is in force.
        config: Its configuration, with what the caller changed.
        extractor: Its encoders.
    """

    model: SavedModel
    decider: Decider | LabelDecider
    config: Config
    extractor: Extractor

    @classmethod
    def open(
        cls,
        model: SavedModel,
        *,
        mode: str | None = None,
        config: Config | None = None,
        store: EmbeddingSource | None = None,
    ) -> Answerer:
        """Open the encoders of a model.

        Args:
            model: The saved model.
            mode: Another mode than the model's own.
            config: The model's configuration with changes that leave its answers alone.
            store: Where embeddings are looked up and kept; None keeps none.

        Raises:
            UsageError: There is no such mode.
            ModelError: (SP718) An encoder is not the one that the model was trained with.
            EncoderError: An encoder cannot be opened.
        """
        decider = model.decider_for(mode)
        config = config or model.config
        configure_offline(config)
        extractor = Extractor.open(config, store=store, threads=config.run.threads or cpu_count())
        try:
            check_encoders(model, extractor.encoders)
        except BaseException:
            extractor.close()
            raise
        return cls(model, decider, config, extractor)

    def embed(self, products: pa.Table) -> ProductEmbeddings:
        """Embed everything that the rows of a product table have."""
        batch = _Batch(
            self.extractor,
            products,
            clean_products(products, self.config.clean),
            self.extractor.store or MemoryStore(),
        )
        everything = np.ones(products.num_rows, dtype=bool)
        return batch.load(self.extractor.join(batch.images(everything), batch.texts(everything)))

    def steps(self, products: pa.Table) -> Iterator[Answers]:
        """Answer for any number of rows, `ROWS_PER_STEP` at a time; an empty table has one empty step."""
        for start in range(0, max(1, products.num_rows), ROWS_PER_STEP):
            yield self.answer(products.slice(start, ROWS_PER_STEP))

    def answer(self, products: pa.Table) -> Answers:
        """Answer for a batch of rows.

        A mode that asks a cheap head first embeds the rest only for the rows that it is asked about; the answers are
        those that embedding everything would give.

        Args:
            products: Rows of the product table.
        """
        clean_text = clean_products(products, self.config.clean)
        batch = _Batch(self.extractor, products, clean_text, self.extractor.store or MemoryStore())
        everything = np.ones(products.num_rows, dtype=bool)
        if isinstance(self.decider, LabelDecider):
            index = self.extractor.join(batch.images(everything), batch.texts(everything))
            return Answers(products, index, self.decider.decide(batch.load(index)))
        texts = clean_text["text"].to_pylist() if self.decider.asks_words else None
        first = _first_modality(self.decider)
        if texts is not None:
            asked = self.decider.is_unsure(self.decider.answers_of_words(texts))
            index = self.extractor.join(batch.images(asked), batch.texts(asked))
        elif first is None:
            index = self.extractor.join(batch.images(everything), batch.texts(everything))
        elif first == "image":
            images = batch.images(everything)
            alone = batch.load(self.extractor.join(images, batch.texts(~everything)))
            asked = self.decider.is_unsure(self.decider.combine(alone))
            index = self.extractor.join(images, batch.texts(asked))
        else:
            texts_first = batch.texts(everything)
            alone = batch.load(self.extractor.join(batch.images(~everything), texts_first))
            asked = self.decider.is_unsure(self.decider.combine(alone))
            index = self.extractor.join(batch.images(asked), texts_first)
        return Answers(products, index, self.decider.decide(batch.load(index), texts=texts))

    def close(self) -> None:
        """End the decode threads."""
        self.extractor.close()

    def __enter__(self) -> Answerer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _first_modality(decider: Decider) -> Modality | None:
    """The modality that answers alone where it is sure; None where both are needed anyway."""
    settings = decider.settings
    if settings.mode == "image-then-text":
        return "image"
    if settings.mode == "cheapest-first" and settings.cheapest != WORDS:
        return "image" if settings.cheapest == "image" else "text"
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """A batch of rows on its way through the encoders."""

    extractor: Extractor
    products: pa.Table
    clean_text: pa.Table
    sink: EmbeddingSource

    def images(self, rows: np.ndarray) -> pa.Table:
        """Embed the images of the rows in the mask; the others keep the status of the catalog."""
        return self.extractor.embed_images(_keep_cells(self.products, "images", rows, []), sink=self.sink)

    def texts(self, rows: np.ndarray) -> pa.Table:
        """Embed the texts of the rows in the mask; the others keep the status of cleaning."""
        return self.extractor.embed_texts(_keep_cells(self.clean_text, "text", rows, None), sink=self.sink)

    def load(self, index: pa.Table) -> ProductEmbeddings:
        """Load the embeddings that an index lists."""
        return ProductEmbeddings(
            load_embeddings(index, modality="image", store=self.sink),
            load_embeddings(index, modality="text", store=self.sink),
        )


def _keep_cells(table: pa.Table, column: str, rows: np.ndarray, empty: object) -> pa.Table:
    """Empty the cells of a column outside the mask."""
    if rows.all():
        return table
    cells = [cell if kept else empty for cell, kept in zip(table[column].to_pylist(), rows, strict=True)]
    position = table.schema.get_field_index(column)
    return table.set_column(
        position, table.schema.field(column), pa.array(cells, table.schema.field(column).type)
    )
