"""Compare open-set methods: how well each tells products of classes left out of training from known ones.

For each set, several choices of about a fifth of the classes are left out: drawn with a seed, and drawn again until 10
to 30 % of the rows are theirs. Everything is fitted on the other classes of the train and val parts. Two measurements:

- held out: the folds of the train and val rows. Each fold's detector scores its validation rows, those of unseen classes
  among them. Defaults were chosen by this one.
- test: the detector fitted on all known train and val rows scores the test rows, which choose nothing. The
  threshold for a false-rejection rate of 5 % comes from the held-out known rows.

Detectors are smartprod's own, on the embedded encoders. The head whose softmax is looked at is a plain class-balanced logistic
regression (C=30) with a temperature from the held-out rows; energy and ViM use the same one. `rmds + energy` adds the
two scores, standardised by the held-out known rows. FPR is the share of unseen products that pass where 95 % of the known do.

    SMARTPROD_DATA=/path/to/sets python benchmarks/open_set.py [--sets demo ...] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from smartprod.classifiers import apply_temperature, fit_temperature
from smartprod.config import load_config
from smartprod.config.learning import MetricLearningConfig, OpenSetConfig
from smartprod.decision.open_set import (
    OpenSetDetector,
    fit_detector,
    open_set_embedding,
    rejection_threshold,
)
from smartprod.decision.open_set.logits import MaxSoftmax, add_virtual_logit, fit_energy
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import Fold, LearningData, ProductEmbeddings, load_learning_data, load_products
from smartprod.pipeline import Pipeline, RunConsole, run_pipeline

SETS = ("demo", "myntra", "bestbuy", "magento", "grocery")
QUICK_SETS = ("magento",)
STAGES = ("catalog", "clean", "extract", "split")
BY_CONFIG = ("rmds", "mahalanobis", "knn")
MIXTURE = "rmds + energy"
RATE = 0.05
UNSEEN_CLASSES, UNSEEN_ROWS = 0.2, (0.1, 0.3)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """The rows of one set that one head can answer: those to learn from, with folds, and those of the test part."""

    embedding: np.ndarray
    labels: np.ndarray
    folds: tuple[Fold, ...]
    test_embedding: np.ndarray
    test_labels: np.ndarray
    products: ProductEmbeddings
    test_products: ProductEmbeddings


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scores of each method for some rows, and which of the rows are of unseen classes, bool [N]."""

    scores: Mapping[str, np.ndarray]
    unseen: np.ndarray


@dataclass(slots=True)
class Figures:
    """Figures of one method, one value per choice of unseen classes."""

    auroc: list[float] = field(default_factory=list)
    fpr: list[float] = field(default_factory=list)
    known_rejected: list[float] = field(default_factory=list)
    unseen_rejected: list[float] = field(default_factory=list)


def load_task(name: str, head: str, folder: Path) -> Task | None:
    """Run the stages up to the split (kept in `folder`) and load what a head can answer; None where that is nothing."""
    loaded = load_config(name, [f"run.folder={folder}"])
    pipeline = Pipeline("open-set", "A table to embeddings and parts.", STAGES)
    run = run_pipeline(pipeline, loaded, console=RunConsole(quiet=True)).run
    index, split = (pq.read_table(run.artefact_path(each)) for each in ("embedding_index", "split"))
    store = EmbeddingStore(store_folder(loaded.config))
    data = load_learning_data(index, split, store)
    modalities = ("image", "text") if head == "fused" else (head,)
    able = np.flatnonzero(data.products.having(modalities))
    if len(able) == 0:
        return None
    rows = np.flatnonzero(np.asarray(split["part"].to_pylist()) == "test")
    test = load_products(index, rows, store)
    names = np.asarray([label or "" for label in split["label"].to_pylist()])[rows]
    usable = test.having(modalities) & np.isin(names, data.classes)
    products, test = data.products.take(able), test.take(usable)
    return Task(
        open_set_embedding(products, head),
        data.labels[able],
        tuple(_some_rows(data, able)),
        open_set_embedding(test, head),
        np.searchsorted(data.classes, names[usable]),
        products,
        test,
    )


def _some_rows(data: LearningData, rows: np.ndarray) -> Iterator[Fold]:
    for fold in data.folds:
        parts = (np.flatnonzero(np.isin(rows, each)) for each in (fold.train, fold.validation))
        yield Fold(fold.name, *parts)


