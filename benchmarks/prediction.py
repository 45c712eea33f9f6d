"""Rows per second of each kind of classifier at prediction: 1,664 dimensions, 10 to 400 classes.

All are fitted on random embeddings around a centre for each class; what is learned does not matter here, the sizes do.
LightGBM is asked as it is, with the early stopping of its own predictor, whose answers differ, and, where the packages
are installed (`pip install onnxmltools treelite`), by ONNX Runtime and by Treelite's own evaluator. `same` is the share of
rows that get the same class as from LightGBM itself. What needs a C compiler where it runs is left out.

    python benchmarks/prediction.py [--classes 10 100 400] [--rows 10000] [--rounds 100] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from smartprod.classifiers import FitRequest, fit_logistic
from smartprod.classifiers.boosting import LightgbmClassifier, fit_lightgbm
from smartprod.classifiers.mlp import fit_mlp
from smartprod.classifiers.prototype import fit_prototype
from smartprod.classifiers.stacking import mix
from smartprod.config.learning import LightgbmConfig, MlpConfig
from smartprod.pipeline import cpu_count, limit_threads
from smartprod.resampling import TrainingSet

DIM = 1_664
CLASSES = (10, 100, 400)
BOOSTED = "lightgbm"
_ROWS_PER_CLASS = 12
_LIGHTGBM_ROWS = 2_000

Predict = Callable[[np.ndarray], np.ndarray]


def embeddings(rng: np.random.Generator, labels: np.ndarray, classes: int) -> np.ndarray:
    """Unit rows around a centre for each class, float32 [N, 1664]."""
    centres = np.random.default_rng(1).standard_normal((classes, DIM), dtype=np.float32)
    rows = centres[labels] + rng.standard_normal((len(labels), DIM), dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def predictors(classes: int, rounds: int) -> Iterator[tuple[str, Predict]]:
    """Fit one classifier of each kind."""
    labels = np.repeat(np.arange(classes), _ROWS_PER_CLASS)
    training = TrainingSet(embeddings(np.random.default_rng(0), labels, classes), labels)
    request = FitRequest(training, classes, threads=cpu_count(), rounds=rounds)
    logistic = fit_logistic(request, C=30, max_iterations=5, weighting="none").classifier.log_probabilities
    mlp = fit_mlp(request, MlpConfig(epochs=1), weighting="none").classifier.log_probabilities
    prototype = fit_prototype(request, temperature=0.05).classifier.log_probabilities
    yield "prototype", prototype
    yield "logistic", logistic
    yield "mlp", mlp
    three = (prototype, logistic, mlp)
    yield "mixture of these", lambda rows: mix(np.stack([each(rows) for each in three]), np.full(3, 1 / 3))
    boosted = fit_lightgbm(
        request, LightgbmConfig(rounds=rounds, min_rows_per_leaf=2), weighting="none"
    ).classifier
    assert isinstance(boosted, LightgbmClassifier)
    yield BOOSTED, boosted.log_probabilities
    yield (
        "lightgbm, early stop",
        lambda rows: boosted.booster.predict(
            seen_by(boosted, rows), raw_score=True, pred_early_stop=True, pred_early_stop_margin=4.0
        ),
    )

    yield from compiled(boosted)


def seen_by(boosted: LightgbmClassifier, rows: np.ndarray) -> np.ndarray:
    """What the trees see of embeddings [N, D]: all of it, or its coordinates along a few directions."""
    return rows if boosted.directions is None else boosted.directions.project(rows)


def compiled(boosted: LightgbmClassifier) -> Iterator[tuple[str, Predict]]:
    """The same trees evaluated by other libraries, as far as they are installed."""
    if find_spec("onnxmltools") is not None:
        import onnxruntime
        from onnxmltools.convert import convert_lightgbm
        from onnxmltools.convert.common.data_types import FloatTensorType

        onnxruntime.set_default_logger_severity(3)
        inputs = [("rows", FloatTensorType([None, boosted.booster.num_feature()]))]
        graph = convert_lightgbm(boosted.booster, initial_types=inputs, zipmap=False).SerializeToString()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cpu_count()
        session = onnxruntime.InferenceSession(graph, options)
        yield f"{BOOSTED}, ONNX Runtime", lambda rows: session.run(None, {"rows": seen_by(boosted, rows)})[1]
    if find_spec("treelite") is not None:
        import treelite

        model = treelite.frontend.from_lightgbm(boosted.booster)
        yield (
            f"{BOOSTED}, Treelite",
            lambda rows: treelite.gtil.predict(model, seen_by(boosted, rows), pred_margin=True, nthread=-1),
        )


def rate(predict: Predict, rows: np.ndarray) -> float:
    """Rows per second, best of two."""
    predict(rows[:64])
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        predict(rows)
        seconds.append(time.perf_counter() - started)
    return len(rows) / min(seconds)


def main() -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--classes", nargs="+", type=int, default=None)
    parser.add_argument("--rows", type=int, default=10_000, help="rows of a batch")
    parser.add_argument("--rounds", type=int, default=None, help="trees per class")
    parser.add_argument("--quick", action="store_true", help="10 and 100 classes, 10 trees per class")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    arguments = parser.parse_args()
    limit_threads(None)
    rounds = arguments.rounds or (10 if arguments.quick else 100)
    figures: dict[str, float] = {}
    print(
        f"{'classes':>7} {'classifier':22} {'rows/s':>10} {'of the MLP':>10} {'same':>6}   ({rounds} trees per class)"
    )
    for classes in arguments.classes or (CLASSES[:2] if arguments.quick else CLASSES):
        labels = np.random.default_rng(2).integers(0, classes, arguments.rows)
        rows = embeddings(np.random.default_rng(3), labels, classes)
        found: dict[str, float] = {}
        trees: np.ndarray | None = None
        for name, predict in predictors(classes, rounds):
            asked = rows[:_LIGHTGBM_ROWS] if name.startswith(BOOSTED) else rows
            found[name] = rate(predict, asked)
            ratio = f"{found[name] / found['mlp']:10.2f}" if "mlp" in found else " " * 10
            key = f"{classes}.{name.replace(', ', '_').replace(' ', '_')}"
            figures[f"{key}.rows_per_second"] = found[name]
            same = ""
            if name.startswith(BOOSTED):
                guesses = np.asarray(predict(asked)).reshape(len(asked), -1).argmax(axis=1)
                trees = guesses if trees is None else trees
                figures[f"{key}.same"] = float((guesses == trees).mean())
                same = f"{figures[f'{key}.same']:6.3f}"
            print(f"{classes:7} {name:22} {found[name]:10,.0f} {ratio} {same}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
