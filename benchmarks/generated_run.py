"""A run that never was: products with random embeddings in a real store, and a real model with MLP heads to score them.

Shared by `score.py` and `flat_memory.py`. Written in pieces: a million rows need no more memory than ten thousand.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from pathlib import Path

import numpy as np
import pyarrow as pa

from smartprod.catalog import product_schema
from smartprod.classifiers import FitRequest, Head, HeadSet
from smartprod.classifiers.base import Fitted
from smartprod.classifiers.head import Member
from smartprod.classifiers.mlp import fit_mlp
from smartprod.config import Config
from smartprod.config.learning import MlpConfig
from smartprod.decision import Decider, DecisionSettings
from smartprod.decision.open_set import fit_relative_mahalanobis
from smartprod.embeddings import INDEX_SCHEMA, EmbeddingStore, EncoderRecord, Extractor, image_key, text_key
from smartprod.embeddings.index import with_encoders
from smartprod.fusion.representation import ConcatRepresentation, SingleRepresentation
from smartprod.model import save_model
from smartprod.model.card import TrainingFigures
from smartprod.pipeline import Manifest, RunFolder, TableWriter
from smartprod.pipeline.manifest import write_manifest
from smartprod.resampling import TrainingSet

_PIECE = 8_192
_ROWS_PER_CLASS = 12


@dataclass(frozen=True, slots=True)
class GeneratedRun:
    """What was generated.

    Attributes:
        folder: The run folder: products and their embedding index.
        model: A model with the embedded encoders and MLP heads.
        store: An embedding store that has everything.
        table: The same products as a CSV, their photos beside it; None where none was asked for.
    """

    folder: Path
    model: Path
    store: Path
    table: Path | None


def generate_run(
    root: Path,
    *,
    rows: int,
    distinct: int,
    classes: int,
    csv_rows: int = 0,
    photo_bytes: int = 2_000,
    seed: int = 0,
) -> GeneratedRun:
    """Write a run, a store, a model and a table.

    Args:
        root: An empty folder.
        rows: Products of the run.
        distinct: Different photos and texts; products take them in turn.
        classes: Classes of the model.
        csv_rows: Rows of the CSV; each photo is a file of random bytes that is never decoded, for the store has it.
        photo_bytes: Size of such a file.
        seed: Of everything.
    """
    encoders = embedded_encoders()
    run = RunFolder(root / "runs" / "generated")
    store = EmbeddingStore(root / "runs" / "embedding-store")
    keys = _Keys(
        [image_key(_photo(number, photo_bytes if number < csv_rows else 8)) for number in range(distinct)],
        [text_key(_text(number)) for number in range(distinct)],
    )
    _fill_store(store, encoders, keys, seed)
    _write_run(run, encoders, keys, rows)
    model = root / "model"
    save_random_model(model, encoders, classes=classes, seed=seed)
    table = _write_table(root / "table", csv_rows, distinct, photo_bytes) if csv_rows else None
    return GeneratedRun(run.root, model, store.folder, table)


def embedded_encoders() -> tuple[EncoderRecord, ...]:
    """The records of the default encoders."""
    with Extractor.open(Config(), store=None, threads=1) as extractor:
        return extractor.encoders


def save_random_model(folder: Path, encoders: tuple[EncoderRecord, ...], *, classes: int, seed: int) -> None:
    """Fit MLP heads and open-set detectors on random embeddings around a centre for each class, and save the model."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), _ROWS_PER_CLASS)
    image, text = (
        np.hstack([_around_centres(rng, labels, each.dim) for each in encoders if each.modality == modality])
        for modality in ("image", "text")
    )
    heads, detectors = {}, {}
    for name, modalities, representation, embedding in (
        ("image", ("image",), SingleRepresentation("image"), image),
        ("text", ("text",), SingleRepresentation("text"), text),
        ("fused", ("image", "text"), ConcatRepresentation(1.0), np.hstack([image, text])),
    ):
        classifier = _fit(embedding, labels, classes, seed).classifier
        heads[name] = Head(name, modalities, (Member(f"{name}+mlp", representation, classifier, 1.0, 1.0),))
        detectors[name] = fit_relative_mahalanobis(embedding, labels)
    paths = tuple(f"Top {number % 8} > Middle {number % 40} > Leaf {number}" for number in range(classes))
    settings = DecisionSettings(
        mode="fused", cheapest="text", accept=0.7, ask_next=0.7,
        back_off=True, open_set="rmds", open_set_thresholds=dict.fromkeys(heads, 1e3), separator=" > ",
    )  # fmt: skip
    save_model(
        folder,
        decider=Decider(HeadSet(paths, heads), settings, detectors),
        encoders=encoders,
        config=Config(),
        figures=TrainingFigures(len(labels), (), nan, nan, "nothing"),
    )


