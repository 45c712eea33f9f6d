from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch

from smartprod.config import load_config
from smartprod.config.finetuning import AugmentationConfig
from smartprod.errors import TrainingError, UsageError
from smartprod.finetuning.augmentation import training_view
from smartprod.finetuning.backgrounds import training_backgrounds
from smartprod.finetuning.domain_adversarial import PairedBatches
from smartprod.finetuning.images import PhotoBatches, PhotoDecoder, Photos
from smartprod.finetuning.mixing import training_mix
from smartprod.finetuning.photo_sources import masks_of_photos, target_photos
from smartprod.pipeline import RunFolder, StageContext
from tests.finetuning.photo_table import draw_photos, photo_artefacts


@contextmanager
def decoder(config):
    with PhotoDecoder(config, 2, 48) as opened:
        yield opened


@pytest.fixture
def photos(tmp_path):
    return draw_photos(tmp_path, 6)


def with_domains(photos, domains, parts):
    products, split = photo_artefacts(photos)
    split = split.set_column(split.column_names.index("part"), "part", pa.array(parts))
    return products, split.append_column("domain", pa.array(domains, pa.string()))


def context_of(tmp_path, *overrides):
    config = load_config("demo", [f"run.folder={tmp_path}", *overrides]).config
    return StageContext(config, stage="finetune-image", run=RunFolder(tmp_path / "run"))


def test_photo_sources_target_photos_are_those_that_may_be_seen(tmp_path, photos):
    (tmp_path / "Red-3.png").write_bytes(b"broken")
    parts = ["train"] * 9 + ["unlabelled"] * 6 + ["test"] * 3
    products, split = with_domains(photos, ["studio"] * 9 + ["photo"] * 9, parts)
    context = context_of(tmp_path)
    with decoder(context.config) as opened:
        found = target_photos(context, products, split, opened)
    assert found.paths == tuple(path for path, _ in photos[10:15])
    assert found.labels.tolist() == [0] * 5


def test_photo_sources_a_target_without_photos_is_refused(tmp_path, photos):
    parts = ["train"] * 9 + ["unlabelled"] * 9
    products, split = with_domains(photos, ["studio"] * 17 + ["photo"], parts)
    context = context_of(tmp_path)
    with decoder(context.config) as opened, pytest.raises(TrainingError, match="SP485"):
        target_photos(context, products, split, opened)


def test_photo_sources_masks_are_named_by_a_column_and_lie_in_their_folder(tmp_path, photos):
    products, _ = photo_artefacts(photos)
    names = ["masks/a.png", "../outside.png", None] + ["b.png"] * (len(photos) - 3)
    config = AugmentationConfig(backgrounds="solid", mask_folder=str(tmp_path), mask_column="mask")
    with pytest.raises(UsageError, match="SP479"):
        masks_of_photos(products, config)
    masks = masks_of_photos(products.append_column("extra.mask", pa.array(names)), config)
    assert masks[photos[0][0]] == tmp_path / "masks/a.png"
    assert set(masks) == {path for path, _ in [photos[0], *photos[3:]]}


@pytest.mark.parametrize("kind", ["none", "crops", "simple", "randaugment", "trivialaugment"])
def test_photo_sources_changed_mixed_and_paired_photos_are_the_same_after_a_resumption(
    photos, tmp_path, kind
):
    config = load_config("demo", []).config
    changes = AugmentationConfig(kind=kind, mixup=0.2, cutmix=1.0, backgrounds="noise", background_share=1.0)
    settings = config.finetune.image.model_copy(update={"batch_size": 4, "augmentation": changes})
    labels = np.array([["Red", "Green", "Blue"].index(label) for _, label in photos])

    def prepare(image):
        return np.ascontiguousarray(image[:32, :32].transpose(2, 0, 1))

    with decoder(config) as opened:
        view = training_view(changes, size=32, interpolation="bilinear", prepare=prepare)
        batches = PhotoBatches(
            Photos(tuple(path for path, _ in photos), labels),
            settings,
            opened,
            view,
            seed=0,
            mix=training_mix(changes, classes=3),
            before=training_backgrounds(changes),
        )
        paired = PairedBatches(
            batches, replace(batches, mix=None, photos=Photos(batches.photos.paths[:7], labels[:7]))
        )
        whole = list(paired.epoch(1))
        resumed = list(paired.epoch(1, start=2))
    assert len(whole) == paired.steps > 2
    for first, second in zip(whole[2:], resumed, strict=True):
        assert torch.equal(first.inputs["labelled"], second.inputs["labelled"])
        assert torch.equal(first.inputs["unlabelled"], second.inputs["unlabelled"])
        assert torch.equal(first.targets, second.targets)
        assert first.targets.shape[1] == 3
