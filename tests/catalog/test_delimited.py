from __future__ import annotations

import codecs
import csv
import gzip
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartprod.catalog import read_products, stream_products
from smartprod.catalog.cell_text import NULL_WORDS
from smartprod.catalog.readers import delimited
from smartprod.catalog.readers.delimited import sniff_delimiter
from smartprod.config.schema import CatalogConfig
from smartprod.errors import CatalogError, UsageError

HEADER = "id,title,description,image\n"
NEWLINE = "\n"


def titles(rows):
    return [row["title"] for row in rows]


def test_read_csv_quoted_newlines_stay_in_the_field(read):
    rows = read(HEADER + '1,one,"<p>a\nb\r\nc ""q""</p>",\n2,two,x,\n')
    assert rows[0]["description"] == '<p>a\nb\r\nc "q"</p>'
    assert [row["row"] for row in rows] == [0, 1]
    assert [row["status.row"] for row in rows] == ["ok", "ok"]


@pytest.mark.parametrize("fields", ["2,few", "2,many,x,,,"])
def test_read_csv_wrong_number_of_fields_keeps_row_with_line_and_count(read, fields):
    rows = read(HEADER + f'1,"one\nmore",x,\n{fields}\n3,three,x,\n')
    assert titles(rows) == ["one\nmore", None, "three"]
    assert rows[1]["status.row"] == "unreadable"
    assert rows[1]["reason.row"] == f"line 4: {fields.count(',') + 1} fields where the header has 4"
    assert rows[1]["status.title"] == "unreadable"
    assert rows[1]["images"] == rows[1]["category"] == []
    assert rows[2]["row"] == 2


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n", "\r\n\r\n"])
def test_read_csv_unclosed_quote_swallows_no_row_behind_it(read, ending):
    rows = read(HEADER + '1,"one,x,\n2,two,"x\ny",\n3,"three,x,\n4,four,x,' + ending)
    assert titles(rows) == [None, "two", None, "four"]
    assert rows[0]["reason.row"] == "line 2: a quote is opened and not closed"
    assert rows[2]["reason.row"] == "line 5: a quote is opened and not closed"
    assert rows[1]["description"] == "x\ny"


def test_read_csv_unclosed_quote_without_later_quotes_ends_at_the_field_limit(read):
    lines = [f"{number},title {number},text,\n" for number in range(500)]
    lines[3] = '3,"title 3,text,\n'
    rows = read(HEADER + "".join(lines), max_field_characters=1_000)
    assert len(rows) == 500
    assert [row["row"] for row in rows if row["status.row"] != "ok"] == [3]
    assert rows[499]["title"] == "title 499"


def test_read_csv_unclosed_quote_that_meets_another_cell_end_swallows_no_row(read):
    rows = read('id,title\n1,"one\n2,two 24",x\n3,three\n')
    assert [row["id"] for row in rows if row["status.row"] == "ok"] == ["3"]
    assert len(rows) in {2, 3}


def test_read_csv_text_behind_a_closing_quote_is_read_leniently(read):
    rows = read(HEADER + '1,"abc"def,x,\n2,5" screen,x,\n')
    assert titles(rows) == ["abcdef", '5" screen']
    assert {row["status.row"] for row in rows} == {"ok"}


def test_read_csv_nul_bytes_make_the_row_unreadable(read):
    rows = read((HEADER + '1,a\0b,x,\n2,two,"x\ny\0",\n3,three,x,\n').encode())
    assert [row["reason.row"] for row in rows] == [
        "line 2: holds NUL bytes",
        "lines 3-4: holds NUL bytes",
        None,
    ]


def test_read_csv_field_beyond_the_limit_is_too_large_and_the_rest_of_the_row_stays(read):
    rows = read(HEADER + f"1,one,{'x' * 2_000},\n2,two,x,\n", max_field_characters=1_000)
    assert rows[0]["title"] == "one"
    assert rows[0]["description"] is None
    assert rows[0]["status.description"] == "too_large"
    assert rows[0]["reason.description"] == "column 'description': 2,000 characters, allowed are 1,000"
    assert rows[0]["status.row"] == "ok"


def test_read_csv_field_of_many_lines_beyond_the_limit_is_one_row(read):
    rows = read(HEADER + f'1,one,"{"<p>line</p>{NEWLINE}" * 500}",\n2,two,x,\n', max_field_characters=1_000)
    assert titles(rows) == ["one", "two"]
    assert [row["status.description"] for row in rows] == ["too_large", "ok"]


