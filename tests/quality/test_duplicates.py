from __future__ import annotations

import numpy as np
import pytest

from smartprod.config.schema import QualityConfig
from smartprod.embeddings import ModalityEmbeddings
from smartprod.fusion import ProductEmbeddings
from smartprod.quality import duplicates
from smartprod.quality.duplicates import conflict_findings, find_duplicates, leak_findings


def products(image: np.ndarray, text: np.ndarray, *, no_image: tuple[int, ...] = ()) -> ProductEmbeddings:
    has_image = np.ones(len(image), bool)
    has_image[list(no_image)] = False
    image = np.where(has_image[:, None], image, 0)
    scale = [np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-9) for each in (image, text)]
    return ProductEmbeddings(
        ModalityEmbeddings((image / scale[0]).astype(np.float32), has_image),
        ModalityEmbeddings((text / scale[1]).astype(np.float32), np.ones(len(text), bool)),
    )


@pytest.fixture
def table():
    """Rows 0 and 1 nearly alike in both, 2 alike in the photo only, 3 and 4 alike in text without photos, 5 apart."""
    random = np.random.default_rng(0)
    image, text = random.normal(size=(6, 32)), random.normal(size=(6, 16))
    image[1], text[1] = image[0] + 0.01, text[0] + 0.01
    image[2] = image[0]
    text[4] = text[3] + 0.001
    return products(image, text, no_image=(3, 4))


def test_duplicates_are_near_in_every_modality_that_both_rows_have(table):
    groups = find_duplicates(table, {}, config=QualityConfig())
    assert sorted(group.rows for group in groups) == [(0, 1), (3, 4)]
    assert all(0.95 <= group.cosine < 1 for group in groups)


def test_duplicates_with_the_same_hash_are_not_told_twice(table):
    groups = find_duplicates(table, {"photo": ["x", "x", None, None, None, None]}, config=QualityConfig())
    assert [(group.rows, group.seen_by) for group in groups] == [
        ((0, 1), "same photo"),
        ((3, 4), "photo and text nearly the same"),
    ]


def test_duplicates_in_buckets_are_found_too(table, monkeypatch):
    monkeypatch.setattr(duplicates, "_MOST_EXACT", 3)
    monkeypatch.setattr(duplicates, "_BUCKET", 2)
    groups = find_duplicates(table, {}, config=QualityConfig())
    assert (0, 1) in [group.rows for group in groups]


def test_duplicates_with_different_labels_name_the_majority_and_the_odd_row_first(table):
    groups = find_duplicates(table, {"photo": ["x", "x", "x", None, None, None]}, config=QualityConfig())
    (found,) = conflict_findings(groups, ["Cups", "Mugs", "Mugs", "Caps", None, None])
    assert found.suggestion == "label all of them Mugs"
    assert found.rows[0] == 0
    assert found.category == "Cups | Mugs"


def test_duplicates_across_train_and_test_are_a_leak(table):
    groups = find_duplicates(table, {}, config=QualityConfig())
    (found,) = leak_findings(groups, ["test", "train", "train", "val", "train", "test"])
    assert found.rows == (0, 1)
