"""Why some products got a label or missed one, as a section of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.evaluation.label_sets.tiles import LabelTile, label_tiles
from smartprod.evaluation.page import PageSection
from smartprod.explanation import explanation_parts, explanation_style, told_contribution

if TYPE_CHECKING:
    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.evaluation.label_sets.data import LabelEvaluation
    from smartprod.explanation import Explanation, KeptExplanations


@dataclass(frozen=True, slots=True)
class ExplainedLabel:
    """One label of one product, explained.

    Attributes:
        tile: The product; `why` is the anchor.
        label: The label.
        given: Whether the product was given it.
        due: Whether the product has it.
        confidence: Its probability.
        contribution: What image and text add, in a sentence.
        parts: Everything else, as HTML.
    """

    tile: LabelTile
    label: str
    given: bool
    due: bool
    confidence: float
    contribution: str
    parts: str


@dataclass(frozen=True, slots=True)
class ExplainedLabels:
    """The labels that are explained.

    Attributes:
        answers: The most telling first.
        wrong: How many of them were wrongly given or missed.
        style: Style of their parts.
        reason: Why none could be explained, in a sentence; empty where some could.
    """

    answers: tuple[ExplainedLabel, ...]
    wrong: int
    style: str
    reason: str


def label_explanations_section(
    evaluation: LabelEvaluation, kept: KeptExplanations, *, products: pa.Table, config: Config
) -> PageSection | None:
    """Show the explanations; None where none were wanted.

    Args:
        evaluation: The figures.
        kept: What the stage `explain-labels` wrote.
        products: The product table.
        config: The configuration in force.
    """
    if not (kept.explanations or kept.reason):
        return None
    place = {row: position for position, row in enumerate(evaluation.rows.tolist())}
    rows = [each.row for each in kept.explanations]
    tiles = label_tiles(
        evaluation, [place[row] for row in rows], products=products, config=config, explained=rows
    )
    answers = tuple(
        _explained(evaluation, place[each.row], each, tile)
        for each, tile in zip(kept.explanations, tiles, strict=True)
    )
    content = ExplainedLabels(
        answers, sum(each.given != each.due for each in answers), explanation_style(), kept.reason
    )
    count = len(answers)
    title = f"Why: {count} {'label' if count == 1 else 'labels'} explained" if count else "Why"
    return PageSection("why", title, "label_explanations.html.j2", content, link="Why")


def _explained(
    evaluation: LabelEvaluation, place: int, explanation: Explanation, tile: LabelTile
) -> ExplainedLabel:
    label = str(explanation.explained)
    number = evaluation.answers.labels.index(label)
    return ExplainedLabel(
        tile,
        label,
        given=bool(evaluation.answers.given[place, number]),
        due=bool(evaluation.answers.targets[place, number]),
        confidence=explanation.confidence,
        contribution=told_contribution(explanation),
        parts=explanation_parts(explanation, truths=(*tile.right, *tile.missed)),
    )
