"""The words head: a linear classifier on the words of a text, without an encoder, to answer the easy rows cheaply.

Words and pairs of words are hashed (Weinberger et al., 2009), each counts once, and a linear support vector machine for
each class against the rest (LIBLINEAR; Fan et al., 2008) tells the classes apart. It needs about 0.2 ms per row.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from smartprod.classifiers.base import log_softmax, spread_over_classes
from smartprod.state import State

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = "words"
"""Name of the words head among the others."""
_FEATURES = 1 << 16
_PENALTY = 1.0
_MOST_ROWS = 20_000
_ROWS_AT_A_TIME = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class WordsClassifier:
    """A fitted words head.

    Attributes:
        weight: float16 [65536, P] for the P classes that had training rows.
        bias: float32 [P].
        present: Their class indices, int64 [P].
        classes: Number of all classes.
    """

    weight: np.ndarray
    bias: np.ndarray
    present: np.ndarray
    classes: int
    kind: ClassVar[str] = "words"

    def log_probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Classify N texts into log-probabilities before calibration, float32 [N, C]."""
        weight = self.weight.astype(np.float32)
        pieces = [np.zeros((0, len(self.present)), dtype=np.float32)]
        for start in range(0, len(texts), _ROWS_AT_A_TIME):
            pieces.append(_features(texts[start : start + _ROWS_AT_A_TIME]) @ weight + self.bias)
        return spread_over_classes(log_softmax(np.concatenate(pieces)), self.present, self.classes)

    def state(self) -> State:
        """The fitted state."""
        arrays = {"weight": self.weight, "bias": self.bias, "present": self.present}
        return State(self.kind, {"classes": self.classes}, arrays)

    @classmethod
    def from_state(cls, state: State) -> WordsClassifier:
        """Build it again from its state."""
        arrays = state.arrays
        return cls(arrays["weight"], arrays["bias"], arrays["present"], int(str(state.settings["classes"])))


def fit_words(texts: Sequence[str], labels: np.ndarray, *, classes: int, seed: int) -> WordsClassifier:
    """Fit on texts with class indices, int64 [N]; of more than 20,000 rows that many are drawn.

    Args:
        texts: N texts.
        labels: Their classes.
        classes: Number of all classes C.
        seed: Of the drawing and of the solver.
    """
    from sklearn.svm import LinearSVC

    rows = np.arange(len(texts))
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST_ROWS, replace=False))
    present = np.unique(labels[rows])
    if len(present) == 1:
        return WordsClassifier(
            np.zeros((_FEATURES, 1), np.float16), np.zeros(1, np.float32), present, classes
        )
    model = LinearSVC(C=_PENALTY, random_state=seed)
    with warnings.catch_warnings():
        # Many classes of one row are no news.
        warnings.filterwarnings("ignore", message="The number of unique classes", category=UserWarning)
        model.fit(_features([texts[row] for row in rows.tolist()]), labels[rows])
    weight, bias = model.coef_, model.intercept_
    if len(present) == 2:  # scikit-learn keeps one line for two classes
        weight, bias = np.vstack([-weight, weight]), np.concatenate([-bias, bias])
    return WordsClassifier(
        np.ascontiguousarray(weight.T, dtype=np.float16), bias.astype(np.float32), present, classes
    )


def _features(texts: Sequence[str]) -> Any:
    """Hash words and pairs of words: sparse float32 [N, 65536], each row of length 1."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        ngram_range=(1, 2),
        n_features=_FEATURES,
        alternate_sign=False,
        binary=True,
        norm="l2",
        dtype=np.float32,
    )
    return vectorizer.transform(texts)
