"""The model folder for several labels, and its card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartprod.classifiers import save_label_heads
from smartprod.decision import save_label_decision
from smartprod.model.card import encoder_lines, usage_lines
from smartprod.model.saving import DECISION_FOLDER, HEADS_FOLDER, LABELS_FOLDER, new_record, seal_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from smartprod.config import Config
    from smartprod.decision import LabelDecider
    from smartprod.embeddings import EncoderRecord
    from smartprod.model.record import ModelRecord


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """What the card tells about the training of a model for several labels.

    Attributes:
        rows: Labelled rows that the heads were fitted on.
        part: What the next two were measured on: `test`, or `validation` where there is no test part.
        measured: How many rows that part has.
        macro_f1: Mean F1 over labels; NaN where not known.
        exact: Share of the rows whose whole set of labels was right.
    """

    rows: int
    part: str
    measured: int
    macro_f1: float
    exact: float


def save_label_model(
    folder: Path,
    *,
    decider: LabelDecider,
    encoders: Sequence[EncoderRecord],
    config: Config,
    figures: LabelFigures,
) -> ModelRecord:
    """Write a model folder that verifies itself; arguments and result as in `save_model`."""
    labels = folder / LABELS_FOLDER
    for name in (HEADS_FOLDER, DECISION_FOLDER):
        (labels / name).mkdir(parents=True)
    save_label_heads(decider.head_set, labels / HEADS_FOLDER)
    save_label_decision(decider.settings, labels / DECISION_FOLDER)
    record = new_record(config, encoders, classes=len(decider.classes))
    seal_model(folder, record, "\n".join(_card(record, decider, figures)) + "\n")
    return record


def _card(record: ModelRecord, decider: LabelDecider, figures: LabelFigures) -> Iterator[str]:
    yield f"# Product classifier `{record.run}`: several labels per product"
    yield ""
    yield (
        f"Saved by smartprod {record.smartprod}. It gives each product any number of {record.classes:,} "
        f"labels (`{LABELS_FOLDER}/{HEADS_FOLDER}/label_heads.json` lists them)."
    )
    yield from ("", "## Training", "", f"Fitted on {figures.rows:,} labelled products. Heads:", "")
    for name, head in decider.head_set.heads.items():
        yield (
            f"- {name}: {' + '.join(member.name for member in head.members)}; mean F1 over labels "
            f"{decider.settings.macro_f1.get(name, float('nan')):.3f} on held-out rows"
        )
    yield ""
    yield (
        f"As it answers, on {figures.measured:,} {figures.part} rows: mean F1 over labels {figures.macro_f1:.3f}, whole set right "
        f"{figures.exact:.1%}."
    )
    yield from ("", "## Decisions", "")
    yield (
        "- Each label has a threshold of its own, learned for its F1 on held-out rows. What is above a given label is given too."
    )
    yield "- A product none of whose labels is sure enough goes to review. No accuracy is promised."
    yield "- Products of an unknown category are not told apart: there is no open-set rejection."
    yield from ("", *encoder_lines(record), "", *usage_lines(record)[:-1])
