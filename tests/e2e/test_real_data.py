"""The shipped configurations on real products, cut to a few hundred rows."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

# Folder below SMARTPROD_DATA, about how many rows to take, heads, and an accuracy that chance is far from. The floors are
# low: with so few rows this is a test of the way, not of the learning (which benchmarks/accuracy.py measures).
SETS = {
    "myntra": ("myntra-html-1000", 340, {"image", "text", "fused"}, 0.6),
    "bestbuy": ("bestbuy-phones", 300, {"image", "text", "fused"}, 0.5),
    "magento": ("magento-luma", 191, {"image", "text", "fused"}, 0.5),
    "grocery": ("grocery-store", 900, {"image"}, 0.25),
}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "SMARTPROD_DATA" not in os.environ, reason="SMARTPROD_DATA names no folder of real product sets"
    ),
]


@pytest.mark.parametrize("name", SETS)
def test_real_products_go_the_whole_way(name, smartprod, cut_table, tmp_path):
    folder, rows, heads, floor = SETS[name]
    source = Path(os.environ["SMARTPROD_DATA"]) / folder
    table = cut_table(source / "products.csv", tmp_path / "products.csv", rows=rows)
    result = smartprod(
        "run", "all", "--config", f"configs/{name}.yaml",
        f"catalog.path={table}", f"catalog.image_root={source}", "split.folds=2", "fuse.candidates=[concat]",
        "classifier.candidates=[logistic]", "classifier.logistic.C=[30]", "report.map_points=100",
        "report.explained_rows=2",
        cwd=tmp_path, timeout=580,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert "2 test answers explained" in result.stdout
    assert "done: 12 of 12 stages computed" in result.stdout

    metrics = json.loads((tmp_path / f"runs/{name}/metrics.json").read_text(encoding="utf-8"))
    assert set(metrics["test"]) == heads
    best = metrics["test"]["fused" if "fused" in heads else "image"]
    assert best["rows"] > 10
    for head in metrics["test"].values():
        assert 0 <= head["macro_f1"] <= 1
        assert head["accuracy"] <= head["top5"] <= 1
        assert 0 < head["log_loss"] < 10
        assert 0 <= head["ece"] < 0.6
    assert best["accuracy"] > floor

    scored = tmp_path / "scored.csv"
    result = smartprod(
        "score", str(table), "--model", f"runs/{name}/model", "--image-root", str(source), "-o", str(scored),
        "--store", "runs/embedding-store", cwd=tmp_path, timeout=580,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert scored.stat().st_size > 1_000