def choose_unseen(task: Task, count: int) -> list[np.ndarray]:
    """Draw sets of classes to leave out, with a sensible share of the rows of every part."""
    rng = np.random.default_rng(0)
    classes = int(task.labels.max()) + 1
    size = max(1, round(UNSEEN_CLASSES * classes))
    choices: list[np.ndarray] = []
    for _ in range(10_000):
        unseen = np.sort(rng.permutation(classes)[:size])
        shares = [np.isin(each, unseen).mean() for each in (task.labels, task.test_labels)]
        fresh = not any(np.array_equal(unseen, each) for each in choices)
        if fresh and all(UNSEEN_ROWS[0] <= share <= UNSEEN_ROWS[1] for share in shares):
            choices.append(unseen)
        if len(choices) == count:
            break
    return choices


def measure(task: Task, unseen: np.ndarray, *, metric_learned: bool) -> tuple[Scored, Scored]:
    """Score the held-out rows and the test rows with every method, for one choice of unseen classes."""
    left_out = np.isin(task.labels, unseen)
    smallest = min(int((~left_out[fold.train]).sum()) for fold in task.folds)
    held_parts, logits, rows = [], [], []
    for fold in task.folds:
        train = fold.train[~left_out[fold.train]]
        held = fold.validation[
            np.isin(task.labels[fold.validation], [*unseen, *np.unique(task.labels[train])])
        ]
        detectors = fit_all(task.embedding[train], task.labels[train], smallest)
        held_parts.append(score_all(detectors, task.embedding[held]))
        if metric_learned:
            held_parts[-1] |= score_metric(task, train, task.products.take(held), smallest)
        logits.append(_log_probabilities(detectors, task, train, task.embedding[held]))
        rows.append(held)
    held, logs = np.concatenate(rows), np.concatenate(logits)
    known = ~left_out[held]
    temperature = fit_temperature(logs[known], task.labels[held][known])
    held_scores = {name: np.concatenate([each[name] for each in held_parts]) for name in held_parts[0]}
    held_scores["max_softmax"] = MaxSoftmax().score(logs, np.exp(apply_temperature(logs, temperature)))

    train = np.flatnonzero(~left_out)
    seen = np.isin(task.test_labels, [*unseen, *np.unique(task.labels[train])])
    detectors = fit_all(task.embedding[train], task.labels[train], smallest)
    test_scores = score_all(detectors, task.test_embedding[seen])
    if metric_learned:
        test_scores |= score_metric(task, train, task.test_products.take(seen), smallest)
    logs = _log_probabilities(detectors, task, train, task.test_embedding[seen])
    test_scores["max_softmax"] = MaxSoftmax().score(logs, np.exp(apply_temperature(logs, temperature)))
    held_out = Scored(held_scores, ~known)
    test = Scored(test_scores, np.isin(task.test_labels[seen], unseen))
    return add_mixture(held_out, held_out), add_mixture(test, held_out)


def fit_all(embedding: np.ndarray, labels: np.ndarray, smallest: int) -> dict[str, OpenSetDetector]:
    """Fit every method that looks at embeddings."""
    detectors = {
        method: fit_detector(OpenSetConfig(method=method), embedding, labels, smallest_fit=smallest)
        for method in BY_CONFIG
    }
    energy = fit_energy(embedding, labels)
    return {**detectors, "energy": energy, "vim": add_virtual_logit(energy, embedding, smallest_fit=smallest)}


def score_all(detectors: Mapping[str, OpenSetDetector], embedding: np.ndarray) -> dict[str, np.ndarray]:
    """Score [N, D] with every detector."""
    nothing = np.zeros((len(embedding), 0), dtype=np.float32)
    return {name: detector.score(embedding, nothing) for name, detector in detectors.items()}


def score_metric(
    task: Task, train: np.ndarray, products: ProductEmbeddings, smallest: int
) -> dict[str, np.ndarray]:
    """Score products by distances in a metric-learned projection of image and text."""
    from smartprod.fusion.metric_learning import fit_metric
    from smartprod.fusion.representation import ConcatRepresentation

    learned, _ = fit_metric(
        ConcatRepresentation(1.0),
        task.products.take(train),
        task.labels[train],
        config=MetricLearningConfig(),
        seed=0,
    )
    inside, outside = learned.embed(task.products.take(train)), learned.embed(products)
    detectors = {
        f"{method}, metric": fit_detector(
            OpenSetConfig(method=method), inside, task.labels[train], smallest_fit=smallest
        )
        for method in ("rmds", "knn")
    }
    return score_all(detectors, outside)


def add_mixture(scored: Scored, held_out: Scored) -> Scored:
    """Add the mixture, standardised by the known held-out rows."""
    total = np.zeros(len(scored.unseen))
    for name in MIXTURE.split(" + "):
        known = held_out.scores[name][~held_out.unseen]
        total += (scored.scores[name] - known.mean()) / known.std()
    return Scored({**scored.scores, MIXTURE: total}, scored.unseen)


