"""Explanations of test products in a run, before there is a model folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from smartprod.embeddings import EmbeddingStore, ImageLimits, store_folder
from smartprod.explanation.asking import ask_again
from smartprod.explanation.choice import telling_answers
from smartprod.explanation.similar import SimilarProducts
from smartprod.fusion import load_products
from smartprod.model import ShownProduct, gather_shown, model_of_run, reference_of_run
from smartprod.pipeline import cpu_count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from smartprod.config import Config
    from smartprod.decision import Decider
    from smartprod.explanation.explanation import Explanation
    from smartprod.explanation.kept import KeptExplanations
    from smartprod.model import ShownReference
    from smartprod.pipeline import RunFolder, TableFile

_BATCH_ROWS = 65_536


@dataclass(frozen=True, eq=False)
class TestedProducts:
    """What a run has when its model is decided: the products, the heads, and what they are embedded with."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    products: TableFile
    clean_text: TableFile
    index: pa.Table
    split: pa.Table
    heads: Path
    decider: Decider
    config: Config
    run: RunFolder

    @cached_property
    def labels(self) -> list[str | None]:
        """Category of every row; None without one."""
        return self.split["label"].to_pylist()

    def class_indices(self, rows: Sequence[int]) -> np.ndarray:
        """Class index of some rows, int64; -1 where the category was not learned."""
        place = {name: number for number, name in enumerate(self.decider.classes)}
        return np.asarray([place.get(self.labels[row] or "", -1) for row in rows], dtype=np.int64)


def telling_rows(tested: TestedProducts, *, count: int) -> list[int]:
    """Answer the test part, and choose the rows whose explanation tells most about the model, the most telling first."""
    tests = np.flatnonzero(np.asarray(tested.split["part"].to_pylist(), dtype=object) == "test")
    if not count or not len(tests):
        return []
    texts = None
    if tested.decider.asks_words:
        column = pa.Table.from_batches(tested.clean_text.batches(_BATCH_ROWS, columns=["text"]))["text"]
        texts = column.take(tests).to_pylist()
    store = EmbeddingStore(store_folder(tested.config))
    answers = tested.decider.combine(load_products(tested.index, tests, store), texts)
    chosen = telling_answers(answers.probabilities, tested.class_indices(tests.tolist()), count=count)
    return tests[chosen].tolist()


def explain_rows(
    tested: TestedProducts, rows: Sequence[int], *, advance: Callable[[], None]
) -> KeptExplanations:
    """Explain the answers for some rows.

    Args:
        tested: The run.
        rows: Positions in the product table.
        advance: Called after each.

    Returns:
        In the order of the rows. Nothing but the reason where an encoder cannot be opened: the report does without.
    """
    reference = reference_of_run(tested.heads, tested.index, tested.labels, tested.config)
    kept = ask_again(
        model_of_run(tested.decider, tested.index, tested.config, tested.run),
        tested.products,
        [(row, None) for row in rows],
        similar=SimilarProducts(reference),
        counts=_counts(tested, reference),
        advance=advance,
    )
    return replace(kept, explanations=tuple(_with_photos(tested, kept.explanations)))


def _counts(tested: TestedProducts, reference: ShownReference) -> np.ndarray:
    labels = tested.class_indices([each.row for each in reference.shown])
    return np.bincount(labels[labels >= 0], minlength=len(tested.decider.classes))


def _with_photos(tested: TestedProducts, explanations: Sequence[Explanation]) -> list[Explanation]:
    """Fetch ids, titles and photos of the similar products, of which only the rows were known so far."""
    rows = sorted({similar.product.row for each in explanations for similar in each.similar or ()})
    section = tested.config.extract
    table = gather_shown(
        tested.products,
        np.asarray(rows),
        limits=ImageLimits(section.max_image_megapixels, section.max_image_megabytes),
        threads=tested.config.run.threads or cpu_count(),
    )
    shown = {record["row"]: ShownProduct(**record) for record in table.to_pylist()}
    return [
        replace(
            each,
            similar=tuple(
                replace(similar, product=shown[similar.product.row]) for similar in each.similar or ()
            ),
        )
        for each in explanations
    ]
