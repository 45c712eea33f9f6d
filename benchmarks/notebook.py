"""The scoring loop that a user would write in a notebook; `score.py` times it.

python benchmarks/notebook.py TABLE PARAMETERS
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from bs4 import BeautifulSoup
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from smartprod.encoders import import_torchvision

import_torchvision()
from sentence_transformers import SentenceTransformer  # noqa: E402
from timm.data import create_transform, resolve_data_config  # noqa: E402

from smartprod.encoders.embedded import MINILM, build_lite0, find_weights  # noqa: E402


class Photos(Dataset):
    """The first photo of each row; zeros where it cannot be read."""

    def __init__(self, paths: list[Path], transform) -> None:
        self.paths, self.transform = paths, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> torch.Tensor:
        try:
            return self.transform(Image.open(self.paths[row]).convert("RGB"))
        except (OSError, ValueError, SyntaxError):
            return torch.zeros(3, 224, 224)


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def main() -> None:
    """Read the table, embed photos and texts, classify, and write the answers."""
    table, parameters = Path(sys.argv[1]), np.load(sys.argv[2])
    products = pd.read_csv(table, dtype=str, keep_default_na=False)
    images = build_lite0().eval().to(memory_format=torch.channels_last)
    transform = create_transform(**resolve_data_config({}, model=images), is_training=False)
    photos = Photos([table.parent / path for path in products["image"]], transform)
    with torch.inference_mode():
        image = np.concatenate(
            [
                images(batch.contiguous(memory_format=torch.channels_last)).numpy()
                for batch in DataLoader(photos, batch_size=8)
            ]
        )
    descriptions = [BeautifulSoup(text, "html.parser").get_text(" ") for text in products["description"]]
    texts = [
        ". ".join(parts)
        for parts in zip(products["title"], products["attributes"], descriptions, strict=True)
    ]
    text = SentenceTransformer(str(find_weights(MINILM).parent), device="cpu").encode(texts)
    logits = np.hstack([unit(image), unit(text)]) @ parameters["coefficients"].T + parameters["intercepts"]
    products["category"] = parameters["classes"][logits.argmax(axis=1)]
    products[["id", "category"]].to_csv(table.with_suffix(".answers.csv"), index=False)


if __name__ == "__main__":
    main()
