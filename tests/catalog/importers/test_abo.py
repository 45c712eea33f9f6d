from __future__ import annotations

import gzip
import json

import pytest

from smartprod.catalog import (
    count_records,
    import_products,
    read_products,
    stream_products,
    table_fingerprint,
)
from smartprod.config.schema import CatalogConfig
from smartprod.errors import UsageError


def text(language, value):
    return {"language_tag": language, "value": value}


def listing(item, **fields):
    return json.dumps({"item_id": item, "product_type": [{"value": "RUG"}]} | fields)


FULL = listing(
    "B1",
    main_image_id="im1",
    other_image_id=["im2", "lost"],
    item_name=[text("de_DE", "Teppich"), text("en_IN", "Rug"), text("en_US", "Carpet")],
    bullet_point=[text("en_US", "Soft"), text("en_US", "Red"), text("de_DE", "Weich")],
    brand=[text("en_US", "Acme")],
    color=[{"language_tag": "en_US", "standardized_values": ["Red"], "value": "Crimson"}],
    item_keywords=[text("en_US", "rug"), text("en_US", "carpet")],
    node=[{"node_id": 3, "node_name": "/Categories/Home/Rugs"}],
    country="US",
)


@pytest.fixture
def folder(tmp_path):
    """Two files of listings, of which one line is no JSON, and three images of which one is a file."""
    for name, lines in (
        ("listings_0", [FULL, '{"item_id": ']),
        (
            "listings_a",
            [listing("B1", item_name=[text("de_DE", "Teppich")]), listing("B2", main_image_id="im3")],
        ),
    ):
        path = tmp_path / "listings" / "metadata" / f"{name}.json.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
    table = tmp_path / "images" / "metadata" / "images.csv.gz"
    table.parent.mkdir(parents=True)
    table.write_bytes(
        gzip.compress(b"image_id,height,width,path\nim1,9,9,8c/im1.jpg\nim2,9,9,0f/im2.jpg\nim3,9,9,x.jpg\n")
    )
    for name in ("8c/im1.jpg", "0f/im2.jpg"):
        path = tmp_path / "images" / "small" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    return tmp_path


def config(path, **settings) -> CatalogConfig:
    return CatalogConfig(path=str(path), format="abo", **settings)


def test_abo_reads_texts_of_the_preferred_language_and_images_by_id(folder):
    row = read_products(config(folder)).to_pylist()[0]
    assert (row["id"], row["group"], row["title"], row["description"]) == ("B1", "B1", "Rug", "Soft\nRed")
    assert row["category"] == ["RUG"]
    assert json.loads(row["attributes"]) == {
        "brand": "Acme",
        "color": "Crimson",
        "item_keywords": ["rug", "carpet"],
    }
    assert row["images"] == [str(folder / "images/small/8c/im1.jpg"), str(folder / "images/small/0f/im2.jpg")]


def test_abo_languages_are_taken_in_the_configured_order_then_any(folder):
    rows = read_products(config(folder, native={"languages": ("fr", "en_US", "de")})).to_pylist()
    assert [row["title"] for row in rows] == ["Carpet", None, "Teppich", None]
    assert read_products(config(folder)).to_pylist()[2]["title"] == "Teppich"


def test_abo_keeps_listings_of_one_item_and_the_line_that_is_none(folder):
    table = read_products(config(folder))
    assert table["id"].to_pylist() == ["B1", None, "B1", "B2"]
    bad = table.to_pylist()[1]
    assert (bad["status.row"], bad["reason.row"][:26]) == ("unreadable", "listings_0.json.gz, line 2")
    assert count_records(config(folder)) == 4


def test_abo_category_may_be_the_path_in_the_tree(folder):
    rows = read_products(config(folder, columns={"category": "category_path"})).to_pylist()
    assert [row["category"] for row in rows] == [["Categories > Home > Rugs"], [], [], []]


def test_abo_listing_without_an_image_file_says_so(folder):
    rows = read_products(config(folder)).to_pylist()
    assert [row["status.images"] for row in rows] == ["ok", "unreadable", "missing", "missing"]
    assert rows[3]["reason.images"] == "images/small/x.jpg: no such file"


@pytest.mark.parametrize("first", range(5))
def test_abo_begins_at_any_listing_of_any_file(folder, first):
    whole = read_products(config(folder)).to_pylist()
    assert [
        row for batch in stream_products(config(folder), first_row=first) for row in batch.to_pylist()
    ] == whole[first:]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_abo_import_gives_the_rows_that_direct_reading_gives(folder, suffix):
    out = folder / f"products.{suffix}"
    account = import_products(config(folder), out)
    assert (account.read, account.written) == (4, 3)
    assert account.counts == {"no main image": 1, "an image is not in images.csv.gz": 1,
                              "not written: the record cannot be read": 1}  # fmt: skip
    assert "listings_0.json.gz, listing 1, B1: lost" in "\n".join(account.lines())
    kept = ["id", "title", "description", "attributes", "images", "category", "group"]
    direct = read_products(config(folder)).select(kept).to_pylist()
    assert read_products(CatalogConfig(path=str(out))).select(kept).to_pylist() == [direct[0], *direct[2:]]


def test_abo_fingerprint_follows_the_listings_and_not_the_photos(folder):
    before = table_fingerprint(config(folder))
    (folder / "images/small/8c/im1.jpg").write_bytes(b"another")
    assert table_fingerprint(config(folder)) == before
    (folder / "listings/metadata/listings_0.json.gz").write_bytes(gzip.compress(FULL.encode()))
    assert table_fingerprint(config(folder)) != before


def test_abo_without_the_table_of_images_reads_texts_and_says_so(folder):
    (folder / "images/metadata/images.csv.gz").unlink()
    account = import_products(config(folder), folder / "products.parquet")
    assert any("no image can be found" in line for line in account.lines())
    assert set(read_products(config(folder))["status.images"].to_pylist()) == {"missing", "unreadable"}


def test_abo_folder_without_listings_is_refused(tmp_path):
    with pytest.raises(UsageError, match="SP260"):
        read_products(config(tmp_path))
