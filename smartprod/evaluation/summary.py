"""Everything that is computed once from the predictions, for the report, `metrics.json` and the terminal alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from smartprod.errors import SmartprodError
from smartprod.evaluation.confusion import ConfusedPair, confused_pairs
from smartprod.evaluation.costs import CostSummary, summarise_costs
from smartprod.evaluation.coverage import CoverageCurve, coverage_curve
from smartprod.evaluation.data import HeadPredictions, ReportData
from smartprod.evaluation.decisions import DecisionSummary, summarise_decisions
from smartprod.evaluation.hierarchy import TreeSummary, summarise_tree
from smartprod.evaluation.metrics import HeadMetrics, head_metrics, wilson_interval
from smartprod.evaluation.per_class import (
    ClassScore,
    LevelScore,
    class_scores,
    level_scores,
)
from smartprod.evaluation.reliability import ReliabilityBin, reliability_bins
from smartprod.evaluation.routing import ModeSummary, summarise_modes
from smartprod.evaluation.shots import ShotGroupScore, shot_group_scores, with_sizes

SMALL_PART = 200
"""With fewer rows than this, differences of several points between heads mean little."""

ReportPart: TypeAlias = Literal["test", "validation"]


@dataclass(frozen=True, slots=True, eq=False)
class HeadCertainty:
    """How well one head knows when it is right.

    Attributes:
        bins: Non-empty bins of the reliability diagram.
        curve: Accuracy against coverage.
    """

    bins: list[ReliabilityBin]
    curve: CoverageCurve


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """All figures of one run.

    Attributes:
        part: The part that the details are about: `test`, or `validation` where no test row could be answered.
        head: The chosen head's predictions on that part, rows of learned classes only. Where the chosen head has
            none, the head that answered the most rows.
        test, validation: Scores of each head.
        certainty: Calibration and coverage of each head on `part`.
        levels: Scores of `head` by level of the category tree.
        classes: Scores of `head` by class, worst first.
        sizes: Scores of `head` by size of class.
        pairs: All pairs of classes that `head` takes for each other, most mistakes first.
        tree: Scores in the category tree; None where the categories are no paths.
        costs: What the answers of `head` cost; None where all errors cost alike.
        decisions: Final answers on the test part.
        modes: Who answers in each mode and what it saves, the mode in force first; empty without a test part.
        together: Coverage of what the heads answer together in the mode in force, on the test part; None without.
        unknown_rows: Rows of `part` whose true category was not learned; no head can be right about them.
    """

    part: ReportPart
    head: HeadPredictions
    test: Mapping[str, HeadMetrics]
    validation: Mapping[str, HeadMetrics]
    certainty: Mapping[str, HeadCertainty]
    levels: list[LevelScore]
    classes: list[ClassScore]
    sizes: list[ShotGroupScore]
    pairs: list[ConfusedPair]
    decisions: DecisionSummary | None
    tree: TreeSummary | None
    costs: CostSummary | None
    unknown_rows: int
    modes: tuple[ModeSummary, ...] = ()
    together: CoverageCurve | None = None

    @property
    def curves(self) -> dict[str, CoverageCurve]:
        """Accuracy against coverage by head, and of the `decision` that they make together."""
        curves = {name: certainty.curve for name, certainty in self.certainty.items()}
        return curves if self.together is None else {**curves, "decision": self.together}

    @property
    def scores(self) -> HeadMetrics:
        """Scores of `head` on `part`."""
        return (self.test if self.part == "test" else self.validation)[self.head.name]


def evaluate(data: ReportData) -> Evaluation:
    """Compute all figures of a run.

    Raises:
        SmartprodError: `SP656` when no head has predictions for any part.
    """
    part = _main_part(data)
    heads = data.test if part == "test" else data.validation
    whole = _main_head(heads, data.chosen.name)
    head = whole.learned()
    scores = with_sizes(class_scores(head, data.train_counts), data.shots)
    return Evaluation(
        part=part,
        head=head,
        test=_metrics(data.test),
        validation=_metrics(data.validation),
        certainty={entry.name: _certainty(entry.learned()) for entry in heads},
        levels=level_scores(head, data.classes, separator=data.separator),
        classes=scores,
        sizes=shot_group_scores(scores, data.shots),
        pairs=confused_pairs(head, limit=len(head.rows)),
        decisions=summarise_decisions(data.decisions, classes=data.classes, separator=data.separator)
        if data.decisions and len(data.decisions.rows)
        else None,
        tree=summarise_tree(heads, head, data.decisions, classes=data.classes, separator=data.separator),
        costs=None if data.costs is None else summarise_costs(head, data.costs),
        unknown_rows=len(whole.rows) - len(head.rows),
        modes=summarise_modes(data.modes, data.encoding) if data.modes and data.encoding else (),
        together=_together(data) if part == "test" else None,
    )


def _main_part(data: ReportData) -> ReportPart:
    if any(len(head.learned().rows) for head in data.test):
        return "test"
    return "validation" if data.validation or not data.test else "test"


def _main_head(heads: tuple[HeadPredictions, ...], chosen: str) -> HeadPredictions:
    if not heads:
        raise SmartprodError(
            "SP656",
            "no head has predictions on the validation or test part, so there is nothing to report",
            fix="hand over at least one head in ReportData.test or ReportData.validation",
        )
    return next(
        (head for head in heads if head.name == chosen and len(head.learned().rows)),
        max(heads, key=lambda head: len(head.learned().rows)),
    )


def _metrics(heads: tuple[HeadPredictions, ...]) -> dict[str, HeadMetrics]:
    known = (head.learned() for head in heads)
    return {head.name: head_metrics(head.labels, head.probabilities) for head in known}


def _together(data: ReportData) -> CoverageCurve | None:
    if data.together is None:
        return None
    known = data.together.learned()
    return coverage_curve(known.confidence, np.asarray(known.predicted == known.labels))


def _certainty(head: HeadPredictions) -> HeadCertainty:
    correct = np.asarray(head.predicted == head.labels)
    return HeadCertainty(reliability_bins(head.confidence, correct), coverage_curve(head.confidence, correct))


def short_names(classes: tuple[str, ...], *, separator: str) -> tuple[str, ...]:
    """The last level of each category path, with its parent where the last level alone is ambiguous."""
    paths = [name.split(separator) for name in classes]
    often = Counter(path[-1] for path in paths)
    return tuple(path[-1] if often[path[-1]] == 1 else separator.join(path[-2:]) for path in paths)


def remarks(data: ReportData, evaluation: Evaluation) -> list[str]:
    """What a reader should know before trusting the figures."""
    found = []
    rows = evaluation.scores.rows
    if evaluation.part == "validation":
        found.append(
            "There is no test part: all figures are from the validation part, on which choices were made, "
            "and flatter the model."
        )
    if rows < SMALL_PART:
        found.append(
            f"Only {_rows(rows, evaluation.part)}: differences of a few points between heads may be chance."
        )
    if evaluation.head.name != data.chosen.name:
        found.append(
            f"The chosen head '{data.chosen.name}' has no rows in the {evaluation.part} part; details are about "
            f"'{evaluation.head.name}'."
        )
    untested = sum(score.rows == 0 for score in evaluation.classes)
    if untested:
        found.append(
            f"{untested} of {len(data.classes)} categories have no {evaluation.part} rows: nothing is known about them."
        )
    if evaluation.unknown_rows:
        found.append(
            f"{_rows(evaluation.unknown_rows, evaluation.part)} of categories that were not learned: counted in the "
            "decisions, not in the scores of the heads."
        )
    return found + _missed_target(data, evaluation) + _better_heads(evaluation)


def _rows(count: int, part: str) -> str:
    return f"{count:,} {part} row" + ("" if count == 1 else "s")


def _missed_target(data: ReportData, evaluation: Evaluation) -> list[str]:
    """Say so when the accepted answers are worse than asked for by more than chance explains."""
    summary = evaluation.decisions
    if summary is None:
        return []
    accepted = round(summary.accepted_share * summary.rows)
    if not accepted:
        return [
            "No answer is accepted at the thresholds in force: every product goes to a person or backs off."
        ]
    _, high = wilson_interval(round(summary.accepted_accuracy * accepted), accepted)
    if high >= data.target_accuracy:
        return []
    return [
        f"Of the {accepted:,} accepted answers {100 * summary.accepted_accuracy:.1f} % are right, less than the "
        f"target of {100 * data.target_accuracy:.0f} %: do not rely on the thresholds before you know why."
    ]


def _better_heads(evaluation: Evaluation) -> list[str]:
    if evaluation.part != "test":
        return []
    own = evaluation.scores
    return [
        f"On the test part the {name} head has a higher macro-F1 ({scores.macro_f1:.3f}) than the chosen "
        f"{evaluation.head.name} head ({own.macro_f1:.3f}); heads are chosen on the validation part only."
        for name, scores in evaluation.test.items()
        if scores.rows == own.rows and scores.macro_f1 > own.macro_f1
    ]
