"""Compare ways to deal with classes of uneven size on the same embeddings, by repeated grouped 5-fold cross-validation.

Over the train and val rows of each set; test rows are never seen. For each method: macro-F1 with the standard error of
its difference to class weights, accuracy, log-loss, and the macro-F1 of large, medium and small classes (more than 100,
20 to 100, fewer than 20 rows learned from).

    SMARTPROD_DATA=/path/to/sets python benchmarks/imbalance.py [--sets myntra ...] [--repeats 3] [--only PATTERN]
        [--folder FOLDER] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import warnings
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from learning_sets import Division, LearningSet, divide, divisions, load_set, prepare_set
from sklearn.metrics import f1_score

from smartprod.classifiers import ClassifierRecipe, FitRequest, fit_classifier
from smartprod.config.learning import ClassifierConfig, MlpConfig, ResampleMethod
from smartprod.config.schema import ShotsConfig
from smartprod.errors import TrainingError
from smartprod.pipeline import limit_threads
from smartprod.resampling import TrainingSet, resample_embeddings, select_rows
from smartprod.resampling.resample import SELECTING
from smartprod.resampling.samplers import SAMPLERS

SETS = ("myntra", "bestbuy", "grocery")
QUICK_SET = "magento"
GROUPS = ("many", "medium", "few")


@dataclass(frozen=True, slots=True)
class Method:
    """One way to deal with imbalance.

    Attributes:
        name: In the table.
        kind: Classifier.
        weighting: Class weights.
        resample: What is done to the training rows.
        keys: Further keys of the classifier's configuration.
        tail: Classes with fewer rows than this are answered half by prototypes.
    """

    name: str
    kind: str = "logistic"
    weighting: str = "none"
    resample: ResampleMethod = "none"
    keys: dict[str, Any] = field(default_factory=dict)
    tail: int = 0

    def config(self) -> ClassifierConfig:
        """The classifier's configuration."""
        return ClassifierConfig(**self.keys)


METHODS = (
    *(Method(f"logistic, weights {each}", weighting=each) for each in ("balanced", "sqrt", "none")),
    *(Method(f"logistic, logit adjustment {tau}", keys={"logit_adjustment": tau}) for tau in (0.5, 1.0)),
    *(Method(f"logistic, {each}", resample=each) for each in ("random_over", "random_under", *SAMPLERS)),
    *(Method(f"logistic, prototypes below {rows} rows", weighting="balanced", tail=rows) for rows in (5, 20)),
    *(Method(f"mlp, weights {each}", "mlp", each) for each in ("sqrt", "balanced", "none")),
    Method("mlp, focal", "mlp", keys={"mlp": MlpConfig(loss="focal")}),
    Method("mlp, focal, weights sqrt", "mlp", "sqrt", keys={"mlp": MlpConfig(loss="focal")}),
    *(
        Method(
            f"mlp, logit-adjusted loss {tau}",
            "mlp",
            keys={"mlp": MlpConfig(loss="logit_adjusted"), "logit_adjustment": tau},
        )
        for tau in (0.5, 1.0)
    ),
    Method("mlp, logit adjustment 1.0", "mlp", keys={"logit_adjustment": 1.0}),
    *(
        Method(f"mlp, batches {each}", "mlp", keys={"mlp": MlpConfig(sampling=each)})
        for each in ("sqrt", "balanced")
    ),
    *(
        Method(
            f"mlp, {classes} classes, then the others", "mlp", keys={"mlp": MlpConfig(head_classes=classes)}
        )
        for classes in (5, 10, 20)
    ),
    Method("mlp, batch norm, weights sqrt", "mlp", "sqrt", keys={"mlp": MlpConfig(batch_norm=True)}),
    Method("mlp, random_over", "mlp", resample="random_over"),
    Method("mlp, smote", "mlp", resample="smote"),
    Method("prototype", "prototype"),
    Method("discriminant", "discriminant", "balanced"),
)


@dataclass(frozen=True, slots=True)
class FoldScore:
    """Scores of one method on one fold; NaN for sizes of class that the fold lacks, or where the method failed."""

    macro_f1: float = nan
    accuracy: float = nan
    log_loss: float = nan
    many: float = nan
    medium: float = nan
    few: float = nan


def score_fold(data: LearningSet, division: Division, method: Method) -> FoldScore:
    """Learn from four fifths and judge the rest."""
    learned, judged = divide(data, division)
    embedding = np.hstack([data.products.modality(name).values for name in data.modalities])
    labels = np.searchsorted(data.classes, data.labels)
    training = TrainingSet(embedding[learned], labels[learned])
    try:
        balanced = _resample(training, method)
    except TrainingError:
        return FoldScore()
    answers = _answers(method, balanced, embedding[judged], classes=len(data.classes))
    counts = np.bincount(training.labels, minlength=len(data.classes))
    if method.tail:
        answers = _with_prototypes(answers, training, embedding[judged], counts < method.tail)
    return _score(answers, labels[judged], counts)


