"""Learn a decider from held-out answers: temperatures, thresholds and open-set detectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from smartprod.classifiers import HeadSet, HeldOutAnswers, apply_temperature, fit_temperature
from smartprod.decision.answers import CombinedAnswers, HeadAnswers, Mode, combine
from smartprod.decision.decider import Decider, DecisionSettings, ModeThresholds
from smartprod.decision.open_set import LearnedRejection, learn_rejection
from smartprod.decision.threshold import AcceptanceThreshold, learn_threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartprod.config.learning import DecideConfig
    from smartprod.fusion import LearningData

_FIRST_HEAD = {"fused": "fused", "image-then-text": "image"}


@dataclass(frozen=True, slots=True, eq=False)
class LearnedDecider:
    """A decider and what was found while it was learned.

    Attributes:
        decider: Ready to answer.
        accepted: The threshold of accepted answers.
        heads: The threshold that each head would need on its own, by head.
        rejection: Open-set detectors and thresholds.
        combined: The mode's answers for the held-out rows, in the order of `positions`.
        positions: Positions of the held-out rows among the learning rows, int64 [V].
    """

    decider: Decider
    accepted: AcceptanceThreshold
    heads: Mapping[str, AcceptanceThreshold]
    rejection: LearnedRejection
    combined: CombinedAnswers
    positions: np.ndarray


def learn_decider(
    head_set: HeadSet,
    held_out: Mapping[str, HeldOutAnswers],
    data: LearningData,
    *,
    config: DecideConfig,
    separator: str,
) -> LearnedDecider:
    """Learn temperatures, thresholds and detectors from answers about rows that the heads had not seen.

    Args:
        head_set: The final heads.
        held_out: Held-out answers of each head.
        data: The labelled products with folds.
        config: Mode, target and methods.
        separator: What separates the levels of a class path.
    """
    positions = data.validated()
    temperatures = {
        name: fit_temperature(each.log_probabilities, each.labels) for name, each in held_out.items()
    }
    answers = {
        name: HeadAnswers(
            np.searchsorted(positions, each.positions),
            np.exp(apply_temperature(each.log_probabilities, temperatures[name])),
        )
        for name, each in held_out.items()
    }
    labels = data.labels[positions]
    heads = {name: _threshold(each, labels[each.positions], config) for name, each in answers.items()}
    modes = {mode: _learn_mode(mode, answers, heads, labels, config) for mode in get_args(Mode)}
    combined, accepted, own = modes[config.mode]
    rejection = learn_rejection(answers, data, config.open_set)
    settings = DecisionSettings(
        mode=config.mode,
        cheapest=config.cheapest,
        temperatures=temperatures,
        accept=own.accept,
        ask_next=own.ask_next,
        other_modes={mode: learned[2] for mode, learned in modes.items() if mode != config.mode},
        back_off=config.back_off,
        open_set=config.open_set.method,
        open_set_thresholds=rejection.thresholds,
        separator=separator,
    )
    decider = Decider(head_set, settings, rejection.detectors)
    return LearnedDecider(decider, accepted, heads, rejection, combined, positions)


def _learn_mode(
    mode: Mode,
    answers: Mapping[str, HeadAnswers],
    heads: Mapping[str, AcceptanceThreshold],
    labels: np.ndarray,
    config: DecideConfig,
) -> tuple[CombinedAnswers, AcceptanceThreshold, ModeThresholds]:
    """Combine the heads' answers in one mode and learn from which confidence they are accepted."""
    first = _FIRST_HEAD.get(mode, config.cheapest)
    ask_next = heads[first].value if first in heads else 0.0
    combined = combine(answers, len(labels), mode=mode, cheapest=config.cheapest, ask_next=ask_next)
    rows = np.flatnonzero(combined.answered)
    accepted = _threshold(HeadAnswers(rows, combined.probabilities[rows]), labels[rows], config)
    accept = accepted.value if config.review_below is None else config.review_below
    return combined, accepted, ModeThresholds(accept, ask_next)


def _threshold(answers: HeadAnswers, labels: np.ndarray, config: DecideConfig) -> AcceptanceThreshold:
    return learn_threshold(
        answers.probabilities.max(axis=1, initial=0),
        answers.probabilities.argmax(axis=1) == labels,
        target=config.target_accuracy,
        confidence_level=config.confidence_level,
    )
