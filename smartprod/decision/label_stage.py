"""The stage `decide-labels`: from which probability each label is given, learned from held-out answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartprod.config import check_several_labels
from smartprod.pipeline import StageContext, stage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smartprod.decision.label_sets import LearnedThresholds


@stage(
    "decide-labels",
    reads=["label_heads"],
    writes=["label_decision"],
    config=["decide.back_off"],
    packages=["smartprod.fusion", "smartprod.classifiers", "smartprod.state"],
    check=check_several_labels,
)
def decide_labels(context: StageContext, label_heads: Path) -> dict[str, object]:
    """Learn the threshold of every label that makes its F1 highest on held-out answers."""
    from smartprod.classifiers import load_held_out_labels, load_label_heads
    from smartprod.decision.label_sets import LabelSettings, learn_thresholds, save_label_decision

    answers = load_held_out_labels(label_heads)
    counted = load_label_heads(label_heads).tree.carried
    learned = {
        name: learn_thresholds(each.probabilities, each.targets, each.folds, counted=counted)
        for name, each in answers.items()
    }
    settings = LabelSettings(
        {name: each.values for name, each in learned.items()},
        context.config.decide.back_off,
        {name: each.macro_f1 for name, each in learned.items()},
    )
    folder = context.folder("label_decision")
    save_label_decision(settings, folder)
    rows = max((len(each.rows) for each in answers.values()), default=0)
    context.rows(rows, rows)
    _tell(context, learned)
    return {"label_decision": folder}


def _tell(context: StageContext, learned: Mapping[str, LearnedThresholds]) -> None:
    for name, each in learned.items():
        context.say(
            f"{name:6} mean F1 over labels {each.macro_f1:.4f} on held-out rows (at 0.5: {each.at_half:.4f}); "
            f"{_kind_of_thresholds(each)}"
        )
        context.metric(f"{name}_macro_f1", each.macro_f1)
    context.say(
        "an answer is the set of labels above their thresholds; there is no target accuracy, open set or other mode here"
    )


def _kind_of_thresholds(learned: LearnedThresholds) -> str:
    if learned.prior_rows == float("inf"):
        return f"one threshold for all labels, {learned.common:.2f}"
    if learned.prior_rows == 0:
        return "each label has its own threshold"
    return f"each label's own threshold, drawn towards {learned.common:.2f} where it has few rows (half-way at {learned.prior_rows:g})"
