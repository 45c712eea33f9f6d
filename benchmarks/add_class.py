"""Measure how well a class is added from a handful of examples.

For several classes in turn: the model is trained without the class, the class is added back from a few of its training rows
(`smartprod model add-class`), and the test rows tell how many of its products are found and what the old classes lose. Beside
it: training with all rows of the class (the most there is to reach), and fitting a logistic regression again on the old rows
and the few examples. All heads see the same embeddings.

    SMARTPROD_DATA=/path/to/sets python benchmarks/add_class.py [--sets demo myntra bestbuy] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from smartprod.config import load_config
from smartprod.decision import learn_newcomer, open_set_embedding
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import MODALITIES, ProductEmbeddings, load_products
from smartprod.pipeline import RunConsole, load_pipeline, run_pipeline

SETS = ("demo", "myntra", "bestbuy")
TEXT_WEIGHT = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Products that have photo and text, and their labels."""

    products: ProductEmbeddings
    labels: np.ndarray

    @property
    def blocks(self) -> np.ndarray:
        """Image and weighted text embeddings side by side."""
        return np.hstack([self.products.image.values, TEXT_WEIGHT * self.products.text.values])


def load_parts(name: str, folder: Path, *, products: int) -> tuple[Part, Part]:
    """Extract and split a set: rows to learn from, and test rows."""
    import pyarrow.parquet as pq

    loaded = load_config(
        name, [f"run.folder={folder}", f"catalog.demo.products={products}", "split.test_fraction=0.3"]
    )
    run = run_pipeline(load_pipeline("extract"), loaded, console=RunConsole(quiet=True)).run
    split_file = folder / "split-only.yaml"
    split_file.write_text("description: parts\nstages: [split]\n", encoding="utf-8")
    run_pipeline(load_pipeline(str(split_file)), loaded, console=RunConsole(quiet=True))
    index, split = (pq.read_table(run.artefact_path(each)) for each in ("embedding_index", "split"))
    everything = load_products(index, None, EmbeddingStore(store_folder(loaded.config)))
    parts = np.asarray([part or "" for part in split["part"].to_pylist()])
    labels = np.asarray([label or "" for label in split["label"].to_pylist()])
    able = everything.having(MODALITIES) & (labels != "")
    return tuple(
        Part(everything.take(rows), labels[rows])
        for rows in (
            np.flatnonzero(np.isin(parts, ["train", "val"]) & able),
            np.flatnonzero((parts == "test") & able),
        )
    )


def measure(learn: Part, test: Part, *, examples: int, classes: int, seed: int) -> dict[str, float]:
    """Mean over left-out classes of recall of the new class, and of accuracy on the others, for each way."""
    rng = np.random.default_rng(seed)
    names, counts = np.unique(learn.labels, return_counts=True)
    able = [
        name
        for name, count in zip(names, counts, strict=True)
        if count > examples and (test.labels == name).sum() >= 3
    ]
    chosen = sorted(rng.choice(able, min(classes, len(able)), replace=False).tolist())
    full = fit(learn.blocks, learn.labels).predict(test.blocks)
    rows: list[dict[str, float]] = []
    for name in chosen:
        of_class, is_new = np.flatnonzero(learn.labels == name), test.labels == name
        shown = rng.choice(of_class, examples, replace=False)
        old = np.flatnonzero(learn.labels != name)
        without = fit(learn.blocks[old], learn.labels[old])
        probabilities = without.predict_proba(test.blocks)
        guesses = without.classes_[probabilities.argmax(axis=1)]
        newcomer = learn_newcomer(
            open_set_embedding(learn.products.take(old), "fused"),
            np.unique(learn.labels[old], return_inverse=True)[1],
            open_set_embedding(learn.products.take(shown), "fused"),
            seed=seed,
        )
        share = newcomer.probability(open_set_embedding(test.products, "fused"))
        added = np.where(share > (1 - share) * probabilities.max(axis=1), name, guesses)
        again_rows = np.concatenate([old, shown])
        again = fit(learn.blocks[again_rows], learn.labels[again_rows]).predict(test.blocks)
        line = {"without.others": float((guesses == test.labels)[~is_new].mean())}
        for way, predicted in (("add-class", added), ("fitted again", again), ("all rows", full)):
            line[f"{way}.recall"] = float((predicted == name)[is_new].mean())
            line[f"{way}.others"] = float((predicted == test.labels)[~is_new].mean())
        rows.append(line)
    return {"classes": len(rows)} | {key: float(np.mean([line[key] for line in rows])) for key in rows[0]}


def fit(embedding: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LogisticRegression(C=30, max_iter=150).fit(embedding, labels)


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument(
        "--examples", nargs="+", type=int, default=None, help="how many examples of the new class"
    )
    parser.add_argument(
        "--classes", type=int, default=None, help="how many classes are left out, one at a time"
    )
    parser.add_argument("--products", type=int, default=1200, help="size of the demo catalogue")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="a small demo catalogue and 5 examples only")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    arguments = parser.parse_args()
    names = arguments.sets or (("demo",) if arguments.quick else SETS)
    sizes = arguments.examples or ([5] if arguments.quick else [1, 5, 20])
    classes = arguments.classes or (4 if arguments.quick else 12)
    figures: dict[str, float] = {}
    print(f"{'set':8} {'examples':>8} {'way':14} {'recall of new':>13} {'others':>7} {'lost':>7}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        for name in names:
            learn, test = load_parts(name, folder, products=300 if arguments.quick else arguments.products)
            for examples in sizes:
                found = measure(learn, test, examples=examples, classes=classes, seed=arguments.seed)
                base = found["without.others"]
                print(f"{name:8} {examples:8} {'never added':14} {0:13.3f} {base:7.3f}")
                for way in ("add-class", "fitted again", "all rows"):
                    recall, others = found[f"{way}.recall"], found[f"{way}.others"]
                    print(
                        f"{name:8} {examples:8} {way:14} {recall:13.3f} {others:7.3f} {base - others:7.3f}",
                        flush=True,
                    )
                figures |= {
                    f"{name}.{examples}.{key.replace(' ', '_')}": value for key, value in found.items()
                }
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
