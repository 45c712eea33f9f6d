from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartprod.catalog import import_products, read_products
from smartprod.catalog.importers.fashion import open_fashion
from smartprod.catalog.importers.native import NativeRecord
from smartprod.config.schema import CatalogConfig
from smartprod.errors import UsageError

HEADER = "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,productDisplayName\n"
LINES = """15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Men Navy Blue Shirt
39386,Men,Apparel,Bottomwear,Jeans,Blue,Summer,2012,Casual,Peter England Men Party, Blue, "Slim" Jeans
7,Women,Apparel
59263,Women,Accessories,Watches,Watches,Silver,,,Casual,"Titan, Women Silver Watch"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "15970.jpg").write_bytes(b"x")
    (tmp_path / "styles.csv").write_text(HEADER + LINES, encoding="utf-8")
    return tmp_path


def config(path, **settings) -> CatalogConfig:
    return CatalogConfig(path=str(path), format="fashion", **settings)


@pytest.mark.parametrize("given_path", ["", "styles.csv"])
def test_fashion_reads_lines_whose_last_field_has_unquoted_commas(folder, given_path):
    rows = read_products(config(folder / given_path)).to_pylist()
    assert [row["title"] for row in rows] == [
        "Turtle Check Men Navy Blue Shirt", 'Peter England Men Party, Blue, "Slim" Jeans', None,
        "Titan, Women Silver Watch",
    ]  # fmt: skip
    assert [row["category"] for row in rows] == [["Shirts"], ["Jeans"], [], ["Watches"]]
    assert rows[0]["images"] == [str(folder / "images/15970.jpg")]
    assert rows[1]["reason.images"] == "images/39386.jpg: no such file"
    assert rows[2]["reason.row"] == "line 4: 3 fields where the header has 10"
    assert json.loads(rows[3]["attributes"]) == {"gender": "Women", "baseColour": "Silver", "usage": "Casual"}


def test_fashion_category_may_be_the_whole_path(folder):
    rows = read_products(config(folder, columns={"category": "category_path"})).to_pylist()
    assert rows[1]["category"] == ["Apparel > Bottomwear > Jeans"]


def test_fashion_import_counts_joined_and_cut_lines(folder, tmp_path):
    out = tmp_path / "elsewhere" / "products.parquet"
    account = import_products(config(folder), out)
    assert (account.read, account.written) == (4, 3)
    told = "\n".join(account.lines())
    assert "line 3: Peter England" in told
    assert "line 4: 3 fields" in told
    assert f"catalog.image_root={folder}" in account.command
    again = read_products(CatalogConfig(path=str(out), image_root=str(folder)))
    assert again["images"].to_pylist()[0] == [str(folder / "images/15970.jpg")]


def test_fashion_refuses_a_table_with_another_header(folder):
    (folder / "styles.csv").write_text("id,title\n1,Mug\n")
    with pytest.raises(UsageError, match="SP263"):
        read_products(config(folder))


def test_fashion_refuses_a_folder_without_styles(tmp_path):
    with pytest.raises(UsageError, match="SP262"):
        read_products(config(tmp_path))


line = st.text(
    st.characters(exclude_characters="\r\n\0\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", exclude_categories=["Cs"]),
    max_size=30,
)


@given(st.lists(line, max_size=8))
def test_fashion_every_line_is_one_record_whatever_quotes_it_has(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("fashion") / "styles.csv"
    sound = "1,Men,Apparel,Topwear,Shirts,Blue,Fall,2011,Casual,Shirt"
    path.write_text(HEADER + "\n".join([*lines, sound]), encoding="utf-8")
    source = open_fashion(path, encoding="utf-8", separator=" > ", image_folder="", field_limit=1_000)
    records = list(source.records(0))
    assert len(records) == sum(1 for each in lines if each.strip()) + 1
    assert isinstance(records[-1], NativeRecord)
    assert records[-1].values["title"] == "Shirt"
