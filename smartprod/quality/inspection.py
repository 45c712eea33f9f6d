"""Look a finished run over: every kind of finding, from the artefacts of its stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartprod.catalog import content_keys
from smartprod.classifiers import load_heads, load_validation
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import load_products
from smartprod.quality.class_pairs import class_pair_findings
from smartprod.quality.class_shape import general_class_findings, small_class_findings
from smartprod.quality.columns import useless_column_findings
from smartprod.quality.duplicates import conflict_findings, find_duplicates, leak_findings
from smartprod.quality.findings import Finding, findings_table
from smartprod.quality.held_out import HeldOut, gather_held_out
from smartprod.quality.wrong_labels import wrong_label_findings

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from smartprod.config import Config
    from smartprod.fusion import ProductEmbeddings


@dataclass(frozen=True, slots=True, eq=False)
class Inspected:
    """What is looked over.

    Attributes:
        products, clean_text, embedding_index, split: The artefacts of those names.
        heads: The folder of the artefact `heads`.
    """

    products: pa.Table
    clean_text: pa.Table
    embedding_index: pa.Table
    split: pa.Table
    heads: Path


def inspect_run(inspected: Inspected, config: Config) -> pa.Table:
    """Find what a person should look at.

    Returns:
        The ranked findings, `FINDINGS_SCHEMA`.
    """
    products = load_products(inspected.embedding_index, None, EmbeddingStore(store_folder(config)))
    parts = inspected.split["part"].to_pylist()
    labels = inspected.split["label"].to_pylist()
    held, classes = gather(inspected, products)
    keys = content_keys(
        inspected.clean_text, inspected.embedding_index, long_from=config.split.long_text_characters
    )
    same = {"photo": keys["image"], "text": keys["text"]}
    groups = find_duplicates(products, same, config=config.quality)
    learned = np.asarray([part in {"train", "val", "test"} for part in parts], dtype=bool)
    known = [label if inside else None for label, inside in zip(labels, learned.tolist(), strict=True)]
    findings = [
        *leak_findings(groups, parts),
        *conflict_findings(groups, known),
        *wrong_label_findings(held, classes),
        *class_pair_findings(held, classes),
        *_general_classes(products, known, classes, seed=config.run.seed),
        *small_class_findings(held, known, classes, least=config.quality.least_rows),
        *useless_column_findings(
            inspected.products, extra=config.catalog.columns.extra, fields=config.clean.fields
        ),
    ]
    return findings_table(findings, inspected.products["id"].to_pylist())


def gather(inspected: Inspected, products: ProductEmbeddings) -> tuple[HeldOut, tuple[str, ...]]:
    """Gather the answers about labelled rows by models that have not seen them, and the classes.

    Args:
        inspected: The artefacts.
        products: The embeddings of all rows.
    """
    parts, labels = inspected.split["part"].to_pylist(), inspected.split["label"].to_pylist()
    head_set = load_heads(inspected.heads)
    index = {name: number for number, name in enumerate(head_set.classes)}
    rows = np.asarray(
        [
            row
            for row, (part, label) in enumerate(zip(parts, labels, strict=True))
            if part == "test" and label in index
        ],
        dtype=np.int64,
    )
    held = gather_held_out(
        head_set,
        load_validation(inspected.heads),
        test_rows=rows,
        test_labels=np.asarray([index[str(labels[row])] for row in rows.tolist()], dtype=np.int64),
        test_products=products.take(rows),
    )
    return held, head_set.classes


def _general_classes(
    products: ProductEmbeddings, labels: list[str | None], classes: tuple[str, ...], *, seed: int
) -> list[Finding]:
    """Judge the classes by the rows that have every modality in use, so that none lies apart for what it lacks."""
    blocks = [each for each in (products.image, products.text) if each.present.any()]
    index = {name: number for number, name in enumerate(classes)}
    numbers = np.asarray([index.get(label or "", -1) for label in labels], dtype=np.int64)
    able = np.logical_and.reduce([numbers >= 0, *(each.present for each in blocks)])
    if not blocks or not able.any():
        return []
    rows = np.flatnonzero(able)
    embedding = np.hstack([each.values[rows] for each in blocks])
    return general_class_findings(embedding, numbers[rows], rows, classes, seed=seed)
