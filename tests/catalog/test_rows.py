from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.catalog.category_paths import CategoryPaths
from smartprod.errors import UsageError


def table(**columns: list[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def names(row):
    return [path.rsplit("/", 1)[1] for path in row["images"]]


@pytest.mark.parametrize(
    "cell", ["images/a.jpg", " images/a.jpg ", "./images/../images/a.jpg", "images\\a.jpg"]
)
def test_images_plain_path_is_resolved_from_the_folder_of_the_table(read, shop, cell):
    row = read(table(title=["t"], image=[cell]))[0]
    assert row["images"] == [str(shop / "images" / "a.jpg")]
    assert (row["status.images"], row["reason.images"]) == ("ok", None)


@pytest.mark.parametrize("write", [json.dumps, repr])
def test_images_lists_in_text_and_several_columns_come_main_first(read, write):
    rows = read(
        table(
            image=["images/b.jpg", ""],
            other_images=[write(["images/a.jpg", "images/b.jpg", "images/кот 猫.jpg"])] * 2,
        )
    )
    assert names(rows[0]) == ["b.jpg", "a.jpg", "кот 猫.jpg"]
    assert names(rows[1]) == ["a.jpg", "b.jpg", "кот 猫.jpg"]
    assert [row["status.images"] for row in rows] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("cell", "status", "reason"),
    [
        ("", "missing", "empty"),
        ("[]", "missing", "empty"),
        ("nan", "missing", "empty"),
        ("images/none.jpg", "missing", "images/none.jpg: no such file"),
        ("images/" + "x" * 300, "missing", "no such file"),
        (
            "https://shop.example/a.jpg",
            "forbidden",
            "https address; images are read from disk only (catalog.remote.allow)",
        ),
        ("s3://bucket/a.jpg", "forbidden", "s3 address"),
        ("file:///etc/hostname", "forbidden", "outside the image folder"),
        ("file://elsewhere/images/a.jpg", "forbidden", "a file of another machine"),
        (
            "https://user:pw@shop.example/a.jpg?key=1",
            "forbidden",
            "https://shop.example/a.jpg: https address",
        ),
        ("simplecache::file:///etc/hostname", "forbidden", "chained address"),
        ("data:image/png;base64,AAAA", "forbidden", "data:image/png...: data address"),
        ("//cdn.example/a.jpg", "forbidden", "outside the image folder (see catalog.image_root)"),
        ("../a.jpg", "forbidden", "outside the image folder (see catalog.image_root)"),
        ("images/../../a.jpg", "forbidden", "outside the image folder"),
        ("..\\..\\a.jpg", "forbidden", "outside the image folder"),
        ("/etc/hostname", "forbidden", "outside the image folder"),
        ("images", "corrupt", "images: not a file"),
        ("[1, 2]", "corrupt", "column 'image': a list that holds a int"),
        ("[broken", "corrupt", "column 'image': neither JSON nor a Python literal"),
    ],
)
def test_images_that_may_or_can_not_be_read_say_why(read, cell, status, reason):
    row = read(table(title=["t"], image=[cell]))[0]
    assert row["images"] == []
    assert row["status.images"] == status
    assert reason in row["reason.images"]


@pytest.mark.parametrize(("on_disk", "listed"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_images_accents_taken_apart_or_together_find_the_same_file(read, shop, on_disk, listed):
    (shop / unicodedata.normalize(on_disk, "größe é.jpg")).write_bytes(b"\xff\xd8")
    row = read(table(title=["t"], image=[unicodedata.normalize(listed, "größe é.jpg")]))[0]
    assert (row["status.images"], len(row["images"])) == ("ok", 1)


def test_images_main_one_unusable_keeps_the_others_and_its_reason(read):
    row = read(table(image=["images/none.jpg"], other_images=['["images/a.jpg", "../x.jpg"]']))[0]
    assert names(row) == ["a.jpg"]
    assert (row["status.images"], row["reason.images"]) == ("missing", "images/none.jpg: no such file")


def test_images_absolute_path_inside_the_root_is_allowed(read, shop):
    row = read(table(image=[str(shop / "images" / "a.jpg")]))[0]
    assert (names(row), row["status.images"]) == (["a.jpg"], "ok")


def test_images_root_is_taken_from_the_configuration(read, shop):
    assert names(read(table(image=["a.jpg"]), image_root=str(shop / "images"))[0]) == ["a.jpg"]
    # A folder whose name only begins alike is outside.
    (shop / "images2").mkdir()
    (shop / "images2" / "c.jpg").write_bytes(b"x")
    row = read(table(image=["../images2/c.jpg"]), image_root=str(shop / "images"))[0]
    assert row["status.images"] == "forbidden"
    with pytest.raises(UsageError, match=r"SP210(.|\n)*catalog\.image_root"):
        read(table(image=["a.jpg"]), image_root=str(shop / "nowhere"))


def test_attributes_that_do_not_parse_are_corrupt_and_keep_their_text(read):
    rows = read(table(attributes=["{broken", "{'a': 1}", "{}", ""]))
    assert [row["status.attributes"] for row in rows] == ["corrupt", "ok", "missing", "missing"]
    assert [row["attributes"] for row in rows] == ["{broken", "{'a': 1}", "{}", None]
    assert rows[0]["reason.attributes"] == "column 'attributes': neither JSON nor a Python literal"


def test_text_null_words_count_as_missing_with_the_word_in_the_reason(read):
    rows = read(table(title=["nan", "None", "NULL", " ", "Nan", "none"]))
    assert [row["title"] for row in rows] == [None, None, None, None, "Nan", "none"]
    assert rows[0]["reason.title"] == "the cell holds only 'nan'"


def test_text_is_kept_as_it_stands_and_short_fields_are_stripped(read):
    row = read(table(id=[" 1 "], title=[" a  b "], split=[" train "], group_id=["nan"]))[0]
    assert (row["id"], row["title"], row["split"], row["group"]) == ("1", " a  b ", "train", None)


def test_id_that_is_empty_stays_empty_and_repeated_ids_stay_rows(read):
    rows = read(table(id=["1", "", "1"], title=["a", "b", "c"]))
    assert [row["id"] for row in rows] == ["1", None, "1"]


def test_category_levels_are_normalised_and_null_words_missing(read):
    cells = ["A > B", " A  >  B ", "A > > B >", "A>B", "", "nan", " > ", "Nan"]
    rows = read(table(title=["t"] * len(cells), category=cells))
    expected = [["A > B"], ["A > B"], ["A > B"], ["A>B"], [], [], [], ["Nan"]]
    assert [row["category"] for row in rows] == expected
    assert [row["status.category"] for row in rows] == [
        "missing" if not paths else "ok" for paths in expected
    ]


@pytest.mark.parametrize(
    ("separator", "cell", "path"),
    [
        (" - ", "Tops - T-Shirts", "Tops - T-Shirts"),
        ("/", " a / b/c ", "a/b/c"),
        ("|", "a||b|", "a|b"),
        ("\t", "a\t\tb", "a\tb"),
        (" ", "a  b", "a b"),
    ],
)
def test_category_separator_is_taken_as_written(separator, cell, path):
    assert CategoryPaths(separator, None).of_text(cell) == [path]


def test_category_several_paths_in_a_cell_come_once_each(read):
    row = read(table(title=["t"], category=["A > B; C ;A > B;nan"]), categories_separator=";")[0]
    assert row["category"] == ["A > B", "C"]


@given(st.text(alphabet="AB >\t"), st.sampled_from([" > ", ">", " "]))
def test_category_normalising_twice_changes_nothing(cell, separator):
    paths = CategoryPaths(separator, None)
    once = paths.of_text(cell)
    assert [path for known in once for path in paths.of_text(known)] == once
