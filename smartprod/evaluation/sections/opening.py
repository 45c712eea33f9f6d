"""The first screen: how good it is, how sure, and what it needs."""

from __future__ import annotations

from dataclasses import dataclass

from smartprod.evaluation.data import ReportData
from smartprod.evaluation.decisions import DecisionSummary
from smartprod.evaluation.metrics import HeadMetrics
from smartprod.evaluation.page import PageSection, percent
from smartprod.evaluation.summary import Evaluation, remarks
from smartprod.quality import FindingKind

NEEDS = 5
"""Advices that are shown at most."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that would make the model better.

    Attributes:
        text: What to do, and why.
        anchor: Where the page tells more.
    """

    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What anybody wants to know first.

    Attributes:
        part: The part that the figures are about.
        head: Name of the head.
        scores: Its scores.
        classes: Number of categories.
        decisions: Final answers, or None.
        target: Accuracy of accepted answers that was asked for.
        reason: Why this head.
        needs: What would make it better, most useful first.
        notes: Warnings.
    """

    part: str
    head: str
    scores: HeadMetrics
    classes: int
    decisions: DecisionSummary | None
    target: float
    reason: str
    needs: tuple[Advice, ...]
    notes: tuple[str, ...]


def opening_section(data: ReportData, evaluation: Evaluation, names: tuple[str, ...]) -> PageSection:
    """Say how good the chosen head is, how sure, and what it needs."""
    content = Opening(
        part=evaluation.part,
        head=evaluation.head.name,
        scores=evaluation.scores,
        classes=len(data.classes),
        decisions=evaluation.decisions,
        target=data.target_accuracy,
        reason=data.chosen.reason,
        needs=tuple(needs(data, evaluation, names)[:NEEDS]),
        notes=(*data.notes, *remarks(data, evaluation)),
    )
    return PageSection("good", "How good is it?", "opening.html.j2", content)


def needs(data: ReportData, evaluation: Evaluation, names: tuple[str, ...]) -> list[Advice]:
    """What would make the model better, most useful first."""
    return [
        *_labels_to_check(data),
        *_confusion(evaluation, names),
        *_small_classes(data),
        *_missing_modalities(data, evaluation),
        *_review(evaluation),
    ]


def _labels_to_check(data: ReportData) -> list[Advice]:
    doubtful = sum(finding.kind is FindingKind.WRONG_LABEL for finding in data.findings)
    if not doubtful:
        return []
    number = _number(doubtful, "likely wrong label")
    return [Advice(f"Check {number}: the model learned from {'it' if doubtful == 1 else 'them'}.", "look")]


def _confusion(evaluation: Evaluation, names: tuple[str, ...]) -> list[Advice]:
    mistakes = sum(pair.count for pair in evaluation.pairs)
    if not mistakes:
        return []
    pair = evaluation.pairs[0]
    if pair.count < 2:
        return []
    return [
        Advice(
            f"{pair.count} of {_number(mistakes, 'mistake')} are between {names[pair.first]} and {names[pair.second]}: "
            "more products of these, or one category instead of two.",
            "wrong",
        )
    ]


def _small_classes(data: ReportData) -> list[Advice]:
    few = data.shots.few
    small = int((data.train_counts < few).sum())
    if not small:
        return []
    verb = "has" if small == 1 else "have"
    return [
        Advice(
            f"{_number(small, 'category', 'categories')} {verb} fewer than {few} training products: label more of them.",
            "data",
        )
    ]


def _missing_modalities(data: ReportData, evaluation: Evaluation) -> list[Advice]:
    heads = {head.name: len(head.rows) for head in data.test}
    rows = evaluation.decisions.rows if evaluation.decisions else 0
    found = []
    for name, what in (("image", "photo"), ("text", "text")):
        lacking = rows - heads.get(name, rows)
        if lacking > 0:
            found.append(
                Advice(
                    f"{_number(lacking, 'test product')} of {rows:,} had no {what} that could be read: the fused head "
                    "cannot help them.",
                    "data",
                )
            )
    return found


def _review(evaluation: Evaluation) -> list[Advice]:
    decided = evaluation.decisions
    if decided is None or decided.answered_share >= 1:
        return []
    return [
        Advice(
            f"A person has to look at {percent(1 - decided.answered_share)} of the products; a lower "
            "decide.target_accuracy answers more of them and is wrong more often.",
            "sure",
        )
    ]


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