def _fit(embedding: np.ndarray, labels: np.ndarray, classes: int, seed: int) -> Fitted:
    return fit_mlp(
        FitRequest(TrainingSet(embedding, labels), classes, seed), MlpConfig(epochs=3), weighting="none"
    )


def _around_centres(rng: np.random.Generator, labels: np.ndarray, dim: int) -> np.ndarray:
    centres = rng.standard_normal((labels.max() + 1, dim)).astype(np.float32)
    rows = centres[labels] + rng.standard_normal((len(labels), dim), dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True)
class _Keys:
    """Content keys of the distinct photos and texts."""

    image: list[str]
    text: list[str]


def _photo(number: int, size: int) -> bytes:
    return np.random.default_rng(number).bytes(size)


def _text(number: int) -> str:
    return f"Product {number} of the generated catalogue."


def _fill_store(store: EmbeddingStore, encoders: tuple[EncoderRecord, ...], keys: _Keys, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for encoder in encoders:
        each = keys.image if encoder.modality == "image" else keys.text
        for start in range(0, len(each), _PIECE):
            part = each[start : start + _PIECE]
            store.append(
                encoder.fingerprint, part, rng.standard_normal((len(part), encoder.dim), dtype=np.float32)
            )
        store.tidy(encoder.fingerprint)


def _write_table(folder: Path, rows: int, distinct: int, photo_bytes: int) -> Path:
    """Write a CSV, and a file for each distinct photo."""
    (folder / "images").mkdir(parents=True)
    for number in range(min(rows, distinct)):
        (folder / "images" / f"{number}.jpg").write_bytes(_photo(number, photo_bytes))
    path = folder / "products.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "image"])
        for number in range(rows):
            writer.writerow([f"sku-{number}", _text(number % distinct), f"images/{number % distinct}.jpg"])
    return path


def _write_run(run: RunFolder, encoders: tuple[EncoderRecord, ...], keys: _Keys, rows: int) -> None:
    """Write the artefacts and manifests that `catalog` and `extract` leave."""
    products, index = run.artefact_path("products"), run.artefact_path("embedding_index")
    for path in (products, index):
        path.parent.mkdir(parents=True)
    run.config_path.write_text("extract: {}\n", encoding="utf-8")
    schema = with_encoders(INDEX_SCHEMA.empty_table(), encoders).schema
    with TableWriter(products, product_schema()) as written, TableWriter(index, schema) as indexed:
        for numbers in _pieces(rows):
            written.write(_products(numbers))
            indexed.write(_index(numbers, keys, schema))
    for stage, parts in (("catalog", {}), ("extract", {"input products": "generated"})):
        manifest = Manifest(
            stage, "generated", parts, {}, 0.0, 0, "generated", "3", "2026-01-01T00:00:00+00:00"
        )
        write_manifest(manifest, run.manifest_path(stage))


def _pieces(rows: int) -> Iterator[range]:
    for start in range(0, rows, _PIECE):
        yield range(start, min(start + _PIECE, rows))


def _products(numbers: range) -> pa.Table:
    columns: dict[str, object] = {
        field.name: ["ok" if field.name.startswith("status.") else None] * len(numbers)
        for field in product_schema()
    }
    columns |= {
        "row": list(numbers),
        "id": [f"sku-{number}" for number in numbers],
        "title": [_text(number) for number in numbers],
    }
    return pa.table(columns, schema=product_schema())


def _index(numbers: range, keys: _Keys, schema: pa.Schema) -> pa.Table:
    image = [keys.image[number % len(keys.image)] for number in numbers]
    ok, none = ["ok"] * len(numbers), [None] * len(numbers)
    columns = {
        "row": list(numbers), "image_keys": [[key] for key in image], "image_key": image,
        "text_key": [keys.text[number % len(keys.text)] for number in numbers],
        "status.images": ok, "reason.images": none, "status.text": ok, "reason.text": none,
    }  # fmt: skip
    return pa.table(columns, schema=schema)
