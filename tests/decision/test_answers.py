from __future__ import annotations

import numpy as np
import pytest

from smartprod.decision import HeadAnswers, combine, needed_embeddings


def head(**confidences: float) -> HeadAnswers:
    """Two classes; `p3=0.9` answers product 3 with 0.9 for class 0."""
    rows = [int(name[1:]) for name in confidences]
    values = np.asarray(list(confidences.values()), np.float32)
    return HeadAnswers(np.asarray(rows, np.int64), np.stack([values, 1 - values], axis=1))


# Product 0 has both modalities, 1 only an image, 2 only a text, 3 nothing; 4 has both and an unsure image.
ANSWERS = {
    "image": head(p0=0.95, p1=0.6, p4=0.55),
    "text": head(p0=0.7, p2=0.8, p4=0.9),
    "fused": head(p0=0.99, p4=0.52),
}


@pytest.mark.parametrize(
    ("mode", "cheapest", "heads", "confidences"),
    [
        ("fused", "text", ["fused", "image", "text", "", "fused"], [0.99, 0.6, 0.8, np.nan, 0.52]),
        ("image-then-text", "text", ["image", "image", "text", "", "text"], [0.95, 0.6, 0.8, np.nan, 0.9]),
        ("cheapest-first", "text", ["fused", "image", "text", "", "text"], [0.99, 0.6, 0.8, np.nan, 0.9]),
        ("cheapest-first", "image", ["image", "image", "text", "", "fused"], [0.95, 0.6, 0.8, np.nan, 0.52]),
    ],
)
def test_answers_are_combined_as_the_mode_says(mode, cheapest, heads, confidences):
    combined = combine(ANSWERS, 5, mode=mode, cheapest=cheapest, ask_next=0.75)
    assert combined.head.tolist() == heads
    np.testing.assert_allclose(combined.confidence, confidences, rtol=1e-6)
    assert combined.answered.tolist() == [True, True, True, False, True]


def test_answers_less_confident_text_does_not_overrule_the_image():
    answers = {"image": head(p0=0.6), "text": head(p0=0.55)}
    assert combine(answers, 1, mode="image-then-text", cheapest="text", ask_next=0.9).head.tolist() == [
        "image"
    ]


@pytest.mark.parametrize("mode", ["fused", "image-then-text", "cheapest-first"])
@pytest.mark.parametrize("only", ["image", "text"])
def test_answers_of_a_single_head_are_used_in_every_mode(mode, only):
    combined = combine({only: ANSWERS[only]}, 5, mode=mode, cheapest="text", ask_next=0.75)
    assert set(combined.head) == {only, ""}


@pytest.mark.parametrize("mode", ["fused", "image-then-text", "cheapest-first"])
def test_answers_for_no_products_are_none(mode):
    nobody = HeadAnswers(np.zeros(0, np.int64), np.zeros((0, 2), np.float32))
    combined = combine(dict.fromkeys(ANSWERS, nobody), 0, mode=mode, cheapest="text", ask_next=0.75)
    assert (len(combined.head), combined.probabilities.shape) == (0, (0, 2))


def test_answers_embed_only_what_a_mode_asks_about():
    heads = {"image": head(p0=0.95, p1=0.6), "text": head(p0=0.9, p2=0.9), "words": head(p2=0.99)}

    def needed(mode: str, cheapest: str = "text") -> tuple[list[bool], list[bool]]:
        found = needed_embeddings(heads, 3, mode=mode, cheapest=cheapest, ask_next=0.9)
        return found.image.tolist(), found.text.tolist()

    everything = [True] * 3
    assert needed("fused") == (everything, everything)
    assert needed("image-then-text") == (everything, [False, True, True])
    assert needed("cheapest-first", "text") == ([False, True, False], everything)
    assert needed("cheapest-first", "words") == ([True, True, False], [True, True, False])
