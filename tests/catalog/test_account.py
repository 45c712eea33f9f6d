from __future__ import annotations

import pyarrow as pa
import pytest

from smartprod.catalog import (
    STATUS_FIELDS,
    ReasonCounts,
    TableAccount,
    products_from_records,
    read_products,
    reasons,
)
from smartprod.config.schema import CatalogConfig
from smartprod.errors import TooManyBadRowsError

TABLE = b"""id,title,image,category
1,one,images/a.jpg,A
1,caf\xe9,images/none.jpg,A
3,,images/a.jpg,
,,images/none.jpg,B
5,few
6,,../b.jpg,
"""


def account_of(table, rows_of_a_batch=4_096) -> TableAccount:
    account = TableAccount()
    for batch in table.to_batches(rows_of_a_batch):
        account.add(batch)
    return account


@pytest.fixture
def table(shop):
    (shop / "products.csv").write_bytes(TABLE)
    return read_products(CatalogConfig(path=str(shop / "products.csv")))


def test_account_statuses_cover_every_field_and_row(table):
    counts = account_of(table).statuses()
    assert tuple(counts) == STATUS_FIELDS
    assert {field: sum(found.values()) for field, found in counts.items()} == dict.fromkeys(STATUS_FIELDS, 6)
    assert counts["row"] == {"ok": 5, "unreadable": 1}
    assert counts["images"] == {"ok": 2, "missing": 2, "forbidden": 1, "unreadable": 1}


def test_account_bad_rows_are_those_unreadable_or_without_text_and_image(table):
    rows = account_of(table).rows()
    assert (rows.total, rows.bad, rows.labelled) == (6, 3, 3)
    assert (rows.repeated_ids, rows.without_id) == (1, 2)


def test_account_tells_that_nothing_can_be_learned_where_no_row_has_a_category():
    table = products_from_records([{"title": "red mug"}, {"title": "hat"}], CatalogConfig())
    assert "no row has a category" in account_of(table).lines()[1]
    assert not any("no row has" in line for line in account_of(table.slice(0, 0)).lines())


def test_account_lines_show_counts_and_the_commonest_reasons(table):
    lines = account_of(table).lines(notes=["fields separated by comma"])
    assert lines[0] == "6 rows, 3 with a category, 3 bad"
    text = "\n".join(lines)
    for part in (
        "  fields separated by comma",
        "1 rows repeat an id",
        "row          ok 5  unreadable 1",
        "line 6: 2 fields where the header has 4",
        "2 rows such as: images/none.jpg: no such file",
        "../b.jpg: outside the image folder",
    ):
        assert part in text


def test_account_refuses_bad_rows_beyond_the_limit_with_the_counts(table):
    account_of(table).check_bad_fraction(0.5)
    with pytest.raises(TooManyBadRowsError, match=r"SP212\] 3 of 6 rows are bad \(50.0%\)") as caught:
        account_of(table).check_bad_fraction(0.49)
    assert caught.value.exit_code == 3
    assert "unreadable 1" in str(caught.value)


def test_account_of_an_empty_table_passes():
    account = account_of(products_from_records([], CatalogConfig()))
    account.check_bad_fraction(0.0)
    assert account.lines()[0] == "0 rows, 0 with a category, 0 bad"


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_account_is_the_same_for_any_batches(table, rows):
    assert account_of(table, rows).lines() == account_of(table).lines()
    assert account_of(table, rows).rows() == account_of(table).rows()


def test_reasons_beyond_what_is_kept_are_not_told_apart(monkeypatch):
    monkeypatch.setattr(reasons, "_KINDS_KEPT", 2)
    counts = ReasonCounts()
    counts.add(pa.array(["a", "b", "b", None, "c", "a", "b"]))
    assert counts.lines(1, lambda example, count: f"{count} {example}") == ["3 b", "and 1 other reasons"]


def test_account_extra_text_or_attributes_alone_are_use_enough():
    config = CatalogConfig(columns={"extra": ["brand"]})
    records = [{"brand": "X"}, {"attributes": {"a": 1}}, {"attributes": "{broken"}, {"brand": None}]
    assert account_of(products_from_records(records, config)).rows().bad == 2
