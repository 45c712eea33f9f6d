from __future__ import annotations

import numpy as np
import pytest

from smartprod.decision import HeadAnswers
from smartprod.decision.cascade import learn_cascade

COUNT = 2_000


def answers(confidence: np.ndarray, right: np.ndarray, positions: np.ndarray | None = None) -> HeadAnswers:
    """Two classes, of which 0 is always the truth."""
    first = np.where(right, confidence, 1 - confidence).astype(np.float32)
    rows = np.arange(len(right)) if positions is None else positions
    return HeadAnswers(rows, np.stack([first, 1 - first], axis=1))


def ramp(wrong_from: int, *, count: int = COUNT) -> HeadAnswers:
    """Surer and surer towards row 0; wrong from some row on."""
    return answers(np.linspace(0.99, 0.6, count), np.arange(count) < wrong_from)


def learn(held: dict[str, HeadAnswers], count: int = COUNT, **changes):
    given = {"firsts": ("words", "text", "image"), "seconds": {"image": 1.0, "text": 2.0}} | changes
    return learn_cascade(
        held, np.zeros(count, np.int64), **{"allowed": 0.005, "confidence_level": 0.9} | given
    )


FUSED = answers(np.full(COUNT, 0.95), np.ones(COUNT, bool))


def test_cascade_stops_before_more_is_spoilt_than_the_bound_allows():
    found = learn({"words": ramp(1_000), "fused": FUSED}, firsts=("words",))
    spoilt = round(found.loss * COUNT)
    # ten rows are allowed; five of 2,000 are what can be told to be fewer, nine times in ten
    assert 0.5 <= found.kept <= 0.5 + 6 / COUNT
    assert 0 < spoilt < 10


def test_cascade_takes_the_first_head_that_costs_least_not_the_cheapest_encoder():
    # the image costs half of the text but is sure of few rows
    found = learn({"text": ramp(1_900), "image": ramp(200), "fused": FUSED}, firsts=("text", "image"))
    assert found.first == "text"
    found = learn({"text": ramp(1_900), "image": ramp(1_800), "fused": FUSED}, firsts=("text", "image"))
    assert found.first == "image"
    found = learn({"words": ramp(1_500), "text": ramp(1_900), "image": ramp(1_800), "fused": FUSED})
    assert found.first == "words"
    assert found.cost < found.whole / 2


def test_cascade_asks_about_everything_where_too_few_rows_can_tell():
    count = 100
    fused = answers(np.full(count, 0.95), np.ones(count, bool))
    found = learn({"words": ramp(count, count=count), "fused": fused}, count, firsts=("words",))
    assert found.ask_next > 1
    assert found.kept == 0


def test_cascade_keeps_equal_confidences_together():
    right = np.arange(COUNT) < 1_000
    found = learn({"words": answers(np.full(COUNT, 0.9), right), "fused": FUSED}, firsts=("words",))
    assert found.kept == 0


@pytest.mark.parametrize("missing", ["fused", "words"])
def test_cascade_without_anybody_to_ask_next_keeps_every_answer(missing):
    held = {"words": ramp(1_000), "fused": FUSED}
    del held[missing]
    found = learn(held, firsts=("words",))
    assert (found.ask_next, found.kept) == (0.0, 1.0)


def test_cascade_breaks_its_promise_no_more_often_than_it_says():
    """Fresh draws: true loss of the learned threshold beyond what is allowed in at most a tenth of them."""
    rng, broken, draws = np.random.default_rng(0), 0, 60
    for _ in range(draws):
        confidence = rng.uniform(0.5, 1, COUNT)
        right = rng.random(COUNT) < confidence**0.25
        found = learn({"words": answers(confidence, right), "fused": FUSED}, firsts=("words",))
        kept = max(0.0, 1 - min(found.ask_next, 1.0))
        u = np.linspace(1 - kept, 1, 1_001)
        true_loss = float(np.mean(1 - u**0.25)) * 2 * kept
        broken += true_loss > 0.005
    assert broken <= 0.1 * draws + 3
