from __future__ import annotations

import numpy as np
import pytest
import torch

from smartprod.classifiers import ClassifierRecipe, FitRequest, fit_classifier
from smartprod.classifiers.logit_adjustment import log_prior
from smartprod.classifiers.mlp_training import epoch_batches, row_loss
from smartprod.config.learning import ClassifierConfig, MlpConfig
from smartprod.fusion import seeded
from smartprod.resampling import TrainingSet
from tests.embedded_table import embed

LABELS = np.repeat([0, 1, 3], [90, 9, 1])


def rare_recall(config: ClassifierConfig, recipe: ClassifierRecipe, sizes=(300, 12)) -> float:
    """Recall of the rare one of two classes that overlap."""
    labels = np.repeat([0, 1], sizes)
    rows = TrainingSet(embed(labels, dim=4, strength=0.8, seed=0), labels)
    fresh = np.repeat([0, 1], 300)
    answers = fit_classifier(recipe, FitRequest(rows, 2), config).classifier.log_probabilities(
        embed(fresh, dim=4, strength=0.8, seed=0)
    )
    return float((answers.argmax(axis=1) == fresh)[300:].mean())


def test_logit_adjustment_prior_counts_weights():
    np.testing.assert_allclose(np.exp(log_prior(LABELS, 4, "none")), [0.9, 0.09, 1, 0.01], rtol=1e-5)
    balanced = log_prior(LABELS, 4, "balanced")
    assert balanced[2] == 0
    np.testing.assert_allclose(np.exp(balanced[[0, 1, 3]]), 1 / 3, rtol=1e-5)


@pytest.mark.parametrize("kind", ["logistic", "lightgbm"])
def test_logit_adjustment_answers_rare_classes_more_often_the_larger_tau(kind):
    recalls = [
        rare_recall(ClassifierConfig(logit_adjustment=tau), ClassifierRecipe(kind, "none"))
        for tau in (None, 0.5, 1.0)
    ]
    assert recalls[0] < recalls[1] < recalls[2]


@pytest.mark.parametrize("changes", [{"loss": "logit_adjusted"}, {"sampling": "balanced"}])
def test_logit_adjustment_of_the_loss_and_balanced_batches_find_more_of_a_rare_class(changes):
    plain = MlpConfig(hidden=0, epochs=30, learning_rate=0.05)
    recipe = ClassifierRecipe("mlp", "none")
    before = rare_recall(ClassifierConfig(mlp=plain), recipe)
    assert rare_recall(ClassifierConfig(mlp=plain.model_copy(update=changes)), recipe) > before + 0.1


def test_logit_adjustment_focal_loss_of_gamma_zero_is_cross_entropy_and_fades_for_easy_rows():
    logits, targets = torch.tensor([[4.0, 0.0], [0.0, 0.5]]), torch.tensor([0, 0])
    by_gamma = {
        gamma: row_loss(
            MlpConfig(loss="focal", focal_gamma=gamma, label_smoothing=0.0), log_prior=torch.zeros(2), tau=1.0
        )(logits, targets)
        for gamma in (0.0, 2.0)
    }
    expected = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    torch.testing.assert_close(by_gamma[0.0], expected)
    kept = by_gamma[2.0] / expected
    assert kept[0] < 0.001
    assert kept[1] > 0.3


@pytest.mark.parametrize(("sampling", "share"), [("rows", 0.01), ("sqrt", 0.072), ("balanced", 1 / 3)])
def test_logit_adjustment_batches_draw_rare_rows_as_often_as_asked(sampling, share):
    labels = np.tile(LABELS, 40)
    with seeded(0):
        drawn = torch.cat(list(epoch_batches(labels, MlpConfig(sampling=sampling))))
    assert len(drawn) == len(labels)
    assert float((labels[drawn.numpy()] == 3).mean()) == pytest.approx(share, abs=0.02)
