"""What was answered wrongly: by confidence, the surest mistakes, and the most confused pairs with photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smartprod.evaluation.data import ReportData
from smartprod.evaluation.examples import PairExamples, Tile, mistake_tiles, pair_examples
from smartprod.evaluation.page import PageSection
from smartprod.evaluation.plots.canvas import Chart
from smartprod.evaluation.plots.certainty import error_chart
from smartprod.evaluation.summary import Evaluation

SUREST = 12
"""Mistakes shown that the head was surest of."""


@dataclass(frozen=True, slots=True)
class Mistakes:
    """The mistakes of the chosen head.

    Attributes:
        part, head: Which answers these are.
        wrong: How many are wrong.
        rows: Of how many.
        errors: Right and wrong answers by confidence; None without mistakes.
        surest: The mistakes it was surest of.
        pairs: The most confused pairs of categories.
    """

    part: str
    head: str
    wrong: int
    rows: int
    errors: Chart | None
    surest: tuple[Tile, ...]
    pairs: tuple[PairExamples, ...]


def mistakes_section(
    data: ReportData, evaluation: Evaluation, names: tuple[str, ...], *, pairs: int, tiles: int
) -> PageSection:
    """Show the mistakes.

    Args:
        data: Everything there is to tell.
        evaluation: Its figures.
        names: Short names of the classes.
        pairs: Confused pairs to show at most.
        tiles: Products to show of each direction of a pair.
    """
    head = evaluation.head
    right = np.asarray(head.predicted == head.labels)
    wrong = int((~right).sum())
    content = Mistakes(
        part=evaluation.part,
        head=head.name,
        wrong=wrong,
        rows=len(right),
        errors=error_chart(head.confidence, right) if wrong else None,
        surest=tuple(mistake_tiles(data, head, names=names, tiles=SUREST)),
        pairs=tuple(pair_examples(data, head, evaluation.pairs[:pairs], names=names, tiles=tiles)),
    )
    return PageSection("wrong", "What did it get wrong?", "mistakes.html.j2", content)
