"""Tiny image models with random weights, and a table of drawn photos whose colour tells the class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from smartprod.catalog import reason_column, status_column
from smartprod.encoders import import_torchvision

COLOURS = {"Red": (200, 40, 40), "Green": (40, 180, 60), "Blue": (50, 60, 200)}


def save_timm_model(folder: Path, architecture: str = "test_efficientnet", **arguments: object) -> Path:
    """Save a timm model, random by seed, as the hub lays it out."""
    import_torchvision()
    import timm
    import torch

    torch.manual_seed(0)
    model = timm.create_model(architecture, pretrained=False, num_classes=5, **arguments)
    timm.models.save_for_hf(model, folder, safe_serialization=True)
    return folder


def draw_photos(folder: Path, per_class: int) -> list[tuple[str, str]]:
    """Draw photos of a shape in the colour of its class; gives path and class of each."""
    rng, drawn = np.random.default_rng(0), []
    for number in range(per_class):
        for label, colour in COLOURS.items():
            pixels = rng.normal(128, 30, (48, 56, 3))
            top, left = rng.integers(0, 20, 2)
            pixels[top : top + 24, left : left + 28] = np.array(colour) + rng.normal(0, 12, (24, 28, 3))
            path = folder / f"{label}-{number}.png"
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
            drawn.append((str(path), label))
    return drawn


def photo_artefacts(photos: list[tuple[str, str]], *, val_every: int = 4) -> tuple[pa.Table, pa.Table]:
    """The artefacts `products` and `split` of photos; every so manieth row of each class is in val."""
    rows = pa.array(range(len(photos)), pa.int64())
    none = pa.array([None] * len(photos), pa.string())
    parts = ["val" if (row // len(COLOURS)) % val_every == 0 else "train" for row in range(len(photos))]
    products = pa.table(
        {
            "row": rows,
            "images": pa.array([[path] for path, _ in photos], pa.list_(pa.string())),
            status_column("images"): pa.array(["ok"] * len(photos)),
            reason_column("images"): none,
        }
    )
    split = pa.table(
        {
            "row": rows,
            "label": pa.array([label for _, label in photos]),
            "part": pa.array(parts),
            "fold": pa.array([-1] * len(photos), pa.int8()),
            "reason": none,
        }
    )
    return products, split
