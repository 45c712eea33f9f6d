from __future__ import annotations

import csv

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import smartprod
from smartprod.errors import UsageError

QUICK = {
    "run.threads": 1, "split.folds": 2, "fuse.candidates": ["concat"], "classifier.candidates": ["logistic"],
    "classifier.logistic.C": [30], "classifier.logistic.max_iterations": 50, "decide.target_accuracy": 0.8,
    "report.map_points": 50, "extract.image": [], "extract.text": ["hashed-words"],
}  # fmt: skip

# The suite's data are matrices of numbers; the tests of tables below hold the rules that matter of those that fail here.
_MATRIX = "fits a matrix of numbers, which has no title and no photo (SP720)"
EXPECTED_FAILURES = dict.fromkeys(
    [
        "check_fit_score_takes_y",
        "check_estimators_overwrite_params",
        "check_dont_overwrite_parameters",
        "check_estimators_fit_returns_self",
        "check_readonly_memmap_input",
        "check_n_features_in_after_fitting",
        "check_positive_only_tag_during_fit",
        "check_estimators_dtypes",
        "check_complex_data",
        "check_dtype_object",
        "check_estimators_empty_data_messages",
        "check_pipeline_consistency",
        "check_estimator_sparse_tag",
        "check_estimator_sparse_array",
        "check_estimator_sparse_matrix",
        "check_f_contiguous_array_estimator",
        "check_classifier_data_not_an_array",
        "check_classifiers_one_label",
        "check_classifiers_classes",
        "check_classifiers_train",
        "check_supervised_y_2d",
        "check_methods_sample_order_invariance",
        "check_methods_subset_invariance",
        "check_fit2d_1sample",
        "check_fit2d_1feature",
        "check_dict_unchanged",
        "check_fit_idempotent",
        "check_fit_check_is_fitted",
        "check_n_features_in",
        "check_fit1d",
        "check_fit2d_predict1d",
    ],
    _MATRIX,
) | {
    "check_estimators_pickle": "a model is saved as its folder, never pickled; and as above",
    "check_classifiers_regression_target": "a class may be any text or number; and as above",
    "check_supervised_y_no_nan": "a class may be any text or number; and as above",
}


class TakenForMatrices(smartprod.ProductClassifier):
    """Claims to take matrices: of an estimator that does not, scikit-learn runs no check but that it can be cloned."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


scikit_learn_checks = parametrize_with_checks(
    [smartprod.ProductClassifier(), TakenForMatrices()], expected_failed_checks=lambda _: EXPECTED_FAILURES
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@scikit_learn_checks
def test_estimator_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def shop(demo_catalogue):
    """Products as a frame, and the top of their category as a number."""
    with (demo_catalogue / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["category"]][:160]
    names = sorted({row["category"].split(" > ")[0] for row in rows})
    labels = [
        names.index(row.pop("category").split(" > ")[0]) + 8 for row in rows
    ]  # 8, 9, 10: not in the order of text
    return pl.DataFrame(rows), labels


@pytest.fixture(scope="module")
def fitted(shop, demo_catalogue):
    estimator = smartprod.ProductClassifier(settings=QUICK, image_root=demo_catalogue)
    before = estimator.get_params()
    assert estimator.fit(*shop) is estimator
    assert estimator.get_params() == before, "fit leaves the parameters alone"
    return estimator


def test_estimator_answers_with_the_labels_that_it_was_given(fitted, shop):
    frame, labels = shop
    assert fitted.classes_.tolist() == sorted(set(labels))
    probabilities = fitted.predict_proba(frame)
    predicted = fitted.predict(frame)
    answered = ~np.isnan(probabilities).any(axis=1)
    assert 0.9 < answered.mean() < 1, "some products of the demo have no text"
    assert predicted[answered].tolist() == fitted.classes_[probabilities[answered].argmax(axis=1)].tolist()
    assert set(predicted[~answered]) == {None}
    assert fitted.score(frame, labels) == np.mean(predicted == np.asarray(labels, dtype=object)) > 0.8


def test_estimator_says_none_where_there_is_nothing_to_go_by(fitted):
    predicted = fitted.predict([{"title": "red ceramic mug"}, {"title": ""}])
    assert predicted[0] in fitted.classes_
    assert predicted[1] is None
    assert fitted.score([{"title": ""}], [8]) == 0


def test_estimator_gives_the_model_with_its_decisions(fitted, shop):
    decided = fitted.classifier_.decide(shop[0][:3])
    assert decided["decision"].notna().all()


def test_estimator_fitted_again_forgets_the_first_table(fitted, shop):
    frame, labels = shop
    again = clone(fitted)
    with pytest.raises(NotFittedError):
        again.predict(frame)
    again.fit(frame, [str(label % 2) for label in labels])
    assert again.classes_.tolist() == ["0", "1"]
    assert again.predict(frame[:1])[0] in {"0", "1"}


@pytest.mark.slow
def test_estimator_takes_images_in_memory_and_the_table_s_own_category(demo_catalogue, tmp_path):
    with (demo_catalogue / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["category"] and row["image"].endswith(".jpg")][:90]
    products = [
        {"category": row["category"].split(" > ")[0], "image": (demo_catalogue / row["image"]).read_bytes()}
        for row in rows
        if (demo_catalogue / row["image"]).is_file()
    ]
    settings = QUICK | {"extract.image": ["lite0"], "extract.text": []}
    estimator = smartprod.ProductClassifier(settings=settings, run_folder=tmp_path).fit(products)
    assert set(estimator.classes_) <= {each["category"] for each in products}
    assert estimator.predict(products[:1])[0] in estimator.classes_
    assert list(tmp_path.glob("*/model/model.yaml")), "the run stays where it was asked for"


def test_estimator_refuses_what_is_no_table(shop):
    estimator = smartprod.ProductClassifier(settings=QUICK)
    with pytest.raises(UsageError, match="SP720"):
        estimator.fit(np.zeros((3, 2)), [0, 1, 0])
    with pytest.raises(UsageError, match="SP739"):
        estimator.fit(shop[0], [1, 2])
    with pytest.raises(UsageError, match=r"SP11\d"):
        smartprod.ProductClassifier(settings={"no.such.key": 1}).fit(*shop)
