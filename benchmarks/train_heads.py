"""Seconds to train each candidate once on 10,000 rows x 1,664 features x 100 classes, and all of the default ones.

The rows are drawn: classes are centres in 64 directions, images (1,280) and texts (384) see them through noise of their
own, strong enough that about four of five rows are told apart. A fifth of as many rows more stop the training early and
score it. Nothing is cross-validated: with five folds and the final fit, a run takes about six times as long.

    python benchmarks/train_heads.py [--rows 10000] [--classes 100] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smartprod.classifiers import FitRequest, fit_classifier
from smartprod.classifiers.candidates import plan_candidates
from smartprod.config.learning import ClassifierConfig, GatedConfig, MetricLearningConfig
from smartprod.embeddings import ModalityEmbeddings
from smartprod.fusion import (
    Fold,
    LearningData,
    ProductEmbeddings,
    Representation,
    fitting_threads,
)
from smartprod.fusion.block_weights import learn_text_weight
from smartprod.fusion.metric_learning import fit_metric
from smartprod.fusion.modality_fusion import fit_fusion_network
from smartprod.fusion.representation import ConcatRepresentation, single_representations
from smartprod.pipeline import cpu_count, limit_threads
from smartprod.resampling import TrainingSet

DIMS = (1_280, 384)
DIRECTIONS = 64
SPREAD = 2.6
LIMIT = 60.0
CONFIG = ClassifierConfig(candidates=("logistic", "mlp", "prototype", "lightgbm"))


@dataclass(frozen=True, slots=True)
class Training:
    """What was trained, the seconds it took, and its accuracy on the validation rows."""

    name: str
    seconds: float
    accuracy: float | None = None


def draw_products(rows: int, classes: int, seed: int = 0) -> LearningData:
    """Draw `rows` training rows and a fifth of as many validation rows."""
    rng = np.random.default_rng(seed)
    count = rows + rows // 5
    labels = np.arange(count) % classes
    rng.shuffle(labels)
    centres = rng.standard_normal((classes, DIRECTIONS)).astype(np.float32)
    blocks = []
    for dim in DIMS:
        hidden = centres[labels] + SPREAD * rng.standard_normal((count, DIRECTIONS)).astype(np.float32)
        view = rng.standard_normal((DIRECTIONS, dim)).astype(np.float32)
        values = np.maximum(hidden @ view / DIRECTIONS**0.5 + 0.5, 0)  # as behind a rectifier
        values += 0.3 * rng.standard_normal(values.shape).astype(np.float32)
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        blocks.append(ModalityEmbeddings(values.astype(np.float32), np.ones(count, bool)))
    fold = Fold("fold-0", np.arange(rows), np.arange(rows, count))
    names = tuple(f"class {number}" for number in range(classes))
    return LearningData(names, np.arange(count), labels, ProductEmbeddings(*blocks), (fold,))


def measure(data: LearningData, threads: int) -> Iterator[Training]:
    """Train the default representations, then every classifier on each of them."""
    (fold,) = data.folds
    rows, labels = data.products.take(fold.train), data.labels[fold.train]
    held = data.products.take(fold.validation)
    judge = held, data.labels[fold.validation]
    started = time.perf_counter()
    weights = learn_text_weight(data, seed=0)
    yield Training("weight of the text block", time.perf_counter() - started)
    concat = ConcatRepresentation(min(weights, key=lambda weight: weights[weight]))
    started = time.perf_counter()
    metric, _ = fit_metric(concat, rows, labels, config=MetricLearningConfig(), seed=0, validation=judge)
    yield Training("metric projection", time.perf_counter() - started)
    started = time.perf_counter()
    gated, _ = fit_fusion_network(rows, labels, config=GatedConfig(), seed=0, validation=judge)
    yield Training("gated fusion", time.perf_counter() - started)
    singles = single_representations(data.products)
    loaded: dict[str, Representation] = {each.name: each for each in (*singles, concat, metric, gated)}
    for candidate in plan_candidates(list(loaded), data, CONFIG):
        representation = loaded[candidate.representation]
        training = TrainingSet(representation.embed(data.products.take(fold.train)), data.labels[fold.train])
        validation = TrainingSet(representation.embed(held), data.labels[fold.validation])
        if candidate.recipe.kind == "lightgbm" and candidate.representation != "concat":
            continue
        request = FitRequest(training, len(data.classes), 0, threads, validation)
        started = time.perf_counter()
        classifier = fit_classifier(candidate.recipe, request, CONFIG).classifier
        seconds = time.perf_counter() - started
        guesses = classifier.log_probabilities(validation.embedding).argmax(axis=1)
        yield Training(candidate.name, seconds, float((guesses == validation.labels).mean()))


def main() -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=None, help="training rows")
    parser.add_argument("--classes", type=int, default=None)
    parser.add_argument("--quick", action="store_true", help="1,000 rows of 10 classes")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    arguments = parser.parse_args()
    limit_threads(None)
    list(measure(draw_products(60, 3), 1))  # imports and first calls
    rows = arguments.rows or (1_000 if arguments.quick else 10_000)
    classes = arguments.classes or (10 if arguments.quick else 100)
    data = draw_products(rows, classes)
    print(f"{rows:,} rows x {sum(DIMS):,} features x {classes} classes")
    print(f"{'trained':28} {'seconds':>8} {'accuracy':>8}")
    figures: dict[str, float] = {}
    default = 0.0
    with fitting_threads(data.elements, available=cpu_count()) as threads:
        for training in measure(data, threads):
            shown = "" if training.accuracy is None else f"{training.accuracy:8.3f}"
            print(f"{training.name:28} {training.seconds:8.1f} {shown}", flush=True)
            figures[f"{training.name.replace(' ', '_')}.seconds"] = training.seconds
            if training.accuracy is not None:
                figures[f"{training.name}.accuracy"] = training.accuracy
            default += 0.0 if training.name.endswith("lightgbm") else training.seconds
    everything = sum(value for name, value in figures.items() if name.endswith(".seconds"))
    figures |= {"default.seconds": default, "all.seconds": everything}
    print(f"{'default candidates, once':28} {default:8.1f}")
    print(f"{'with LightGBM':28} {everything:8.1f}   (at most {LIMIT:g} s is asked for)")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
