from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image

from smartprod.config import Config
from smartprod.encoders import load_encoder
from smartprod.errors import UsageError
from smartprod.finetuning.joint_stage import check_joint, finetune_joint
from smartprod.pipeline import RunFolder, StageContext
from tests.finetuning.interruption import interrupted_at, written
from tests.finetuning.photo_table import save_timm_model
from tests.finetuning.text_table import WORDS, save_tiny_bert, text_artefacts

COLOURS = dict(zip(WORDS, ("firebrick", "seagreen", "slateblue"), strict=True))


@pytest.fixture(scope="module")
def encoders(tmp_path_factory) -> tuple[str, str]:
    folder = save_timm_model(tmp_path_factory.mktemp("timm"))
    return f"timm:{folder}", f"transformers-text:{save_tiny_bert(tmp_path_factory.mktemp('bert'))}"


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Coloured photos beside the texts: row 0 has a photo only, row 1 a text only, row 2 a damaged photo."""
    folder = tmp_path_factory.mktemp("photos")
    clean, split = text_artefacts(rows_per_class=12)
    random = np.random.default_rng(1)
    labels = [label or "Shoes" for label in split["label"].to_pylist()]
    images: list[list[str]] = []
    for row, label in enumerate(labels):
        noise = random.integers(0, 60, (40, 48, 3), dtype=np.uint8)
        plain = np.asarray(Image.new("RGB", (48, 40), COLOURS[label]))
        path = folder / f"{row}.png"
        Image.fromarray(np.minimum(plain, 195) + noise).save(path)
        images.append([str(path)])
    images[1] = []
    (folder / "2.png").write_bytes(b"no picture")
    products = pa.table(
        {"images": images, "status.images": ["missing" if not listed else "ok" for listed in images]}
    )
    return products, clean, split


@pytest.fixture
def context(encoders, tmp_path):
    def open_context(name: str = "run", **changed: object) -> StageContext:
        shared = {"learning_rate": 2e-3, "precision": "fp32"}
        finetune = {
            "image": {
                "encoder": encoders[0],
                "epochs": 2,
                "batch_size": 8,
                "frozen_epochs": 1,
                "checkpoint_steps": 2,
                **shared,
                **changed,
            },
            "text": {"encoder": encoders[1], **shared, **changed},
        }
        return StageContext(
            Config.model_validate({"finetune": finetune, "run": {"threads": 1}}),
            stage="finetune-joint",
            run=RunFolder(tmp_path / name),
        )

    return open_context


def test_joint_training_changes_both_encoders_which_open_by_name(context, artefacts, encoders):
    there = context()
    result = finetune_joint(there, *artefacts)
    history = json.loads(json.dumps(result["joint_training"]))
    assert history["rows"] == {"train": 26, "val": 9}  # of 36, one without label
    assert len(history["epochs"]) == 2
    section = there.config.extract
    texts = ["red kettle steel", "boot leather"]
    now, before = (
        load_encoder(name, modality="text", config=section, threads=1).encode(texts)
        for name in (f"transformers-text:{result['text_encoder']}", encoders[1])
    )
    assert np.abs(now - before).max() > 1e-3
    photo = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    opened = [
        load_encoder(name, modality="image", config=section, threads=1)
        for name in (f"timm:{result['image_encoder']}", encoders[0])
    ]
    prepared = opened[0].prepare(photo)[None]
    assert np.abs(opened[0].encode(prepared) - opened[1].encode(prepared)).max() > 1e-3


@pytest.mark.parametrize("rank", [0, 2])
def test_joint_training_resumed_equals_uninterrupted(context, artefacts, rank):
    whole = finetune_joint(context("whole", lora_rank=rank), *artefacts)
    with interrupted_at(35 + 6):  # after the photos were looked at: in the middle of the second epoch
        finetune_joint(context("stopped", lora_rank=rank), *artefacts)
    torch.rand(3)  # whatever happens in between
    stopped = context("stopped", lora_rank=rank)
    assert list(stopped.parts_folder.rglob("checkpoint.safetensors"))
    resumed = finetune_joint(stopped, *artefacts)
    assert resumed["joint_training"] == whole["joint_training"]
    for artefact in ("image_encoder", "text_encoder"):
        assert written(resumed[artefact]) == written(whole[artefact])


def test_joint_training_masks_what_a_row_lacks(encoders, artefacts):
    from smartprod.encoders import open_trainable_image, open_trainable_text
    from smartprod.finetuning.image_models import Normalisation
    from smartprod.finetuning.joint_network import JointEncoder

    image, text = open_trainable_image(encoders[0]), open_trainable_text(encoders[1])
    settings = Config().finetune
    encoder = JointEncoder(
        image.module,
        text.module,
        prepare=Normalisation((0.5,) * 3, (0.5,) * 3),
        dims=(image.dim, text.dim),
        settings=settings,
    ).eval()
    tokens = text.tokenizer(["kettle", "", "boot"], padding=True, return_tensors="pt")
    inputs = {
        "pixels": torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8),
        "has_image": torch.tensor([False, True, True]),
        "has_text": torch.tensor([True, False, True]),
        **{f"text.{name}": value for name, value in tokens.items()},
    }
    images, texts = encoder(inputs).split([image.dim, text.dim], dim=1)
    lengths = torch.stack([images.norm(dim=1) / image.dim**0.5, texts.norm(dim=1) / text.dim**0.5])
    torch.testing.assert_close(lengths, torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]))
    torch.testing.assert_close(images[1], encoder.image(encoder.prepare(inputs["pixels"][:1]))[0])
    without = encoder(
        inputs | {"pixels": inputs["pixels"][:0], "has_image": torch.zeros(3, dtype=torch.bool)}
    )
    assert not without[:, : image.dim].any()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"text": {"encoder": "minilm"}}, "SP464"),
        ({"image": {"encoder": "lite0"}}, "SP464"),
        (
            {"image": {"encoder": "lite0", "augmentation": {"mixup": 0.2}}, "text": {"encoder": "minilm"}},
            "SP465",
        ),
    ],
)
def test_joint_training_refuses_what_it_lacks_or_does_not_do(changed, code):
    with pytest.raises(UsageError, match=code):
        check_joint(Config.model_validate({"finetune": changed}))
