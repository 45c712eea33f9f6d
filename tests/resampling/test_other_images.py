from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest

from smartprod.config import load_config
from smartprod.embeddings import EmbeddingStore, load_embeddings, store_folder
from smartprod.errors import UsageError
from smartprod.fusion import load_learning_data, load_representations
from smartprod.pipeline import RunFolder, StageContext, load_stages
from smartprod.resampling import training_set
from smartprod.resampling.class_names import thresholds_by_class
from smartprod.resampling.other_images import (
    LISTED_BEFORE,
    OTHER_PRODUCT,
    SAME_FILE,
    SEVERAL_CLASSES,
    Listed,
    judge_other_images,
)

KEYS = ("resample.other_images.minimum=40", "resample.other_images.up_to=40")
CLASSES = ("Home > Rug", "Home > Lamp", "Garden > Lamp")


class Resampled:
    """The stage `resample` on the artefacts of the demo run, in a run folder of its own."""

    def __init__(self, demo_run, folder, *overrides):
        fixed = (f"run.folder={demo_run.run.root.parent}", "run.threads=1", "split.folds=2", *overrides)
        self.config = load_config("demo", fixed).config
        known = load_stages()["resample"]
        context = StageContext(self.config, stage="resample", run=RunFolder(folder))
        inputs = {
            name: demo_run.run.open(name) if name in known.streams else demo_run.run.read(name)
            for name in known.reads
        }
        made = known.function(context, **inputs)
        self.inputs, self.lines = inputs, context.lines
        self.arrays, self.other_images = made["training_rows"], made["other_images"]
        self.store = EmbeddingStore(store_folder(self.config))
        self.data = load_learning_data(inputs["embedding_index"], inputs["split"], self.store)

    def training(self, fold, name):
        representation = load_representations(self.inputs["representations"], fold)[name]
        return training_set(self.arrays, self.data, fold, representation)


@pytest.fixture(scope="module")
def filled(demo_run, tmp_path_factory):
    return Resampled(demo_run, tmp_path_factory.mktemp("filled"), *KEYS)


