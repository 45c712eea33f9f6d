"""Learn a decider from held-out answers: temperatures, thresholds and open-set detectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from smartprod.classifiers import HeadSet, HeldOutAnswers, apply_temperature, fit_temperature
from smartprod.decision.answers import CombinedAnswers, HeadAnswers, Mode, combine
from smartprod.decision.decider import Decider, DecisionSettings, ModeThresholds
from smartprod.decision.open_set import RelativeMahalanobis, fit_relative_mahalanobis, open_set_embedding
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
        combined: The mode's answers for the held-out rows, in the order of `positions`.
        positions: Positions of the held-out rows among the learning rows, int64 [V].
    """

    decider: Decider
    accepted: AcceptanceThreshold
    heads: Mapping[str, AcceptanceThreshold]
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
    settings = DecisionSettings(
        mode=config.mode,
        cheapest=config.cheapest,
        temperatures=temperatures,
        accept=own.accept,
        ask_next=own.ask_next,
        other_modes={mode: learned[2] for mode, learned in modes.items() if mode != config.mode},
        back_off=config.back_off,
        open_set=config.open_set.method,
        open_set_thresholds=_open_set_thresholds(answers, data, config),
        separator=separator,
    )
    detectors = _fit_detectors(tuple(answers), data) if config.open_set.method == "rmds" else {}
    return LearnedDecider(Decider(head_set, settings, detectors), accepted, heads, combined, positions)


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


def _fit_detectors(heads: tuple[str, ...], data: LearningData) -> dict[str, RelativeMahalanobis]:
    detectors = {}
    for name in heads:
        rows = np.flatnonzero(_answerable(data, name))
        detectors[name] = fit_relative_mahalanobis(
            open_set_embedding(data.products.take(rows), name), data.labels[rows]
        )
    return detectors


def _open_set_thresholds(
    answers: Mapping[str, HeadAnswers], data: LearningData, config: DecideConfig
) -> dict[str, float]:
    """The score that the stated fraction of held-out known products exceeds, by head.

    Scores of training rows would flatter: each fold's detector scores rows that it was not fitted on.
    """
    method, quantile = config.open_set.method, 1 - config.open_set.false_rejection_rate
    if method == "none":
        return {}
    if method == "max_softmax":
        return {
            name: float(np.quantile(-each.probabilities.max(axis=1), quantile))
            for name, each in answers.items()
            if len(each.positions)
        }
    thresholds = {}
    for name in answers:
        able = _answerable(data, name)
        scores = []
        for fold in data.folds:
            train, held = fold.train[able[fold.train]], fold.validation[able[fold.validation]]
            if len(train) < 2 or len(held) == 0:
                continue
            detector = fit_relative_mahalanobis(
                open_set_embedding(data.products.take(train), name), data.labels[train]
            )
            scores.append(detector.score(open_set_embedding(data.products.take(held), name)))
        if scores:
            thresholds[name] = float(np.quantile(np.concatenate(scores), quantile))
    return thresholds


def _answerable(data: LearningData, head: str) -> np.ndarray:
    return data.products.having(
        ("image", "text") if head == "fused" else (("image",) if head == "image" else ("text",))
    )
