"""The contract of classifiers: whatever a recipe of the registry fits must pass these."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from smartprod.classifiers import Classifier, FitRequest, Fitted, classifier_from_state
from smartprod.resampling import TrainingSet
from smartprod.state import load_state, save_state
from tests.embedded_table import embed

Fit = Callable[[FitRequest], Fitted]
DIM = 8


def check_classifier(fit: Fit, folder: Path) -> None:
    """Hold a way to fit a classifier to everything the contract promises; `folder` is for saved states."""
    check_answers(fit)
    check_repeats(fit)
    check_leaves_input_alone(fit)
    check_absent_classes(fit)
    check_small_classes(fit)
    check_single_class(fit)
    check_shapes_of_input(fit)
    check_rounds(fit)
    check_round_trip(fit, folder)


def training(sizes: list[int], *, seed: int = 0, strength: float = 3.0) -> TrainingSet:
    """Rows of separable classes: `sizes[c]` of class c."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return TrainingSet(embed(labels, dim=DIM, strength=strength, seed=seed, classes=len(sizes)), labels)


def answer(fit: Fit, request: FitRequest, embedding: np.ndarray) -> np.ndarray:
    """Fit, classify, and check the form of the answers."""
    classifier = fit(request).classifier
    assert isinstance(classifier, Classifier)
    log_probabilities = classifier.log_probabilities(embedding)
    assert log_probabilities.dtype == np.float32
    assert log_probabilities.shape == (len(embedding), request.classes)
    assert np.isfinite(log_probabilities).all()
    np.testing.assert_allclose(np.exp(log_probabilities).sum(axis=1), 1, rtol=1e-5)
    return log_probabilities


def check_answers(fit: Fit) -> None:
    rows = training([30, 20, 10])
    answers = answer(fit, FitRequest(rows, 3), rows.embedding)
    assert (answers.argmax(axis=1) == rows.labels).mean() > 0.9, "separable classes are learned"
    assert answer(fit, FitRequest(rows, 3), rows.embedding[:0]).shape == (0, 3)


def check_repeats(fit: Fit) -> None:
    rows, held = training([30, 20, 10]), training([5, 5, 5], seed=0)
    requests = [FitRequest(rows, 3, seed=7, validation=held) for _ in range(2)]
    first, second = (fit(request) for request in requests)
    assert first.rounds == second.rounds
    answers = [each.classifier.log_probabilities(held.embedding) for each in (first, second)]
    np.testing.assert_array_equal(*answers)
    states = [each.classifier.state() for each in (first, second)]
    assert states[0].settings == states[1].settings
    assert states[0].text == states[1].text
    for name, array in states[0].arrays.items():
        np.testing.assert_array_equal(array, states[1].arrays[name])


def check_leaves_input_alone(fit: Fit) -> None:
    rows, held = training([10, 10]), training([4, 4])
    before = [array.copy() for array in (rows.embedding, rows.labels, held.embedding, held.labels)]
    fit(FitRequest(rows, 2, validation=held)).classifier.log_probabilities(held.embedding)
    for array, copy in zip((rows.embedding, rows.labels, held.embedding, held.labels), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def check_absent_classes(fit: Fit) -> None:
    """Classes without training rows have a column and next to no probability; held-out rows of them do no harm."""
    rows = training([12, 12, 12])
    shifted = TrainingSet(rows.embedding, np.asarray([1, 3, 4])[rows.labels])
    held = TrainingSet(rows.embedding, np.asarray([0, 3, 4])[rows.labels])
    for validation in (None, held, TrainingSet(held.embedding[:12], held.labels[:12])):
        answers = answer(fit, FitRequest(shifted, 6, validation=validation), rows.embedding)
        assert np.exp(answers[:, [0, 2, 5]]).max() < 1e-5
        assert (answers.argmax(axis=1) == shifted.labels).mean() > 0.9


def check_small_classes(fit: Fit) -> None:
    rows = training([20, 1, 1])
    answers = answer(fit, FitRequest(rows, 3), rows.embedding)
    assert (answers.argmax(axis=1)[:20] == 0).all()
    pair = training([8, 8])
    assert (answer(fit, FitRequest(pair, 2), pair.embedding).argmax(axis=1) == pair.labels).mean() > 0.9
    one_each = training([1, 1])
    answer(fit, FitRequest(one_each, 2), one_each.embedding)


def check_single_class(fit: Fit) -> None:
    rows = training([6])
    for label, classes in ((0, 2), (1, 2), (2, 3), (0, 1)):
        labels = np.full(6, label)
        answers = answer(fit, FitRequest(TrainingSet(rows.embedding, labels), classes), rows.embedding)
        assert np.exp(answers[:, label]).min() > 0.99
    one_row = TrainingSet(rows.embedding[:1], np.asarray([1]))
    assert np.exp(answer(fit, FitRequest(one_row, 3), rows.embedding)[:, 1]).min() > 0.99


def check_shapes_of_input(fit: Fit) -> None:
    """Strided, reversed, Fortran-ordered and read-only arrays are answered like plain ones."""
    rows = training([12, 12, 12])
    wide = np.repeat(rows.embedding, 2, axis=1)[:, ::2]
    assert not wide.flags.c_contiguous
    classifier = fit(FitRequest(TrainingSet(wide, rows.labels), 3)).classifier
    plain = classifier.log_probabilities(rows.embedding)
    read_only = rows.embedding.copy()
    read_only.flags.writeable = False
    for variant in (wide, np.asfortranarray(rows.embedding), read_only):
        np.testing.assert_allclose(classifier.log_probabilities(variant), plain, atol=1e-5)
    np.testing.assert_allclose(classifier.log_probabilities(rows.embedding[::-1]), plain[::-1], atol=1e-5)
    alone = np.concatenate([classifier.log_probabilities(row[None]) for row in rows.embedding])
    np.testing.assert_allclose(alone, plain, atol=1e-4)


def check_rounds(fit: Fit) -> None:
    """A final fit runs the rounds it is told; with validation rows the best number of rounds is found."""
    rows = training([15, 15], strength=1.0)
    stopped = fit(FitRequest(rows, 2, validation=training([8, 8], strength=1.0)))
    final = fit(FitRequest(rows, 2, rounds=2))
    if stopped.rounds is None:
        assert final.rounds is None
        return
    assert stopped.rounds >= 1
    assert final.rounds == 2


def check_round_trip(fit: Fit, folder: Path) -> None:
    rows = training([12, 12, 12])
    for number, labels in enumerate((rows.labels, np.asarray([4, 1, 4])[rows.labels], np.full(36, 2))):
        classifier = fit(FitRequest(TrainingSet(rows.embedding, labels), 5)).classifier
        save_state(classifier.state(), folder, f"{classifier.kind}-{number}")
        loaded = classifier_from_state(load_state(folder, f"{classifier.kind}-{number}"))
        assert loaded.kind == classifier.kind
        np.testing.assert_array_equal(
            loaded.log_probabilities(rows.embedding), classifier.log_probabilities(rows.embedding)
        )
        save_state(loaded.state(), folder, "again")
        for file in folder.glob(f"{classifier.kind}-{number}.*"):
            assert (folder / f"again{file.suffix}").read_bytes() == file.read_bytes()
