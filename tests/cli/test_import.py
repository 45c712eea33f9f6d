from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from smartprod.catalog import read_products
from smartprod.cli.main import app
from smartprod.config.schema import CatalogConfig
from smartprod.errors import UsageError
from tests.native_tables import write_abo, write_fashion, write_kazan, write_labels

WRITERS = {"kazan": write_kazan, "abo": write_abo, "fashion": write_fashion, "labels": write_labels}


@pytest.mark.parametrize("system", WRITERS)
def test_import_writes_a_table_that_smartprod_reads(system, demo_catalogue, tmp_path):
    source = WRITERS[system](demo_catalogue, tmp_path / "native")
    out = tmp_path / "products.parquet"
    settings = ["catalog.native.image_folder=photos"] if system == "labels" else []
    shown = CliRunner().invoke(app, ["import", system, str(source), "-o", str(out), *settings])
    assert shown.exit_code == 0, shown.output
    root = source if source.is_dir() else source.parent
    for expected in (
        f"wrote {len(read_products(CatalogConfig(path=str(out)))):,} rows",
        f"catalog.image_root={root}",
        " x ",
    ):
        assert expected in shown.output
    products = read_products(CatalogConfig(path=str(out), image_root=str(root))).to_pylist()
    assert sum(row["status.images"] == "ok" for row in products) >= len(products) - 1
    assert all(row["category"] for row in products)


def test_import_prints_its_account_as_json_or_only_what_to_do_next(tmp_path):
    (tmp_path / "l.csv").write_text("image,labels\na.jpg,A\n,B\n")
    arguments = ["import", "labels", str(tmp_path / "l.csv"), "-o", str(tmp_path / "p.parquet")]
    document = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)
    assert (document["read"], document["written"]) == (2, 1)
    assert document["met"] == {
        "not written: the record cannot be read": {
            "count": 1,
            "examples": ["row 1: names no image; labels B"],
        }
    }
    quiet = CliRunner().invoke(app, [*arguments, "--quiet"]).output
    assert quiet.startswith("use it: smartprod run several-labels catalog.path=")
    assert quiet.count("\n") == 1


def test_import_of_an_unknown_system_names_the_known_ones(tmp_path):
    shown = CliRunner().invoke(app, ["import", "shopify", str(tmp_path)])
    assert isinstance(shown.exception, UsageError)
    assert "SP130" in str(shown.exception)
    assert "kazan, abo, fashion, folder, labels" in str(shown.exception)
