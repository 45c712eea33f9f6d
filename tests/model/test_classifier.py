from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

import smartprod
from smartprod.errors import ModelError, UsageError
from smartprod.model import ModelClassifier, answered_schema


@pytest.fixture(scope="module")
def classifier(demo_run):
    with smartprod.load(demo_run.model) as own:
        # the demo table's paths start from the catalogue
        yield ModelClassifier(own.model, image_root=demo_run.catalogue)


@pytest.fixture(scope="module")
def rows(demo_run) -> list[dict[str, str]]:
    with demo_run.new_table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))[:12]


def test_classifier_load_says_what_it_is(demo_run):
    text = repr(smartprod.load(demo_run.model))
    for word in ("28 classes", "image/text/fused", "'fused'", "lite0 + minilm + hashed-words"):
        assert word in text


def test_classifier_load_of_anything_else_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="SP710"):
        smartprod.load(tmp_path)


def test_classifier_probabilities_are_of_the_classes_and_sum_to_one(classifier, rows):
    probabilities = classifier.predict_proba(rows)
    assert probabilities.shape == (len(rows), len(classifier.classes_))
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)
    assert classifier.predict(rows).tolist() == classifier.classes_[probabilities.argmax(axis=1)].tolist()


def test_classifier_is_mostly_right(classifier, rows, demo_run):
    with (demo_run.catalogue / "truth.csv").open(encoding="utf-8", newline="") as file:
        truth = {row["id"]: row["true_category"] for row in csv.DictReader(file)}
    right = classifier.predict(rows) == [truth[row["id"]] for row in rows]
    assert np.mean(right) > 0.6


def test_classifier_frame_table_and_dicts_give_the_same(classifier, rows):
    expected = classifier.predict_proba(rows)
    np.testing.assert_array_equal(classifier.predict_proba(pd.DataFrame(rows)), expected)
    np.testing.assert_array_equal(classifier.predict_proba(pa.Table.from_pylist(rows)), expected)


def test_classifier_polars_frame_and_any_arrow_stream_give_the_same(classifier, rows):
    few, table = rows[:3], pa.Table.from_pylist(rows[:3])
    expected = classifier.predict_proba(few)
    for products in (pl.DataFrame(few), table.to_reader(), table.to_batches()[0]):
        np.testing.assert_array_equal(classifier.predict_proba(products), expected)
    files = pl.DataFrame({"title": ["red mug"], "image": [b"no image"]})
    assert classifier.decide(files)["status"].tolist() == ["images:corrupt"]


def test_classifier_frames_without_rows_of_arrow_are_usage_errors(classifier):
    with pytest.raises(UsageError, match=r"SP720.*\n.*collected"):
        classifier.predict(pl.DataFrame({"title": ["red mug"]}).lazy())
    with pytest.raises(UsageError, match=r"SP730.*struct"):
        classifier.predict(pl.Series(["red mug"]))
    with pytest.raises(UsageError, match=r"SP730.*`image` holds Python objects"):
        classifier.predict(pl.DataFrame({"image": [Image.new("RGB", (2, 2))]}))


def test_classifier_missing_cells_of_a_frame_are_missing_not_text(classifier):
    frame = pd.DataFrame({"title": ["red mug", None, float("nan")], "image": [None, None, pd.NA]})
    decided = classifier.decide(frame)
    assert decided["status"].tolist() == ["images:missing"] + ["images:missing;text:missing"] * 2


def test_classifier_image_in_memory_is_answered_like_its_file(classifier, rows, demo_run):
    row = next(row for row in rows if row["image"].endswith(".jpg"))
    path = demo_run.catalogue / row["image"]
    only_image = {"image": row["image"]}
    with Image.open(path) as picture:
        products = [
            only_image,
            {"image": path.read_bytes()},
            {"image": [picture.copy()]},
            {"image": b"no image"},
        ]
        probabilities = classifier.predict_proba(products)
    np.testing.assert_allclose(probabilities[1], probabilities[0], atol=1e-3)
    np.testing.assert_allclose(probabilities[2], probabilities[0], atol=0.05)  # PNG of the decoded JPEG
    assert np.isnan(probabilities[3]).all()


def test_classifier_product_with_nothing_is_nan_none_and_review(classifier):
    products = [{"id": "x", "title": "", "image": ""}, {"id": "y", "title": "a leather handbag", "image": ""}]
    assert np.isnan(classifier.predict_proba(products)[0]).all()
    assert classifier.predict(products)[0] is None
    decided = classifier.decide(products)
    assert decided.columns.tolist() == answered_schema().names
    assert decided["decision"][0] == "review"
    assert decided["reason"][0].startswith("No readable image or text. Images: empty.")
    assert decided["head"].isna().tolist() == [True, False]


def test_classifier_more_rows_than_a_step_keep_their_order(classifier):
    titles = ["ceramic plate", "running shoes", "table lamp"] * 200
    predicted = classifier.predict([{"title": title} for title in titles])
    assert len(predicted) == 600
    assert predicted[:3].tolist() == predicted[597:].tolist()


def test_classifier_empty_frame_gives_empty_answers(classifier):
    frame = pd.DataFrame({"title": pd.Series([], dtype=str)})
    assert classifier.predict(frame).shape == (0,)
    assert classifier.predict_proba(frame).shape == (0, 28)
    assert len(classifier.decide(frame)) == 0


def test_classifier_wrong_kinds_of_products_are_usage_errors(classifier):
    with pytest.raises(UsageError, match="SP720"):
        classifier.predict({"title": "a single dict"})
    with pytest.raises(UsageError, match="SP205"):
        classifier.predict([{"colour": "red"}])


def test_classifier_unknown_mode_is_refused_at_once(classifier):
    with pytest.raises(UsageError, match="SP719"):
        ModelClassifier(classifier.model, mode="best")


def test_classifier_closed_one_opens_again(classifier):
    own = ModelClassifier(classifier.model)
    first = own.predict_proba([{"title": "ceramic plate"}])
    own.close()
    own.close()
    np.testing.assert_array_equal(own.predict_proba([{"title": "ceramic plate"}]), first)
    own.close()
