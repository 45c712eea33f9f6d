"""The figures on several labels as `metrics.json`, and as lines for the terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from smartprod.evaluation.metrics import none_for_nan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartprod.evaluation.label_sets.data import LabelEvaluation

SCHEMA_VERSION = 1
_SHOWN = 5


def label_metrics_document(
    evaluation: LabelEvaluation, *, run: str, leaderboard: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Write the figures as plain values for JSON; what cannot be known is null.

    Returns:
        Stable keys (a change raises `schema_version`): `schema_version`, `run`, `several_labels` (true), `part`, `scores`
        (fields of `LabelSetScores`, and `tree_f1`), `decisions` and `heads` (rows by name), `labels` (fields of `LabelCounts` with
        `precision`, `recall`, `f1`, the worst first), `leaderboard`.
    """
    labels = [
        {**asdict(each), "precision": each.precision, "recall": each.recall, "f1": each.f1}
        for each in evaluation.labels
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run,
        "several_labels": True,
        "part": evaluation.part,
        "scores": {
            name: none_for_nan(value)
            for name, value in {**asdict(evaluation.scores), "tree_f1": evaluation.tree_f1}.items()
        },
        "decisions": dict(evaluation.decisions),
        "heads": dict(evaluation.heads),
        "labels": [{name: none_for_nan(value) for name, value in line.items()} for line in labels],
        "leaderboard": list(leaderboard),
    }


def label_score_lines(evaluation: LabelEvaluation) -> list[str]:
    """Write the scores, and the labels that did worst, as lines to print."""
    scores = evaluation.scores
    lines = [
        f"{scores.rows:,} {evaluation.part} rows: mean F1 over labels {scores.macro_f1:.4f}, micro-F1 {scores.micro_f1:.4f}, "
        f"F1 of a row's set {scores.sample_f1:.4f}, whole set right {scores.exact:.1%}; "
        f"with the categories above the labels micro-F1 {evaluation.tree_f1:.4f}"
    ]
    if evaluation.decisions:
        told = ", ".join(f"{name} {count:,}" for name, count in evaluation.decisions.items())
        heads = ", ".join(f"{name} {count:,}" for name, count in evaluation.heads.items())
        lines.append(f"decision {told}; head {heads}")
    if scores.unknown:
        lines.append(
            f"{scores.unknown_rows:,} of these rows have one of {scores.unknown:,} labels that no training row had: counted as missed"
        )
    shown = [each for each in evaluation.labels if each.support][:_SHOWN]
    if shown:
        width = max(len(each.label) for each in shown)
        lines.append(
            f"  {'worst labels':{width}} {'rows':>5} {'given':>5} {'precision':>9} {'recall':>6} {'F1':>6}  given instead"
        )
    for each in shown:
        instead = ", ".join(f"{label} ({count})" for label, count in each.instead)
        lines.append(
            f"  {each.label:{width}} {each.support:5,} {each.hits + each.excess:5,} {each.precision:9.3f} {each.recall:6.3f} "
            f"{each.f1:6.3f}  {instead or '-'}"
        )
    return lines
