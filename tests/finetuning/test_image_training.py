from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from smartprod.config import Config
from smartprod.embeddings import with_finetuned_encoders
from smartprod.encoders import load_encoder
from smartprod.errors import SmartprodError
from smartprod.finetuning.stage import finetune_image
from smartprod.pipeline import RunFolder, StageContext
from smartprod.pipeline.codecs import replace_folder
from tests.finetuning.interruption import interrupted_at, written
from tests.finetuning.photo_table import draw_photos, photo_artefacts, save_timm_model

SETTINGS = {
    "epochs": 3, "batch_size": 8, "learning_rate": 0.003, "head_learning_rate": 0.01, "image_size": 32,
    "checkpoint_steps": 2, "precision": "fp32",
}  # fmt: skip


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    return f"timm:{save_timm_model(tmp_path_factory.mktemp('timm'))}"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return draw_photos(tmp_path_factory.mktemp("photos"), 16)


@pytest.fixture
def context(encoder, tmp_path):
    """Open the stage in a run folder of a name, with some settings changed."""

    def open_context(name: str = "run", **changed: object) -> StageContext:
        settings = {"encoder": encoder, **SETTINGS, **changed}
        config = Config.model_validate({"finetune": {"image": settings}, "run": {"threads": 1}})
        return StageContext(config, stage="finetune-image", run=RunFolder(tmp_path / name))

    return open_context


def test_image_training_learns_and_the_saved_encoder_is_what_extraction_takes(context, photos):
    there = context(epochs=8, ema_decay=0.8, patience=8)
    result = finetune_image(there, *photo_artefacts(photos))
    history = json.loads(json.dumps(result["image_training"]))
    assert history["rows"] == {"train": 36, "val": 12}
    assert history["classes"] == 3
    assert history["epochs"][history["best_epoch"] - 1]["val_macro_f1"] > 0.9
    replace_folder(result["image_encoder"], there.run.artefact_path("image_encoder"))
    named = with_finetuned_encoders(there.config, there.run).extract.image
    opened = load_encoder(named[0], modality="image", config=there.config.extract, threads=1)
    assert (len(named), opened.name, opened.prepare(np.zeros((40, 40, 3), np.uint8)).shape) == (
        1, "finetuned-image", (3, 32, 32),
    )  # fmt: skip


def test_image_training_interrupted_goes_on_to_the_same_bytes(context, photos):
    products, split = photo_artefacts(photos)
    whole = finetune_image(context("whole"), products, split)
    with interrupted_at(48 + 7):  # the photos are looked at first
        finetune_image(context("parts"), products, split)
    there = context("parts")
    assert list(there.parts_folder.iterdir())
    resumed = finetune_image(there, products, split)
    assert resumed["image_training"] == whole["image_training"]
    assert written(resumed["image_encoder"]) == written(whole["image_encoder"])


def test_image_training_leaves_out_photos_that_cannot_be_used_and_counts_them(context, photos, tmp_path):
    products, split = photo_artefacts(photos)
    listed = [paths.copy() for paths in products["images"].to_pylist()]
    whole = Path(listed[4][0]).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "page.jpg").write_text("<html>not found</html>")
    listed[4], listed[5], listed[7], listed[8] = (
        [str(tmp_path / "cut.png")], [str(tmp_path / "page.jpg")], [str(tmp_path / "gone.jpg")], [],
    )  # fmt: skip
    broken = products.set_column(1, "images", [listed])
    there = context(epochs=1)
    result = finetune_image(there, broken, split)
    assert result["image_training"]["rows"] == {"train": 32, "val": 12}
    told = "\n".join(there.lines)
    assert "3 rows are left out because their photo cannot be used" in told
    assert "truncated" in told
    assert "web page" in told
    assert there.metrics["photos_left_out"] == 3


def test_image_training_without_an_encoder_leaves_extraction_as_it_is(photos, tmp_path):
    there = StageContext(Config(), stage="finetune-image", run=RunFolder(tmp_path / "run"))
    result = finetune_image(there, *photo_artefacts(photos))
    assert result["image_training"]["epochs"] == []
    replace_folder(result["image_encoder"], there.run.artefact_path("image_encoder"))
    assert with_finetuned_encoders(there.config, there.run) == there.config


def test_image_training_can_keep_the_encoders_it_began_with(context, photos):
    there = context(epochs=1, keep_original=True)
    result = finetune_image(there, *photo_artefacts(photos))
    replace_folder(result["image_encoder"], there.run.artefact_path("image_encoder"))
    own, kept = with_finetuned_encoders(there.config, there.run).extract.image
    assert (own.partition("=")[0], kept) == ("finetuned-image", "lite0")


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"encoder": "minilm"}, "SP440"), ({"precision": "fp16"}, "SP443")],
    ids=["a text encoder", "fp16 on a processor"],
)
def test_image_training_refuses_what_cannot_be(context, photos, monkeypatch, changed, code):
    monkeypatch.setenv("SMARTPROD_DEVICE", "cpu")
    with pytest.raises(SmartprodError, match=code):
        finetune_image(context(**changed), *photo_artefacts(photos))


def test_image_training_needs_two_classes(context, photos):
    lone = [photo for photo in photos if photo[1] == "Red"]
    with pytest.raises(SmartprodError, match="SP442"):
        finetune_image(context(), *photo_artefacts(lone))


def test_image_training_can_mix_the_weights_it_began_with_into_the_learned_ones(context, photos, encoder):
    from safetensors.numpy import load_file

    began = load_file(Path(encoder.partition(":")[2]) / "model.safetensors")
    learned, mixed = (
        load_file(
            finetune_image(
                context(str(share), epochs=1, frozen_epochs=0, original_share=share), *photo_artefacts(photos)
            )["image_encoder"]
            / "model.safetensors"
        )
        for share in (0.0, 0.25)
    )
    weight = "conv_stem.weight"
    assert not np.array_equal(learned[weight], began[weight])
    assert np.allclose(mixed[weight], 0.75 * learned[weight] + 0.25 * began[weight], atol=1e-6)
