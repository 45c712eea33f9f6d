from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.classifiers.base import log_softmax
from smartprod.classifiers.candidates import Candidate
from smartprod.classifiers.leaderboard import STACK, choose_heads, compare
from smartprod.classifiers.registry import ClassifierRecipe
from smartprod.classifiers.scores import accuracy, log_loss, macro_f1
from smartprod.classifiers.stacking import choose_members, mix, standard_error
from smartprod.errors import TrainingError
from smartprod.fusion import LearningData
from tests.embedded_table import learning_data

KINDS = ("logistic", "mlp", "prototype")


def candidate(
    data: LearningData, representation: str, kind: str = "logistic", *, strength: float, seed: int = 0, C=None
) -> Candidate:
    """A candidate with random answers that lean towards the truth by `strength`."""
    rng = np.random.default_rng(seed)
    rows = data.validated()
    logits = rng.normal(size=(len(rows), len(data.classes))).astype(np.float32)
    logits[np.arange(len(rows)), data.labels[rows]] += strength
    answers = log_softmax(logits)
    needs = {"image": ("image",), "text": ("text",), "gated": ()}.get(representation, ("image", "text"))
    answers[~data.products.having(needs)[rows]] = np.nan
    return Candidate(representation, ClassifierRecipe(kind, "none", C), answers, seconds=1.0)


@pytest.fixture
def data() -> LearningData:
    return learning_data([20, 20, 20], image=np.arange(60) % 5 != 0, text=np.arange(60) % 7 != 0)


@settings(max_examples=60, deadline=None)
@given(
    strengths=st.lists(st.floats(0, 6), min_size=9, max_size=9),
    metric=st.sampled_from(["macro_f1", "accuracy", "log_loss"]),
    with_stack=st.booleans(),
    seed=st.integers(0, 1_000),
)
def test_leaderboard_fused_head_is_never_worse_than_the_best_single_head(strengths, metric, with_stack, seed):
    data = learning_data([12, 8, 4], image=np.arange(24) % 5 != 0, text=np.arange(24) % 7 != 0)
    names = [(name, kind) for name in ("image", "text", "concat") for kind in KINDS]
    candidates = [
        candidate(data, name, kind, strength=strength, seed=seed + number)
        for number, ((name, kind), strength) in enumerate(zip(names, strengths, strict=True))
    ]
    board = compare(candidates, data, metric=metric, with_stack=with_stack, seed=0)
    chosen = choose_heads(board, metric=metric, seed=0)
    fused = chosen["fused"]
    for name in ("image", "text"):
        single = chosen[name]
        shared = np.searchsorted(single.rows, fused.rows)
        score = type(single)(
            single.head, "", (), fused.rows, fused.labels, single.log_probabilities[shared]
        ).score(metric)
        assert fused.score(metric) >= score
    assert sum(member.weight for member in fused.members) == pytest.approx(1)
    assert all(member.weight > 0 for member in fused.members)
    _check_members_give_the_answers(fused)


def _check_members_give_the_answers(entry) -> None:
    """What is saved as members is what was measured."""
    from smartprod.classifiers import apply_temperature

    answers = [
        apply_temperature(each.candidate.log_probabilities[entry.rows], each.temperature)
        for each in entry.members
    ]
    weights = np.asarray([each.weight for each in entry.members])
    np.testing.assert_allclose(
        np.exp(mix(np.stack(answers), weights)), np.exp(entry.log_probabilities), atol=1e-5
    )


def test_leaderboard_heads_are_compared_on_the_rows_they_can_answer(data):
    candidates = [candidate(data, name, strength=2) for name in ("image", "text", "concat")]
    board = compare(candidates, data, metric="accuracy", with_stack=True, seed=0)
    assert [len(board[head][0].rows) for head in ("image", "text", "fused")] == [48, 51, 41]
    assert {entry.name for entry in board["fused"]} == {
        "image+logistic", "text+logistic", "concat+logistic", STACK,
    }  # fmt: skip
    scores = [entry.score("accuracy") for entry in board["fused"]]
    assert scores == sorted(scores, reverse=True)


