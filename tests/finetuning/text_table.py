"""A tiny text model with random weights, and a table of texts whose words tell the class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tests.tiny_bert import write_tiny_bert

WORDS = {
    "Kitchen > Kettles": ("kettle", "steel", "boil", "litre"),
    "Clothes > Shirts": ("shirt", "cotton", "sleeve", "collar"),
    "Shoes": ("boot", "leather", "sole", "lace"),
}
NOISE = ("red", "blue", "a", "very", "long", "text", "size", "new")


def save_tiny_bert(folder: Path) -> Path:
    """Save a two-layer BERT that knows the words of the table."""
    return write_tiny_bert(folder, [word for words in (*WORDS.values(), NOISE) for word in words])


def text_artefacts(*, rows_per_class: int = 24) -> tuple[pa.Table, pa.Table]:
    """The artefacts `clean_text` and `split`: every fourth row is val; one row has no text, one no label."""
    rng = np.random.default_rng(0)
    texts: list[str | None] = []
    labels: list[str | None] = []
    for label, words in WORDS.items():
        for _ in range(rows_per_class):
            chosen = [*rng.choice(words, 2), *rng.choice(NOISE, int(rng.integers(1, 12)))]
            texts.append(" ".join(rng.permutation(chosen)))
            labels.append(label)
    parts = ["val" if row % 4 == 3 else "train" for row in range(len(texts))]
    texts[0], labels[5] = None, None
    count = len(texts)
    clean = pa.table(
        {
            "row": list(range(count)),
            "text": pa.array(texts, pa.string()),
            "status.text": ["missing" if text is None else "ok" for text in texts],
        }
    )
    split = pa.table({"row": list(range(count)), "label": pa.array(labels, pa.string()), "part": parts})
    return clean, split
