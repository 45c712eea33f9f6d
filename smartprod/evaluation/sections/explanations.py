"""Why some answers were given: what image and text add, words, photo and similar products, from the model itself."""

from __future__ import annotations

from dataclasses import dataclass

from smartprod.evaluation.data import ReportData
from smartprod.evaluation.examples import Tile, answered_tiles
from smartprod.evaluation.explained import shown_explanations
from smartprod.evaluation.page import PageSection
from smartprod.explanation import explanation_parts, explanation_style, told_contribution


@dataclass(frozen=True, slots=True)
class ExplainedAnswer:
    """One answer, explained.

    Attributes:
        tile: The product, its category and the answer; `why` is the anchor.
        contribution: What image and text add, in a sentence.
        parts: Everything else, as HTML.
    """

    tile: Tile
    contribution: str
    parts: str


@dataclass(frozen=True, slots=True)
class ExplainedAnswers:
    """The answers that are explained.

    Attributes:
        answers: The most telling first.
        wrong: How many of them are wrong.
        left_out: How many more were answered otherwise when they were asked about again.
        style: Style of their parts.
        reason: Why none could be explained, in a sentence; empty where some could.
    """

    answers: tuple[ExplainedAnswer, ...]
    wrong: int
    left_out: int
    style: str
    reason: str


def explanations_section(data: ReportData, names: tuple[str, ...]) -> PageSection | None:
    """Explain some answers; None where none were wanted.

    Args:
        data: Everything there is to tell.
        names: Short names of the classes.
    """
    explanations = shown_explanations(data)
    if data.together is None or not (data.explanations or data.unexplained):
        return None
    place = {row: position for position, row in enumerate(data.together.rows.tolist())}
    tiles = answered_tiles(data, data.together, [place[row] for row in explanations], names=names)
    truths = [data.classes[data.together.labels[place[row]]] for row in explanations]
    content = ExplainedAnswers(
        answers=tuple(
            ExplainedAnswer(tile, told_contribution(each), explanation_parts(each, truths=(truth,)))
            for tile, each, truth in zip(tiles, explanations.values(), truths, strict=True)
        ),
        wrong=sum(each.explained != truth for each, truth in zip(explanations.values(), truths, strict=True)),
        left_out=len(data.explanations) - len(explanations),
        style=explanation_style(),
        reason=data.unexplained,
    )
    count = len(content.answers)
    title = f"Why: {count} {'answer' if count == 1 else 'answers'} explained" if count else "Why"
    return PageSection("why", title, "explanations.html.j2", content, link="Why")