def _log_probabilities(
    detectors: Mapping[str, OpenSetDetector], task: Task, train: np.ndarray, embedding: np.ndarray
) -> np.ndarray:
    """What the logistic head says, over all classes, float32 [N, C]."""
    logs = np.full((len(embedding), int(task.labels.max()) + 1), -30.0, dtype=np.float32)
    energy = detectors["energy"]
    logs[:, np.unique(task.labels[train])] = np.log(softmax(energy.logits(embedding), axis=1) + 1e-12)
    return logs


def judge(figures: Figures, name: str, scored: Scored, held_out: Scored) -> None:
    """Add one choice's figures of one method."""
    scores, unseen = scored.scores[name], scored.unseen
    figures.auroc.append(float(roc_auc_score(unseen, scores)))
    figures.fpr.append(float((scores[unseen] <= np.quantile(scores[~unseen], 0.95)).mean()))
    threshold = rejection_threshold(held_out.scores[name][~held_out.unseen], RATE)
    rejected = scores > (np.inf if threshold is None else threshold)
    figures.known_rejected.append(float(rejected[~unseen].mean()))
    figures.unseen_rejected.append(float(rejected[unseen].mean()))


def speeds(task: Task) -> dict[str, float]:
    """Rows scored per second by each method, fitted on all rows of the set, in batches of 2,048."""
    detectors = fit_all(task.embedding, task.labels, len(task.labels))
    batch = np.resize(task.embedding, (2_048, task.embedding.shape[1]))
    nothing = np.zeros((len(batch), 0), dtype=np.float32)
    found = {}
    for name, detector in detectors.items():
        detector.score(batch, nothing)
        start, rounds = time.perf_counter(), 0
        while time.perf_counter() - start < 0.5:
            detector.score(batch, nothing)
            rounds += 1
        found[name] = rounds * len(batch) / (time.perf_counter() - start)
    return found


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error, 0 for one value."""
    error = np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(np.mean(values)), float(error)


def show(name: str, part: str, table: Mapping[str, Figures], output: dict[str, float]) -> None:
    """Print the lines of one set and part, the best AUROC first, and keep the figures."""
    for method, figures in sorted(table.items(), key=lambda item: -np.mean(item[1].auroc)):
        cells = {
            "auroc": mean_and_error(figures.auroc),
            "fpr95": mean_and_error(figures.fpr),
            "known_rejected": mean_and_error(figures.known_rejected),
            "unseen_rejected": mean_and_error(figures.unseen_rejected),
        }
        shown = [f"{mean:8.3f} ± {error:.3f}" for mean, error in cells.values()]
        print(f"{name:8} {part:9} {method:16} " + " ".join(shown), flush=True)
        for metric, (mean, error) in cells.items():
            key = f"{name}.{part}.{method}.{metric}".replace(" ", "_").replace(",", "")
            output[key], output[f"{key}_error"] = mean, error


def main() -> None:
    """Measure the chosen sets, print tables, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--head", default="fused", choices=("fused", "image", "text"))
    parser.add_argument("--choices", type=int, default=5, help="choices of unseen classes")
    parser.add_argument(
        "--metric-learned", action="store_true", help="also in a metric-learned projection (slow)"
    )
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="the smallest set, two choices")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    arguments = parser.parse_args()
    names = arguments.sets or (QUICK_SETS if arguments.quick else SETS)
    count = 2 if arguments.quick else arguments.choices
    output: dict[str, float] = {}
    titles = " ".join(
        f"{title:>16}" for title in ("AUROC", "FPR at 95 %", "known rejected", "unseen rejected")
    )
    print(f"{'set':8} {'part':9} {'method':16} {titles}")
    with tempfile.TemporaryDirectory() as temporary:
        for name in names:
            head = "image" if name == "grocery" else arguments.head
            task = load_task(name, head, arguments.folder or Path(temporary))
            if task is None:
                continue
            tables: dict[str, dict[str, Figures]] = {
                part: defaultdict(Figures) for part in ("held-out", "test")
            }
            for unseen in choose_unseen(task, count):
                held_out, test = measure(
                    task, unseen, metric_learned=arguments.metric_learned and head == "fused"
                )
                for method in held_out.scores:
                    judge(tables["held-out"][method], method, held_out, held_out)
                    judge(tables["test"][method], method, test, held_out)
            for part, table in tables.items():
                show(name, part, table, output)
            for method, rate in speeds(task).items():
                output[f"{name}.{method}.rows_per_second"] = rate
                print(f"{name:8} {'speed':9} {method:16} {rate:13,.0f} rows/s")
    if arguments.json:
        arguments.json.write_text(json.dumps(output, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
