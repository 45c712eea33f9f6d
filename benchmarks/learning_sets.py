"""The sets that `learning.py` compares on: embedded products, their groups, and which rows learn and which judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smartprod.catalog import content_keys, group_products
from smartprod.catalog.folds import ALWAYS_TRAINED, assign_folds
from smartprod.config import Config, load_config
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import MODALITIES, Modality, ProductEmbeddings, load_products
from smartprod.pipeline import Pipeline, RunConsole, RunFolder, run_pipeline

SETS = ("myntra", "bestbuy", "grocery", "demo")
QUICK_SET = "magento"
STAGES = ("catalog", "clean", "extract", "split")
FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class LearningSet:
    """One set after the stages up to the split.

    Attributes:
        name: Name of its shipped config.
        config: That config.
        artefacts: What the stages made, by name.
        products: Embeddings of all N rows.
        labels: Class paths, empty where a row has none, str [N].
        parts: `train`, `val`, `test` or another, str [N].
        groups: Groups as the split stage makes them, int64 [N].
        classes: All labels of the three parts, sorted.
    """

    name: str
    config: Config
    artefacts: dict[str, pa.Table]
    products: ProductEmbeddings
    labels: np.ndarray
    parts: np.ndarray
    groups: np.ndarray
    classes: np.ndarray

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """The modalities that the set has at all."""
        return tuple(name for name in MODALITIES if self.products.modality(name).present.any())


@dataclass(frozen=True, slots=True)
class Division:
    """The given split, or one outer fold of one repeat."""

    set_name: str
    repeat: int | None = None
    fold: int = 0

    @property
    def name(self) -> str:
        """`given`, or such as `repeat-0-fold-3`."""
        return "given" if self.repeat is None else f"repeat-{self.repeat}-fold-{self.fold}"


def prepare_set(name: str, runs: Path, overrides: tuple[str, ...] = ()) -> None:
    """Run the stages up to the split, kept in `runs`; `overrides` as on the command line."""
    pipeline = Pipeline("learning", "A table to embeddings and parts.", STAGES)
    loaded = load_config(name, [f"run.folder={runs}", *overrides])
    run_pipeline(pipeline, loaded, console=RunConsole(quiet=True))


@lru_cache(maxsize=2)
def load_set(name: str, runs: Path, overrides: tuple[str, ...] = ()) -> LearningSet:
    """Load what the stages made."""
    loaded = load_config(name, [f"run.folder={runs}", *overrides])
    run = RunFolder.of(loaded.config)
    names = ("products", "clean_text", "embedding_index", "split")
    artefacts = {each: pq.read_table(run.artefact_path(each)) for each in names}
    index, split = artefacts["embedding_index"], artefacts["split"]
    keys = content_keys(artefacts["clean_text"], index, long_from=loaded.config.split.long_text_characters)
    labels = np.asarray([label or "" for label in split["label"].to_pylist()])
    parts = np.asarray(split["part"].to_pylist())
    return LearningSet(
        name,
        loaded.config,
        artefacts,
        load_products(index, None, EmbeddingStore(store_folder(loaded.config))),
        labels,
        parts,
        group_products(artefacts["products"], keys, by=loaded.config.split.group_by),
        np.unique(labels[np.isin(parts, ["train", "val", "test"])]),
    )


def divisions(name: str, repeats: int) -> Iterator[Division]:
    """The given split, then every outer fold of every repeat."""
    yield Division(name)
    yield from (Division(name, repeat, fold) for repeat in range(repeats) for fold in range(FOLDS))


def divide(data: LearningSet, division: Division) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to judge by, positions in the table.

    The outer folds are made like smartprod's own: stratified by class, whole groups at a time, over the train and val
    rows. Classes with a single group are always learned from. Rows that lack a modality are learned from, not judged by.
    """
    learnable = np.isin(data.parts, ["train", "val"])
    if division.repeat is None:
        judged = data.parts == "test"
    else:
        config = data.config.split.model_copy(update={"folds": FOLDS, "folds_up_to_rows": len(data.parts)})
        # Another seed than the inner folds have, or those would be the same ones in the first repeat.
        seed = 1_000 + division.repeat
        folds = assign_folds(data.labels.tolist(), data.parts.tolist(), data.groups, config=config, seed=seed)
        judged = folds == division.fold
        learnable &= ~judged
    complete = data.products.having(data.modalities)
    return np.flatnonzero(learnable), np.flatnonzero(judged & complete)


def inner_split(data: LearningSet, learned: np.ndarray, *, folds: int | None = None) -> pa.Table:
    """The `split` artefact with only the learned rows in train and val, and inner folds made as the split stage does.

    Args:
        data: The set.
        learned: Positions of the rows to learn from.
        folds: How many of the inner folds validate; all of them by default.
    """
    parts = np.full(len(data.parts), "unused", dtype=object)
    parts[learned] = data.parts[learned]
    config = data.config
    numbers = assign_folds(
        data.labels.tolist(), parts.tolist(), data.groups, config=config.split, seed=config.run.seed
    )
    if folds is not None:
        numbers[numbers >= folds] = ALWAYS_TRAINED
    table = data.artefacts["split"]
    for name, column in (
        ("part", pa.array(parts.tolist(), pa.string())),
        ("fold", pa.array(numbers, pa.int8())),
    ):
        table = table.set_column(table.column_names.index(name), name, column)
    return table
