from __future__ import annotations

import pytest

from smartprod.catalog import LABEL_ROLES, stream_products
from smartprod.config.schema import CatalogConfig
from smartprod.errors import UsageError


def test_columns_default_names_that_the_table_lacks_count_as_absent(read):
    row = read("title\none\n")[0]
    assert row["id"] == "0"
    assert row["reason.description"] == row["reason.images"] == "the table has no such column"
    assert row["status.description"] == row["status.images"] == row["status.category"] == "missing"


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"title": "titel"}, "catalog.columns.title"),
        ({"images": ["images", "more"]}, "catalog.columns.images"),
        ({"extra": ["tilte"]}, "catalog.columns.extra"),
        ({"category": "Titles"}, "catalog.columns.category"),
    ],
)
def test_columns_name_given_on_purpose_must_be_there(read, columns, key):
    with pytest.raises(UsageError) as caught:
        read("id,title,image\n1,one,\n", columns=columns)
    assert caught.value.code == "SP204"
    assert caught.value.exit_code == 2
    assert key in caught.value.what
    assert "Did you mean" in caught.value.what
    assert "id, title, image" in caught.value.fix


def test_columns_of_labels_may_be_optional_where_a_table_is_scored(shop):
    path = shop / "new.csv"
    path.write_text("title\none\n")
    config = CatalogConfig(path=str(path), columns={"category": "shelf", "group": "series"})
    with pytest.raises(UsageError, match="SP204"):
        stream_products(config)
    batch = next(stream_products(config, optional=LABEL_ROLES))
    assert batch["category"].to_pylist() == [[]]


def test_columns_none_known_lists_those_found_and_how_to_map_them(read):
    with pytest.raises(UsageError, match=r"SP205(.|\n)*sku, name, pic(.|\n)*catalog\.columns\.title="):
        read("sku,name,pic\n1,one,a.jpg\n")


def test_columns_switched_off_are_not_read(read):
    row = read("title,description\none,secret\n", columns={"description": None})[0]
    assert row["description"] is None


def test_columns_extra_fields_come_in_their_order(read):
    rows = read("title,b,a\none,B,\n", columns={"extra": ["a", "b"]})
    assert (rows[0]["extra.a"], rows[0]["extra.b"]) == (None, "B")
