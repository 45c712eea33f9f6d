"""The saved decider for several labels: settings as JSON and thresholds as arrays, beside the heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers import load_label_heads
from smartprod.decision.label_sets.decider import LabelDecider, LabelSettings
from smartprod.errors import ModelError
from smartprod.state import State, load_state, save_state

if TYPE_CHECKING:
    from pathlib import Path

_KIND = "label-thresholds"


def save_label_decision(settings: LabelSettings, folder: Path) -> None:
    """Write the thresholds; the heads are saved on their own."""
    plain = {"back_off": settings.back_off, "macro_f1": _plain(settings)}
    arrays = {name: np.asarray(each, dtype=np.float32) for name, each in settings.thresholds.items()}
    save_state(State(_KIND, plain, arrays), folder, _KIND)


def load_label_decider(decision: Path, heads: Path) -> LabelDecider:
    """Read a decider from the folder of its decision and the folder of its heads.

    Raises:
        ModelError: A file is missing or damaged (SP701, SP702, SP530), or one does not fit the other (SP681).
    """
    state, head_set = load_state(decision, _KIND), load_label_heads(heads)
    labels = len(head_set.tree.nodes)
    fits = set(state.arrays) == set(head_set.heads) and all(
        each.shape == (labels,) for each in state.arrays.values()
    )
    figures = state.settings.get("macro_f1")
    if not fits or not isinstance(figures, dict):
        raise ModelError(
            "SP681",
            f"the thresholds are not those of the {labels} labels and the heads {', '.join(head_set.heads)}",
            where=str(decision),
            fix="restore the folder from a copy, or train again",
        )
    scores = {name: float("nan") if value is None else float(value) for name, value in figures.items()}
    return LabelDecider(head_set, LabelSettings(state.arrays, bool(state.settings["back_off"]), scores))


def _plain(settings: LabelSettings) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else float(value) for name, value in settings.macro_f1.items()}
