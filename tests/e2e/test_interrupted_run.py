"""A run that is stopped during extraction tells how to go on, and going on loses nothing."""

from __future__ import annotations

import json
import os
import signal
import time

import numpy as np
import pyarrow.parquet as pq
import pytest

from smartprod.embeddings import EmbeddingStore, load_embeddings

ROWS = 70


@pytest.fixture
def shop(demo_catalogue, tmp_path, cut_table, write_config):
    table = cut_table(demo_catalogue / "products.csv", tmp_path / "products.csv", rows=ROWS)
    write_config(tmp_path, table, catalog={"image_root": str(demo_catalogue)})
    return tmp_path


def wait_for_first_commit(process, folder):
    """Return when the images are in the store, while the texts are not."""
    store = EmbeddingStore(folder / "runs/embedding-store")
    deadline = time.monotonic() + 120
    while not any(store.count(dataset.stem) for dataset in store.folder.glob("*.lance")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither signal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
def test_run_stopped_in_extraction_goes_on_with_what_was_committed(shop, start_smartprod, smartprod, number):
    command = ("run", "extract", "--config", "mine.yaml")
    process = start_smartprod(*command, cwd=shop)
    try:
        wait_for_first_commit(process, shop)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "stopped in stage `extract`; go on (2 finished stages are kept) with: smartprod " in told
        assert " ".join(command) in told
        assert "Traceback" not in told
    assert not (shop / "runs/mine/extract/manifest.json").exists()

    again = smartprod(*command, cwd=shop)
    assert (again.returncode, again.stderr) == (0, "")
    assert "done: 1 of 3 stages computed, 2 up to date" in again.stdout
    metrics = json.loads((shop / "runs/mine/extract/manifest.json").read_text())["metrics"]
    assert metrics["images_computed"] == 0
    assert metrics["images_reused"] > ROWS / 2
    if number == signal.SIGINT:
        assert metrics["texts_computed"] == 0, "the batch at hand was finished and kept"
    assert not (shop / "runs/mine/extract/parts").exists()


def test_run_resumed_equals_uninterrupted(shop, start_smartprod, smartprod, demo_run):
    process = start_smartprod("run", "extract", "--config", "mine.yaml", cwd=shop)
    wait_for_first_commit(process, shop)
    process.kill()
    process.communicate()
    assert smartprod("run", "extract", "--config", "mine.yaml", cwd=shop).returncode == 0

    resumed = pq.read_table(shop / "runs/mine/extract/embedding_index.parquet")
    whole = pq.read_table(demo_run.run.artefact_path("embedding_index"))
    same = np.arange(0, whole.num_rows, whole.num_rows // ROWS)  # as `cut_table` took them
    for name in ("image_key", "text_key", "status.images", "status.text"):
        assert resumed[name].to_pylist() == whole[name].take(same).to_pylist()
    for modality in ("image", "text"):
        ours = load_embeddings(
            resumed, modality=modality, store=EmbeddingStore(shop / "runs/embedding-store")
        )
        theirs = load_embeddings(
            whole,
            modality=modality,
            store=EmbeddingStore(demo_run.run.root.parent / "embedding-store"),
            rows=same,
        )
        np.testing.assert_allclose(ours.values, theirs.values, atol=2e-3)
