"""Compare smartprod's heads with the baseline on the same encoders and the same test rows of real data.

Baseline: logistic regression (C=30, class-balanced) on the concatenated L2-normalised embeddings of the embedded
encoders (one view of an image, final layer), fitted on the train and val rows. Ours: `smartprod run all` with the
shipped config of the set. Both are asked about every test row; a row that a head cannot answer counts as wrong.
Coarse accuracy compares the first two levels of a category.

    SMARTPROD_DATA=/path/to/sets python benchmarks/accuracy.py [--sets myntra ...] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from baseline_embeddings import side_by_side
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from smartprod.config import Config, load_config
from smartprod.decision import Decider, load_decider
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import ProductEmbeddings, load_products
from smartprod.pipeline import Pipeline, RunConsole, RunFolder, load_pipeline, run_pipeline

SETS = ("myntra", "bestbuy", "magento", "grocery")
QUICK_SETS = ("magento",)
PLAIN = ("extract.views=one", "extract.layers=final")
SEPARATOR = " > "
LEARNING_STAGES = ("fuse", "resample", "classify", "decide")


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Labelled products of one part."""

    products: ProductEmbeddings
    labels: np.ndarray

    @property
    def concatenated(self) -> np.ndarray:
        """What the baseline learns from, float32 [N, D]."""
        return side_by_side(self.products)


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one method on the test rows, and the seconds it took to learn."""

    method: str
    accuracy: float
    coarse: float
    macro_f1: float
    seconds: float | None


def measure(name: str, folder: Path) -> list[Score]:
    """Train on one set and score both sides."""
    loaded = load_config(name, [f"run.folder={folder}"])
    outcome = run_pipeline(load_pipeline("all"), loaded, console=RunConsole(quiet=True))
    run = outcome.run
    decider = load_decider(run.artefact_path("decision"), run.artefact_path("heads"))
    learn, test = _samples(run, loaded.config)
    plain = load_config(name, [f"run.folder={folder}", f"run.name={name}-plain", *PLAIN])
    if (plain.config.extract.views, plain.config.extract.layers) != (
        loaded.config.extract.views,
        loaded.config.extract.layers,
    ):
        pipeline = Pipeline(
            "plain", "A table to embeddings and parts.", ("catalog", "clean", "extract", "split")
        )
        plain_run = run_pipeline(pipeline, plain, console=RunConsole(quiet=True)).run
        baseline = _baseline(*_samples(plain_run, plain.config))
    else:
        baseline = _baseline(learn, test)
    return [baseline, *_ours(decider, test, _learning_seconds(run))]


def _samples(run: RunFolder, config: Config) -> tuple[Sample, Sample]:
    """The rows to learn from, and the test rows."""
    index = pq.read_table(run.artefact_path("embedding_index"))
    split = pq.read_table(run.artefact_path("split"))
    store = EmbeddingStore(store_folder(config))
    parts = np.asarray(split["part"].to_pylist())
    labels = np.asarray([label or "" for label in split["label"].to_pylist()])
    learn, test = (
        Sample(load_products(index, rows, store), labels[rows])
        for rows in (np.flatnonzero(np.isin(parts, ["train", "val"])), np.flatnonzero(parts == "test"))
    )
    return learn, test


def _baseline(learn: Sample, test: Sample) -> Score:
    start = time.perf_counter()
    model = LogisticRegression(C=30, class_weight="balanced", max_iter=1000)
    model.fit(learn.concatenated, learn.labels)
    seconds = time.perf_counter() - start
    return _score("baseline", test.labels, model.predict(test.concatenated), seconds)


def _ours(decider: Decider, test: Sample, seconds: float) -> list[Score]:
    classes = np.asarray(decider.classes, dtype=object)
    scores = []
    for name, answers in decider.answers(test.products).items():
        predicted = np.full(len(test.labels), "", dtype=object)
        predicted[answers.positions] = classes[answers.probabilities.argmax(axis=1)]
        scores.append(_score(f"our {name} head", test.labels, predicted.astype(str), None))
    decided = decider.decide(test.products)
    guesses = classes[np.nan_to_num(decided.probabilities, nan=-1).argmax(axis=1)]
    guesses[decided.head == ""] = ""  # nobody could answer: wrong, whatever stands first among the classes
    return [*scores, _score("ours, as it answers", test.labels, guesses.astype(str), seconds)]


def _score(method: str, labels: np.ndarray, predicted: np.ndarray, seconds: float | None) -> Score:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        macro_f1 = f1_score(labels, predicted, average="macro", zero_division=0)
    coarse = [
        np.asarray([SEPARATOR.join(path.split(SEPARATOR)[:2]) for path in each])
        for each in (labels, predicted)
    ]
    return Score(
        method,
        float(accuracy_score(labels, predicted)),
        float(accuracy_score(*coarse)),
        float(macro_f1),
        seconds,
    )


def _learning_seconds(run: RunFolder) -> float:
    manifests = [run.manifest(stage) for stage in LEARNING_STAGES]
    return sum(manifest.seconds for manifest in manifests if manifest is not None)


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="the smallest set only")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    arguments = parser.parse_args()
    names = arguments.sets or (QUICK_SETS if arguments.quick else SETS)
    figures: dict[str, float] = {}
    print(f"{'set':9} {'method':22} {'accuracy':>8} {'coarse':>8} {'macro-F1':>8} {'learning s':>10}")
    with tempfile.TemporaryDirectory() as temporary:
        for name in names:
            for score in measure(name, arguments.folder or Path(temporary)):
                seconds = "" if score.seconds is None else f"{score.seconds:.1f}"
                print(
                    f"{name:9} {score.method:22} {score.accuracy:8.4f} {score.coarse:8.4f} {score.macro_f1:8.4f} {seconds:>10}",
                    flush=True,
                )
                key = f"{name}.{score.method.replace(',', '').replace(' ', '_')}"
                figures[f"{key}.coarse"] = score.coarse
                figures[f"{key}.accuracy"], figures[f"{key}.macro_f1"] = score.accuracy, score.macro_f1
                if score.seconds is not None:
                    figures[f"{key}.seconds"] = score.seconds
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
