from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.classifiers.base import log_softmax
from smartprod.classifiers.budget import SkippedCandidate
from smartprod.classifiers.candidates import Candidate
from smartprod.classifiers.leaderboard import STACK, PlannedMember, choose_heads, compare
from smartprod.classifiers.registry import ClassifierRecipe
from smartprod.classifiers.scores import accuracy, difference_error, log_loss, macro_f1, standard_error
from smartprod.classifiers.stacking import likelihood_weights, mix
from smartprod.classifiers.standings import list_standings, standings_document, standings_table
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
def test_leaderboard_fused_head_is_never_measurably_worse_than_a_single_head(
    strengths, metric, with_stack, seed
):
    data = learning_data([12, 8, 4], image=np.arange(24) % 5 != 0, text=np.arange(24) % 7 != 0)
    names = [(name, kind) for name in ("image", "text", "concat") for kind in KINDS]
    candidates = [
        candidate(data, name, kind, strength=strength, seed=seed + number)
        for number, ((name, kind), strength) in enumerate(zip(names, strengths, strict=True))
    ]
    board = compare(candidates, data, metric=metric, with_stack=with_stack)
    chosen = choose_heads(board, metric=metric, seed=0)
    fused = chosen["fused"]
    for name in ("image", "text"):
        single = chosen[name]
        shared = np.searchsorted(single.rows, fused.rows)
        answers = single.log_probabilities[shared]
        score = type(single)(single.head, "", (), fused.rows, fused.labels, answers).score(metric)
        error = difference_error(metric, answers, fused.log_probabilities, fused.labels, seed=0)
        assert fused.score(metric) >= score - error
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
    board = compare(candidates, data, metric="accuracy", with_stack=True)
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
    entries = compare([unsure, sure], data, metric="accuracy", with_stack=False)["text"]
    assert entries[0].accuracy == entries[1].accuracy == 1
    assert entries[0].name == "text+mlp"


def test_leaderboard_mixture_leaves_out_what_does_not_help(data):
    strong = [candidate(data, "text", kind, strength=4, seed=n) for n, kind in enumerate(KINDS)]
    weak = candidate(data, "text", "lightgbm", strength=0, seed=9)
    entries = compare([*strong, weak], data, metric="accuracy", with_stack=True)["text"]
    stack = next(entry for entry in entries if entry.name == STACK)
    assert "text+lightgbm" not in {member.candidate.name for member in stack.members}
    assert stack.log_loss < np.mean([entry.log_loss for entry in entries if entry.name != "text+lightgbm"])
    _check_members_give_the_answers(stack)


def test_leaderboard_candidates_inside_the_noise_give_way_to_the_simplest(data):
    good = candidate(data, "concat", "mlp", strength=5, seed=1)
    same = candidate(data, "concat", "logistic", strength=5, seed=1, C=30)
    trained = candidate(data, "gated", "logistic", strength=5, seed=1, C=30)
    bad = candidate(data, "concat", "prototype", strength=0, seed=2)
    board = compare([trained, good, bad, same], data, metric="macro_f1", with_stack=False)
    chosen = choose_heads(board, metric="macro_f1", seed=0)["fused"]
    assert chosen.name == "concat+logistic(C=30)"
    assert [trained.simplicity, good.simplicity, bad.simplicity, same.simplicity] == [3, 2, 1, 0]


def test_leaderboard_mixture_that_is_measurably_worse_is_not_chosen(data):
    best = candidate(data, "text", "mlp", strength=3, seed=1)
    hedging = candidate(data, "text", "prototype", strength=0, seed=2)
    board = compare([best, hedging], data, metric="accuracy", with_stack=True)
    single = next(entry for entry in board["text"] if entry.name == "text+mlp")
    spoiled = candidate(data, "text", "logistic", strength=0, seed=3)
    members = (PlannedMember(spoiled, 1.0, 1.0),)
    rows = single.rows
    stack = type(single)("text", STACK, members, rows, single.labels, spoiled.log_probabilities[rows])
    chosen = choose_heads({"text": [single, stack]}, metric="accuracy", seed=0)["text"]
    assert chosen is single


def test_leaderboard_standings_show_the_spread_of_what_decides(data):
    candidates = [candidate(data, "text", kind, strength=2, seed=n) for n, kind in enumerate(KINDS)]
    for each in candidates:
        each.asking_seconds = 0.1
    board = compare(candidates, data, metric="accuracy", with_stack=True)
    chosen = choose_heads(board, metric="accuracy", seed=0)
    standings = list_standings(board, chosen, metric="accuracy", seed=0)
    first = standings[0]
    assert first.chosen
    share = first.entry.accuracy
    assert first.standard_error == pytest.approx((share * (1 - share) / len(first.entry.rows)) ** 0.5)
    lines = standings_table(standings, metric="accuracy")
    assert f"{share:.4f} ± {first.standard_error:.3f}" in lines[1]
    document = standings_document(standings, [SkippedCandidate("gated+mlp", "no time")])
    assert document[0]["rows_per_second"] == pytest.approx(first.entry.rows_per_second, abs=0.1)
    assert document[-1] == {
        "head": "", "name": "gated+mlp", "chosen": False, "members": [], "skipped": "no time",
    }  # fmt: skip


