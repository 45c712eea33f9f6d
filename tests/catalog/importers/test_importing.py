from __future__ import annotations

import pytest

from smartprod.catalog import import_products, read_products
from smartprod.config.schema import CatalogConfig
from smartprod.errors import UsageError


def test_import_of_a_folder_names_id_image_and_category(tmp_path):
    for name in ("Fruit/Pear/a.png", "Fruit/b.jpg", "Fruit/notes.txt"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    folder = CatalogConfig(path=str(tmp_path / "tree"), format="folder")
    account = import_products(folder, tmp_path / "products.csv")
    assert account.notes == ("1 files that are no images by their extension are left out",)
    table = read_products(
        CatalogConfig(path=str(tmp_path / "products.csv"), image_root=str(tmp_path / "tree"))
    )
    assert table.select(["id", "images", "category"]).equals(
        read_products(folder).select(["id", "images", "category"])
    )
    assert account.columns == ("id", "image", "category")


def test_import_into_a_name_without_a_format_is_refused(tmp_path):
    with pytest.raises(UsageError, match="SP266"):
        import_products(CatalogConfig(path=str(tmp_path), format="folder"), tmp_path / "products.xlsx")


def test_import_does_not_overwrite_its_input(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("image,labels\na.jpg,A\n")
    with pytest.raises(UsageError, match="SP267"):
        import_products(CatalogConfig(path=str(path), format="labels"), path)
    assert path.read_text() == "image,labels\na.jpg,A\n"


def test_import_of_bytes_that_are_no_text_writes_a_table_and_says_so(tmp_path):
    (tmp_path / "l.csv").write_bytes(b"image,labels\na.jpg,caf\xe9\n")
    account = import_products(
        CatalogConfig(path=str(tmp_path / "l.csv"), format="labels"), tmp_path / "p.parquet"
    )
    assert account.written == 1
    assert account.table.statuses()["category"] == {"unreadable": 1}
    assert read_products(CatalogConfig(path=str(tmp_path / "p.parquet")))["category"].to_pylist() == [
        ["caf\ufffd"]
    ]
