from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest

from smartprod.errors import UsageError


def test_extracted_run_gives_the_answers_that_its_table_gives(score, demo_run):
    from_run = pq.read_table(score(table=demo_run.run.root, store=None, out="run.parquet").out)
    from_table = pq.read_table(score(table=demo_run.catalogue / "products.csv", out="table.parquet").out)
    assert from_run.num_rows > 100
    for name in ("row", "id", "category", "head", "decision", "status", "reason", "top_categories"):
        assert from_run[name].to_pylist() == from_table[name].to_pylist(), name


def test_extracted_run_opens_no_photo(score, demo_run, tmp_path):
    kept = demo_run.catalogue / "images"
    away = kept.rename(tmp_path / "images-elsewhere")
    try:
        assert score(table=demo_run.run.root, store=None).summary.heads["fused"] > 100
    finally:
        away.rename(kept)


def test_extracted_run_that_is_not_finished_is_refused(score, demo_run, tmp_path):
    run = tmp_path / "half"
    shutil.copytree(demo_run.run.root, run)
    (run / "extract" / "manifest.json").unlink()
    with pytest.raises(UsageError, match=r"SP813(.|\n)*smartprod run extract"):
        score(table=run)


def test_extracted_run_whose_table_was_read_anew_is_refused(score, demo_run, tmp_path):
    run = tmp_path / "changed"
    shutil.copytree(demo_run.run.root, run)
    manifest = run / "catalog" / "manifest.json"
    facts = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(facts | {"fingerprint": "0" * 64}), encoding="utf-8")
    with pytest.raises(UsageError, match="SP814"):
        score(table=run)
