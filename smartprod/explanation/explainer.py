"""`Explainer`: everything that explains one answer, from the model that gave it."""

from __future__ import annotations

import difflib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smartprod.catalog import LABEL_ROLES, stream_products
from smartprod.cleaning import clean_html, clean_products
from smartprod.decision import LabelDecider, LabelSettings
from smartprod.embeddings import ImageLimits
from smartprod.errors import UsageError
from smartprod.explanation.explanation import Explanation, PathStep
from smartprod.explanation.modalities import modality_shares
from smartprod.explanation.photo import photo_map
from smartprod.explanation.similar import SimilarProducts
from smartprod.explanation.variants import Variants
from smartprod.explanation.words import word_weights
from smartprod.fusion import MODALITIES
from smartprod.model import Answerer, answered_table, count_reference, load_model, load_shown_reference
from smartprod.remote import image_on_disk

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from smartprod.decision import Decider
    from smartprod.fusion import ProductEmbeddings

_SIMILAR = 6
_TOP = 5


@dataclass(frozen=True, slots=True, eq=False)
class Explainer:
    """Explains answers of one open model.

    Attributes:
        answerer: The open model.
        decider: Its decider.
        similar: The training products that it shows.
        counts: Reference rows of each class, int64 [C]; None where the model keeps none.
    """

    answerer: Answerer
    decider: Decider | LabelDecider
    similar: SimilarProducts
    counts: np.ndarray | None

    @classmethod
    def of(cls, answerer: Answerer) -> Explainer:
        """Explain what an open model answers."""
        model = answerer.model
        similar = SimilarProducts(load_shown_reference(model.folder))
        return cls(answerer, answerer.decider, similar, count_reference(model))

    def explain(
        self, products: pa.Table, *, in_detail: bool = True, category: str | None = None
    ) -> Explanation:
        """Explain the answer for one row of the product table.

        Args:
            products: One row.
            in_detail: Whether words and photo are looked at too, which asks the model about a hundred variants.
            category: What to explain the probability of; None: the most probable one.

        Raises:
            UsageError: (SP875) The model has no such category.
        """
        asked = None if category is None else self._number(category)
        answers = self.answerer.answer(products)
        model = self.answerer.model
        told = answered_table(
            answers,
            classes=model.classes,
            modalities=[encoder.modality for encoder in model.record.encoders],
            top_k=_TOP,
        ).to_pylist()[0]
        embedded = self.answerer.embed(products)
        text = clean_products(products, self.answerer.config.clean)["text"][0].as_py()
        variants = Variants(self.answerer.extractor, self.decider, embedded, text)
        probabilities = answers.decisions.probabilities[0]
        similar = self.similar.nearest(embedded, count=_SIMILAR, without_id=told["id"])
        facts: dict[str, Any] = {
            "row": told["row"],
            "id": told["id"],
            "title": clean_html(products["title"][0].as_py() or "") or None,
            "answer": "; ".join(told.get("categories", ())) or told["category"],
            "decision": told["decision"],
            "head": told["head"] or "",
            "head_reason": self._head_reason(told["head"] or "", told["confidence"], embedded),
            "status": told["status"],
            "reason": told["reason"],
            "top": tuple(map(PathStep, told["top_categories"], told["top_confidences"])),
            "similar": similar,
        }
        if np.isnan(probabilities).any():
            return Explanation(
                **facts, explained=None, confidence=float("nan"), path=(), base=0.0, modalities=(), words=(), photo=None
            )  # fmt: skip
        best = int(probabilities.argmax()) if asked is None else asked
        base = self._share(best)
        with tempfile.TemporaryDirectory(prefix="smartprod-") as scratch:
            photo = self._main_photo(products) if in_detail and embedded.image.present[0] else None
            return Explanation(
                **facts,
                explained=model.classes[best],
                confidence=float(probabilities[best]),
                path=self._path(model.classes[best], probabilities),
                base=base,
                modalities=modality_shares(variants, best, base=base),
                words=word_weights(variants, best) if in_detail else (),
                photo=None
                if photo is None
                else photo_map(variants, photo, best, limits=self._limits, scratch=Path(scratch)),
            )

    def _number(self, category: str) -> int:
        classes = self.decider.classes
        if category not in classes:
            close = difflib.get_close_matches(category, classes, n=1, cutoff=0.3)
            raise UsageError(
                "SP875",
                f"the model has no category `{category}`",
                where="--category",
                fix=f"give it whole; did you mean `{close[0]}`?"
                if close
                else "the report of the run lists them",
            )
        return classes.index(category)

    def _head_reason(self, head: str, confidence: float | None, product: ProductEmbeddings) -> str:
        """Say why a head answered."""
        settings = self.decider.settings
        lacking = [name for name in MODALITIES if not product.modality(name).present[0]]
        if not head:
            return "there is nothing to read"
        if head == "fused":
            return "image and text could both be read"
        if lacking and lacking != [head]:
            return f"there is no {lacking[0]} that could be read"
        if isinstance(settings, LabelSettings) or settings.mode == "fused" or confidence is None:
            return "it alone is the best on held-out products"
        if confidence >= settings.ask_next:
            return f"in the mode {settings.mode} it is asked first, and was sure enough"
        return f"in the mode {settings.mode} it was the most confident of those asked"

    def _main_photo(self, products: pa.Table) -> Path | None:
        listed: Sequence[str] = products["images"][0].as_py() or ()
        return image_on_disk(listed[0], self.answerer.config.catalog.remote) if listed else None

    def _share(self, number: int) -> float:
        """Share of a class among the reference rows; an equal share where none of them is of it."""
        if self.counts is None or not self.counts[number]:
            return 1 / len(self.decider.classes)
        return float(self.counts[number] / self.counts.sum())

    def _path(self, category: str, probabilities: np.ndarray) -> tuple[PathStep, ...]:
        """Sum the probabilities of everything at and below each category on the way; labels do not exclude each other."""
        if isinstance(self.decider, LabelDecider):
            return ()
        separator = self.decider.settings.separator
        parts = category.split(separator)
        steps = []
        for depth in range(1, len(parts) + 1):
            ancestor = separator.join(parts[:depth])
            below = [
                each == ancestor or each.startswith(ancestor + separator) for each in self.decider.classes
            ]
            steps.append(PathStep(ancestor, float(probabilities[below].sum())))
        return tuple(steps)

    @property
    def _limits(self) -> ImageLimits:
        section = self.answerer.config.extract
        return ImageLimits(section.max_image_megapixels, section.max_image_megabytes)


