from __future__ import annotations

import pytest

from smartprod.config import check_several_labels, load_config
from smartprod.errors import UsageError


@pytest.mark.parametrize(
    "override",
    [
        "decide.mode=image-then-text",
        "decide.open_set.method=knn",
        "decide.open_set.false_rejection_rate=0.05",
        "decide.target_accuracy=0.98",
        "decide.review_below=0.5",
        "decide.prediction_sets=0.9",
        "fuse.candidates=[concat]",
        "resample.method=random_over",
        "catalog.classes.max_rows=100",
        "classifier.metric=accuracy",
    ],
)
def test_several_labels_refuses_settings_for_one_label(override):
    with pytest.raises(UsageError, match="SP125") as raised:
        check_several_labels(load_config("demo", [override]).config)
    assert override.partition("=")[0] in str(raised.value)


@pytest.mark.parametrize("override", ["classifier.kind=lightgbm", "classifier.candidates=[prototype]"])
def test_several_labels_refuses_classifiers_without_sigmoids(override):
    with pytest.raises(UsageError, match="SP126"):
        check_several_labels(load_config("demo", [override]).config)


@pytest.mark.parametrize(
    "override",
    ["decide.back_off=false", "decide.open_set.method=none", "classifier.kind=mlp", "decide.mode=fused"],
)
def test_several_labels_accepts_what_it_heeds(override):
    check_several_labels(load_config("demo", [override]).config)
