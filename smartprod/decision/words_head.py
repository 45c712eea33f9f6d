"""Learn the words head: fitted once per fold for held-out answers, and once on everything for use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.classifiers import HeldOutAnswers, WordsClassifier, fit_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartprod.fusion import LearningData


@dataclass(frozen=True, slots=True, eq=False)
class LearnedWords:
    """The words head and what it answered about rows that it had not seen."""

    classifier: WordsClassifier
    held_out: HeldOutAnswers


def learn_words(texts: Sequence[str | None], data: LearningData, *, seed: int) -> LearnedWords | None:
    """Fit the words head.

    Args:
        texts: Clean text of each learning row, None where it has none.
        data: The learning rows with folds.
        seed: Of every fit.

    Returns:
        None where some fold has no text to learn from or to hold out.
    """
    able = np.asarray([bool(text) for text in texts], dtype=bool)
    positions, answers = [], []
    for fold in data.folds:
        train, held = fold.train[able[fold.train]], fold.validation[able[fold.validation]]
        if len(train) == 0 or len(held) == 0:
            return None
        classifier = _fit(texts, train, data, seed)
        positions.append(held)
        answers.append(classifier.log_probabilities(_texts(texts, held)))
    found = np.concatenate(positions)
    order = np.argsort(found, kind="stable")
    found = found[order]
    held_out = HeldOutAnswers(found, data.rows[found], data.labels[found], np.concatenate(answers)[order])
    return LearnedWords(_fit(texts, np.flatnonzero(able), data, seed), held_out)


def _fit(texts: Sequence[str | None], rows: np.ndarray, data: LearningData, seed: int) -> WordsClassifier:
    return fit_words(_texts(texts, rows), data.labels[rows], classes=len(data.classes), seed=seed)


def _texts(texts: Sequence[str | None], rows: np.ndarray) -> list[str]:
    return [texts[row] or "" for row in rows.tolist()]