def explain_row(
    table: str,
    row: int,
    *,
    model: str | Path,
    mode: str | None = None,
    image_root: str | None = None,
    category: str | None = None,
) -> Explanation:
    """Explain the answer for a row of a product table.

    Args:
        table: The product table, in any format that is read.
        row: Position in it, from 0.
        model: A model folder.
        mode: Another mode than the model's own.
        image_root: Folder that image paths start from; None: the table's own.
        category: What to explain the probability of; None: the most probable category.

    Raises:
        UsageError: The table cannot be read as one, or has no such row (SP876), or the model no such category (SP875).
        ModelError: The model folder is missing, damaged or altered.
    """
    saved = load_model(model)
    update = {"path": table, "format": "auto", "image_root": image_root}
    catalog = saved.config.catalog.model_copy(update=update)
    batch = (
        next(stream_products(catalog, batch_rows=1, optional=LABEL_ROLES, first_row=row), None)
        if row >= 0
        else None
    )
    if batch is None or batch.num_rows == 0:
        raise UsageError(
            "SP876", f"the table has no row {row}", where=f"--row, {table}", fix="rows are counted from 0"
        )
    import pyarrow as pa

    with Answerer.open(saved, mode=mode) as answerer:
        return Explainer.of(answerer).explain(pa.Table.from_batches([batch]).slice(0, 1), category=category)
