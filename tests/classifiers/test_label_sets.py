from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from smartprod.classifiers.label_sets.base import LabelClassifier, LabelFitRequest
from smartprod.classifiers.label_sets.logistic import SigmoidLogistic, fit_sigmoid_logistic
from smartprod.classifiers.label_sets.mlp import SigmoidMlp, fit_sigmoid_mlp
from smartprod.classifiers.label_sets.tree import LabelTree
from smartprod.config.learning import MlpConfig
from smartprod.state import load_state, save_state

PATHS = ("Home > Kitchen > Mug", "Home > Kitchen", "Colour > Red", "Gifts")


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Embeddings and three labels that depend on them, a fourth that all rows have, and a fifth that none has."""
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(120, 12)).astype(np.float32)
    targets = embedding[:, :3] + 0.3 * rng.normal(size=(120, 3)) > np.asarray([0, 0.5, 1.2])
    constant = np.tile([True, False], (120, 1))
    return embedding, np.hstack([targets, constant])


def fit(kind: str, embedding: np.ndarray, targets: np.ndarray, seed: int = 0) -> LabelClassifier:
    request = LabelFitRequest(embedding, targets, "sqrt", seed, rounds=60)
    if kind == "logistic":
        return fit_sigmoid_logistic(request, C=10.0, max_iterations=200)
    return fit_sigmoid_mlp(request, MlpConfig(hidden=16, epochs=60, learning_rate=0.01))[0]


def test_label_tree_puts_parents_before_children():
    tree = LabelTree.of(PATHS, " > ")
    assert tree.nodes == ("Colour", "Gifts", "Home", "Colour > Red", "Home > Kitchen", "Home > Kitchen > Mug")
    assert tree.parents.tolist() == [-1, -1, -1, 0, 2, 4]
    assert tree.carried.tolist() == [False, True, False, True, True, True]


def test_label_tree_targets_include_everything_above_and_skip_the_unknown():
    tree = LabelTree.of(PATHS, " > ")
    targets = tree.targets([["Home > Kitchen > Mug", "Gifts"], ["Colour > Blue"], []])
    named = [{tree.nodes[place] for place in np.flatnonzero(row)} for row in targets]
    assert named == [{"Home", "Home > Kitchen", "Home > Kitchen > Mug", "Gifts"}, {"Colour"}, set()]


def test_label_tree_makes_no_child_more_probable_than_its_parent():
    tree = LabelTree.of(PATHS, " > ")
    held = tree.consistent(np.random.default_rng(1).random((50, 6), dtype=np.float32))
    child = tree.parents >= 0
    assert (held[:, child] <= held[:, tree.parents[child]]).all()


def test_label_tree_keeps_the_deepest_of_a_closed_set():
    tree = LabelTree.of(PATHS, " > ")
    given = np.zeros((1, 6), dtype=bool)
    given[0, [tree.nodes.index("Home > Kitchen > Mug"), tree.nodes.index("Colour")]] = True
    closed = tree.closed(given)
    assert closed.sum() == 4
    assert [tree.nodes[place] for place in np.flatnonzero(tree.deepest(closed)[0])] == [
        "Colour",
        "Home > Kitchen > Mug",
    ]


def test_sigmoid_logistic_agrees_with_one_regression_per_label(rows):
    embedding, targets = rows
    fitted = fit_sigmoid_logistic(LabelFitRequest(embedding, targets, "none"), C=1.0, max_iterations=400)
    for label in range(3):
        alone = LogisticRegression(C=1.0).fit(embedding, targets[:, label]).predict_proba(embedding)[:, 1]
        assert np.abs(fitted.probabilities(embedding)[:, label] - alone).max() < 0.01


@pytest.mark.parametrize("shape", [(20, 40), (40, 20)])
def test_sigmoid_logistic_learns_whether_rows_or_dimensions_are_more(shape):
    embedding = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    targets = embedding[:, :2] > 0
    fitted = fit_sigmoid_logistic(LabelFitRequest(embedding, targets, "none"), C=100.0, max_iterations=100)
    assert ((fitted.probabilities(embedding) > 0.5) == targets).all()


@pytest.mark.parametrize("kind", ["logistic", "mlp"])
def test_label_classifier_learns_and_gives_constant_labels_their_share(kind, rows):
    embedding, targets = rows
    probabilities = fit(kind, embedding[:90], targets[:90]).probabilities(embedding[90:])
    assert probabilities.shape == (30, 5)
    assert probabilities.dtype == np.float32
    assert ((probabilities[:, :3] > 0.5) == targets[90:, :3]).mean() > 0.75
    assert probabilities[:, 3].min() > 0.8
    assert probabilities[:, 4].max() < 0.2


@pytest.mark.parametrize(("kind", "made"), [("logistic", SigmoidLogistic), ("mlp", SigmoidMlp)])
def test_label_classifier_is_the_same_from_its_state_and_with_the_same_seed(kind, made, rows, tmp_path):
    embedding, targets = rows
    fitted = fit(kind, embedding, targets)
    save_state(fitted.state(), tmp_path, "it")
    again = made.from_state(load_state(tmp_path, "it"))
    assert (again.probabilities(embedding) == fitted.probabilities(embedding)).all()
    assert (fit(kind, embedding, targets).probabilities(embedding) == fitted.probabilities(embedding)).all()
