"""A tiny text model with random weights, and a table of texts whose words tell the class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

WORDS = {
    "Kitchen > Kettles": ("kettle", "steel", "boil", "litre"),
    "Clothes > Shirts": ("shirt", "cotton", "sleeve", "collar"),
    "Shoes": ("boot", "leather", "sole", "lace"),
}
NOISE = ("red", "blue", "a", "very", "long", "text", "size", "new")


def save_tiny_bert(folder: Path) -> Path:
    """Save a two-layer BERT and its tokenizer as the hub lays them out."""
    from smartprod.encoders import import_torchvision

    import_torchvision()
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    known = [word for words in (*WORDS.values(), NOISE) for word in words]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *known]
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=40,
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=48,
    )
    BertModel(config).save_pretrained(folder)
    return folder


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
