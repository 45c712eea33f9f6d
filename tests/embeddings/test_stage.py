from __future__ import annotations

import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from smartprod.config import Config
from smartprod.embeddings import EmbeddingStore, encoders_of, load_embeddings, store_folder
from smartprod.embeddings.stage import extract, extraction_identity
from smartprod.errors import TooManyBadRowsError
from smartprod.pipeline import RunFolder, StageContext


@pytest.fixture
def run(tmp_path):
    """A run folder with its configuration."""
    config = Config.model_validate({"run": {"folder": str(tmp_path / "runs"), "threads": 1}})
    return RunFolder.of(config), config


def context_of(run) -> StageContext:
    folder, config = run
    return StageContext(config, stage="extract", run=folder)


@pytest.fixture
def table(tmp_path, draw, encode_file, product_table):
    (tmp_path / "a.jpg").write_bytes(encode_file(draw(0, 300, 300)))
    (tmp_path / "b.jpg").write_bytes(encode_file(draw(1, 300, 300))[:2_000])
    images = [[tmp_path / "a.jpg"], [tmp_path / "b.jpg"], [tmp_path / "a.jpg"], []]
    return product_table(images, ["red shirt", "blue shirt", None, None])


def test_stage_writes_an_index_that_leads_to_the_store(run, table):
    context = context_of(run)
    index = extract(context, products=table[0], clean_text=table[1])["embedding_index"]
    store = EmbeddingStore(store_folder(run[1]))
    assert load_embeddings(index, modality="image", store=store).present.tolist() == [
        True,
        False,
        True,
        False,
    ]
    assert load_embeddings(index, modality="text", store=store).present.tolist() == [True, True, False, False]
    assert context.metrics["images_computed"] == 1
    assert context.metrics["rows_with_text"] == 2
    assert any("1 corrupt" in line for line in context.lines)
    assert (context.rows_in, context.rows_out) == (4, 4)


def test_stage_second_run_reuses_everything(run, table):
    extract(context_of(run), products=table[0], clean_text=table[1])
    context = context_of(run)
    extract(context, products=table[0], clean_text=table[1])
    assert (context.metrics["images_computed"], context.metrics["images_reused"]) == (0, 1)
    assert (context.metrics["texts_computed"], context.metrics["texts_reused"]) == (0, 2)


def test_stage_encoders_survive_the_parquet_file(run, table, tmp_path):
    index = extract(context_of(run), products=table[0], clean_text=table[1])["embedding_index"]
    pq.write_table(index, tmp_path / "index.parquet")
    read = pq.read_table(tmp_path / "index.parquet")
    assert [encoder.name for encoder in encoders_of(read)] == ["lite0", "minilm"]


def test_stage_too_many_rows_with_nothing_stop_the_run(run, product_table, tmp_path):
    products, clean_text = product_table([[tmp_path / "gone.jpg"], []], [None, None])
    with pytest.raises(TooManyBadRowsError, match="2 of 2 rows") as caught:
        extract(context_of(run), products=products, clean_text=clean_text)
    assert caught.value.code == "SP424"


def test_stage_identity_follows_the_image_files(run, table, tmp_path):
    folder, config = run
    path = folder.artefact_path("products")
    path.parent.mkdir(parents=True)
    pq.write_table(table[0], path)
    before = extraction_identity(config, folder)
    assert extraction_identity(config, folder) == before
    os.utime(tmp_path / "a.jpg", ns=(1, 1))
    touched = extraction_identity(config, folder)
    (tmp_path / "a.jpg").unlink()
    assert len({before, touched, extraction_identity(config, folder)}) == 3


def test_stage_module_and_identity_import_no_heavy_library(tmp_path):
    code = (
        "import sys; from pathlib import Path; from smartprod.config import Config; from smartprod.pipeline import RunFolder;"
        "from smartprod.embeddings.stage import extraction_identity;"
        f"extraction_identity(Config(), RunFolder(Path({str(tmp_path)!r})));"
        "print({'torch', 'transformers', 'timm', 'lance', 'PIL', 'simplejpeg'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