def test_leaderboard_a_candidate_that_missed_a_row_does_not_compete(data):
    holey, whole = candidate(data, "text", "mlp", strength=9), candidate(data, "text", strength=1)
    holey.log_probabilities[3] = np.nan
    board = compare([holey, whole], data, metric="accuracy", with_stack=True)
    assert [entry.name for entry in board["text"]] == ["text+logistic"]
    with pytest.raises(TrainingError, match="SP503"):
        compare([holey], data, metric="accuracy", with_stack=True)


@pytest.mark.parametrize(("with_stack", "fused"), [(True, True), (False, False)])
def test_leaderboard_mixing_single_heads_is_fusion_enough(data, with_stack, fused):
    singles = [candidate(data, "image", strength=2, seed=1), candidate(data, "text", strength=2, seed=2)]
    board = compare(singles, data, metric="accuracy", with_stack=with_stack)
    assert ("fused" in board) == fused


def test_leaderboard_shared_candidate_keeps_the_temperature_of_each_head(data):
    """A fused head that leans on the text head: the text candidate is in both, calibrated on other rows."""
    text = candidate(data, "text", strength=5, seed=1)
    concat = candidate(data, "concat", strength=0, seed=2)
    board = compare([text, concat], data, metric="macro_f1", with_stack=True)
    chosen = choose_heads(board, metric="macro_f1", seed=0)
    _check_members_give_the_answers(chosen["fused"])


def test_stacking_weights_prefer_complementary_candidates():
    labels = np.random.default_rng(0).integers(0, 3, 200)
    right = np.full((200, 3), 0.05)
    right[np.arange(200), labels] = 0.9
    first, second, weak = right.copy(), right.copy(), np.full((200, 3), 1 / 3)
    first[:60], second[140:] = 1 / 3, 1 / 3
    answers = np.log(np.stack([first, second, weak])).astype(np.float32)
    weights = likelihood_weights(answers, labels)
    assert weights[0] == pytest.approx(weights[1], abs=1e-6)
    assert weights[2] < 0.01
    assert log_loss(mix(answers, weights), labels) < min(log_loss(each, labels) for each in answers)


def test_stacking_weights_stay_equal_where_all_candidates_are_right():
    labels = np.arange(12) % 3
    answers = log_softmax(20 * np.eye(3, dtype=np.float32)[labels])
    weights = likelihood_weights(np.stack([answers] * 4), labels)
    np.testing.assert_allclose(weights, 0.25)


@given(candidates=st.integers(1, 24), rows=st.integers(1, 12), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_stacking_weights_are_at_most_eight_and_sum_to_one(candidates, rows, seed):
    rng = np.random.default_rng(seed)
    answers = log_softmax(rng.normal(size=(candidates, rows, 3)) * 9)
    weights = likelihood_weights(answers, rng.integers(0, 3, rows))
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert 1 <= (weights > 0).sum() <= 8


def test_stacking_mixture_is_the_weighted_mean_of_probabilities():
    members = np.log(np.asarray([[[0.2, 0.8]], [[0.6, 0.4]]], np.float32))
    mixed = mix(members, np.asarray([0.25, 0.75]))
    np.testing.assert_allclose(np.exp(mixed), [[0.5, 0.5]], rtol=1e-5)
    assert mixed.dtype == np.float32


def test_scores_standard_error_is_that_of_a_share():
    rng = np.random.default_rng(0)
    labels = np.zeros(400, int)
    answers = np.log(np.where(rng.random((400, 1)) < 0.8, [[0.9, 0.1]], [[0.1, 0.9]]))
    expected = pytest.approx(0.02, abs=0.002)
    assert standard_error("accuracy", answers, labels, seed=0) == expected


def test_scores_standard_error_of_macro_f1_shrinks_with_the_rows():
    rng = np.random.default_rng(0)
    errors = []
    for count in (100, 1_600):
        labels = rng.integers(0, 4, count)
        answers = log_softmax(rng.normal(size=(count, 4)) + 2 * np.eye(4)[labels])
        errors.append(standard_error("macro_f1", answers, labels, seed=0))
    assert errors[1] == pytest.approx(errors[0] / 4, rel=0.3)


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
