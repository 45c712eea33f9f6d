from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from smartprod.catalog.stages import catalog, catalog_identity, demo_folder, table_config
from smartprod.config import load_config
from smartprod.errors import TooManyBadRowsError
from smartprod.pipeline import RunFolder, StageContext
from tests.embedded_table import embedded_table


def context_of(folder, *overrides, stage="catalog") -> StageContext:
    config = load_config("demo", (f"run.folder={folder / 'runs'}", "run.threads=1", *overrides)).config
    return StageContext(config, stage=stage, run=RunFolder(folder / "runs" / "run"))


def test_stages_catalog_keeps_every_row_and_counts_them(tmp_path):
    (tmp_path / "table.csv").write_text("id,title,category\na,Mug,Home\nb,Pot,\nc,,Home\n", encoding="utf-8")
    context = context_of(tmp_path, f"catalog.path={tmp_path / 'table.csv'}", "catalog.max_bad_fraction=1")
    products = catalog(context)["products"].read()
    assert products["id"].to_pylist() == ["a", "b", "c"]
    assert (context.rows_in, context.rows_out) == (3, 3)
    assert context.metrics["rows_labelled"] == 2
    assert context.lines


def test_stages_catalog_with_too_many_bad_rows_is_refused(tmp_path):
    gone = "".join(f"{row},gone{row}.jpg,Home\n" for row in range(4))
    (tmp_path / "table.csv").write_text("id,image,category\n" + gone, encoding="utf-8")
    with pytest.raises(TooManyBadRowsError):
        catalog(
            context_of(tmp_path, f"catalog.path={tmp_path / 'table.csv'}", "catalog.max_bad_fraction=0.1")
        )


def test_stages_catalog_renders_the_demo_beside_the_runs(tmp_path):
    context = context_of(tmp_path, "catalog.demo.products=60")
    before = catalog_identity(context.config, context.run)
    products = catalog(context)["products"]
    rendered = demo_folder(context.config)
    assert rendered == tmp_path / "runs" / "demo-catalogue"
    assert table_config(context.config).path == str(rendered / "products.csv")
    assert products.num_rows > 40
    assert catalog_identity(context.config, context.run) == before, "what the stage renders is no change"


def test_stages_identity_follows_the_table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("id\na\n", encoding="utf-8")
    context = context_of(tmp_path, f"catalog.path={path}")
    before = catalog_identity(context.config, context.run)
    assert catalog_identity(context.config, context.run) == before
    path.write_text("id\na\nb\n", encoding="utf-8")
    assert catalog_identity(context.config, context.run) != before


def split_of(table, *overrides):
    return table.learn("split.folds=3", *overrides, stages=["split"])


def test_stages_split_gives_every_row_a_part_and_learning_rows_a_fold(tmp_path):
    labels = [*(np.arange(60) % 3).tolist(), None, 3]
    made = split_of(embedded_table(tmp_path, labels))
    split = made["split"]
    parts = np.asarray(split["part"].to_pylist())
    folds = split["fold"].to_numpy()
    assert split["row"].to_pylist() == list(range(62))
    assert split.schema.field("fold").type == pa.int8()
    assert (parts[60], split["label"][60].as_py()) == ("unlabelled", None)
    assert (parts[61], folds[61]) == ("train", -1), "a class of one row is always trained"
    assert set(folds[:60][np.isin(parts[:60], ["train", "val"])]) == {0, 1, 2}
    assert set(folds[parts == "test"]) == {-1}
    assert {"class_policy", "split", "leakage", "conflicts", "notes"} == set(made["split_account"])
    assert any("3-fold" in line for line in made["split_account"]["split"])


def test_stages_split_never_tears_copies_of_an_image_apart(tmp_path):
    table = embedded_table(tmp_path, (np.arange(60) % 3).tolist())
    index = table.artefacts["embedding_index"]
    keys = [f"image{row // 6 * 6 + row % 3}" for row in range(60)]
    copied = index.set_column(index.column_names.index("image_key"), "image_key", pa.array(keys))
    table.artefacts["embedding_index"] = copied
    made = split_of(table)
    places = set(zip(keys, made["split"]["part"].to_pylist(), made["split"]["fold"].to_pylist(), strict=True))
    assert len(places) == len(set(keys))
    assert made["split_account"]["notes"] == []


def test_stages_split_notes_leaks_of_the_tables_own_split(tmp_path):
    table = embedded_table(tmp_path, [0, 1] * 10, parts=["train", "train", "test", "test"] * 5)
    index = table.artefacts["embedding_index"]
    keys = [f"image{row // 4 * 4 + row % 2}" for row in range(20)]
    table.artefacts["embedding_index"] = index.set_column(
        index.column_names.index("image_key"), "image_key", pa.array(keys)
    )
    notes = split_of(table)["split_account"]["notes"]
    assert any("leaks" in note and "image" in note for note in notes)


def test_stages_split_learns_the_first_of_several_categories_and_says_so(tmp_path):
    table = embedded_table(tmp_path, [0, 1] * 10)
    products = table.artefacts["products"]
    both = [["Top 0 > Class 0", "Other"] if row % 2 == 0 else ["Top 1 > Class 1"] for row in range(20)]
    table.artefacts["products"] = products.set_column(
        products.column_names.index("category"), "category", pa.array(both)
    )
    made = split_of(table)
    assert made["split"]["label"].to_pylist()[:2] == ["Top 0 > Class 0", "Top 1 > Class 1"]
    assert any("10 rows have several categories" in line for line in made["split_account"]["class_policy"])
