from __future__ import annotations

import os

import pytest

from smartprod.catalog import read_products, source_notes, table_fingerprint
from smartprod.config.schema import CatalogConfig
from smartprod.errors import CatalogError, UsageError


@pytest.fixture
def tree(tmp_path):
    for name in (
        "Fruit/Pear/b.JPG",
        "Fruit/Pear/a.png",
        "Fruit/Apple/c.jpg",
        "root.webp",
        "Fruit/notes.txt",
        ".x/h.jpg",
    ):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "tree"


def test_read_folder_takes_categories_from_folders_in_sorted_order(tree):
    rows = read_products(CatalogConfig(path=str(tree))).to_pylist()
    assert [(row["id"], row["category"]) for row in rows] == [
        ("root.webp", []),
        ("Fruit/Apple/c.jpg", ["Fruit > Apple"]),
        ("Fruit/Pear/a.png", ["Fruit > Pear"]),
        ("Fruit/Pear/b.JPG", ["Fruit > Pear"]),
    ]
    assert [row["images"] for row in rows] == [[str(tree / row["id"])] for row in rows]
    assert {row["status.images"] for row in rows} == {"ok"}
    assert [row["status.category"] for row in rows] == ["missing", "ok", "ok", "ok"]


def test_read_folder_ignores_column_names_but_keeps_the_schema(tree):
    config = CatalogConfig(path=str(tree), columns={"category": "shelf", "extra": ["brand"]})
    table = read_products(config)
    assert table["extra.brand"].null_count == table.num_rows == 4


def test_read_folder_notes_count_files_that_are_no_images(tree):
    assert source_notes(CatalogConfig(path=str(tree))) == (
        "1 files that are no images by their extension are left out",
    )


def test_read_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(CatalogError, match="SP211"):
        read_products(CatalogConfig(path=str(tmp_path)))


def test_read_folder_declared_for_a_file_is_a_usage_error(tree):
    with pytest.raises(UsageError, match="SP213"):
        read_products(CatalogConfig(path=str(tree / "root.webp"), format="folder"))


def test_folder_fingerprint_changes_with_every_file(tree):
    config = CatalogConfig(path=str(tree))
    before = table_fingerprint(config)
    assert table_fingerprint(config) == before
    os.utime(tree / "Fruit/Apple/c.jpg", ns=(1, 1))
    assert table_fingerprint(config) != before


def test_read_folder_whose_first_folders_are_parts_gives_split_and_domain(tmp_path):
    for name in ("train/Pear/a.png", "test/Pear/Green/b.jpg", "other/c.jpg", "d.jpg"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    rows = read_products(
        CatalogConfig(path=str(tmp_path / "tree"), native={"first_folder": "part"})
    ).to_pylist()
    assert [(row["id"], row["split"], row["domain"], row["category"]) for row in rows] == [
        ("d.jpg", None, None, []),
        ("other/c.jpg", "other", "other", []),
        ("test/Pear/Green/b.jpg", "test", "test", ["Pear > Green"]),
        ("train/Pear/a.png", "train", "train", ["Pear"]),
    ]
