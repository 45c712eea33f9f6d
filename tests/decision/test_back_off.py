from __future__ import annotations

import numpy as np
import pytest

from smartprod.decision import Hierarchy
from smartprod.decision.back_off import learn_back_off

TREE = Hierarchy((*(f"{group} > {leaf}" for group in "ABCD" for leaf in "1234"), "E", "A"), " > ")
ABOVE_ONE = float(np.nextafter(np.float32(1), np.float32(2)))


def draw(rng: np.random.Generator, rows: int, *, sharpness: float = 1.0):
    """Calibrated probabilities that are surer of the group than of the leaf, and labels drawn from them.

    `sharpness` other than 1 makes what is told less (below 1: more) sure than what is true.
    """
    groups = rng.dirichlet(np.full(5, 0.15), rows)
    leaves = np.concatenate(
        [groups[:, [group]] * rng.dirichlet(np.ones(4), rows) for group in range(4)] + [groups[:, 4:]], axis=1
    )
    probabilities = np.concatenate([leaves * 0.98, np.full((rows, 1), 0.02)], axis=1)
    labels = (probabilities.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)
    told = probabilities**sharpness
    return (told / told.sum(axis=1, keepdims=True)).astype(np.float32), labels


def answered(tree: Hierarchy, probabilities, labels, threshold):
    paths, _ = tree.back_off(probabilities, threshold)
    rows = [row for row, path in enumerate(paths) if path is not None]
    truth = [tree.classes[label] for label in labels]
    return [truth[row] == paths[row] or truth[row].startswith(paths[row] + " > ") for row in rows]


@pytest.mark.parametrize(
    ("rows", "target", "sharpness"), [(300, 0.9, 1.0), (300, 0.95, 2.0), (100, 0.85, 1.5)]
)
def test_back_off_keeps_its_promise_at_the_stated_rate(rows, target, sharpness):
    rng = np.random.default_rng(0)
    many = draw(rng, 20_000, sharpness=sharpness)
    broken = 0
    for _ in range(150):
        learned = learn_back_off(
            TREE, *draw(rng, rows, sharpness=sharpness), target=target, confidence_level=0.9, otherwise=0.99
        )
        right = answered(TREE, *many, learned.value)
        broken += bool(right and np.mean(right) < target)
    assert broken / 150 <= 0.1 + 0.05


def test_back_off_answers_more_rows_than_the_strict_threshold_of_leaves():
    probabilities, labels = draw(np.random.default_rng(1), 400)
    learned = learn_back_off(TREE, probabilities, labels, target=0.8, confidence_level=0.9, otherwise=0.999)
    assert learned.value < 0.95
    strict = answered(TREE, probabilities, labels, 0.999)
    right = answered(TREE, probabilities, labels, learned.value)
    assert len(right) > 2 * len(strict)
    assert (learned.coverage, learned.accuracy) == (len(right) / 400, pytest.approx(np.mean(right)))


def test_back_off_of_too_few_rows_takes_the_threshold_of_leaves():
    probabilities, labels = draw(np.random.default_rng(0), 20)
    learned = learn_back_off(TREE, probabilities, labels, target=0.95, confidence_level=0.9, otherwise=0.97)
    assert (learned.value, learned.rows) == (0.97, 20)


def test_back_off_answers_nothing_where_no_threshold_keeps_the_target():
    probabilities, labels = draw(np.random.default_rng(0), 300)
    wrong = np.full_like(labels, TREE.classes.index("E"))
    learned = learn_back_off(TREE, probabilities, wrong, target=0.9, confidence_level=0.9, otherwise=0.9)
    assert (learned.value, learned.coverage) == (ABOVE_ONE, 0)
    assert not learned.attainable
    assert labels.shape == wrong.shape


def test_back_off_to_a_root_that_holds_everything_is_no_answer():
    rooted = Hierarchy(tuple(f"Root > {name}" for name in TREE.classes), " > ")
    probabilities, labels = draw(np.random.default_rng(1), 400)
    options = {"target": 0.8, "confidence_level": 0.9, "otherwise": 0.999}
    assert learn_back_off(rooted, probabilities, labels, **options) == learn_back_off(
        TREE, probabilities, labels, **options
    )
    assert not rooted.back_off(probabilities, 0.0)[0].tolist().count("Root")


def test_back_off_of_flat_labels_or_of_no_rows_leaves_the_threshold_alone():
    flat = Hierarchy(("red", "green"), " > ")
    probabilities, labels = np.full((99, 2), 0.5, np.float32), np.zeros(99, np.int64)
    options = {"target": 0.9, "confidence_level": 0.9, "otherwise": 0.8}
    assert learn_back_off(flat, probabilities, labels, **options).value == 0.8
    assert learn_back_off(TREE, np.zeros((0, 18), np.float32), labels[:0], **options).value == 0.8