def image_kinds(catalogue):
    """What each file of the demo catalogue shows: the renderer knows."""
    with (catalogue / "truth.csv").open(encoding="utf-8") as file:
        kinds = {row["id"]: json.loads(row["image_kinds"]) for row in csv.DictReader(file)}
    found = {}
    with (catalogue / "products.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            paths = [row["image"], *json.loads(row["other_images"] or "[]")]
            found |= {
                str(catalogue / path): kind for path, kind in zip(paths, kinds[row["id"]], strict=False)
            }
    return found


def test_other_images_charts_and_textures_of_the_demo_are_refused_and_products_kept(filled, demo_catalogue):
    kinds = image_kinds(demo_catalogue)
    rows = filled.other_images.to_pylist()
    refused = [row["refused"] is not None for row in rows]
    strange = [kinds[row["path"]] != "product" for row in rows]
    assert sum(strange) >= 10
    assert all(out for out, odd in zip(refused, strange, strict=True) if odd)
    kept = sum(not out for out, odd in zip(refused, strange, strict=True) if not odd)
    assert kept >= 0.8 * strange.count(False)


def test_other_images_only_small_classes_are_filled_up_to_the_cap(filled):
    data = filled.data
    before = np.bincount(data.labels[data.products.image.present], minlength=len(data.classes))
    after = np.bincount(filled.training("final", "image").labels, minlength=len(data.classes))
    assert (after >= before).all()
    assert (after > before).any()
    assert (after[before >= 40] == before[before >= 40]).all()
    assert after[before < 40].max() <= 40
    added = np.asarray(filled.other_images["added"].to_pylist())
    assert added.sum() == (after - before).sum()
    assert not any(row["refused"] for row in filled.other_images.filter(added).to_pylist())


def test_other_images_of_a_fold_belong_to_its_own_training_rows(filled):
    data, rows = filled.data, np.asarray(filled.other_images["row"].to_pylist())
    known = load_embeddings(filled.other_images, modality="image", store=filled.store).values
    for fold in data.folds:
        made = filled.arrays[f"{fold.name}/image/embedding"]
        assert len(made)
        which = (made @ known.T).argmax(axis=1)
        assert set(rows[which].tolist()) <= set(data.rows[fold.train].tolist())


def test_other_images_no_row_of_the_test_part_lends_an_image(filled):
    parts = filled.inputs["split"]["part"].to_pylist()
    assert {parts[row] for row in filled.other_images["row"].to_pylist()} <= {"train", "val"}


def test_other_images_texts_stay_as_they_are_and_the_text_head_gets_none(filled):
    data = filled.data
    extra = filled.arrays["final/concat/embedding"]
    width = data.products.image.values.shape[1]
    texts = data.products.text.values / np.linalg.norm(data.products.text.values, axis=1, keepdims=True).clip(
        1e-9
    )
    mine = extra[:, width:] / np.linalg.norm(extra[:, width:], axis=1, keepdims=True)
    assert np.allclose((mine @ texts.T).max(axis=1), 1, atol=1e-4)
    assert len(filled.training("final", "text").labels) == data.products.text.present.sum()


def test_other_images_off_by_default_and_nothing_is_embedded(demo_run, tmp_path):
    plain = Resampled(demo_run, tmp_path)
    assert plain.other_images.num_rows == 0
    assert not any(key.endswith("/embedding") for key in plain.arrays)


@pytest.mark.parametrize("method", ["random_over", "smote"])
def test_other_images_come_before_the_method(demo_run, tmp_path, filled, method):
    both = Resampled(demo_run, tmp_path, *KEYS, f"resample.method={method}")
    sizes = np.bincount(both.training("final", "image").labels, minlength=len(both.data.classes))
    fewest = np.bincount(filled.training("final", "image").labels, minlength=len(both.data.classes))
    assert (sizes >= fewest).all()
    assert sizes.sum() > fewest.sum()


def test_other_images_a_photo_that_another_product_shows_never_crosses(
    demo_run, filled, demo_catalogue, tmp_path
):
    index, data = filled.inputs["embedding_index"], filled.data
    products = demo_run.run.read("products").to_pylist()
    first, second, third = (int(row) for row in data.rows[data.products.image.present][:3])
    own, foreign = products[first]["images"][0], products[second]["images"][0]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    chart = next(path for path, kind in image_kinds(demo_catalogue).items() if kind == "chart")
    copy = shutil.copy(chart, tmp_path / "copy.jpg")
    listed = [
        Listed(first, own, "a"), Listed(first, foreign, "a"), Listed(first, str(broken), "a"),
        Listed(second, chart, "a"), Listed(third, str(copy), "b"),
    ]  # fmt: skip
    thresholds = {"a": -1.0, "b": -1.0}
    judge = {"config": filled.config, "thresholds": thresholds, "store": filled.store, "threads": 1}
    reasons = judge_other_images(listed, index, **judge)["refused"].to_pylist()
    assert reasons[:2] == [SAME_FILE, OTHER_PRODUCT]
    assert "broken.jpg" in reasons[2]
    assert reasons[3:] == [SEVERAL_CLASSES, SEVERAL_CLASSES]
    same_class = [Listed(second, chart, "a"), Listed(third, str(copy), "a")]
    assert judge_other_images(same_class, index, **judge)["refused"].to_pylist() == [None, LISTED_BEFORE]


def test_other_images_exceptions_name_classes_by_path_or_last_part():
    found = thresholds_by_class(
        CLASSES, similarity=0.5, exceptions={"Rug": 0.2, "Garden > Lamp": 0.3}, separator=" > "
    )
    assert found.by_class == {"Home > Rug": 0.2, "Home > Lamp": 0.5, "Garden > Lamp": 0.3}
    unknown = thresholds_by_class(CLASSES, similarity=0.5, exceptions={"Home > Rag": 0.2}, separator=" > ")
    assert set(unknown.by_class.values()) == {0.5}
    assert "the nearest is `Home > Rug`" in unknown.notes[0]
    with pytest.raises(UsageError, match="SP541"):
        thresholds_by_class(CLASSES, similarity=0.5, exceptions={"Lamp": 0.2}, separator=" > ")


def test_other_images_cap_below_the_minimum_is_refused():
    with pytest.raises(UsageError, match="up_to"):
        load_config("demo", ["resample.other_images.minimum=50", "resample.other_images.up_to=40"])


def test_other_images_are_refused_where_embeddings_are_aligned():
    config = load_config("demo", [*KEYS, "fuse.align.method=coral"]).config
    with pytest.raises(UsageError, match="SP540"):
        load_stages()["resample"].check(config)
