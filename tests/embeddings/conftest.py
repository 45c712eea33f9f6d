"""Drawn pictures, quick real encoders, and tables of products to extract."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from smartprod.config import Config
from smartprod.encoders import configure_offline, import_torchvision


@pytest.fixture(autouse=True, scope="session")
def _offline_with_own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMARTPROD_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("TRANSFORMERS_OFFLINE", "1")
        configure_offline(Config())
        yield


@pytest.fixture(scope="session")
def draw():
    """Draw a believable photo: soft slopes, a few shapes, a little grain; RGB `[H, W, 3]`."""

    def draw_photo(seed: int = 0, width: int = 640, height: int = 480) -> Image.Image:
        rng = np.random.default_rng(seed)
        down, across = np.mgrid[0:height, 0:width] / max(height, width)
        pixels = np.stack([a * down + b * across + c for a, b, c in rng.uniform(0, 100, (3, 3))], axis=-1)
        for _ in range(6):
            y, x, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.05, 0.3)
            pixels[np.hypot(down - y, across - x) < radius] = rng.uniform(0, 255, 3)
        return Image.fromarray(np.clip(pixels + rng.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8))

    return draw_photo


@pytest.fixture(scope="session")
def encode_file():
    """Save a picture in a format, with Pillow's options; returns the bytes."""

    def save(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return save


@pytest.fixture(scope="session")
def timm_folder(tmp_path_factory) -> Path:
    """A small timm model with random weights: a second image encoder that is quick."""
    import_torchvision()
    import timm
    import torch

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("timm")
    timm.models.save_for_hf(
        timm.create_model("test_efficientnet", num_classes=5), folder, safe_serialization=True
    )
    return folder


@pytest.fixture
def product_table():
    """Build the columns of the product table and of the clean texts that extraction reads."""

    def build(images: list[list[str]], texts: list[str | None]) -> tuple[pa.Table, pa.Table]:
        rows = pa.array(range(len(images)), pa.int64())
        none = pa.array([None] * len(images), pa.string())
        products = pa.table(
            {
                "row": rows,
                "images": pa.array(
                    [[str(path) for path in paths] for paths in images], pa.list_(pa.string())
                ),
                "status.images": ["ok" if paths else "missing" for paths in images],
                "reason.images": [None if paths else "empty" for paths in images],
            }
        )
        clean_text = pa.table(
            {
                "row": rows,
                "text": pa.array(texts, pa.string()),
                "status.text": ["ok" if text else "missing" for text in texts],
                "reason.text": none,
            }
        )
        return products, clean_text

    return build
