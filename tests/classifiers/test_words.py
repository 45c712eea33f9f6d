from __future__ import annotations

import numpy as np
import pytest

from smartprod.classifiers import WordsClassifier, fit_words
from smartprod.state import load_state, save_state

TEXTS = [f"{word} number {row}" for word in ("mug", "lamp", "shoe") for row in range(12)]
LABELS = np.repeat([0, 2, 3], 12)


@pytest.fixture(scope="module")
def fitted() -> WordsClassifier:
    return fit_words(TEXTS, LABELS, classes=4, seed=0)


def test_words_tell_classes_apart_and_give_the_absent_one_next_to_nothing(fitted):
    logs = fitted.log_probabilities(["a red mug", "table lamp", "running shoe"])
    assert logs.argmax(axis=1).tolist() == [0, 2, 3]
    assert (logs.dtype, logs.shape) == (np.float32, (3, 4))
    np.testing.assert_allclose(np.exp(logs).sum(axis=1), 1, rtol=1e-5)
    assert (np.exp(logs[:, 1]) < 1e-4).all()


def test_words_survive_the_disk(fitted, tmp_path):
    save_state(fitted.state(), tmp_path, "words")
    again = WordsClassifier.from_state(load_state(tmp_path, "words"))
    np.testing.assert_array_equal(again.log_probabilities(TEXTS), fitted.log_probabilities(TEXTS))


def test_words_answer_depends_on_the_text_alone(fitted):
    alone = np.concatenate([fitted.log_probabilities([text]) for text in TEXTS])
    np.testing.assert_allclose(fitted.log_probabilities(TEXTS), alone, atol=1e-6)


def test_words_of_no_text_are_no_rows(fitted):
    assert fitted.log_probabilities([]).shape == (0, 4)


@pytest.mark.parametrize("present", [[1], [0, 2]], ids=["one class", "two classes"])
def test_words_learn_from_few_classes(present):
    labels = np.repeat(present, 36 // len(present))
    logs = fit_words(TEXTS, labels, classes=3, seed=0).log_probabilities(TEXTS)
    assert set(logs.argmax(axis=1)) <= set(present)


def test_words_are_fitted_alike_twice():
    first, second = (fit_words(TEXTS, LABELS, classes=4, seed=0) for _ in range(2))
    np.testing.assert_array_equal(first.weight, second.weight)
