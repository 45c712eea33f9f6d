"""Tiny models with random weights, saved to folders the way the hub lays them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartprod.config import Config
from smartprod.encoders import configure_offline, import_torchvision
from tests.tiny_bert import write_tiny_bert

WORDS = [
    "red",
    "blue",
    "cotton",
    "steel",
    "t",
    "shirt",
    "kettle",
    "a",
    "very",
    "long",
    "text",
    "about",
    "size",
    "l",
    "x",
    ".",
    ",",
    "-",
]


@pytest.fixture(autouse=True, scope="session")
def _offline_with_own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMARTPROD_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("TRANSFORMERS_OFFLINE", "1")
        configure_offline(Config())
        yield


@pytest.fixture(scope="session")
def save_timm(tmp_path_factory):
    """Save a timm model of a named architecture, random by seed; returns its folder."""

    def save(architecture: str, seed: int = 0, **options: int) -> Path:
        import_torchvision()
        import timm
        import torch

        torch.manual_seed(seed)
        folder = tmp_path_factory.mktemp(architecture)
        model = timm.create_model(architecture, pretrained=False, num_classes=5, **options)
        timm.models.save_for_hf(model, folder, safe_serialization=True)
        return folder

    return save


@pytest.fixture(scope="session")
def timm_folder(save_timm) -> Path:
    return save_timm("test_efficientnet")


@pytest.fixture(scope="session")
def beit_folder(tmp_path_factory) -> Path:
    import_torchvision()
    import torch
    from transformers import BeitConfig, BeitImageProcessor, BeitModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("beit")
    config = BeitConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
    )
    BeitModel(config).save_pretrained(folder)
    BeitImageProcessor(size={"height": 32, "width": 32}, do_center_crop=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory) -> Path:
    letters = (f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    return write_tiny_bert(tmp_path_factory.mktemp("bert"), [*WORDS, *letters])


@pytest.fixture(scope="session")
def sentence_folder(tmp_path_factory, bert_folder) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    folder = tmp_path_factory.mktemp("sentence")
    words = Transformer(str(bert_folder), max_seq_length=24)
    pooling = Pooling(words.get_embedding_dimension(), pooling_mode="cls")
    model = SentenceTransformer(
        modules=[words, pooling, Normalize()],
        device="cpu",
        prompts={"shop": "about "},
        default_prompt_name="shop",
    )
    model.save(str(folder))
    return folder
