"""The modes `fused` and `cheapest-first` on the same raw test rows: rows/s, rows that paid for encoders, accuracy.

`cheapest-first` lets the head that costs least answer where it is sure, and computes embeddings only for the rest. The
runs are trained with the shipped configs; heads and thresholds come from train and val, test rows are only scored. A
row that nobody answers counts as wrong. No embedding store is used. `--curve` prints what other thresholds would do on
the held-out rows.

    SMARTPROD_DATA=/path/to/sets python benchmarks/cheapest_first.py [--sets bestbuy myntra] [--runs FOLDER] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from smartprod.config import load_config
from smartprod.model import Answerer, load_model
from smartprod.pipeline import RunConsole, RunFolder, limit_threads, load_pipeline, run_pipeline

SETS = ("bestbuy", "myntra")
QUICK_SETS = ("demo",)
QUICK_CHANGES = (
    "catalog.demo.products=600", "classifier.candidates=[logistic]", "fuse.candidates=[concat]",
    "report.explained_rows=0",
)  # fmt: skip
MODES = ("fused", "cheapest-first")
_STEP = 128


@dataclass(frozen=True, slots=True)
class Measured:
    """One mode on the test rows of a set."""

    rate: float
    paid: float
    accuracy: float
    first: str


def trained_run(name: str, folder: Path, *changes: str) -> RunFolder:
    """Train with the shipped config and some changes, or take what is there and up to date."""
    loaded = load_config(name, [f"run.folder={folder}", *changes])
    return run_pipeline(load_pipeline("all"), loaded, console=RunConsole(quiet=True)).run


def sample(run: RunFolder, rows: int | None) -> tuple[pa.Table, np.ndarray]:
    """The test rows of the product table, and their labels."""
    split = pq.read_table(run.artefact_path("split"))
    labels = np.asarray([label or "" for label in split["label"].to_pylist()], dtype=object)
    test = np.flatnonzero((np.asarray(split["part"].to_pylist()) == "test") & (labels != ""))[:rows]
    return pq.read_table(run.artefact_path("products")).take(test), labels[test]


def measure(run: RunFolder, mode: str, products: pa.Table, labels: np.ndarray) -> Measured:
    """Answer for raw rows: clean, decode and encode what the mode asks for, decide."""
    model = load_model(run.artefact_path("model"))
    classes = np.asarray(model.classes, dtype=object)
    with Answerer.open(model, mode=mode) as answerer:
        # a threshold above 1 makes the first rows run through everything: caches, pools, lazy imports
        asking = replace(answerer.decider.settings, ask_next=2.0)
        warm = replace(answerer, decider=replace(answerer.decider, settings=asking))
        warm.answer(products.slice(0, 8))
        started = time.perf_counter()
        decisions = [
            answerer.answer(products.slice(at, _STEP)).decisions for at in range(0, len(labels), _STEP)
        ]
        seconds = time.perf_counter() - started
        first = answerer.decider.settings.cheapest
    head = np.concatenate([each.head for each in decisions])
    probabilities = np.concatenate([each.probabilities for each in decisions])
    guesses = classes[np.nan_to_num(probabilities, nan=-1).argmax(axis=1)]
    right = (guesses == labels) & (head != "")
    paid = 1.0 if mode == "fused" else float((head != first).mean())
    return Measured(len(labels) / seconds, paid, float(right.mean()), first)


def curve(run: RunFolder) -> None:
    """Print the trade-off on held-out rows for each head that could answer first."""
    from smartprod.classifiers import load_validation
    from smartprod.decision import NoCalibration, load_decider
    from smartprod.decision.words_head import learn_words
    from smartprod.embeddings import EmbeddingStore
    from smartprod.fusion import load_learning_data

    table = {
        name: pq.read_table(run.artefact_path(name)) for name in ("clean_text", "embedding_index", "split")
    }
    store = EmbeddingStore(run.root.parent / "embedding-store")
    data = load_learning_data(table["embedding_index"], table["split"], store)
    held = dict(load_validation(run.artefact_path("heads")))
    words = learn_words(table["clean_text"]["text"].take(data.rows).to_pylist(), data, seed=0)
    if words is not None:
        held["words"] = words.held_out
    calibrators = load_decider(run.artefact_path("decision"), run.artefact_path("heads")).calibrators
    fused = held["fused"]
    right_of_fused = fused.log_probabilities.argmax(axis=1) == fused.labels
    shares = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
    print("  accuracy lost (points) where the surest ... of held-out rows are not asked further")
    print("  first  " + "".join(f"{share:>8.0%}" for share in shares))
    for name in ("words", "text", "image"):
        if name not in held:
            continue
        each = held[name]
        rows = np.searchsorted(each.positions, fused.positions)
        calibrated = calibrators.get(name, NoCalibration()).apply(each.log_probabilities[rows])
        right = calibrated.argmax(axis=1) == fused.labels
        order = np.argsort(-calibrated.max(axis=1), kind="stable")
        lost = np.cumsum(right_of_fused[order].astype(int) - right[order].astype(int)) / len(order)
        print(
            f"  {name:6} " + "".join(f"{100 * lost[round(share * len(lost)) - 1]:8.2f}" for share in shares)
        )


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None)
    parser.add_argument("--runs", type=Path, help="keep runs and embeddings here")
    parser.add_argument("--rows", type=int, help="the first so many test rows only")
    parser.add_argument("--curve", action="store_true", help="print the trade-off on held-out rows")
    parser.add_argument("--quick", action="store_true", help="a smaller demo catalogue only, one classifier")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    arguments = parser.parse_args()
    limit_threads(None)
    figures: dict[str, float] = {}
    print(f"{'set':9} {'mode':15} {'first':6} {'rows/s':>8} {'paid':>7} {'accuracy':>9}")
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets or (QUICK_SETS if arguments.quick else SETS):
            changes = QUICK_CHANGES if arguments.quick else ()
            run = trained_run(name, arguments.runs or Path(temporary), *changes)
            products, labels = sample(run, arguments.rows)
            found = {mode: measure(run, mode, products, labels) for mode in MODES}
            for mode, each in found.items():
                first = each.first if mode == "cheapest-first" else ""
                print(
                    f"{name:9} {mode:15} {first:6} {each.rate:8.1f} {each.paid:7.1%} {each.accuracy:9.4f}",
                    flush=True,
                )
                key = f"{name}.{mode}"
                figures |= {f"{key}.rows_per_second": each.rate, f"{key}.paid": each.paid}
                figures[f"{key}.accuracy"] = each.accuracy
            frugal, whole = found["cheapest-first"], found["fused"]
            figures[f"{name}.speedup"] = frugal.rate / whole.rate
            figures[f"{name}.points_lost"] = 100 * (whole.accuracy - frugal.accuracy)
            print(
                f"{name:9} {len(labels)} test rows: {figures[f'{name}.speedup']:.2f} times the throughput, "
                f"{figures[f'{name}.points_lost']:.2f} points of accuracy lost"
            )
            if arguments.curve:
                curve(run)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
