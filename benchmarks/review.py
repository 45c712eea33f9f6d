"""How fast a model gets better with reviewed rows: the order of `smartprod review` beside other orders.

Of the labelled train and val rows of bestbuy-phones a few are labelled at the start; the others wait unlabelled. A
logistic regression on the side-by-side embeddings of the embedded encoders answers about those that wait, a batch of
them is reviewed in the given order (their true label is revealed), and it learns again. Accuracy and macro-F1 are those
of the set's own test rows, which no order ever sees. Mean over several random starts; all orders share the starts.

    SMARTPROD_DATA=/path/to/sets python benchmarks/review.py [--set bestbuy] [--starts N] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from baseline_embeddings import side_by_side
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from smartprod.config import load_config
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import load_products
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline, run_pipeline
from smartprod.review import review_order

Order = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True, slots=True)
class Rows:
    """Embedded rows with their labels: what waits for review, and the test part."""

    waiting: np.ndarray
    waiting_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


def random_order(probabilities: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Review the rows as they come."""
    return generator.permutation(len(probabilities))


def least_sure(probabilities: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Review the smallest margins first, whatever they are about."""
    del generator
    best = np.sort(probabilities, axis=1)[:, ::-1]
    return np.argsort(best[:, 0] - best[:, 1], kind="stable")


def ours(probabilities: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The order of `smartprod review`; what is surprising is not known here."""
    del generator
    ranked = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    best = np.take_along_axis(probabilities, ranked, axis=1)
    doubts = [(str(first), str(second)) for first, second in ranked.tolist()]
    return review_order(best[:, 0] - best[:, 1], doubts, np.zeros(len(best), dtype=bool))


ORDERS: dict[str, Order] = {"random": random_order, "least sure": least_sure, "smartprod review": ours}


def load_rows(name: str, folder: Path) -> Rows:
    """Extract the set, and take the rows that have an embedding of photo and text."""
    config = load_config(name, [f"run.folder={folder}", f"run.name={name}", "extract.views=one"])
    stages = ("catalog", "clean", "extract", "split")
    whole = load_pipeline("all")
    pipeline = replace(whole, stages=tuple(each for each in whole.stages if each in stages))
    run: RunFolder = run_pipeline(pipeline, config, console=RunConsole(quiet=True)).run
    split, index = run.read("split"), run.read("embedding_index")
    products = load_products(index, None, EmbeddingStore(store_folder(config.config)))
    labels = np.asarray([each or "" for each in split["label"].to_pylist()], dtype=object)
    parts = np.asarray(split["part"].to_pylist(), dtype=object)
    embedded = side_by_side(products)
    waiting, test = (labels != "") & np.isin(parts, ["train", "val"]), (labels != "") & (parts == "test")
    return Rows(embedded[waiting], labels[waiting].astype(str), embedded[test], labels[test].astype(str))


def one_start(rows: Rows, order: Order, *, start: int, batch: int, batches: int, seed: int) -> np.ndarray:
    """Review batch by batch from one random start; accuracy and macro-F1 after each, float64 [batches + 1, 2]."""
    generator = np.random.default_rng(seed)
    labelled = generator.permutation(len(rows.waiting))[:start]
    scores = []
    for number in range(batches + 1):
        model = LogisticRegression(C=30, class_weight="balanced", max_iter=200)
        model.fit(rows.waiting[labelled], rows.waiting_labels[labelled])
        answers = model.predict(rows.test)
        macro = f1_score(rows.test_labels, answers, average="macro", zero_division=0)
        scores.append(((answers == rows.test_labels).mean(), macro))
        if number < batches:
            left = np.setdiff1d(np.arange(len(rows.waiting)), labelled)
            chosen = order(model.predict_proba(rows.waiting[left]), generator)[:batch]
            labelled = np.concatenate([labelled, left[chosen]])
    return np.asarray(scores)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", default="bestbuy", help="name of a shipped config")
    parser.add_argument("--start", type=int, default=100, help="rows that are labelled at the start")
    parser.add_argument("--batch", type=int, default=50, help="rows reviewed before it learns again")
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--starts", type=int, default=5, help="random starts")
    parser.add_argument("--folder", type=Path, help="run folder to reuse; default: a temporary one")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="the magento set, one start, three batches")
    given = parser.parse_args()
    if given.quick:
        given.set, given.starts, given.batches, given.start = "magento", 1, 3, 40
    with tempfile.TemporaryDirectory() as temporary:
        rows = load_rows(given.set, given.folder or Path(temporary))
    print(
        f"{given.set}: {len(rows.waiting):,} rows to review, {len(rows.test):,} test rows, {given.starts} starts"
    )
    found = {
        name: np.mean(
            [
                one_start(rows, order, start=given.start, batch=given.batch, batches=given.batches, seed=seed)
                for seed in range(given.starts)
            ],
            axis=0,
        )
        for name, order in ORDERS.items()
    }
    print(f"{'reviewed':>9}  " + "  ".join(f"{name:>22}" for name in found) + "   accuracy, macro-F1")
    figures = {}
    for number in range(given.batches + 1):
        reviewed = number * given.batch
        print(
            f"{reviewed:>9,}  "
            + "  ".join(f"{scores[number][0]:>12.4f} {scores[number][1]:>9.4f}" for scores in found.values())
        )
        for name, scores in found.items():
            key = name.replace(" ", "_")
            figures[f"{key}_{reviewed}_accuracy"] = float(scores[number][0])
            figures[f"{key}_{reviewed}_macro_f1"] = float(scores[number][1])
    gain = float(np.mean(found["smartprod review"][1:, 0] - found["random"][1:, 0]))
    print(f"mean gain in accuracy over random order: {gain:+.4f}")
    if given.json:
        given.json.write_text(json.dumps({**figures, "mean_accuracy_gain": gain}, indent=2) + "\n")


if __name__ == "__main__":
    main()
