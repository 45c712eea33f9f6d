from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from smartprod.config.schema import DomainsConfig
from smartprod.embeddings import EmbeddingStore, ModalityEmbeddings
from smartprod.errors import TrainingError
from smartprod.fusion import AlignmentRequest, align_embeddings, fit_alignment, load_learning_data
from tests.embedded_table import embedded_table


def two_domains(rows=400, dim=6, seed=0):
    """Classes lie alike in both domains, around another middle and stretched."""
    rng = np.random.default_rng(seed)
    centers = 0.6 * rng.normal(size=(3, dim))
    labels = rng.integers(3, size=(2, rows))
    source, target = (centers[each] + 0.3 * rng.normal(size=(rows, dim)) for each in labels)
    stretch = np.linspace(0.5, 2.0, dim)
    moved = (source * stretch + 3 * (centers[1] - centers[0])).astype(np.float32)
    return moved, target.astype(np.float32), labels


@pytest.mark.parametrize("method", ["mean", "standard", "coral"])
def test_alignment_gives_the_source_the_targets_mean_and_what_else_the_method_says(method):
    source, target, _ = two_domains()
    fitted = fit_alignment(source, target, method)
    moved = source - fitted.source_mean
    if fitted.stretch is not None:
        moved = moved * fitted.stretch if fitted.stretch.ndim == 1 else moved @ fitted.stretch
    moved = moved + fitted.target_mean
    assert moved.mean(axis=0) == pytest.approx(target.mean(axis=0), abs=1e-3)
    if method != "mean":
        assert moved.std(axis=0) == pytest.approx(target.std(axis=0), rel=0.05)
    if method == "coral":
        assert np.cov(moved.T) == pytest.approx(np.cov(target.T), abs=0.06)
    assert np.linalg.norm(fitted.apply(source), axis=1) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("method", ["mean", "standard", "coral"])
def test_alignment_lets_a_classifier_of_one_domain_answer_the_other(method):
    from sklearn.linear_model import LogisticRegression

    source, target, labels = two_domains(dim=12)
    unit = target / np.linalg.norm(target, axis=1, keepdims=True)
    aligned = fit_alignment(source, unit, method).apply(source)
    before, after = (
        LogisticRegression(C=30, max_iter=500).fit(each, labels[0]).score(unit, labels[1])
        for each in (source / np.linalg.norm(source, axis=1, keepdims=True), aligned)
    )
    assert after > max(before + 0.1, 0.8)


def test_alignment_leaves_a_dimension_that_hardly_varies_from_growing_without_end():
    source, target, _ = two_domains()
    source[:, 0] = 1.0
    assert np.isfinite(fit_alignment(source, target, "standard").apply(source)).all()


def test_alignment_moves_nothing_but_the_rows_of_other_domains_encoder_by_encoder():
    source, target, _ = two_domains(50)
    values, present = np.vstack([source, target]), np.ones(100, bool)
    present[[3, 60]] = False
    values[~present] = 0
    is_source = np.arange(100) < 50
    embeddings = ModalityEmbeddings(values, present, (4, 2))
    aligned = align_embeddings(embeddings, is_source, ~is_source, "mean")
    assert np.array_equal(aligned.values[50:], values[50:])
    assert not aligned.values[3].any()
    moved = aligned.values[:50][present[:50]]
    assert np.linalg.norm(moved[:, :4], axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.linalg.norm(moved[:, 4:], axis=1) == pytest.approx(1.0, abs=1e-5)


def test_alignment_needs_some_rows_of_each_domain():
    source, target, _ = two_domains(30)
    with pytest.raises(TrainingError, match="SP519"):
        fit_alignment(source, target[:3], "mean")


def test_alignment_of_learned_rows_sees_no_test_photo_and_no_label(tmp_path):
    count = 60
    table = embedded_table(tmp_path, [row % 3 for row in range(count)])
    parts = ["train"] * 24 + ["unlabelled"] * 18 + ["test"] * 18
    domains = ["studio"] * 24 + ["photo"] * 36

    def load(labels, parts=parts, **settings):
        split = pa.table(
            {"row": range(count), "label": labels, "part": parts, "fold": pa.array([0, 1] * 30, pa.int8()), "domain": domains}
        )  # fmt: skip
        request = AlignmentRequest("mean", DomainsConfig(**settings))
        index, store = table.artefacts["embedding_index"], EmbeddingStore(table.folder / "store")
        plain = load_learning_data(index, split, store)
        return plain, load_learning_data(index, split, store, alignment=request)

    names = [f"c{row % 3}" for row in range(count)]
    plain, aligned = load(names)
    assert not np.array_equal(plain.products.image.values, aligned.products.image.values)
    assert np.array_equal(plain.products.text.values, aligned.products.text.values)
    _, relabelled = load([*names[:24], *["c0"] * 36])
    assert np.array_equal(relabelled.products.image.values, aligned.products.image.values)
    _, with_test = load(names, test_images=True)
    assert not np.array_equal(with_test.products.image.values, aligned.products.image.values)
    _, without_test = load(names, parts=[*parts[:42], *["test"] * 18])
    assert np.array_equal(without_test.products.image.values, aligned.products.image.values)
