"""The contract of open-set detectors: whatever `decide.open_set.method` names must pass these."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from smartprod.decision.open_set import OpenSetDetector, detector_from_state
from smartprod.state import load_state, save_state
from tests.embedded_table import embed

Fit = Callable[[np.ndarray, np.ndarray], OpenSetDetector]
DIM = 8
CLASSES = 4


def check_open_set(fit: Fit, folder: Path) -> None:
    """Hold a way to fit a detector (on embeddings and labels) to everything the contract promises."""
    check_scores(fit)
    check_rows_are_judged_alone(fit)
    check_repeats(fit)
    check_order_of_training_rows(fit)
    check_missing_modality(fit)
    check_little_to_learn_from(fit)
    check_round_trip(fit, folder)


def rows(sizes: list[int], *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of `sizes[c]` rows of class c, and their labels, shuffled."""
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    return embed(labels, dim=DIM, strength=3.0, seed=seed, classes=len(sizes)), labels


def answers(embedding: np.ndarray) -> np.ndarray:
    """What some head answers about the embeddings, float32 [N, C]."""
    odds = np.exp(4 * embedding[:, :CLASSES])
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


def strangeness(detector: OpenSetDetector, embedding: np.ndarray) -> np.ndarray:
    """Score, and check the form of the scores."""
    before = embedding.copy()
    scores = detector.score(embedding, answers(embedding))
    assert (scores.dtype, scores.shape) == (np.float32, (len(embedding),))
    assert np.isfinite(scores).all()
    np.testing.assert_array_equal(embedding, before)
    return scores


def check_scores(fit: Fit) -> None:
    embedding, labels = rows([20] * CLASSES)
    copies = embedding.copy(), labels.copy()
    detector = fit(embedding, labels)
    assert isinstance(detector, OpenSetDetector)
    assert len(np.unique(strangeness(detector, embedding))) > 1
    assert strangeness(detector, embedding[:0]).shape == (0,)
    np.testing.assert_array_equal(embedding, copies[0])
    np.testing.assert_array_equal(labels, copies[1])


def check_rows_are_judged_alone(fit: Fit) -> None:
    embedding, labels = rows([20] * CLASSES)
    detector, fresh = fit(embedding, labels), rows([9] * 5, seed=1)[0]
    scores = strangeness(detector, fresh)
    np.testing.assert_allclose(strangeness(detector, fresh[::-1]), scores[::-1], atol=1e-3, rtol=1e-3)
    np.testing.assert_allclose(strangeness(detector, np.asfortranarray(fresh)), scores, atol=1e-3, rtol=1e-3)
    alone = np.concatenate([strangeness(detector, fresh[row : row + 1]) for row in range(5)])
    np.testing.assert_allclose(alone, scores[:5], atol=1e-3, rtol=1e-3)


def check_repeats(fit: Fit) -> None:
    embedding, labels = rows([20, 10, 5, 1])
    first, second = (strangeness(fit(embedding, labels), embedding) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def check_order_of_training_rows(fit: Fit) -> None:
    embedding, labels = rows([20] * CLASSES)
    fresh, order = rows([9] * 5, seed=1)[0], np.random.default_rng(2).permutation(len(labels))
    scores = strangeness(fit(embedding, labels), fresh)
    shuffled = strangeness(fit(embedding[order], labels[order]), fresh)
    np.testing.assert_allclose(shuffled, scores, atol=0.02 * np.ptp(scores))


def check_missing_modality(fit: Fit) -> None:
    """Rows whose image block is zero, as where a modality is missing, are scored like any other."""
    embedding, labels = rows([20] * CLASSES)
    lacking = embedding.copy()
    lacking[::3, : DIM // 2] = 0
    assert len(strangeness(fit(lacking, labels), lacking)) == len(labels)
    assert len(strangeness(fit(embedding, labels), np.zeros((2, DIM), np.float32))) == 2


def check_little_to_learn_from(fit: Fit) -> None:
    """One row of each class; copies; two rows; one class; one row; class numbers with gaps: all scores are finite."""
    one_each = rows([1] * 12)
    probe = np.eye(DIM, dtype=np.float32)
    for embedding, labels in (
        one_each,
        (np.ones((6, DIM), np.float32), np.asarray([0, 0, 0, 1, 1, 1])),
        (one_each[0][:2], np.asarray([0, 1])),
        (one_each[0], np.full(12, 4)),
        (one_each[0][:1], np.asarray([3])),
        (one_each[0], np.arange(12) % 2 * 7),
    ):
        detector = fit(embedding, labels)
        strangeness(detector, embedding)
        strangeness(detector, probe)


def check_round_trip(fit: Fit, folder: Path) -> None:
    embedding, labels = rows([20, 10, 5, 1])
    detector = fit(embedding, labels)
    save_state(detector.state(), folder, "saved")
    loaded = detector_from_state(load_state(folder, "saved"))
    assert (type(loaded), loaded.kind) == (type(detector), detector.kind)
    np.testing.assert_array_equal(strangeness(loaded, embedding), strangeness(detector, embedding))
    save_state(loaded.state(), folder, "again")
    for file in folder.glob("saved.*"):
        assert (folder / f"again{file.suffix}").read_bytes() == file.read_bytes()