def _resample(training: TrainingSet, method: Method) -> TrainingSet:
    if method.resample in SELECTING:
        rows = select_rows(training.labels, method=method.resample, seed=0)
        return TrainingSet(training.embedding[rows], training.labels[rows])
    return resample_embeddings(
        training.embedding, training.labels, method=method.resample, neighbours=5, seed=0
    )


def _answers(method: Method, training: TrainingSet, asked: np.ndarray, *, classes: int) -> np.ndarray:
    """Probabilities [M, C]; networks run all their epochs, since there is no inner validation."""
    recipe = ClassifierRecipe(method.kind, method.weighting, C=30.0 if method.kind == "logistic" else None)
    fitted = fit_classifier(recipe, FitRequest(training, classes), method.config())
    return np.exp(fitted.classifier.log_probabilities(asked))


def _with_prototypes(
    answers: np.ndarray, training: TrainingSet, asked: np.ndarray, tail: np.ndarray
) -> np.ndarray:
    """For tail classes the mean of the head's and the prototypes' probabilities, normalised again."""
    prototypes = _answers(Method("", "prototype"), training, asked, classes=len(tail))
    mixed = np.where(tail, (answers + prototypes) / 2, answers)
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))


def _score(answers: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> FoldScore:
    predicted = answers.argmax(axis=1)
    limits = ShotsConfig()
    size = np.where(counts > limits.many, "many", np.where(counts < limits.few, "few", "medium"))
    f1 = f1_score(labels, predicted, labels=np.unique(labels), average=None, zero_division=0)
    sizes = size[np.unique(labels)]
    return FoldScore(
        macro_f1=f1_score(labels, predicted, average="macro", zero_division=0),
        accuracy=float((predicted == labels).mean()),
        log_loss=float(-np.log(answers[np.arange(len(labels)), labels].clip(1e-7)).mean()),
        **{name: float(f1[sizes == name].mean()) if (sizes == name).any() else nan for name in GROUPS},
    )


def measure_set(
    name: str, folder: Path, methods: list[Method], *, repeats: int
) -> dict[str, list[FoldScore]]:
    """Score all methods on all folds of a set."""
    prepare_set(name, folder)
    data = load_set(name, folder)
    folds = [each for each in divisions(name, repeats) if each.repeat is not None]
    found: dict[str, list[FoldScore]] = {}
    for method in methods:
        found[method.name] = [score_fold(data, division, method) for division in folds]
        _print_line(name, method.name, found)
    return found


def _summary(scores: list[FoldScore], reference: list[FoldScore]) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of sizes of class that a set lacks
        line = {
            key: float(np.nanmean([getattr(each, key) for each in scores]))
            for key in FoldScore.__dataclass_fields__
        }
    gains = np.asarray([a.macro_f1 - b.macro_f1 for a, b in zip(scores, reference, strict=True)])
    line["gain"], line["gain_error"] = float(gains.mean()), float(gains.std(ddof=1) / len(gains) ** 0.5)
    return line


def _reference(name: str, found: dict[str, list[FoldScore]]) -> list[FoldScore]:
    """The default weights of the same classifier; the method itself where those were not measured."""
    default = {"logistic": "logistic, weights balanced", "mlp": "mlp, weights sqrt"}
    return found.get(default.get(name.partition(",")[0], "logistic, weights balanced"), found[name])


def _print_line(set_name: str, name: str, found: dict[str, list[FoldScore]]) -> None:
    line = _summary(found[name], _reference(name, found))
    cells = "".join(f"{line[key]:9.3f}" for key in ("macro_f1", "accuracy", "log_loss", *GROUPS))
    print(
        f"{set_name:8} {name:38}{cells}   {line['gain']:+.3f} ± {line['gain_error']:.3f}".replace(
            "nan", "  -"
        ),
        flush=True,
    )


def main() -> None:
    """Measure the chosen sets, print the tables, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=(*SETS, QUICK_SET))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="only methods whose name matches this regular expression")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="the smallest set, once, every second method")
    arguments = parser.parse_args()
    limit_threads(1)
    names = arguments.sets or ((QUICK_SET,) if arguments.quick else SETS)
    methods = [each for each in METHODS if re.search(arguments.only, each.name)][
        :: 2 if arguments.quick else 1
    ]
    columns = ("macro-F1", "accuracy", "log-loss", *GROUPS)
    print(f"{'set':8} {'method':38}" + "".join(f"{each:>9}" for each in columns) + "   gain in macro-F1")
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in names:
            folder = (arguments.folder or Path(temporary)).absolute()
            found = measure_set(name, folder, methods, repeats=1 if arguments.quick else arguments.repeats)
            for method, scores in found.items():
                key = f"{name}.{re.sub(r'[^a-z0-9.]+', '_', method)}"
                for figure, value in _summary(scores, _reference(method, found)).items():
                    if not np.isnan(value):
                        figures[f"{key}.{figure}"] = value
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
