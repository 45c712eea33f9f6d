from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from smartprod.decision.label_sets.thresholds import (
    PRIOR_ROWS,
    _own_and_common,
    learn_thresholds,
    macro_f1,
)


def answers(rows: int, labels: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities that tell something about targets, rarer for later labels, and four folds."""
    rng = np.random.default_rng(seed)
    targets = rng.random((rows, labels)) < 1 / np.arange(2, labels + 2)
    logits = 2.0 * targets - 2.5 + rng.normal(size=targets.shape)
    return (1 / (1 + np.exp(-logits))).astype(np.float32), targets, np.arange(rows) % 4


def test_label_thresholds_macro_f1_is_scikit_learns():
    probabilities, targets, _ = answers(100, 5, 0)
    ours = macro_f1(targets, probabilities >= 0.3)
    assert np.isclose(ours, f1_score(targets, probabilities >= 0.3, average="macro"))


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 60), st.integers(1, 6), st.booleans())
def test_label_thresholds_own_ones_reach_the_best_f1_of_any_cut(seed, rows, labels, is_coarse):
    probabilities, targets, _ = answers(rows, labels, seed)
    if is_coarse:
        probabilities = np.round(probabilities, 1)  # many rows of one probability
    own, _ = _own_and_common(probabilities, targets)
    for label in np.flatnonzero(targets.any(axis=0)):
        cuts = [probabilities[:, label] >= cut for cut in np.unique(probabilities[:, label])]
        best = max(f1_score(targets[:, label], cut, zero_division=0) for cut in cuts)
        reached = f1_score(targets[:, label], probabilities[:, label] >= own[label], zero_division=0)
        assert np.isclose(reached, best)


def test_label_thresholds_beat_one_half_where_probabilities_are_low():
    probabilities, targets, folds = answers(600, 8, 1)
    learned = learn_thresholds(probabilities, targets, folds)
    assert learned.macro_f1 > learned.at_half + 0.02
    assert learned.values.shape == (8,)
    assert learned.prior_rows in PRIOR_ROWS


def test_label_thresholds_of_a_label_without_rows_are_the_common_one():
    probabilities, targets, folds = answers(80, 3, 2)
    targets[:, 2] = False
    learned = learn_thresholds(probabilities, targets, folds)
    assert np.isclose(learned.values[2], learned.common)


def test_label_thresholds_of_few_rows_are_drawn_to_the_common_one():
    probabilities, targets, folds = answers(40, 12, 3)
    learned = learn_thresholds(probabilities, targets, folds)
    own, _ = _own_and_common(probabilities, targets)
    known = ~np.isnan(own)
    assert np.abs(learned.values - learned.common)[known].mean() < np.abs(own - learned.common)[known].mean()


def test_label_thresholds_are_learned_where_there_is_one_fold():
    probabilities, targets, _ = answers(60, 3, 4)
    learned = learn_thresholds(probabilities, targets, np.zeros(60, dtype=np.int64))
    assert 0 < learned.macro_f1 <= 1
