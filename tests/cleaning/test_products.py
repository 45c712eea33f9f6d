from __future__ import annotations

import pyarrow as pa
import pytest

from smartprod.catalog import Status, product_schema, products_from_records
from smartprod.cleaning import CLEAN_SCHEMA, CleanAccount, clean_products, cut_at_word
from smartprod.config.schema import CatalogConfig, CleanConfig, ColumnsConfig
from smartprod.errors import UsageError


def clean(*records, **settings):
    catalog = CatalogConfig(columns=ColumnsConfig(extra=("brand", "care")))
    whole = [
        {"title": None, "description": None, "attributes": None, "brand": None, "care": None} | r
        for r in records
    ]
    return clean_products(products_from_records(whole, catalog), CleanConfig(**settings))


def texts(*records, **settings):
    return clean(*records, **settings)["text"].to_pylist()


def test_products_fields_are_joined_in_the_configured_order():
    product = {
        "title": "Red shirt",
        "description": "<p>Soft!</p>",
        "attributes": '{"size": 4}',
        "brand": "Acme",
    }
    assert texts(product) == ["Red shirt. size: 4. Soft!"]
    assert texts(product, fields=("brand", "description", "title")) == ["Acme. Soft! Red shirt."]


def test_products_fields_carry_their_names_where_wanted():
    product = {"title": "Red shirt", "attributes": "{'size': 4}", "brand": "Acme"}
    named = texts(product, fields=("title", "brand", "attributes"), name_fields=True)
    assert named == ["title: Red shirt. brand: Acme. size: 4."]


def test_products_extra_field_may_be_named_with_its_prefix():
    assert texts({"brand": "Acme"}, fields=("extra.brand", "brand")) == ["Acme."]


def test_products_unknown_field_is_refused_with_the_fields_there_are():
    with pytest.raises(UsageError) as caught:
        clean({"title": "x"}, fields=("title", "colour"))
    assert caught.value.code == "SP301"
    assert "colour" in caught.value.what
    assert "title, attributes, description, brand, care" in caught.value.fix


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("Red Shirt", "Red shirt."),
        ("<h2>RED SHIRT</h2>Soft.", "Red shirt. Soft."),
        ("Red shirt: soft", "Red shirt. soft."),
        ("Red shirt is soft", "Red shirt. Red shirt is soft."),
        ("Red shirts are soft", "Red shirt. Red shirts are soft."),
    ],
)
def test_products_repeated_title_is_left_out(description, text):
    assert texts({"title": "Red shirt", "description": description}) == [text]


@pytest.mark.parametrize(
    ("product", "reason"),
    [
        ({"image": "x.jpg"}, "title, attributes and description are empty"),
        ({"description": "<p>&nbsp;</p>"}, "title and attributes are empty; description is only markup"),
        ({"attributes": '{"link": "https://x.example"}'}, "attributes is without a value"),
        ({"attributes": '{"a": '}, "attributes: neither JSON nor a Python literal"),
    ],
)
def test_products_without_text_are_missing_with_the_reason(product, reason):
    row = clean(product).to_pylist()[0]
    assert row["text"] is None
    assert row["status.text"] == Status.MISSING
    assert reason in row["reason.text"]


def test_products_unreadable_row_keeps_its_status_and_reason():
    bad = dict.fromkeys(product_schema().names) | {"row": 0, "title": "half a ro"}
    bad |= {name: "ok" for name in bad if name.startswith("status.")}
    bad |= {"status.row": "unreadable", "reason.row": "line 7: a quote is never closed"}
    cleaned = clean_products(pa.Table.from_pylist([bad], schema=product_schema()), CleanConfig())
    row = cleaned.to_pylist()[0]
    assert (row["text"], row["status.text"]) == (None, "unreadable")
    assert row["reason.text"] == "line 7: a quote is never closed"


def test_products_table_has_every_row_in_order_and_its_schema():
    cleaned = clean(*({"title": f"product {i}"} if i % 3 else {"image": "x.jpg"} for i in range(10_000)))
    assert cleaned.schema == CLEAN_SCHEMA
    assert cleaned["row"].to_pylist() == list(range(10_000))
    assert cleaned["text"][9_998].as_py() == "product 9998."


def test_products_of_an_empty_table():
    assert clean_products(product_schema().empty_table(), CleanConfig()).num_rows == 0


def test_products_text_is_cut_at_a_word_after_the_markup_is_gone():
    row = clean(
        {"description": "<p class='very long indeed'>" * 50 + "word " * 50}, max_characters=100
    ).to_pylist()[0]
    assert row["text"] == ("word " * 20).strip()
    assert row["truncated"]


def test_products_cut_text_without_spaces_at_the_limit():
    assert cut_at_word("字" * 30, 10) == "字" * 10
    assert cut_at_word("short", 10) == "short"
    assert cut_at_word("exactly ten words", 11) == "exactly ten"


def test_products_of_every_language_keep_their_letters():
    product = {
        "title": "Красная рубашка",
        "description": "<p>红色衬衫。</p>",
        "attributes": '{"tamaño": "pequeño 😀"}',
    }
    assert texts(product) == ["Красная рубашка. tamaño: pequeño 😀. 红色衬衫。"]


def account_lines(table, rows_of_a_batch=100):
    account = CleanAccount()
    for batch in table.to_batches(rows_of_a_batch):
        account.add(batch)
    return account.lines()


def test_account_tells_counts_lengths_and_scripts():
    cleaned = clean(
        {"title": "Красная рубашка"},
        {"title": "Red shirt " * 30},
        {"image": "x.jpg"},
        {"title": "abc"},
        max_characters=100,
    )
    lines = account_lines(cleaned)
    assert account_lines(cleaned, 1) == lines
    assert lines[0] == "3 of 4 rows have text, 1 missing"
    assert lines[1] == "  1 row: title, attributes and description are empty"
    assert "median 16" in lines[2]
    assert lines[3] == "  1 text cut at clean.max_characters"
    assert lines[4].startswith("  33.3%")


def test_account_of_a_table_without_any_text():
    assert account_lines(clean({"image": "x.jpg"}))[0] == "0 of 1 rows have text, 1 missing"
