from __future__ import annotations

import numpy as np
import pyarrow as pa

from smartprod.catalog import products_from_records
from smartprod.config.schema import CatalogConfig
from smartprod.quality.class_pairs import class_pair_findings, merged_accuracy
from smartprod.quality.class_shape import general_class_findings, small_class_findings
from smartprod.quality.columns import useless_column_findings
from smartprod.quality.held_out import HeldOut

CLASSES = ("Cups", "Mugs", "Hats", "Boots", "Ties")


def held_out(labels: np.ndarray, predicted: np.ndarray, *, second: np.ndarray | None = None) -> HeldOut:
    probabilities = np.full((len(labels), len(CLASSES)), 0.02)
    if second is not None:
        probabilities[np.arange(len(labels)), second] = 0.3
    probabilities[np.arange(len(labels)), predicted] = 0.6
    return HeldOut(np.arange(len(labels)), labels, probabilities / probabilities.sum(axis=1, keepdims=True))


def test_class_pairs_confused_beyond_their_size_are_found_and_merging_is_weighed():
    labels = np.repeat(np.arange(5), 40)
    predicted = labels.copy()
    predicted[0:16], predicted[40:58] = 1, 0  # cups and mugs are told apart by chance
    predicted[80], predicted[81] = 3, 4  # single mistakes are no pair
    held = held_out(labels, predicted)
    (found,) = class_pair_findings(held, CLASSES)
    assert found.category == "Cups | Mugs"
    assert found.suggestion.startswith("merge `Cups` and `Mugs`")
    assert round(merged_accuracy(held, [(0, 1)]) - held.accuracy, 6) == 34 / 200
    assert set(found.rows) <= {*range(16), *range(40, 58)}


def test_class_pairs_merged_probabilities_are_summed():
    labels = np.array([0, 0])
    probabilities = np.array([[0.3, 0.3, 0.4, 0, 0], [0.1, 0.1, 0.8, 0, 0]])
    held = HeldOut(np.arange(2), labels, probabilities)
    assert merged_accuracy(held, []) == 0
    assert merged_accuracy(held, [(0, 1)]) == 0.5


def test_general_class_without_clusters_is_found_and_compact_ones_are_not():
    random = np.random.default_rng(0)
    centers = 6 * random.normal(size=(5, 24))
    labels = np.repeat(np.arange(5), 30)
    rows = centers[labels] + random.normal(size=(150, 24))
    rows[120:] = centers[random.integers(0, 4, 30)] + random.normal(
        size=(30, 24)
    )  # ties lie among all others
    (found,) = general_class_findings(rows.astype(np.float32), labels, np.arange(150), CLASSES, seed=0)
    assert found.category == "Ties"
    assert "silhouette -" in found.evidence


def test_small_classes_are_those_with_few_held_out_rows():
    labels = np.array([0] * 20 + [1] * 3)
    held = held_out(labels, labels)
    table = [CLASSES[label] for label in labels] + ["Hats", None]
    found = {each.category: each for each in small_class_findings(held, table, CLASSES[:3], least=10)}
    assert set(found) == {"Mugs", "Hats"}
    assert "none of them held out" in found["Hats"].evidence
    assert found["Hats"].severity > found["Mugs"].severity


def product_table(count: int = 2_000) -> pa.Table:
    config = CatalogConfig.model_validate({"columns": {"extra": ["shop", "number", "note"]}})
    records = [
        {
            "id": str(row),
            "title": f"mug {'red' if row % 2 else 'blue'}",
            "shop": "EU",
            "number": f"A-{row:06d}",
            "note": "hm" if row < 3 else "",
            "attributes": '{"colour": "red", "unit": "piece"'
            + (', "odd": 1' if row == 7 else "")
            + f', "size": {row}}}',
        }
        for row in range(count)
    ]
    return products_from_records(records, config)


def test_useless_columns_constant_empty_and_id_like_ones_are_found():
    found = useless_column_findings(
        product_table(), extra=("shop", "number", "note"), fields=("title", "number")
    )
    evidence = " ".join(each.evidence for each in found)
    assert "column `shop`: every one of its 2,000 values is 'EU'" in evidence
    assert "column `number`" in evidence
    assert "goes into the text" in evidence
    assert "column `note`: filled in 3 of 2,000 rows" in evidence
    assert "`title`" not in evidence


def test_useless_columns_rare_and_constant_attributes_are_found():
    found = useless_column_findings(product_table(), extra=(), fields=())
    assert any("less than 0.1%" in each.evidence and "odd" in each.evidence for each in found)
    assert {each.suggestion for each in found} >= {
        "add `colour` to clean.skip_attributes",
        "add `unit` to clean.skip_attributes",
    }
    assert not any("`size`" in each.suggestion for each in found)


def test_useless_columns_nearly_constant_ones_and_those_without_a_word_on_the_category_are_found():
    rng = np.random.default_rng(0)
    records = [
        {
            "title": f"thing {row}",
            "category": f"C{row % 9}",
            "sale": "True" if row % 40 == 0 else "False",
            "rating": f"{rng.integers(40, 51) / 10}",
            "shelf": f"shelf {row % 9 // 2}",
        }
        for row in range(600)
    ]
    columns = ("sale", "rating", "shelf")
    table = products_from_records(records, CatalogConfig(columns={"extra": columns}))
    evidence = [each.evidence for each in useless_column_findings(table, extra=columns, fields=())]
    assert len(evidence) == 2
    assert evidence[0] == "column `sale`: 97.5% of its 600 values are 'False'"
    assert evidence[1].startswith("column `rating`: its 11 values say almost nothing about the category")
