"""Explanations of rows of a run, whose model has no folder yet: its encoders are opened, and it is asked about each row again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.errors import EncoderError, ModelError
from smartprod.explanation.explainer import Explainer
from smartprod.explanation.kept import KeptExplanations
from smartprod.model import Answerer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from smartprod.explanation.similar import SimilarProducts
    from smartprod.model import SavedModel
    from smartprod.pipeline import TableFile


def ask_again(
    model: SavedModel,
    products: TableFile,
    asked: Sequence[tuple[int, str | None]],
    *,
    similar: SimilarProducts,
    counts: np.ndarray | None,
    advance: Callable[[], None],
) -> KeptExplanations:
    """Explain what a model answers for some rows.

    Args:
        model: The model of the run.
        products: The product table.
        asked: Positions in it, and of which category the probability is explained; None: of the most probable one.
        similar: The training products that the model shows.
        counts: Reference rows of each class, int64 [C]; None where the model keeps none.
        advance: Called after each.

    Returns:
        In the order of the rows. Nothing but the reason where an encoder cannot be opened: the report does without.
    """
    try:
        answerer = Answerer.open(model)
    except (EncoderError, ModelError) as error:
        return KeptExplanations(reason=f"No answer could be explained: {error.what}")
    explainer = Explainer(answerer, model.decider, similar, counts)
    explanations = []
    with answerer, products.open() as reader:
        for row, category in asked:
            explanations.append(explainer.explain(reader.read(row, 1), category=category))
            advance()
    return KeptExplanations(tuple(explanations))
