from __future__ import annotations

import pytest

from smartprod.catalog.reviewed_labels import ReviewedLabels
from smartprod.catalog.stages import catalog, catalog_identity
from smartprod.config import load_config
from smartprod.errors import UsageError
from smartprod.pipeline import RunFolder, StageContext


@pytest.fixture
def config(tmp_path):
    (tmp_path / "products.csv").write_text(
        "id,title,category\nP1,blue mug,A > cup\nP2,red mug,\nP3,hat,A > hat\n", encoding="utf-8"
    )
    (tmp_path / "labels.csv").write_text(
        "id,category,was\nP1,A > mug,A > cup\nP2,A > cup,\nP2,A > mug,\nP3,A > hat,A > hat\nP9,A > mug,\n",
        encoding="utf-8",
    )
    settings = [
        f"catalog.path={tmp_path / 'products.csv'}",
        f"catalog.labels={tmp_path / 'labels.csv'}",
        f"run.folder={tmp_path}",
    ]
    return load_config(None, settings).config


def test_reviewed_labels_count_more_than_the_table(config, tmp_path):
    context = StageContext(config, stage="catalog", run=RunFolder(tmp_path / "run"))
    products = catalog(context)["products"].read()
    assert products["category"].to_pylist() == [["A > mug"], ["A > mug"], ["A > hat"]]
    assert products["status.category"].to_pylist() == ["ok"] * 3
    assert (
        "3 of 4 reviewed labels are of products of this table; 2 of them differ from what the table said"
        in context.lines
    )


def test_reviewed_labels_make_the_stage_run_again_when_they_change(config, tmp_path):
    run = RunFolder(tmp_path / "run")
    before = catalog_identity(config, run)
    with (tmp_path / "labels.csv").open("a", encoding="utf-8") as file:
        file.write("P3,A > cap,A > hat\n")
    assert catalog_identity(config, run) != before


@pytest.mark.parametrize("content", [None, b"name,category\n", b"\xff\xfe\x00bad"])
def test_reviewed_labels_that_cannot_be_read_are_told(tmp_path, content):
    path = tmp_path / "labels.csv"
    if content is not None:
        path.write_bytes(content + b"P1,A\n")
    with pytest.raises(UsageError, match="SP288"):
        ReviewedLabels.read(path)
