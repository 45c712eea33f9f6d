from __future__ import annotations

import numpy as np
import pytest

from smartprod.decision.threshold import learn_threshold

LEVEL = 0.9


def draw(rng: np.random.Generator, count: int, *, spread: float, wrong_labels: float = 0.0):
    """Confidences, whether each answer was right, and the chance that it is."""
    confidence = 1 - np.clip(rng.exponential(spread, count), 0, 0.9)
    chance = confidence * (1 - wrong_labels)
    return confidence, rng.random(count) < chance, chance


@pytest.mark.parametrize(
    ("rows", "target", "spread", "wrong_labels"),
    [(300, 0.9, 0.15, 0.0), (300, 0.95, 0.02, 0.04), (1000, 0.95, 0.15, 0.02), (60, 0.8, 0.3, 0.0)],
)
def test_threshold_keeps_its_promise_at_the_stated_rate(rows, target, spread, wrong_labels):
    rng = np.random.default_rng(0)
    confidence, _, chance = draw(rng, 100_000, spread=spread, wrong_labels=wrong_labels)
    order = np.argsort(-confidence)
    ranked, accuracy = confidence[order], np.cumsum(chance[order]) / np.arange(1, 100_001)
    broken = 0
    for _ in range(300):
        learned = learn_threshold(
            *draw(rng, rows, spread=spread, wrong_labels=wrong_labels)[:2],
            target=target,
            confidence_level=LEVEL,
        )
        accepted = int(np.searchsorted(-ranked, -learned.value, side="right"))
        broken += bool(accepted and accuracy[accepted - 1] < target)
    assert broken / 300 <= 1 - LEVEL + 0.04


def test_threshold_of_confidences_that_all_tie_keeps_its_promise_too():
    rng = np.random.default_rng(0)
    thresholds = [
        learn_threshold(np.full(200, 0.9), rng.random(200) < 0.9, target=0.9, confidence_level=LEVEL)
        for _ in range(300)
    ]
    assert all(each.coverage in {0, 1} for each in thresholds)
    assert np.mean([each.attainable for each in thresholds]) <= 1 - LEVEL + 0.04


def test_threshold_survives_a_few_wrong_labels_at_the_top():
    rng = np.random.default_rng(0)
    coverage = [
        learn_threshold(
            *draw(rng, 3_000, spread=0.02, wrong_labels=0.02)[:2], target=0.95, confidence_level=LEVEL
        ).coverage
        for _ in range(50)
    ]
    assert np.mean(coverage) > 0.9


def test_threshold_tells_what_it_accepts():
    confidence = np.linspace(1, 0, 500, dtype=np.float32)
    correct = confidence > 0.5
    learned = learn_threshold(confidence, correct, target=0.9, confidence_level=LEVEL)
    kept = confidence >= np.float32(learned.value)
    assert learned.attainable
    assert learned.coverage == pytest.approx(kept.mean())
    assert learned.accuracy == pytest.approx(correct[kept].mean())
    assert 0.9 < learned.accuracy < 0.95
    assert learned.rows == 500


@pytest.mark.parametrize(
    ("rows", "share_right", "target"),
    [(0, 1, 0.9), (10, 1, 0.95), (500, 0.5, 0.9), (500, 0, 0.1), (500, 1, 1.0)],
    ids=["no rows", "too few rows", "too often wrong", "never right", "certainty"],
)
def test_threshold_says_where_the_promise_is_unattainable(rows, share_right, target):
    confidence = np.linspace(1, 0.2, rows)
    correct = np.arange(rows) % 10 < 10 * share_right
    learned = learn_threshold(confidence, correct, target=target, confidence_level=LEVEL)
    assert not learned.attainable
    assert (learned.coverage, learned.rows) == (0, rows)
    assert np.isnan(learned.accuracy)
    assert np.float32(learned.value) > 1


def test_threshold_without_a_target_accepts_everything():
    learned = learn_threshold(np.linspace(1, 0.2, 20), np.zeros(20, bool), target=0, confidence_level=LEVEL)
    assert (learned.value, learned.coverage) == (pytest.approx(0.2), 1)


def test_threshold_says_how_many_rows_would_do_and_with_so_many_it_is_kept():
    def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
        rank = np.arange(count)
        return 1 - rank / count, (rank < 0.4 * count) | (rank % 3 > 0)

    few = learn_threshold(*drawn(60), target=0.95, confidence_level=LEVEL)
    assert not few.attainable
    assert few.shortfall.surest_accuracy == 1
    needed = few.shortfall.rows_needed
    assert needed == 197, "59 right ones in the surest 30 %"
    assert not learn_threshold(*drawn(needed // 2), target=0.95, confidence_level=LEVEL).attainable
    assert learn_threshold(*drawn(needed), target=0.95, confidence_level=LEVEL).attainable


def test_threshold_says_where_more_rows_would_not_help():
    confidence = np.linspace(1, 0.2, 500)
    learned = learn_threshold(confidence, np.arange(500) % 10 < 8, target=0.9, confidence_level=LEVEL)
    assert learned.shortfall is not None
    assert learned.shortfall.rows_needed is None
    assert learned.shortfall.surest_accuracy == pytest.approx(0.8, abs=0.02)


def test_threshold_without_rows_says_how_many_right_ones_it_takes():
    learned = learn_threshold(np.zeros(0), np.zeros(0, bool), target=0.95, confidence_level=LEVEL)
    assert learned.shortfall.rows_needed == 59, "0.95 ** 59 < 0.05, half of the error"
    certain = learn_threshold(np.zeros(0), np.zeros(0, bool), target=1, confidence_level=LEVEL)
    assert certain.shortfall.rows_needed is None