def test_leaderboard_ties_go_to_the_lower_log_loss(data):
    sure = candidate(data, "text", "mlp", strength=30, seed=1)
    unsure = candidate(data, "text", "prototype", strength=20, seed=2)
    unsure.log_probabilities[:] = log_softmax(np.where(unsure.log_probabilities > -1, 2.0, 0.0))
    entries = compare([unsure, sure], data, metric="accuracy", with_stack=False, seed=0)["text"]
    assert entries[0].accuracy == entries[1].accuracy == 1
    assert entries[0].name == "text+mlp"


def test_leaderboard_stack_is_a_uniform_mixture_of_those_near_the_best(data):
    strong = [candidate(data, "text", kind, strength=4, seed=n) for n, kind in enumerate(KINDS)]
    weak = candidate(data, "text", "lightgbm", strength=0, seed=9)
    entries = compare([*strong, weak], data, metric="accuracy", with_stack=True, seed=0)["text"]
    stack = next(entry for entry in entries if entry.name == STACK)
    assert "text+lightgbm" not in {member.candidate.name for member in stack.members}
    assert {member.weight for member in stack.members} == {1 / len(stack.members)}
    _check_members_give_the_answers(stack)


def test_leaderboard_a_candidate_that_missed_a_row_does_not_compete(data):
    holey, whole = candidate(data, "text", "mlp", strength=9), candidate(data, "text", strength=1)
    holey.log_probabilities[3] = np.nan
    board = compare([holey, whole], data, metric="accuracy", with_stack=True, seed=0)
    assert [entry.name for entry in board["text"]] == ["text+logistic"]
    with pytest.raises(TrainingError, match="SP503"):
        compare([holey], data, metric="accuracy", with_stack=True, seed=0)


@pytest.mark.parametrize(("with_stack", "fused"), [(True, True), (False, False)])
def test_leaderboard_mixing_single_heads_is_fusion_enough(data, with_stack, fused):
    singles = [candidate(data, "image", strength=2, seed=1), candidate(data, "text", strength=2, seed=2)]
    board = compare(singles, data, metric="accuracy", with_stack=with_stack, seed=0)
    assert ("fused" in board) == fused


def test_leaderboard_shared_candidate_keeps_the_temperature_of_each_head(data):
    """A fused head that leans on the text head: the text candidate is in both, calibrated on other rows."""
    text = candidate(data, "text", strength=5, seed=1)
    concat = candidate(data, "concat", strength=0, seed=2)
    board = compare([text, concat], data, metric="macro_f1", with_stack=True, seed=0)
    chosen = choose_heads(board, metric="macro_f1", seed=0)
    _check_members_give_the_answers(chosen["fused"])


def test_stacking_members_are_within_reach_of_the_best_and_few():
    assert choose_members([0.5, 0.9, 0.88, 0.7], 0.02) == [1, 2]
    assert choose_members([0.5, 0.5, 0.5], 0.0) == [0, 1, 2]
    assert choose_members([0.5] * 20, 0.1) == list(range(8))


def test_stacking_mixture_is_the_weighted_mean_of_probabilities():
    members = np.log(np.asarray([[[0.2, 0.8]], [[0.6, 0.4]]], np.float32))
    mixed = mix(members, np.asarray([0.25, 0.75]))
    np.testing.assert_allclose(np.exp(mixed), [[0.5, 0.5]], rtol=1e-5)
    assert mixed.dtype == np.float32


def test_stacking_standard_error_is_that_of_a_share():
    rng = np.random.default_rng(0)
    labels = np.zeros(400, int)
    answers = np.log(np.where(rng.random((400, 1)) < 0.8, [[0.9, 0.1]], [[0.1, 0.9]]))
    assert standard_error(accuracy, answers, labels, seed=0) == pytest.approx(0.02, abs=0.006)


def test_scores_agree_with_scikit_learn():
    from sklearn import metrics

    rng = np.random.default_rng(0)
    answers, labels = log_softmax(rng.normal(size=(80, 5))), rng.integers(0, 4, 80)
    probabilities = np.exp(answers.astype(float))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    predicted = answers.argmax(axis=1)
    assert accuracy(answers, labels) == metrics.accuracy_score(labels, predicted)
    assert macro_f1(answers, labels) == pytest.approx(metrics.f1_score(labels, predicted, average="macro"))
    assert log_loss(answers, labels) == pytest.approx(
        metrics.log_loss(labels, probabilities, labels=range(5)), rel=1e-5
    )
