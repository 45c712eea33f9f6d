"""The scores of the heads as a small table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from smartprod.evaluation.costs import CostSummary
from smartprod.evaluation.data import ReportData
from smartprod.evaluation.decisions import DecisionSummary
from smartprod.evaluation.hierarchy import TreeSummary
from smartprod.evaluation.metrics import HeadMetrics
from smartprod.evaluation.prediction_sets import set_line
from smartprod.evaluation.routing import mode_lines
from smartprod.evaluation.summary import Evaluation, evaluate


def score_lines(data: ReportData) -> list[str]:
    """Tell the scores of every head, and what share of the test rows is answered automatically."""
    return lines_of(data, evaluate(data))


def lines_of(data: ReportData, evaluation: Evaluation) -> list[str]:
    """The same from figures that are already there."""
    lines = []
    for part, table in (("test", evaluation.test), ("validation", evaluation.validation)):
        if any(scores.rows for scores in table.values()):
            lines += _table(part, table, chosen=data.chosen.name)
    if evaluation.sizes:
        lines += shot_lines(evaluation)
    lines.append(_curves_line(evaluation))
    lines += mode_lines(evaluation.modes)
    if data.sets:
        lines.append(set_line(data.sets))
    if evaluation.decisions:
        lines.append(decisions_line(evaluation.decisions))
    if evaluation.tree:
        lines += tree_lines(evaluation.tree, evaluation)
    if evaluation.costs:
        lines.append(costs_line(evaluation.costs))
    if data.macro_categories:
        found = data.macro_categories
        lines.append(
            f"macro-categories: {len(found.members)} classes in {len(found.groups)} groups that are alike"
        )
    return lines


def _table(part: str, table: Mapping[str, HeadMetrics], *, chosen: str) -> list[str]:
    width = max(10, *(len(name) + 2 for name in table))
    columns = ("rows", "accuracy", "top-5", "macro-F1", "weighted F1", "log loss", "calib. error")
    lines = [f"{part:<{width}}" + "".join(f"{name:>{len(name) + 3}}" for name in columns)]
    for name, scores in table.items():
        values = (
            f"{scores.rows:,}",
            *map(_score, (scores.accuracy, scores.top5, scores.macro_f1, scores.weighted_f1)),
            *map(_score, (scores.log_loss, scores.ece)),
        )
        mark = " *" if name == chosen else ""
        cells = "".join(f"{value:>{len(column) + 3}}" for value, column in zip(values, columns, strict=True))
        lines.append(f"{name + mark:<{width}}{cells}")
    return lines


def shot_lines(evaluation: Evaluation) -> list[str]:
    """The chosen head's scores by size of class, one line for each size that occurs."""
    return [
        f"{'by size of class' if number == 0 else '':<17} {group.name:<7}{group.meaning:>30}: "
        f"accuracy {_score(group.accuracy)}, macro-F1 {_score(group.macro_f1)}, "
        f"mean of classes top-1 {_score(group.top1)}, top-5 {_score(group.top5)} "
        f"({group.classes:,} classes, {group.rows:,} rows)"
        for number, group in enumerate(evaluation.sizes)
    ]


def _curves_line(evaluation: Evaluation) -> str:
    """The area under the risk-coverage curve of each head, and what of it a better order would save."""
    areas = ", ".join(
        f"{name} {curve.aurc:.4f} ({curve.e_aurc:.4f})" for name, curve in evaluation.curves.items()
    )
    return f"area under risk-coverage on the {evaluation.part} part (above a perfect order): {areas}"


def decisions_line(summary: DecisionSummary) -> str:
    """One sentence on what is answered automatically and how well."""
    return (
        f"answered automatically: {summary.answered_share:.1%} of {summary.rows:,} test rows, "
        f"{_percent(summary.answered_accuracy)} of them right; with a full category: "
        f"{summary.accepted_share:.1%}, {_percent(summary.accepted_accuracy)} right"
    )


def tree_lines(tree: TreeSummary, evaluation: Evaluation) -> list[str]:
    """How good the answers are in the category tree, level by level, and how deep they go."""
    scores = tree.heads[evaluation.head.name]
    levels = ", ".join(f"level {each.level} {_percent(each.accuracy)}" for each in evaluation.levels)
    lines = [
        f"category tree ({evaluation.head.name}): hierarchical F1 {_score(scores.f1)} (precision {_score(scores.precision)}, "
        f"recall {_score(scores.recall)}); right at {levels}"
    ]
    answers = tree.answers
    if answers and answers.backed_off_share:
        lines.append(
            f"backed off to an ancestor: {answers.backed_off_share:.1%} of the test rows, "
            f"{_percent(answers.backed_off_accuracy)} of them right; answers are {answers.answered_depth:.2f} of "
            f"{answers.true_depth:.2f} levels deep"
        )
    return lines


def costs_line(costs: CostSummary) -> str:
    """What the choice of least expected cost saves."""
    return (
        f"mean cost {_score(costs.cost_chosen)} by least expected cost, {_score(costs.cost_most_probable)} by the most "
        f"probable class; accuracy {_score(costs.accuracy_chosen)} and {_score(costs.accuracy_most_probable)}"
    )


def _score(value: float) -> str:
    return "-" if isnan(value) else f"{value:.3f}"


def _percent(value: float) -> str:
    return "-" if isnan(value) else f"{value:.1%}"
