from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from smartprod.classifiers.base import FitRequest
from smartprod.classifiers.discriminant import fit_discriminant
from smartprod.resampling import TrainingSet
from tests.embedded_table import embed

LABELS = np.repeat([0, 1, 2], [60, 30, 10])


def fitted(labels, *, shrinkage=0.2, weighting="balanced", strength=1.0):
    embedding = embed(labels, dim=12, strength=strength, seed=0)
    request = FitRequest(TrainingSet(embedding, labels), int(labels.max()) + 1)
    return embedding, fit_discriminant(request, shrinkage=shrinkage, weighting=weighting).classifier


@pytest.mark.parametrize("shrinkage", [0.05, 0.5, 1.0])
def test_discriminant_agrees_with_scikit_learn(shrinkage):
    embedding, classifier = fitted(LABELS, shrinkage=shrinkage, weighting="none")
    reference = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(embedding, LABELS)
    np.testing.assert_allclose(
        np.exp(classifier.log_probabilities(embedding)), reference.predict_proba(embedding), atol=1e-4
    )


def test_discriminant_balanced_weights_take_classes_for_equally_common():
    embedding, plain = fitted(LABELS, weighting="none")
    _, balanced = fitted(LABELS, weighting="balanced")
    shift = balanced.log_probabilities(embedding) - plain.log_probabilities(embedding)
    np.testing.assert_allclose(shift[:, 2] - shift[:, 0], np.log(6), atol=1e-3)


def test_discriminant_single_rows_borrow_the_covariance_of_the_others():
    labels = np.repeat([0, 1, 2], [40, 40, 1])
    embedding, classifier = fitted(labels, strength=3.0)
    assert (classifier.log_probabilities(embedding).argmax(axis=1) == labels).all()
