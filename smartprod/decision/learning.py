"""Learn a decider from held-out answers: calibration, thresholds and open-set detectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

import numpy as np

from smartprod.classifiers import WORDS, HeadSet, HeldOutAnswers
from smartprod.decision.answers import CombinedAnswers, HeadAnswers, Mode, combine
from smartprod.decision.back_off import learn_back_off
from smartprod.decision.calibration import CalibratedAnswers, cross_fit_folds, learn_calibration
from smartprod.decision.cascade import Cascade, learn_cascade
from smartprod.decision.costs import choose_classes, read_costs
from smartprod.decision.decider import Decider
from smartprod.decision.hierarchy import Hierarchy
from smartprod.decision.open_set import LearnedRejection, learn_rejection
from smartprod.decision.prediction_sets import learn_set_threshold
from smartprod.decision.settings import DecisionSettings, ModeThresholds
from smartprod.decision.threshold import AcceptanceThreshold, learn_threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartprod.config.learning import DecideConfig
    from smartprod.decision.words_head import LearnedWords
    from smartprod.fusion import LearningData


@dataclass(frozen=True, slots=True, eq=False)
class LearnedDecider:
    """A decider and what was found while it was learned.

    Attributes:
        decider: Ready to answer.
        accepted: The threshold of accepted answers.
        backed_off: The threshold of answers that back off, learned from the rows that are not accepted.
        calibrations: How each head was calibrated, by head.
        heads: The threshold that each head would need on its own, by head.
        rejection: Open-set detectors and thresholds.
        combined: The mode's answers for the held-out rows, in the order of `positions`.
        positions: Positions of the held-out rows among the learning rows, int64 [V].
        cascade: Who answers first in the mode `cheapest-first`.
    """

    decider: Decider
    accepted: AcceptanceThreshold
    backed_off: AcceptanceThreshold
    calibrations: Mapping[str, CalibratedAnswers]
    heads: Mapping[str, AcceptanceThreshold]
    rejection: LearnedRejection
    combined: CombinedAnswers
    positions: np.ndarray
    cascade: Cascade


@dataclass(frozen=True, slots=True, eq=False)
class _LearnedMode:
    """What one mode answers for the held-out rows, and its thresholds."""

    combined: CombinedAnswers
    accepted: AcceptanceThreshold
    backed_off: AcceptanceThreshold
    thresholds: ModeThresholds


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """The tree of the classes, and what taking one for another costs, float32 [C, C] (None: all errors alike)."""

    hierarchy: Hierarchy
    costs: np.ndarray | None


@dataclass(frozen=True, slots=True, eq=False)
class FirstHeads:
    """What may answer first in the mode `cheapest-first`.

    Attributes:
        words: The words head; None where no text can be learned from.
        seconds: Seconds per row of each modality's encoders: `image`, `text`.
    """

    words: LearnedWords | None = None
    seconds: Mapping[str, float] = field(default_factory=lambda: {"image": 1.0, "text": 1.0})


def learn_decider(
    head_set: HeadSet,
    held_out: Mapping[str, HeldOutAnswers],
    data: LearningData,
    *,
    config: DecideConfig,
    separator: str,
    may_be_first: FirstHeads | None = None,
) -> LearnedDecider:
    """Learn calibration, thresholds and detectors from answers about rows that the heads had not seen.

    Args:
        head_set: The final heads.
        held_out: Held-out answers of each head.
        data: The labelled products with folds.
        config: Mode, target and methods.
        separator: What separates the levels of a class path.
        may_be_first: What may answer first in the mode `cheapest-first`; by default image and text, equally dear.

    Raises:
        UsageError: The table of costs cannot be used (SP670 to SP672).
    """
    may_be_first = may_be_first or FirstHeads()
    positions = data.validated()
    words = may_be_first.words
    asked = dict(held_out) if words is None else {**held_out, WORDS: words.held_out}
    calibrations = _calibrate(asked, data, config)
    answers = {
        name: HeadAnswers(
            np.searchsorted(positions, each.positions), np.exp(calibrations[name].log_probabilities)
        )
        for name, each in asked.items()
    }
    labels = data.labels[positions]
    heads = {name: _threshold(each, labels[each.positions], config) for name, each in answers.items()}
    cascade = learn_cascade(
        answers,
        labels,
        firsts=_firsts(config, words),
        seconds=may_be_first.seconds,
        allowed=config.cheapest_may_lose,
        confidence_level=config.confidence_level,
    )
    costs = None if config.costs is None else read_costs(config.costs, head_set.classes)
    tree = _Tree(
        Hierarchy(head_set.classes, separator),
        None if costs is None else costs.matrix(head_set.classes, separator=separator),
    )
    modes = {
        mode: _learn_mode(mode, answers, heads, labels, cascade, config, tree) for mode in get_args(Mode)
    }
    own = modes[config.mode]
    rejection = learn_rejection({name: answers[name] for name in held_out}, data, config.open_set)
    settings = DecisionSettings(
        mode=config.mode,
        cheapest=cascade.first,
        accept=own.thresholds.accept,
        ask_next=own.thresholds.ask_next,
        back_off_from=own.thresholds.back_off_from,
        costs=costs,
        least_in_set=own.thresholds.least_in_set,
        other_modes={mode: learned.thresholds for mode, learned in modes.items() if mode != config.mode},
        back_off=config.back_off,
        open_set=config.open_set.method,
        open_set_thresholds=rejection.thresholds,
        separator=separator,
    )
    decider = Decider(
        head_set,
        settings,
        rejection.detectors,
        words.classifier if words is not None and cascade.first == WORDS else None,
        {name: each.calibrator for name, each in calibrations.items()},
    )
    return LearnedDecider(
        decider,
        own.accepted,
        own.backed_off,
        calibrations,
        heads,
        rejection,
        own.combined,
        positions,
        cascade,
    )


def _calibrate(
    asked: Mapping[str, HeldOutAnswers], data: LearningData, config: DecideConfig
) -> dict[str, CalibratedAnswers]:
    """Calibrate each head on its held-out rows, fold by fold.

    Without folds nobody knows which rows belong together, and random ones would let a class's own photos vouch for its
    bias: `auto` is then temperature scaling.
    """
    choice = "temperature" if config.calibration == "auto" and len(data.folds) == 1 else config.calibration
    fold_of_row = np.zeros(len(data.rows), dtype=np.int64)
    for number, fold in enumerate(data.folds):
        fold_of_row[fold.validation] = number
    return {
        name: learn_calibration(
            each.log_probabilities,
            each.labels,
            cross_fit_folds(fold_of_row[each.positions]),
            choice=choice,
        )
        for name, each in asked.items()
    }


def _firsts(config: DecideConfig, words: LearnedWords | None) -> tuple[str, ...]:
    """The heads that may answer first, as the configuration allows and the products can."""
    if config.cheapest == "auto":
        return ("text", "image") if words is None else (WORDS, "text", "image")
    return ("text",) if config.cheapest == WORDS and words is None else (config.cheapest,)


def _learn_mode(
    mode: Mode,
    answers: Mapping[str, HeadAnswers],
    heads: Mapping[str, AcceptanceThreshold],
    labels: np.ndarray,
    cascade: Cascade,
    config: DecideConfig,
    tree: _Tree,
) -> _LearnedMode:
    """Combine the heads' answers in one mode and learn from which confidence they are accepted, or back off."""
    if mode == "cheapest-first":
        ask_next = cascade.ask_next
    else:
        ask_next = heads["image"].value if mode == "image-then-text" and "image" in heads else 0.0
    combined = combine(answers, len(labels), mode=mode, cheapest=cascade.first, ask_next=ask_next)
    rows = np.flatnonzero(combined.answered)
    probabilities = combined.probabilities[rows]
    accepted = _threshold(HeadAnswers(rows, probabilities), labels[rows], config, tree.costs)
    accept = accepted.value if config.review_below is None else config.review_below
    chosen = choose_classes(probabilities, tree.costs)
    unsure = probabilities[np.arange(len(rows)), chosen] < accept
    backed_off = learn_back_off(
        tree.hierarchy,
        probabilities[unsure],
        labels[rows[unsure]],
        target=config.target_accuracy,
        confidence_level=config.confidence_level,
        otherwise=accept,
    )
    enough = backed_off.value if config.review_below is None else config.review_below
    least = None
    if config.prediction_sets is not None:
        least = learn_set_threshold(probabilities, labels[rows], coverage=config.prediction_sets)
    return _LearnedMode(combined, accepted, backed_off, ModeThresholds(accept, ask_next, enough, least))


def _threshold(
    answers: HeadAnswers, labels: np.ndarray, config: DecideConfig, costs: np.ndarray | None = None
) -> AcceptanceThreshold:
    chosen = choose_classes(answers.probabilities, costs)
    return learn_threshold(
        answers.probabilities[np.arange(len(chosen)), chosen],
        chosen == labels,
        target=config.target_accuracy,
        confidence_level=config.confidence_level,
    )
