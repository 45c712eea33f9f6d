from __future__ import annotations

import numpy as np

from smartprod.classifiers import FitRequest
from smartprod.classifiers.two_level import coarse_classes, fit_two_level
from smartprod.resampling import TrainingSet

CLASSES = ("A > x", "A > y", "B > x", "B > y", "B > z")


def rows(count: int = 40, *, noise: float = 0.4) -> TrainingSet:
    """Five classes; those of one branch share half of their direction."""
    rng = np.random.default_rng(0)
    labels = np.arange(count * 5) % 5
    centres = np.eye(5, 8) * 1.5
    centres[:2, 6] = centres[2:, 7] = 3
    values = centres[labels] + rng.normal(0, noise, (len(labels), 8))
    return TrainingSet(values.astype(np.float32), labels)


def fit(training, coarse, classes=5):
    request = FitRequest(training, classes, coarse=coarse)
    return fit_two_level(request, C=30.0, max_iterations=200, weighting="balanced").classifier


def test_two_level_probability_of_a_coarse_class_is_that_of_its_classes():
    training = rows(noise=1.5)
    model = fit(training, np.asarray([0, 0, 1, 1, 1]))
    probabilities = np.exp(model.log_probabilities(training.embedding))
    logits = training.embedding @ model.coarse_weight.T + model.coarse_bias
    coarse = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities[:, :2].sum(axis=1), coarse[:, 0], atol=1e-5)
    np.testing.assert_allclose(probabilities[:, 2:].sum(axis=1), coarse[:, 1], atol=1e-5)


def test_two_level_top_down_stays_within_the_most_probable_coarse_class():
    training = rows(noise=2.0)
    coarse = np.asarray([0, 0, 1, 1, 1])
    model = fit(training, coarse)
    chosen = model.top_down(training.embedding)
    probabilities = np.exp(model.log_probabilities(training.embedding))
    above = np.stack([probabilities[:, coarse == group].sum(axis=1) for group in (0, 1)], axis=1)
    np.testing.assert_array_equal(coarse[chosen], above.argmax(axis=1))
    assert (chosen != probabilities.argmax(axis=1)).any()  # the soft answer may be another


def test_two_level_finds_coarse_classes_where_none_are_given():
    model = fit(rows(), None)
    assert [set(model.present[model.coarse == group].tolist()) for group in (0, 1)] in (
        [{0, 1}, {2, 3, 4}], [{2, 3, 4}, {0, 1}],
    )  # fmt: skip
    assert (model.log_probabilities(rows().embedding).argmax(axis=1) == rows().labels).mean() > 0.95


def test_two_level_with_classes_that_have_no_rows_leaves_their_coarse_class_out():
    training = rows()
    kept = training.labels < 2
    part = TrainingSet(training.embedding[kept], training.labels[kept])
    answers = fit(part, np.asarray([0, 0, 7, 7, 9])).log_probabilities(part.embedding)
    assert np.exp(answers[:, 2:]).max() < 1e-5


def test_two_level_coarse_classes_are_those_of_a_level_of_the_tree():
    level = lambda number: coarse_classes(CLASSES, separator=" > ", level=number)  # noqa: E731
    assert level(1).tolist() == [0, 0, 1, 1, 1]
    assert level(2) is None  # every class on its own
    assert level(None) is None
    assert coarse_classes(("x", "y"), separator=" > ", level=1) is None
    assert coarse_classes(("A > x", "A > y"), separator=" > ", level=1) is None
