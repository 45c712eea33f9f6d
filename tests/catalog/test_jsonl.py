from __future__ import annotations

import gzip
import json

import pytest

from smartprod.errors import CatalogError, UsageError


def lines(*records: object) -> str:
    return "".join(
        record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records
    )


def test_read_jsonl_nested_attributes_and_image_lists(read):
    record = {
        "id": 7,
        "title": "Кот",
        "attributes": {"colour": "red", "n": None},
        "image": ["images/a.jpg", "images/b.jpg"],
    }
    row = read(lines(record), "products.jsonl")[0]
    assert (row["id"], row["title"]) == ("7", "Кот")
    assert json.loads(row["attributes"]) == {"colour": "red", "n": None}
    assert [path.rsplit("/", 1)[1] for path in row["images"]] == ["a.jpg", "b.jpg"]
    assert {row[f"status.{field}"] for field in ("row", "title", "attributes", "images")} == {"ok"}


def test_read_jsonl_bad_lines_keep_their_rows_with_reasons(read):
    text = lines(
        {"title": "one"}, '\n{"title": \n', "[1, 2]\n", "\n", f"{'[' * 100_000}\n", {"title": "last"}
    )
    rows = read(text, "products.jsonl")
    assert [row["title"] for row in rows] == ["one", None, None, None, "last"]
    assert [row["status.row"] for row in rows] == ["ok", "unreadable", "unreadable", "unreadable", "ok"]
    assert rows[1]["reason.row"].startswith("line 2: not JSON (Expecting value")
    assert rows[2]["reason.row"] == "line 3: JSON, but not an object"
    assert rows[3]["reason.row"].startswith("line 5: ")
    assert [row["id"] for row in rows] == ["0", "1", "2", "3", "4"]


def test_read_jsonl_deep_nesting_marks_its_row(read):
    deep = '{"title": ' + '{"a":' * 500 + "1" + "}" * 501
    rows = read(f'{deep}\n{{"title": "two"}}\n', "products.jsonl")
    assert [row["status.row"] for row in rows] == ["unreadable", "ok"]
    assert rows[0]["reason.row"] == "nested deeper than 100 levels"


def test_read_jsonl_numbers_booleans_and_lists_become_text(read):
    records = [{"id": 12.0, "title": value} for value in (5, 2.5, 3.0, True, ["a", 1], None, float("nan"))]
    rows = read("\n".join(map(json.dumps, records)), "products.jsonl")
    assert [row["title"] for row in rows] == ["5", "2.5", "3", "true", "a 1", None, None]
    assert {row["id"] for row in rows} == {"12"}


def test_read_jsonl_half_a_surrogate_pair_marks_its_field(read):
    row = read('{"title": "cat \\ud83d", "attributes": {"a": "\\udc00"}, "image": "\\udc00.jpg"}', "p.jsonl")[
        0
    ]
    assert (row["title"], row["status.title"]) == ("cat \ufffd", "unreadable")
    assert row["status.attributes"] == row["status.images"] == "unreadable"


def test_read_jsonl_gzip_and_byte_order_mark(read):
    data = gzip.compress(b'\xef\xbb\xbf{"title": "one"}\n{"title": "caf\xe9"}')
    rows = read(data, "products.jsonl.gz")
    assert [row["title"] for row in rows] == ["one", "caf\ufffd"]


def test_read_jsonl_column_that_appears_late_is_found(read):
    text = "\n".join(json.dumps({"title": f"t{number}"}) for number in range(1_500))
    rows = read(text + '\n{"title": "last", "shelf": "A > B"}', "p.jsonl", columns={"category": "shelf"})
    assert rows[-1]["category"] == ["A > B"]
    with pytest.raises(UsageError, match="SP204"):
        read(text, "p.jsonl", columns={"category": "shelf"})


def test_read_jsonl_without_any_object_is_rows_without_use(read):
    rows = read("nothing\nhere\n", "p.jsonl")
    assert [row["status.row"] for row in rows] == ["unreadable"] * 2


def test_read_jsonl_empty_file_is_an_error(read):
    with pytest.raises(CatalogError, match="SP214"):
        read("\n\n", "p.jsonl")
