"""The five recipes, each from its system's own input to a report and a model, with small encoders and few products."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smartprod.config import load_config
from smartprod.demo import render_catalogue
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline, run_pipeline
from tests.native_tables import write_abo, write_fashion, write_kazan, write_labels, write_synthetic

# The embedded encoders, and the quickest of what each stage offers.
TINY = (
    "run.threads=1", "extract.image=[lite0]", "split.folds=2", "classifier.candidates=[logistic]",
    "classifier.logistic.C=[30]", "classifier.logistic.max_iterations=50", "report.explained_rows=1",
)  # fmt: skip
FINETUNE = (
    "finetune.image.encoder=lite0", "finetune.image.epochs=2", "finetune.image.frozen_epochs=1",
    "finetune.image.batch_size=16", "finetune.image.image_size=64",
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


@pytest.mark.slow
def test_recipe_kazan2023_finetunes_fuses_and_resamples_and_finds_the_useless_columns(catalogue, tmp_path):
    source = write_kazan(catalogue, tmp_path / "kazan")
    made = run(
        "kazan2023", source, tmp_path, *FINETUNE, "extract.text=[minilm]", "clean.max_characters=150", "fuse.candidates=[concat,metric]",
        "fuse.metric.epochs=2", "classifier.candidates=[logistic,lightgbm]", "classifier.lightgbm.rounds=3",
    )  # fmt: skip
    assert "corrupt" in made.read("products")["status.attributes"].to_pylist()
    useless = [
        line["evidence"] for line in made.read("findings").to_pylist() if line["kind"] == "useless_column"
    ]
    assert any("`rating`" in line for line in useless)
    assert any("`sale`" in line for line in useless)
    names = " ".join(line["name"] for line in made.read("leaderboard"))
    assert "lightgbm" in names
    assert "metric" in names
    assert trained_image_encoder(made)
    assert made.read("explanations").num_rows == 1, "asked of the encoder that learned"


@pytest.mark.slow
def test_recipe_abo_merges_drops_fills_and_finetunes_from_listings(catalogue, tmp_path):
    source = write_abo(catalogue, tmp_path / "abo")
    made = run(
        "abo", source, tmp_path, *FINETUNE, "catalog.classes.min_rows=2", "resample.other_images.minimum=6",
        "resample.other_images.up_to=8", "classifier.candidates=[logistic,two_level]",
    )  # fmt: skip
    labels = set(made.read("split")["label"].to_pylist())
    assert {"RING", "NECKLACE", "EARRING", "RUG"} <= labels
    assert not labels & {"FINERING", "FINEEARRING", "HOME", "GROCERY", "KITCHEN", "HARDWARE"}
    added = [line for line in made.read("other_images").to_pylist() if line["added"]]
    assert added
    assert all(line["similarity"] >= (0.2 if line["label"] == "RUG" else 0.5) for line in added)
    assert trained_image_encoder(made)


@pytest.mark.slow
def test_recipe_fashion_finetunes_on_article_types_and_falls_back_to_the_name(catalogue, tmp_path):
    source = write_fashion(catalogue, tmp_path / "fashion")
    made = run(
        "fashion", source.parent, tmp_path, *FINETUNE, "extract.text=[minilm]", "finetune.image.head_classes=8",
        "finetune.image.tail_epochs=1", "report.shots.head_classes=8",
    )  # fmt: skip
    scored = metrics(made)
    assert any(mode["mode"] == "image-then-text" for mode in scored["modes"])
    assert {size["name"] for size in scored["class_sizes"]} == {"head", "tail"}
    assert trained_image_encoder(made, epochs=3)


@pytest.mark.slow
def test_recipe_synthetic_to_real_learns_from_renderings_and_answers_photos_and_other(catalogue, tmp_path):
    source = write_synthetic(catalogue, tmp_path / "synthetic")
    made = run(
        "synthetic-to-real", source, tmp_path, *FINETUNE,
        f"finetune.image.augmentation.mask_folder={source.parent / 'masks'}", "decide.open_set.false_rejection_rate=0.2",
    )  # fmt: skip
    split = made.read("split")
    parts = dict(zip(made.read("products")["id"].to_pylist(), split["part"].to_pylist(), strict=True))
    assert {part for id, part in parts.items() if id.startswith("test/")} == {"test"}
    assert {part for id, part in parts.items() if id.startswith("train/")} == {"train", "val"}
    assert {part for id, part in parts.items() if id.startswith("unlabelled/")} == {"unlabelled"}
    assert any("not learned" in note for note in metrics(made)["notes"])
    assert trained_image_encoder(made)


def trained_image_encoder(made: RunFolder, *, epochs: int = 2) -> bool:
    return len(made.read("image_training")["epochs"]) == epochs
