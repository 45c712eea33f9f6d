"""The same seed on the same machine gives the same bytes; a changed seed changes only what it must."""

from __future__ import annotations

import shutil

import pyarrow.parquet as pq
import pytest

from smartprod.config import load_config
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline, run_pipeline

pytestmark = pytest.mark.slow

# Everything that learns, each for a short while.
EVERYTHING = (
    "catalog.demo.products=150", "split.folds=2", "classifier.candidates=[logistic,mlp,lightgbm,prototype]",
    "classifier.lightgbm.rounds=8", "classifier.mlp.epochs=3", "fuse.metric.epochs=2", "fuse.gated.epochs=2",
    "classifier.logistic.C=[30]", "classifier.logistic.max_iterations=50", "report.map_points=50",
    "report.explained_rows=1",
)  # fmt: skip
FIRST_STAGES = ("products", "clean_text", "embedding_index")


def train(folder, *overrides: str) -> RunFolder:
    loaded = load_config("demo", (f"run.folder={folder}", *EVERYTHING, *overrides))
    return run_pipeline(load_pipeline("all"), loaded, console=RunConsole(quiet=True)).run


def contents(folder) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Trained with one thread; again elsewhere from nothing with two; and with another seed from the same embeddings."""
    first, second, other = (tmp_path_factory.mktemp(name) for name in ("first", "second", "other"))
    made = [train(first, "run.threads=1"), train(second, "run.threads=2")]
    for name in ("demo-catalogue", "embedding-store"):
        shutil.copytree(first / name, other / name)
    return [*made, train(other, "run.threads=1", "run.seed=1")]


def test_same_seed_gives_the_same_bytes_of_the_whole_model_with_one_thread_and_two(runs):
    first, second = (contents(run.artefact_path("model")) for run in runs[:2])
    assert {name for name in first if first[name] != second.get(name)} == set()
    assert first.keys() == second.keys()
    assert "manifest.json" in first


@pytest.mark.parametrize("artefact", ["representations", "heads", "decision"])
def test_same_seed_gives_the_same_bytes_of_what_was_learned_on_the_way(runs, artefact):
    first, second = (contents(run.artefact_path(artefact)) for run in runs[:2])
    assert first == second


@pytest.mark.parametrize("artefact", ["split", "training_rows", "findings", "findings_csv"])
def test_same_seed_gives_the_same_tables(runs, artefact):
    first, second = (run.artefact_path(artefact).read_bytes() for run in runs[:2])
    assert first == second


def test_changed_seed_leaves_products_text_and_embeddings_alone(runs):
    first, _, other = runs
    for artefact in FIRST_STAGES:
        tables = [pq.read_table(run.artefact_path(artefact)) for run in (first, other)]
        if artefact == "products":  # image paths name the folder of the catalogue
            tables = [table.drop_columns(["images"]) for table in tables]
        assert tables[0].equals(tables[1]), artefact


def test_changed_seed_changes_the_parts_and_keeps_classes_and_sizes(runs):
    first, _, other = (pq.read_table(run.artefact_path("split")) for run in runs)
    assert first["label"].equals(other["label"])
    assert not first["part"].equals(other["part"])
    counts = [table["part"].value_counts().to_pylist() for table in (first, other)]
    sizes = [{each["values"]: each["counts"] for each in count} for count in counts]
    assert all(abs(sizes[0][part] - sizes[1][part]) <= 15 for part in sizes[0])


def test_changed_seed_changes_the_model_and_not_its_encoders(runs):
    first, _, other = (contents(run.artefact_path("model")) for run in runs)
    assert first["manifest.json"] != other["manifest.json"]
    assert first["heads/representations/image.json"] == other["heads/representations/image.json"]
