"""The five recipes, each from its system's own input to a report and a model, with small encoders and few products."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smartprod.config import load_config
from smartprod.demo import render_catalogue
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline, run_pipeline
from tests.native_tables import write_labels

# The embedded encoders, and the quickest of what each stage offers.
TINY = (
    "run.threads=1", "extract.image=[lite0]", "split.folds=2", "classifier.candidates=[logistic]",
    "classifier.logistic.C=[30]", "classifier.logistic.max_iterations=50",
)  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recipes") / "catalogue"
    render_catalogue(folder, products=100, workers=1)
    return folder


def run(recipe: str, source: Path, folder: Path, *overrides: str) -> RunFolder:
    """Do what `smartprod run all --config RECIPE catalog.path=SOURCE` does."""
    loaded = load_config(
        recipe, [f"catalog.path={source}", f"run.folder={folder / 'runs'}", *TINY, *overrides]
    )
    return run_pipeline(load_pipeline(loaded.config.run.pipeline), loaded, console=RunConsole(quiet=True)).run


def metrics(made: RunFolder) -> dict:
    return json.loads(made.artefact_path("metrics").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_recipe_yerba_learns_paths_and_their_ancestors_from_a_labelling_tools_csv(catalogue, tmp_path):
    source = write_labels(catalogue, tmp_path / "yerba")
    made = run(
        "yerba",
        source,
        tmp_path,
        "catalog.native.image_folder=photos",
        "catalog.classes.min_rows=2",
        "extract.views=one",
    )
    products = made.read("products").to_pylist()
    assert [row["category"] for row in products if row["id"] and len(row["category"]) > 1]
    scored = metrics(made)
    assert scored["several_labels"]
    assert scored["scores"]["tree_f1"] > scored["scores"]["micro_f1"] > 0
    assert {"support", "hits", "excess", "missed", "spared"} <= set(scored["labels"][0])
    assert (made.artefact_path("model") / "model.yaml").is_file()
