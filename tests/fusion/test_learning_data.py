from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from smartprod.embeddings import EmbeddingStore
from smartprod.errors import TrainingError
from smartprod.fusion import load_learning_data
from tests.embedded_table import IMAGE, TEXT, embedded_table


def load(table, parts, folds, labels=None):
    count = len(parts)
    names = [f"c{row % 3}" for row in range(count)] if labels is None else labels
    split = pa.table({"row": range(count), "label": names, "part": parts, "fold": pa.array(folds, pa.int8())})
    return load_learning_data(
        table.artefacts["embedding_index"], split, EmbeddingStore(table.folder / "store")
    )


@pytest.fixture
def table(tmp_path):
    image, text = np.ones(12, bool), np.ones(12, bool)
    image[[3, 4]], text[[4, 5]] = False, False
    return embedded_table(tmp_path, [row % 3 for row in range(12)], image=image, text=text)


def test_learning_data_holds_train_and_val_rows_that_have_an_embedding(table):
    data = load(table, ["train"] * 6 + ["val"] * 3 + ["test"] * 2 + ["unlabelled"], [-1] * 12)
    assert data.rows.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    assert data.classes == ("c0", "c1", "c2")
    assert data.labels.tolist() == [0, 1, 2, 0, 2, 0, 1, 2]
    assert data.products.having(("image", "text")).tolist() == [
        True,
        True,
        True,
        False,
        False,
        True,
        True,
        True,
    ]
    assert (len(data.folds), data.folds[0].validation.tolist()) == (1, [5, 6, 7])
    assert data.final().train.tolist() == list(range(8))
    assert data.elements == 8 * (IMAGE.dim + TEXT.dim)


def test_learning_data_folds_are_those_of_the_split(table):
    data = load(table, ["train"] * 12, [0, 0, 1, 1, 2, 2, -1, -1, 0, 1, 2, -1])
    assert [fold.name for fold in data.folds] == ["fold-0", "fold-1", "fold-2"]
    for number, fold in enumerate(data.folds):
        assert sorted([*fold.train, *fold.validation]) == list(range(11))
        assert len(fold.validation) == [3, 3, 2][number]
    assert len(data.validated()) == 8


@pytest.mark.parametrize(
    ("parts", "labels", "code"),
    [
        (["train"] * 12, ["one"] * 12, "SP501"),
        (["test"] * 12, None, "SP501"),
        (["train"] * 12, None, "SP502"),
    ],
)
def test_learning_data_says_what_is_missing(table, parts, labels, code):
    with pytest.raises(TrainingError) as caught:
        load(table, parts, [-1] * 12, labels)
    assert caught.value.code == code