def test_stream_products_batch_of_giant_fields_ends_early(shop, monkeypatch):
    monkeypatch.setattr(delimited, "BATCH_CHARACTERS", 1_000)
    path = shop / "products.csv"
    path.write_text(HEADER + f"1,one,{'x' * 700},\n" * 5)
    batches = list(stream_products(CatalogConfig(path=str(path)), batch_rows=4))
    assert [batch.num_rows for batch in batches] == [2, 2, 1]
    assert [row for batch in batches for row in batch["row"].to_pylist()] == list(range(5))


def test_read_csv_line_without_end_is_too_large_and_reading_goes_on(read):
    rows = read(HEADER + f"1,{'x' * 70_000},x,\n2,two,x,\n", max_field_characters=1_000)
    assert [row["status.row"] for row in rows] == ["too_large", "ok"]
    assert rows[0]["reason.row"] == "line 2: longer than a record may be"
    assert rows[1]["title"] == "two"


def test_read_csv_blank_lines_are_no_rows(read):
    rows = read("\n" + HEADER + "1,one,x,\n\n2,two,x,\n\r\n\n")
    assert [(row["row"], row["id"]) for row in rows] == [(0, "1"), (1, "2")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_read_csv_every_line_ending_is_known(read, ending):
    assert titles(read(ending.join(["id,title", "1,one", "2,two", ""]))) == ["one", "two"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_read_csv_unicode_encodings_and_byte_order_marks(read, encoding):
    rows = read("id,title\n1,Кот 猫 ñ 🎉\n".encode(encoding), encoding=encoding)
    assert rows[0]["id"] == "1"
    assert titles(rows) == ["Кот 猫 ñ 🎉"]


def test_read_csv_byte_order_mark_is_tolerated_under_plain_utf8_and_before_a_quote(read):
    rows = read(codecs.BOM_UTF8 + b'"id","title"\n"1","one"\n')
    assert (rows[0]["id"], rows[0]["title"]) == ("1", "one")


@pytest.mark.parametrize(("encoding", "text"), [("cp1251", "Кот"), ("latin-1", "café"), ("gb18030", "猫")])
def test_read_csv_declared_legacy_encodings(read, encoding, text):
    assert titles(read(f"id,title\n1,{text}\n".encode(encoding), encoding=encoding)) == [text]


def test_read_csv_bytes_that_do_not_decode_mark_only_their_field(read):
    rows = read(b"id,title,description,category\n1,caf\xe9 au lait,fine,A\n2,two,x,caf\xe9\n")
    assert rows[0]["title"] == "caf\ufffd au lait"
    assert rows[0]["status.title"] == "unreadable"
    assert rows[0]["reason.title"] == "column 'title': not valid utf-8 text"
    assert (rows[0]["description"], rows[0]["status.row"], rows[0]["category"]) == ("fine", "ok", ["A"])
    # A damaged label is no class of its own.
    assert (rows[1]["category"], rows[1]["status.category"]) == ([], "unreadable")


def test_read_csv_bytes_that_do_not_decode_in_an_id_are_told_on_the_row(read):
    row = read(b"id,title\ncaf\xe9,one\n")[0]
    assert (row["id"], row["title"], row["status.row"]) == ("caf\ufffd", "one", "corrupt")
    assert row["reason.row"] == "column 'id': not valid utf-8 text"


def test_read_csv_gzip_is_known_by_its_bytes(read):
    data = gzip.compress(b"id,title\n1,one\n")
    assert titles(read(data, "products.csv.gz")) == ["one"]
    assert titles(read(data, "products.csv")) == ["one"]


def test_read_csv_truncated_gzip_is_an_error_that_names_the_file(read):
    with pytest.raises(CatalogError, match=r"SP208(.|\n)*cut\.csv\.gz"):
        read(gzip.compress(b"id,title\n" + bytes(range(48, 58)) * 999)[:-30], "cut.csv.gz")


def test_read_csv_unknown_encoding_is_a_usage_error(read):
    for name in ("utf-9", "hex"):
        with pytest.raises(UsageError, match="SP203"):
            read("id,title\n", encoding=name)


def test_read_csv_utf16_read_as_utf8_says_how_to_declare_it(read):
    with pytest.raises(CatalogError, match=r"SP209(.|\n)*catalog\.encoding=utf-16"):
        read("id,title\n1,one\n".encode("utf-16"))


def test_read_csv_empty_file_is_an_error_and_header_alone_is_no_rows(read):
    for empty in ("", "\n\n", "\ufeff"):
        with pytest.raises(CatalogError, match="SP207"):
            read(empty)
    assert read("id,title") == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_read_csv_delimiter_is_found_in_the_header(read, delimiter):
    text = "\n".join(delimiter.join(fields) for fields in (["id", "title"], ["1", "one"]))
    assert titles(read(text)) == ["one"]


def test_sniff_delimiter_ignores_delimiters_inside_quotes():
    assert sniff_delimiter('id;"a,b,c,d";title\n') == ";"
    assert sniff_delimiter("title\n") == ","


def test_read_csv_spreadsheet_hint_line_names_the_delimiter(read):
    assert titles(read("sep=;\nid;title\n1;a,b\n")) == ["a,b"]


def test_read_tsv_and_declared_delimiter(read):
    assert titles(read("id\ttitle,long\ttitle\n1\tx\tone\n", "products.tsv")) == ["one"]
    assert titles(read("id~title\n1~one\n", delimiter="~")) == ["one"]


def test_read_csv_nameless_and_unused_repeated_columns_do_no_harm(read):
    assert titles(read(",id,title,x,x,\n0,1,one,a,b,\n")) == ["one"]


def test_read_csv_repeated_column_in_use_is_a_usage_error(read):
    with pytest.raises(UsageError, match=r"SP206(.|\n)*'title'"):
        read("id,title,title\n1,a,b\n")


def test_stream_products_yields_batches_of_the_asked_size_in_order(shop):
    path = shop / "products.csv"
    path.write_text("id,title\n" + "".join(f"{number},t\n" for number in range(25)))
    batches = list(stream_products(CatalogConfig(path=str(path)), batch_rows=10))
    assert [batch.num_rows for batch in batches] == [10, 10, 5]
    assert [row for batch in batches for row in batch["row"].to_pylist()] == list(range(25))


def test_stream_products_reads_no_further_than_it_is_asked(shop):
    path = shop / "products.csv.gz"
    whole = gzip.compress(b"id,title\n" + b"".join(b"%d,title\n" % number for number in range(200_000)))
    path.write_bytes(whole[: len(whole) // 2])
    first = next(stream_products(CatalogConfig(path=str(path)), batch_rows=10))
    assert first["id"].to_pylist() == [str(number) for number in range(10)]


cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
tables = st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(table=tables, delimiter=st.sampled_from(",;\t|"), encoding=st.sampled_from(["utf-8", "utf-16"]))
def test_read_csv_returns_what_the_csv_writer_wrote(table, delimiter, encoding):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["title", "description", "brand"])
    writer.writerows(table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "products.csv")
        path.write_bytes(text.getvalue().encode(encoding))
        config = CatalogConfig(path=str(path), encoding=encoding, columns={"extra": ["brand"]})
        rows = read_products(config).to_pylist()
    assert [row["row"] for row in rows] == list(range(len(table)))
    assert {row["status.row"] for row in rows} == {"ok"}
    for row, written in zip(rows, table, strict=True):
        for name, value in zip(("title", "description", "extra.brand"), written, strict=True):
            assert row[name] == value or (row[name] is None and (not value.strip() or value in NULL_WORDS))


@settings(max_examples=150, deadline=None)
@given(
    garbage=st.lists(
        st.one_of(
            st.binary(max_size=20), st.sampled_from([b'"', b",", b"\n", b"\r\n", b'""', b"\0", b"1,ok,x\n"])
        ),
        max_size=25,
    ).map(b"".join)
)
def test_read_csv_garbage_never_fails_and_sound_lines_around_it_stay(garbage):
    """The lines before the garbage come first; every unquoted line behind it is a row of its own."""
    after = [f"after {number}" for number in range(5)]
    data = (
        b"id,title,description\n1,before,x\n"
        + garbage
        + b"\n"
        + "".join(f"9,{t},x\n" for t in after).encode()
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "products.csv")
        path.write_bytes(data)
        rows = read_products(CatalogConfig(path=str(path))).to_pylist()
    assert [row["row"] for row in rows] == list(range(len(rows)))
    assert rows[0]["title"] == "before"
    assert [row["title"] for row in rows[-5:]] == after
