from __future__ import annotations

import numpy as np
import pytest

from smartprod.classifiers import ClassifierRecipe, FitRequest, classifier_from_state, fit_classifier
from smartprod.classifiers.head_tail import largest_classes
from smartprod.config.learning import ClassifierConfig, MlpConfig
from smartprod.resampling import TrainingSet
from tests.embedded_table import embed

SIZES = [60, 4, 40, 5, 50]
LABELS = np.repeat(np.arange(5), SIZES)
EMBEDDING = embed(LABELS, dim=16, strength=2.0, seed=1)
ASKED = np.repeat(np.arange(5), 20)
HELD = embed(np.concatenate([LABELS, ASKED]), dim=16, strength=2.0, seed=1)[len(LABELS) :]


def fit(**changes):
    mlp = MlpConfig(hidden=16, epochs=20, learning_rate=0.01, dropout=0.1, **changes)
    request = FitRequest(TrainingSet(EMBEDDING, LABELS), 5, rounds=20)
    return fit_classifier(ClassifierRecipe("mlp", "none"), request, ClassifierConfig(mlp=mlp)).classifier


def recall(classifier, classes):
    rows = np.isin(ASKED, classes)
    return float((classifier.log_probabilities(HELD[rows]).argmax(axis=1) == ASKED[rows]).mean())


def test_mlp_head_tail_largest_classes_come_first():
    assert largest_classes(LABELS, 3).tolist() == [0, 2, 4]
    assert largest_classes(np.repeat([3, 1, 2], 4), 2).tolist() == [1, 2], "of equally large ones the first"


def test_mlp_head_tail_knows_both_and_the_hidden_layer_is_the_heads_alone():
    fitted = fit(head_classes=3, tail_epochs=10)
    assert recall(fitted, [0, 2, 4]) > 0.8
    assert recall(fitted, [1, 3]) > 0.7
    without_tail = fit_classifier(
        ClassifierRecipe("mlp", "none"),
        FitRequest(
            TrainingSet(EMBEDDING[np.isin(LABELS, [0, 2, 4])], LABELS[np.isin(LABELS, [0, 2, 4])]),
            5,
            rounds=20,
        ),
        ClassifierConfig(mlp=MlpConfig(hidden=16, epochs=20, learning_rate=0.01, dropout=0.1)),
    ).classifier
    mine, theirs = (each.network.state_dict()["0.weight"].numpy() for each in (fitted, without_tail))
    np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    "changes", [{"batch_norm": True}, {"batch_norm": True, "head_classes": 3}, {"head_classes": 3}]
)
def test_mlp_head_tail_and_batch_norm_survive_saving(changes):
    fitted = fit(**changes)
    again = classifier_from_state(fitted.state())
    np.testing.assert_array_equal(again.log_probabilities(HELD), fitted.log_probabilities(HELD))


def test_mlp_head_tail_with_no_tail_is_the_plain_one():
    plain, all_head = fit(), fit(head_classes=5)
    np.testing.assert_array_equal(plain.log_probabilities(HELD), all_head.log_probabilities(HELD))
