"""Compare a flat classifier over the leaves with classifiers of two levels, on the category paths of real sets.

Flat: logistic regression over the leaves (C=30, class-balanced); its probabilities are summed up the tree. Two levels: the
same regression over coarse classes and within each of them; `top-down` takes the best leaf of the best coarse class,
`soft` multiplies the probabilities. Coarse classes: the second level of the tree, or as many clusters of the classes'
mean embeddings as have the clearest gaps. Every line has the same embeddings and rows: the given test part, and grouped
5-fold cross-validation over train and val, from which the difference to flat has a standard error.

    SMARTPROD_DATA=/path/to/sets python benchmarks/hierarchy.py [--sets myntra ...] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from learning_scores import mean_and_error
from learning_sets import FOLDS, Division, LearningSet, divide, divisions, load_set, prepare_set

from smartprod.classifiers import FitRequest, fit_logistic
from smartprod.classifiers.two_level import coarse_classes, fit_two_level
from smartprod.evaluation.hierarchy import hierarchical_score
from smartprod.evaluation.metrics import f1
from smartprod.resampling import TrainingSet

SETS = ("myntra", "bestbuy", "grocery")
QUICK_SETS = ("magento",)
TEXT_WEIGHT = 2.0
LEVEL = 2
SEPARATOR = " > "
PATHS = ("catalog.columns.category=category_path",)
OPTIONS = {"C": 30.0, "max_iterations": 400, "weighting": "balanced"}
FLAT = "flat, summed up the tree"


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one method on one division.

    Attributes:
        accuracy, macro_f1: Of the leaves.
        hierarchical_f1: Of the leaves with all their ancestors.
        coarse_accuracy: Of the answer at the coarse level itself: by summed probabilities, or by the coarse classifier.
    """

    accuracy: float
    macro_f1: float
    hierarchical_f1: float
    coarse_accuracy: float


def measure(data: LearningSet, division: Division) -> dict[str, Score]:
    """Fit every method on one division and score it."""
    learned, judged = divide(data, division)
    classes, labels = np.unique(data.labels[learned], return_inverse=True)
    known = np.isin(data.labels[judged], classes)  # no method can be right about the others
    judged = judged[known]
    truth = np.searchsorted(classes, data.labels[judged])
    training = TrainingSet(embed_rows(data, learned), labels)
    rows = embed_rows(data, judged)
    paths = tuple(classes.tolist())
    tree = coarse_classes(paths, separator=SEPARATOR, level=LEVEL)
    return {
        name: _score(paths, truth, predicted, coarse, tree)
        for name, predicted, coarse in _answers(training, rows, tree, len(paths))
    }


def _answers(
    training: TrainingSet, rows: np.ndarray, tree: np.ndarray, classes: int
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, answered leaf and answered coarse class of the tree of every method; int64 [N] both."""
    flat = fit_logistic(FitRequest(training, classes), **OPTIONS).classifier
    logs = flat.log_probabilities(rows)
    yield FLAT, logs.argmax(axis=1), _summed(logs, tree)
    for name, coarse in ((f"level {LEVEL}", tree), ("clusters", None)):
        model = fit_two_level(FitRequest(training, classes, coarse=coarse), **OPTIONS).classifier
        top_down, logs = model.top_down(rows), model.log_probabilities(rows)
        yield f"{name}, top-down", top_down, tree[top_down]
        yield f"{name}, soft", logs.argmax(axis=1), _summed(logs, tree)


def _summed(logs: np.ndarray, tree: np.ndarray) -> np.ndarray:
    """The coarse class of the highest summed probability."""
    return (np.exp(logs) @ np.eye(int(tree.max()) + 1, dtype=np.float32)[tree]).argmax(axis=1)


def _score(
    paths: tuple[str, ...], truth: np.ndarray, predicted: np.ndarray, coarse: np.ndarray, tree: np.ndarray
) -> Score:
    names = np.asarray(paths, dtype=object)
    return Score(
        accuracy=float((predicted == truth).mean()),
        macro_f1=f1(truth, predicted, average="macro"),
        hierarchical_f1=hierarchical_score(names[truth], names[predicted], separator=SEPARATOR).f1,
        coarse_accuracy=float((coarse == tree[truth]).mean()),
    )


def embed_rows(data: LearningSet, rows: np.ndarray) -> np.ndarray:
    """Embeddings of some rows side by side, float32 [N, D]."""
    products = data.products.take(rows)
    weights = {"image": 1.0, "text": TEXT_WEIGHT}
    return np.hstack([np.float32(weights[name]) * products.modality(name).values for name in data.modalities])


def main() -> None:
    """Measure the chosen sets, print a table for each, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=(*SETS, *QUICK_SETS))
    parser.add_argument(
        "--repeats", type=int, default=3, help="repeats of the grouped 5-fold cross-validation"
    )
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="the smallest set, one repeat")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    arguments = parser.parse_args()
    repeats = 1 if arguments.quick else arguments.repeats
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets or (QUICK_SETS if arguments.quick else SETS):
            runs = arguments.folder or Path(temporary)
            prepare_set(name, runs, PATHS)
            data = load_set(name, runs, PATHS)
            given, *folds = (measure(data, division) for division in divisions(name, repeats))
            figures |= _print_set(name, given, folds)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _print_set(name: str, given: dict[str, Score], folds: list[dict[str, Score]]) -> dict[str, float]:
    """Print one set's table and return its figures."""
    print(
        f"\n{name}: given test part, then {len(folds)} folds: mean, and difference to flat ± standard error"
    )
    columns = tuple(asdict(given[FLAT]))
    print(f"{'':26}" + "".join(f"{column:>17}" for column in columns))
    figures = {}
    for method, on_test in given.items():
        test, means, gains = [], [], []
        for column in columns:
            values = [getattr(fold[method], column) for fold in folds]
            gain = [value - getattr(fold[FLAT], column) for value, fold in zip(values, folds, strict=True)]
            mean, _ = mean_and_error(values, test_to_train=1 / (FOLDS - 1))
            difference, error = mean_and_error(gain, test_to_train=1 / (FOLDS - 1))
            test.append(f"{getattr(on_test, column):17.4f}")
            means.append(f"{mean:17.4f}")
            gains.append(f"{f'{difference:+.4f} ± {error:.4f}':>17}")
            key = f"{name}.{method.replace(', ', '_').replace(' ', '_')}.{column}"
            figures |= {f"{key}.given": getattr(on_test, column), f"{key}.folds": mean}
            figures |= {f"{key}.gain": difference, f"{key}.gain_error": error}
        print(f"{method:26}" + "".join(test))
        print(f"{'':26}" + "".join(means))
        if method != FLAT:
            print(f"{'':26}" + "".join(gains))
    print(flush=True)
    return figures


if __name__ == "__main__":
    main()
