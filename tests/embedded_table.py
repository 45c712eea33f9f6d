"""A table of products that skips encoding: random but informative embeddings in a real store, and the stages on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smartprod.catalog.table import product_schema
from smartprod.config import Config, load_config
from smartprod.embeddings import EmbeddingStore
from smartprod.embeddings.index import INDEX_SCHEMA, EncoderRecord, with_encoders
from smartprod.embeddings.loading import ModalityEmbeddings, normalise
from smartprod.fusion import Fold, LearningData, ProductEmbeddings
from smartprod.pipeline import RunFolder, StageContext, TableFile, load_stages

IMAGE = EncoderRecord("random-image", "image", 12, "1" * 64, "a" * 64)
TEXT = EncoderRecord("random-text", "text", 10, "2" * 64, "b" * 64)
LEARNING_STAGES = ("split", "fuse", "resample", "classify", "decide")
# All kinds of candidates, each as quick as it gets.
QUICK = (
    "run.threads=1", "split.folds=2", "fuse.metric.epochs=3", "fuse.metric.hidden=0", "fuse.metric.dim=8",
    "fuse.gated.epochs=3", "fuse.gated.dim=8", "fuse.cross_attention.epochs=3", "fuse.cross_attention.dim=8", "classifier.mlp.epochs=3", "classifier.mlp.hidden=8",
    "classifier.lightgbm.rounds=4", "classifier.logistic.C=[30]", "report.map_points=50", "report.explained_rows=0",
    "decide.target_accuracy=0.8",
)  # fmt: skip


def embed(
    labels: np.ndarray, *, dim: int, strength: float, seed: int, classes: int | None = None
) -> np.ndarray:
    """Unit embeddings around a random centre for each class, float32 [N, dim]; `strength` 0 tells nothing."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(classes or int(labels.max(initial=0)) + 1, dim))
    return normalise((strength * centers[labels] + rng.normal(size=(len(labels), dim))).astype(np.float32))


def embedded_products(
    labels: np.ndarray,
    *,
    image: np.ndarray | None = None,
    text: np.ndarray | None = None,
    strengths: tuple[float, float] = (2.0, 2.0),
    seed: int = 0,
) -> ProductEmbeddings:
    """Products with random embeddings; `image` and `text` say which rows have them, bool [N]."""
    blocks = []
    for number, given in enumerate((image, text)):
        present = np.ones(len(labels), bool) if given is None else given
        values = embed(
            labels, dim=(IMAGE.dim, TEXT.dim)[number], strength=strengths[number], seed=seed + number
        )
        blocks.append(ModalityEmbeddings(np.where(present[:, None], values, np.float32(0)), present))
    return ProductEmbeddings(*blocks)


def learning_data(sizes: Sequence[int], *, folds: int = 2, **products) -> LearningData:
    """Labelled products with `sizes[c]` rows of class c, rows dealt to the folds in turn."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    held = np.concatenate([np.arange(size) % folds for size in sizes])
    return LearningData(
        tuple(f"Top {c % 2} > Class {c}" for c in range(len(sizes))),
        np.arange(len(labels)),
        labels,
        embedded_products(labels, **products),
        tuple(
            Fold(f"fold-{number}", np.flatnonzero(held != number), np.flatnonzero(held == number))
            for number in range(folds)
        ),
    )


@dataclass(frozen=True, slots=True)
class EmbeddedTable:
    """The artefacts that the stages before `split` would have written, and where the embeddings are."""

    folder: Path
    artefacts: dict[str, object]

    def context(self, stage: str, *overrides: str, run: str = "run") -> StageContext:
        return StageContext(self.config(*overrides), stage=stage, run=RunFolder(self.folder / "runs" / run))

    def config(self, *overrides: str) -> Config:
        fixed = (f"run.folder={self.folder / 'runs'}", f"extract.store={self.folder / 'store'}")
        return load_config("demo", (*fixed, *QUICK, *overrides)).config

    def learn(
        self, *overrides: str, run: str = "run", stages: Sequence[str] = LEARNING_STAGES
    ) -> dict[str, object]:
        """Run stages one after the other; returns all artefacts."""
        known, artefacts = load_stages(), dict(self.artefacts)
        for name in stages:
            stage = known[name]
            inputs = {
                read: self._streamed(read) if read in stage.streams else artefacts[read]
                for read in stage.reads
            }
            artefacts |= stage.function(self.context(name, *overrides, run=run), **inputs)
        return artefacts

    def _streamed(self, name: str) -> TableFile:
        """A table from before `split` as a file."""
        path = self.folder / f"{name}.parquet"
        if not path.exists():
            pq.write_table(self.artefacts[name], path)
        return TableFile(path)


def embedded_table(
    folder: Path,
    labels: Sequence[int | None],
    *,
    image: np.ndarray | None = None,
    text: np.ndarray | None = None,
    encoders: Sequence[EncoderRecord] = (IMAGE, TEXT),
    parts: Sequence[str | None] | None = None,
    strength: float = 2.0,
    seed: int = 0,
) -> EmbeddedTable:
    """Write random embeddings to a store, and build the tables that point at them.

    Args:
        folder: Where store and run go.
        labels: Class of each row, None for an unlabelled one.
        image: Which rows have an image, bool [N]; all by default.
        text: Which rows have a text, bool [N]; all by default.
        encoders: Leave one out for a table without that modality.
        parts: The table's own split column.
        strength: How much an embedding tells about its class.
        seed: Of the embeddings.
    """
    count = len(labels)
    numbers = np.asarray([0 if label is None else label for label in labels])
    store, keys = EmbeddingStore(folder / "store"), {}
    for encoder, given in ((IMAGE, image), (TEXT, text)):
        present = (np.ones(count, bool) if given is None else given) & (encoder in encoders)
        names = [f"{encoder.modality}{row}" if has else None for row, has in enumerate(present.tolist())]
        values = embed(numbers, dim=encoder.dim, strength=strength, seed=seed + encoder.dim)
        store.append(encoder.fingerprint, [name for name in names if name], values[present])
        keys[encoder.modality] = names
    status = {name: ["ok" if key else "missing" for key in column] for name, column in keys.items()}
    none = [None] * count
    index = pa.table(
        {
            "row": range(count),
            "image_keys": [[key] if key else [] for key in keys["image"]],
            "image_key": keys["image"],
            "text_key": keys["text"],
            "status.images": status["image"],
            "reason.images": none,
            "status.text": status["text"],
            "reason.text": none,
        },
        schema=INDEX_SCHEMA,
    )
    clean_text = pa.table(
        {"row": range(count), "text": pa.array(none, pa.string()), "status.text": status["text"]}
    )
    artefacts = {
        "products": _products(labels, parts),
        "clean_text": clean_text,
        "embedding_index": with_encoders(index, encoders),
    }
    return EmbeddedTable(folder, artefacts)


def _products(labels: Sequence[int | None], parts: Sequence[str | None] | None) -> pa.Table:
    schema = product_schema()
    rows = [
        {
            field.name: "ok" if field.name.startswith("status.") else None
            for field in schema
        }
        | {
            "row": row,
            "id": f"p{row}",
            "title": f"product {row}",
            "images": [],
            "category": [] if label is None else [f"Top {label % 2} > Class {label}"],
            "split": None if parts is None else parts[row],
        }
        for row, label in enumerate(labels)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema)
