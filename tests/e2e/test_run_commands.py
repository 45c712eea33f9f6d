"""The way from a product table to a model in two commands, and what a second call computes."""

from __future__ import annotations

import json
import re
import shutil

import pytest

OVERRIDES = ("classifier.kind=lightgbm", "resample.method=random_over")


@pytest.fixture(scope="module")
def shop(demo_catalogue, tmp_path_factory, smartprod, write_config):
    """A folder in which `run extract`, then `run fuse-train` with overrides were called; and what they printed."""
    folder = tmp_path_factory.mktemp("shop")
    write_config(folder, demo_catalogue / "products.csv")
    told = {}
    for pipeline in ("extract", "fuse-train"):
        result = smartprod("run", pipeline, "--config", "mine.yaml", *OVERRIDES, cwd=folder)
        assert (result.returncode, result.stderr) == (0, "")
        told[pipeline] = result.stdout
        told[f"{pipeline} files"] = sorted(path.name for path in (folder / "runs/mine").iterdir())
    return folder, told


def manifest(folder, stage):
    return json.loads((folder / f"runs/mine/{stage}/manifest.json").read_text(encoding="utf-8"))


def test_run_extract_makes_embeddings_and_no_model(shop):
    folder, told = shop
    assert told["extract files"] == [".lock", "catalog", "clean", "config.yaml", "extract"]
    assert "done: 3 of 3 stages computed" in told["extract"]
    metrics = manifest(folder, "extract")["metrics"]
    assert metrics["images_computed"] > 200
    assert metrics["texts_computed"] > 200
    assert metrics["images_corrupt"] > 0


def test_run_fuse_train_obeys_overrides(shop):
    folder, told = shop
    assert "done: 9 of 9 stages computed" in told["fuse-train"]
    candidates = json.loads((folder / "runs/mine/classify/leaderboard.json").read_text(encoding="utf-8"))
    members = {member["name"] for candidate in candidates for member in candidate["members"]}
    assert members
    assert all("lightgbm" in name for name in members)
    (account,) = re.findall(
        r"concat +(\d+) rows, 1 to (\d+) per class -> (\d+) rows, (\d+) to (\d+)", told["fuse-train"]
    )
    before, biggest, after, smallest_now, biggest_now = map(int, account)
    assert smallest_now == biggest_now == biggest
    assert after > 2 * before
    assert "command line: classifier.kind=lightgbm" in (folder / "runs/mine/config.yaml").read_text()


def test_run_fuse_train_leaves_report_metrics_and_model(shop):
    folder, _ = shop
    metrics = json.loads((folder / "runs/mine/metrics.json").read_text(encoding="utf-8"))
    chance = 1 / 20
    assert metrics["test"]["fused"]["accuracy"] > 4 * chance
    assert set(metrics["test"]) == {"image", "text", "fused"}
    assert (folder / "runs/mine/report.html").stat().st_size > 50_000
    assert (folder / "runs/mine/model/manifest.json").is_file()


def test_run_all_after_the_two_halves_computes_nothing_and_imports_no_torch(shop, heavy_imports):
    folder, _ = shop
    output, imported = heavy_imports("run", "all", "--config", "mine.yaml", *OVERRIDES, cwd=folder)
    assert "nothing to do: all 12 stages are up to date" in output
    assert set(imported) <= {"pandas"}  # which pyarrow's own dataset module imports


def test_run_all_with_another_decision_keeps_what_it_can(shop, smartprod):
    folder, _ = shop
    result = smartprod(
        "run", "all", "--config", "mine.yaml", *OVERRIDES, "decide.target_accuracy=0.7", cwd=folder
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "classify  up to date" in result.stdout
    assert "runs again, changed: config decide.target_accuracy" in result.stdout
    assert "done: 4 of 12 stages computed, 8 up to date" in result.stdout


def test_run_on_the_demo_catalogue_renders_it_once_and_again_only_if_it_was_deleted(smartprod, tmp_path):
    command = ("run", "extract", "catalog.demo.products=60", "extract.text=[]")
    assert "44 labelled products" in smartprod(*command, cwd=tmp_path).stdout
    assert (
        "nothing to do: all 3 stages are up to date (runs/demo)" in smartprod(*command, cwd=tmp_path).stdout
    )
    shutil.rmtree(tmp_path / "runs/demo-catalogue")
    assert "(rendered in " in smartprod(*command, cwd=tmp_path).stdout
