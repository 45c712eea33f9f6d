"""The contract of heads and deciders: what the `classify` and `decide` stages save must pass these."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from smartprod.classifiers import HeadSet, load_heads, save_heads
from smartprod.decision import Decider
from smartprod.embeddings import ModalityEmbeddings
from smartprod.fusion import ProductEmbeddings


def check_heads(head_set: HeadSet, products: ProductEmbeddings, folder: Path) -> None:
    """Hold heads to what they promise, on products some of which lack an image or a text."""
    assert head_set.heads
    save_heads(head_set, folder / "first")
    loaded = load_heads(folder / "first")
    assert loaded.classes == head_set.classes
    assert list(loaded.heads) == list(head_set.heads)
    for name, head in head_set.heads.items():
        rows = np.flatnonzero(products.having(head.modalities))
        answers = head.log_probabilities(products.take(rows))
        assert (answers.dtype, answers.shape) == (np.float32, (len(rows), len(head_set.classes)))
        np.testing.assert_allclose(np.exp(answers).sum(axis=1), 1, rtol=1e-4)
        assert np.isclose(sum(member.weight for member in head.members), 1)
        again = loaded.heads[name]
        assert (again.modalities, len(again.members)) == (head.modalities, len(head.members))
        np.testing.assert_array_equal(again.log_probabilities(products.take(rows)), answers)
    save_heads(loaded, folder / "second")
    files = sorted(file.relative_to(folder / "first") for file in (folder / "first").rglob("*.*"))
    for file in files:
        assert (folder / "second" / file).read_bytes() == (folder / "first" / file).read_bytes()


def check_asks_only_what_is_there(decider: Decider, products: ProductEmbeddings) -> None:
    """Rows without a modality are never asked about it: poison in their places changes no answer."""
    poisoned = ProductEmbeddings(*map(_poison, (products.image, products.text)))
    answers, same = decider.answers(products), decider.answers(poisoned)
    for name, head in decider.head_set.heads.items():
        able = products.having(head.modalities)
        assert answers[name].positions.tolist() == np.flatnonzero(able).tolist()
        np.testing.assert_array_equal(same[name].probabilities, answers[name].probabilities)
        assert np.isfinite(answers[name].probabilities).all()


def _poison(each: ModalityEmbeddings) -> ModalityEmbeddings:
    return ModalityEmbeddings(np.where(each.present[:, None], each.values, np.float32(np.nan)), each.present)
