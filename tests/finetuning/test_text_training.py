from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from smartprod.config import Config
from smartprod.embeddings import with_finetuned_encoders
from smartprod.encoders import load_encoder, open_trainable_text
from smartprod.errors import SmartprodError, UsageError
from smartprod.finetuning.adapters import add_adapters
from smartprod.finetuning.text_stage import finetune_text
from smartprod.pipeline import RunFolder, StageContext
from tests.finetuning.interruption import interrupted_at, written
from tests.finetuning.text_table import save_tiny_bert, text_artefacts


@pytest.fixture(scope="module")
def bert_folder(tmp_path_factory):
    return save_tiny_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def context(bert_folder, tmp_path):
    """Open the stage in a run folder of a name, with some settings changed."""

    def open_context(name: str = "run", **changed: object) -> StageContext:
        settings = {
            "encoder": f"transformers-text:{bert_folder}",
            "epochs": 3,
            "batch_size": 8,
            "learning_rate": 3e-3,
            "checkpoint_steps": 2,
            "precision": "fp32",
            **changed,
        }
        return StageContext(
            Config.model_validate({"finetune": {"text": settings}, "run": {"threads": 1}}),
            stage="finetune-text",
            run=RunFolder(tmp_path / name),
        )

    return open_context


def test_text_training_learns_and_the_saved_encoder_opens_by_name(context):
    there = context(epochs=12, learning_rate=1e-2, head_learning_rate=1e-2, ema_decay=0, patience=12)
    result = finetune_text(there, *text_artefacts())
    history = result["text_training"]
    assert json.loads(json.dumps(history))["rows"] == {"train": 52, "val": 18}
    assert history["epochs"][history["best_epoch"] - 1]["val_macro_f1"] > 0.9
    folder = result["text_encoder"]
    encoder = load_encoder(
        f"transformers-text:{folder}", modality="text", config=there.config.extract, threads=1
    )
    embeddings = encoder.encode(["red kettle steel", "kettle boil", "boot leather"])
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    assert embeddings[0] @ embeddings[1] > embeddings[0] @ embeddings[2] + 0.5


@pytest.mark.parametrize("rank", [0, 4])
def test_text_training_resumed_equals_uninterrupted(context, rank):
    whole = finetune_text(context("whole", lora_rank=rank), *text_artefacts())
    with interrupted_at(9):  # in the middle of the second epoch, one step after a checkpoint
        finetune_text(context("stopped", lora_rank=rank), *text_artefacts())
    torch.rand(3)  # whatever happens in between
    resumed = finetune_text(context("stopped", lora_rank=rank), *text_artefacts())
    assert resumed["text_training"] == whole["text_training"]
    assert written(resumed["text_encoder"]) == written(whole["text_encoder"])


def test_text_training_with_adapters_changes_nothing_else_and_is_merged_when_saved(context, bert_folder):
    result = finetune_text(context(lora_rank=4, epochs=1), *text_artefacts())
    before = open_trainable_text(f"transformers-text:{bert_folder}").module.state_dict()
    after = open_trainable_text(f"transformers-text:{result['text_encoder']}").module.state_dict()
    assert set(before) == set(after)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed  # what an adapter stands beside
    assert all(name.endswith("weight") and before[name].ndim == 2 for name in changed)
    assert not any("embeddings" in name for name in changed)


def test_text_training_merged_encoder_equals_the_adapted_one(bert_folder):
    opened = open_trainable_text(f"transformers-text:{bert_folder}")
    inputs = dict(opened.tokenizer(["red kettle", "boot leather sole"], padding=True, return_tensors="pt"))
    module = opened.module.eval()
    plain = module(inputs)
    adapters = add_adapters(module, rank=4, where="finetune.text.lora_rank")
    assert torch.equal(module.eval()(inputs), plain)  # adapters begin without any effect
    assert all("lora_" in name for name, each in module.named_parameters() if each.requires_grad)
    for name, parameter in module.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    adapted = module.eval()(inputs)
    adapters.merge()
    assert not torch.allclose(adapted, plain, atol=1e-3)
    torch.testing.assert_close(module.eval()(inputs), adapted, rtol=1e-4, atol=1e-5)


def test_text_training_adapters_need_a_linear_layer():
    with pytest.raises(UsageError, match="SP463"):
        add_adapters(torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3)), rank=2, where="finetune.image.lora_rank")


def test_text_training_refuses_encoders_that_cannot_learn():
    for name in ("hashed-words", "lite0"):
        with pytest.raises(UsageError, match="SP461"):
            open_trainable_text(name)


def test_text_training_without_an_encoder_leaves_extraction_as_it_is(tmp_path):
    there = StageContext(Config(), stage="finetune-text", run=RunFolder(tmp_path))
    result = finetune_text(there, *text_artefacts())
    assert result["text_training"]["epochs"] == []
    assert with_finetuned_encoders(there.config, there.run).extract.text == there.config.extract.text


def test_text_training_needs_two_classes(context):
    clean, split = text_artefacts()
    one = split.set_column(1, "label", [["Shoes"] * split.num_rows])
    with pytest.raises(SmartprodError, match="SP442"):
        finetune_text(context(), clean, one)
