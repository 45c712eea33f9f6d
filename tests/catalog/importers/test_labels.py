from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.catalog import import_products, read_products
from smartprod.config.schema import CatalogConfig
from smartprod.errors import CatalogError, UsageError


def config(path, **native) -> CatalogConfig:
    return CatalogConfig(path=str(path), format="labels", native=native)


def write(path, *rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_labels_of_a_cell_become_category_paths(tmp_path):
    path = write(
        tmp_path / "l.csv",
        ("image", "labels"),
        ("a.jpg", "Cans/Slim/Cranpom,Bottles"),
        ("b.jpg", ""),
        ("c.jpg", "Cans / Slim"),
    )
    rows = read_products(config(path)).to_pylist()
    assert [row["category"] for row in rows] == [["Cans > Slim > Cranpom", "Bottles"], [], ["Cans > Slim"]]
    assert [row["id"] for row in rows] == ["a.jpg", "b.jpg", "c.jpg"]
    assert rows[1]["status.category"] == "missing"


def test_labels_of_several_lines_are_gathered_at_the_first_line_of_their_image(tmp_path):
    path = write(
        tmp_path / "l.csv", ("filename", "label", "split"), ("a.jpg", "X/Y", "train"), ("b.jpg", "Z", "test"), ("a.jpg", "Z", ""),
        ("a.jpg", "X/Y", ""),
    )  # fmt: skip
    rows = read_products(config(path)).to_pylist()
    assert [(row["id"], row["category"], row["split"]) for row in rows] == [
        ("a.jpg", ["X > Y", "Z"], "train"),
        ("b.jpg", ["Z"], "test"),
    ]
    account = import_products(config(path), tmp_path / "products.parquet")
    assert (account.read, account.written) == (2, 2)
    assert account.counts == {"further lines of an image: joined with its first one": 2}
    assert "4 lines of columns 'filename' and 'label' are 2 images" in account.notes[-1]


@pytest.mark.parametrize(
    "cell",
    ['["Cans/Slim", "Box"]', '[["Cans", "Slim"], ["Box"]]', '{"choices": ["Cans/Slim", "Box"]}',
     '[{"taxonomy": [["Cans", "Slim"], ["Box"]]}]', "Cans/Slim,Box"],
)  # fmt: skip
def test_labels_are_read_as_text_json_lists_and_taxonomies(tmp_path, cell):
    path = write(tmp_path / "l.csv", ("image", "labels"), ("a.jpg", cell))
    assert read_products(config(path))["category"].to_pylist() == [["Cans > Slim", "Box"]]


def test_labels_separators_and_columns_may_be_others(tmp_path):
    path = write(tmp_path / "l.csv", ("pic", "what"), ("a.jpg", "Cans.Slim; Box"))
    given_names = {
        "image_column": "pic",
        "labels_column": "what",
        "label_separator": ";",
        "level_separator": ".",
    }
    assert read_products(config(path, **given_names))["category"].to_pylist() == [["Cans > Slim", "Box"]]
    with pytest.raises(UsageError, match=r"SP264.*images"):
        read_products(config(path))


def test_labels_images_are_found_in_the_named_folder_even_with_a_path_of_the_tool(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"x")
    path = write(tmp_path / "l.csv", ("image", "labels"), ("a.jpg", "A"), ("/data/upload/1/a.jpg", "B"))
    rows = read_products(config(path, image_folder="photos")).to_pylist()
    assert [row["images"] for row in rows] == [[str(tmp_path / "photos/a.jpg")]] * 2


def test_labels_line_without_an_image_keeps_its_row_and_its_label_in_the_reason(tmp_path):
    path = write(tmp_path / "l.csv", ("image", "labels"), ("a.jpg", "A"), ("", "Lost"), ("b.jpg", "B"))
    rows = read_products(config(path)).to_pylist()
    assert [row["status.row"] for row in rows] == ["ok", "unreadable", "ok"]
    assert rows[1]["reason.row"] == "row 1: names no image; labels Lost"


def test_labels_import_to_csv_is_read_back_with_the_command_it_names(tmp_path):
    path = write(tmp_path / "l.csv", ("image", "labels"), ("a.jpg", "A/B,C"), ("b.jpg", ""))
    out = tmp_path / "products.csv"
    account = import_products(config(path), out)
    assert "several-labels" in account.command
    again = read_products(CatalogConfig(path=str(out), categories_separator="|"))
    assert again["category"].to_pylist() == [["A > B", "C"], []]


def test_labels_that_hold_the_separator_of_csv_are_refused_and_leave_no_file(tmp_path):
    path = write(tmp_path / "l.csv", ("image", "labels"), ("a.jpg", "A|B"))
    with pytest.raises(CatalogError, match="SP268"):
        import_products(config(path), tmp_path / "products.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["l.csv"]


label = st.text(st.sampled_from("abc /.é"), min_size=1, max_size=6)


@given(
    st.lists(st.tuples(st.sampled_from(["1.jpg", "2.jpg", "3.jpg"]), st.lists(label, max_size=3)), max_size=8)
)
def test_labels_lose_none_and_invent_none(tmp_path_factory, lines):
    path = write(
        tmp_path_factory.mktemp("labels") / "l.csv",
        ("image", "labels"),
        *((image, ",".join(labels)) for image, labels in lines),
    )
    expected: dict[str, list[str]] = {}
    for image, labels in lines:
        known = expected.setdefault(image, [])
        for each in labels:
            levels = " > ".join(level.strip() for level in each.split("/") if level.strip())
            if levels and levels not in known:
                known.append(levels)
    table = read_products(config(path))
    assert dict(zip(table["id"].to_pylist(), table["category"].to_pylist(), strict=True)) == expected
