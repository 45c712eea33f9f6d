from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from smartprod.catalog.guessing import guess_table, write_first_config
from smartprod.catalog.guessing.roles import guess_roles, level_separator, look_at_column
from smartprod.cli.main import app
from smartprod.config import load_config
from smartprod.demo import render_catalogue
from smartprod.errors import CatalogError, UsageError


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    render_catalogue(folder, products=60, seed=1)
    return folder


def roles(path: Path) -> dict[str, str | None]:
    return {column.facts.name: column.role for column in guess_table(path).columns}


def shop_table(folder: Path, *, encoding: str = "cp1251") -> Path:
    """A table as a shop exports it: Russian, semicolons, columns of its own names, photos two folders down."""
    photos = folder / "export" / "photos"
    photos.mkdir(parents=True)
    lines = ["Артикул;name;body_html;shop_category;photo;price;brand;empty"]
    for number in range(40):
        (photos / f"{number}.jpg").write_bytes(b"x")
        kind = ("Чай|Чёрный", "Чай|Зелёный", "Посуда|Кружки")[number % 3]
        lines.append(
            f"{number};Очень хороший товар {number};<p>Описание товара {number}</p>;{kind};{number}.jpg;"
            f"{number * 10},50;Бренд {number % 4};"
        )
    path = folder / "shop.csv"
    path.write_bytes("\n".join(lines).replace("shop_category", "category name").encode(encoding))
    return path


def test_guess_demo_catalogue_is_understood(catalogue):
    assert roles(catalogue / "products.csv") == {
        "id": "id",
        "title": "title",
        "description": "description",
        "attributes": "attributes",
        "category": "category",
        "image": "images",
        "other_images": "images",
        "group_id": "group",
        "domain": "domain",
        "mask": None,  # pictures, but not of products
        "categories": None,  # would give the category away
    }
    guess = guess_table(catalogue / "products.csv")
    assert guess.separator == " > "
    assert guess.images is not None
    assert guess.images.root == catalogue.absolute()
    assert guess.images.found > 0.8 * guess.images.looked_at
    assert not guess.other_script


def test_guess_shop_export_with_other_names_letters_and_folders(tmp_path):
    guess = guess_table(shop_table(tmp_path))
    found = {column.facts.name: column.role for column in guess.columns}
    assert found == {
        "Артикул": None, "name": "title", "body_html": "description", "category name": "category", "photo": "images",
        "price": None, "brand": "extra", "empty": None,
    }  # fmt: skip
    assert guess.sample.encoding == "cp1251"
    assert guess.separator == "|"
    assert guess.other_script
    assert guess.images is not None
    assert (guess.images.root, guess.images.found) == (tmp_path / "export" / "photos", 40)


@pytest.mark.parametrize(("encoding", "found"), [("utf-8", "utf-8"), ("utf-16", "utf-16")])
def test_guess_encoding_of_other_exports(tmp_path, encoding, found):
    assert guess_table(shop_table(tmp_path, encoding=encoding)).sample.encoding == found


def test_guess_json_lines_and_parquet_like_csv(tmp_path):
    rows = [{"sku": f"a{n}", "name": f"thing number {n}", "class": "A" if n % 2 else "B"} for n in range(20)]
    lines = tmp_path / "t.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    wanted = {"sku": "id", "name": "title", "class": "category"}
    assert roles(lines) == roles(tmp_path / "t.parquet") == wanted


def test_guess_column_that_would_give_the_category_away_is_left_out():
    cells = {
        "category_path": ("A > B", "A > C") * 10,
        "subCategory": ("B", "C") * 10,
        "season": ("Summer", "Winter") * 10,
        "stock": ("1", "2") * 10,
    }
    found = guess_roles({name: look_at_column(name, column) for name, column in cells.items()})
    assert {column.facts.name: column.role for column in found} == {
        "category_path": "category", "subCategory": None, "season": "extra", "stock": None,
    }  # fmt: skip
    assert found[1].why == "may give the category away"


@pytest.mark.parametrize(
    ("values", "separator"),
    [
        (("a > b", "c > d > e"), " > "),
        (("a/b", "c/d"), "/"),
        (("a", "b/c", "d"), None),
        ((), None),
        (("a>b",), ">"),
    ],
)
def test_guess_separator_of_levels(values, separator):
    assert level_separator(values) == separator


def test_guess_of_an_empty_table_says_so(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,title\n")
    with pytest.raises(CatalogError, match="SP280"):
        guess_table(path)


def test_first_config_is_not_replaced_unless_told(tmp_path, catalogue):
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    guess = guess_table(catalogue / "products.csv")
    with pytest.raises(UsageError, match="SP281"):
        write_first_config(guess, path)
    assert path.read_text() == "mine"
    write_first_config(guess, path, force=True)
    assert load_config(str(path)).config.catalog.path == str(catalogue / "products.csv")


def test_first_config_of_a_shop_export_says_what_was_guessed(tmp_path):
    path = tmp_path / "mine.yaml"
    write_first_config(guess_table(shop_table(tmp_path)), path)
    catalog = load_config(str(path)).config.catalog
    assert (catalog.encoding, catalog.category_separator) == ("cp1251", "|")
    assert catalog.image_root == str(tmp_path / "export" / "photos")
    assert catalog.columns.title == "name"
    assert catalog.columns.category == "category name"
    assert catalog.columns.images == ("photo",)
    assert catalog.columns.extra == ("brand",)
    assert "price is left out: numbers" in path.read_text(encoding="utf-8")


_CELLS = st.one_of(
    st.none(), st.text(max_size=30), st.sampled_from(["a.jpg", '{"a": 1}', "train", "A > B", "1"])
)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=12).filter(str.strip), st.lists(_CELLS, min_size=3, max_size=3)
    )
)
def test_first_config_of_any_table_can_be_loaded(tmp_path_factory, columns):
    folder = tmp_path_factory.mktemp("any")
    table = pa.table(
        {"name": ["a", "b", "c"]} | {name: pa.array(cells, pa.string()) for name, cells in columns.items()}
    )
    pq.write_table(table, folder / "t.parquet")
    guess = guess_table(folder / "t.parquet")
    write_first_config(guess, folder / "t.yaml")
    named = load_config(str(folder / "t.yaml")).config.catalog.columns
    assert set(guess.of_role("extra")) <= set(named.extra)
    assert guess.of_role("title")[:1] in ((), (named.title,))


def test_init_command_prints_guesses_and_names_the_next_step(tmp_path, catalogue, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["init", str(catalogue / "products.csv")])
    assert result.exit_code == 0, result.output
    assert "category" in result.output
    assert result.output.splitlines()[-1] == (
        "wrote products.yaml; look it over, then: smartprod run all --config products.yaml"
    )
    assert load_config("products.yaml").config.run.name == "products"
