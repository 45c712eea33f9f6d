"""What every mode would do with the test rows, from one pass over the heads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, get_args

import numpy as np

from smartprod.decision import Mode, combine, needed_embeddings
from smartprod.embeddings import extraction_manifest
from smartprod.evaluation.data import HeadPredictions
from smartprod.evaluation.routing import NO_HEAD, EncodingCosts, ModeAnswers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartprod.decision import Decider, HeadAnswers
    from smartprod.fusion import ProductEmbeddings
    from smartprod.pipeline import RunFolder

DECISION = "decision"


@dataclass(frozen=True, slots=True, eq=False)
class TestAnswers:
    """What the heads say about the test rows.

    Attributes:
        heads: By head, that of the words too where some mode asks it.
        modes: What each mode makes of it, the one in force first.
        together: Best guess of the mode in force for every row that it answers.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    heads: Mapping[str, HeadAnswers]
    modes: tuple[ModeAnswers, ...]
    together: HeadPredictions


def ask_all(
    decider: Decider,
    products: ProductEmbeddings,
    texts: Sequence[str | None],
    rows: np.ndarray,
    labels: np.ndarray,
) -> TestAnswers:
    """Ask every head once about the test rows, and combine the answers in every mode.

    Args:
        decider: The final one.
        products: Embeddings of the rows.
        texts: Their clean texts.
        rows: Positions in the input table, int64 [N].
        labels: True class indices, int64 [N]; below 0 where the category was not learned.
    """
    settings = decider.settings
    known = [mode for mode in get_args(Mode) if mode == settings.mode or mode in settings.other_modes]
    asking = "cheapest-first" if "cheapest-first" in known else settings.mode
    heads = replace(decider, settings=settings.for_mode(asking)).answers(products, texts)
    modes, together = [], None
    for mode in sorted(known, key=lambda each: each != settings.mode):
        own = settings.for_mode(mode)
        count, cheapest, ask_next = len(rows), own.cheapest, own.ask_next
        combined = combine(heads, count, mode=mode, cheapest=cheapest, ask_next=ask_next)
        needed = needed_embeddings(heads, count, mode=mode, cheapest=cheapest, ask_next=ask_next)
        answered = combined.answered
        guesses = np.full(count, -1, dtype=np.int64)
        guesses[answered] = combined.probabilities[answered].argmax(axis=1)
        right = answered & (guesses == labels)
        head = np.where(answered, combined.head, NO_HEAD)
        modes.append(ModeAnswers(mode, head, right, needed.image, needed.text))
        if together is None:
            together = HeadPredictions(
                DECISION, rows[answered], labels[answered], combined.probabilities[answered]
            )
    assert together is not None  # the mode in force is always known
    return TestAnswers(heads, tuple(modes), together)


def encoding_costs(products: ProductEmbeddings, run: RunFolder) -> EncodingCosts:
    """What there is to embed, and what it cost in this run's extraction where it computed anything."""
    manifest = extraction_manifest(run)
    metrics = {} if manifest is None else manifest.metrics

    def seconds(name: str) -> float:
        rate = float(metrics.get(f"{name}_per_second") or 0)
        return 1 / rate if rate > 0 and metrics.get(f"{name}_computed") else nan

    return EncodingCosts(products.image.present, products.text.present, seconds("images"), seconds("texts"))
