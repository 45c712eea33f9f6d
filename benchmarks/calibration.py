"""Calibration of the heads before and after: log-loss, calibration error and accuracy on rows kept apart.

`held-out`: the held-out answers of a run, calibrated on four fifths and judged on the fifth left, several times over.
`test`: the final heads, calibrated on all held-out answers and judged on the test part, which nothing is tuned on.
`auto` chooses among temperature, vector and isotonic by its own inner cross-fit on the rows that it learns from.

    SMARTPROD_DATA=/path/to/sets python benchmarks/calibration.py [--sets myntra ...] [--runs FOLDER] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow.parquet as pq

from smartprod.classifiers import load_heads, load_validation
from smartprod.config import load_config
from smartprod.decision.calibration import CalibrationChoice, CalibrationMethod, Calibrator, learn_calibration
from smartprod.embeddings import EmbeddingStore
from smartprod.evaluation.reliability import expected_calibration_error
from smartprod.fusion import load_products
from smartprod.pipeline import RunConsole, RunFolder, limit_threads, load_pipeline, run_pipeline

SETS = ("myntra", "bestbuy", "grocery", "demo")
QUICK_SETS = ("demo",)
QUICK_CHANGES = ("catalog.demo.products=600", "classifier.candidates=[logistic]", "fuse.candidates=[concat]")
METHODS: tuple[CalibrationChoice, ...] = (*get_args(CalibrationMethod), "auto")
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Uncalibrated log-probabilities of a head, float32 [N, C], and the true classes, int64 [N]."""

    logs: np.ndarray
    labels: np.ndarray

    def take(self, rows: np.ndarray) -> Answers:
        """Some of the rows."""
        return Answers(self.logs[rows], self.labels[rows])


def scores(answers: Answers) -> tuple[float, float, float]:
    """Log-loss, expected calibration error and accuracy of calibrated answers."""
    rows = np.arange(len(answers.labels))
    probabilities, right = np.exp(answers.logs), answers.logs.argmax(axis=1) == answers.labels
    loss = -float(answers.logs[rows, answers.labels].mean())
    return loss, expected_calibration_error(probabilities.max(axis=1), right), float(right.mean())


def learn(method: CalibrationChoice, answers: Answers, *, seed: int) -> Calibrator:
    """Calibrate as the `decide` stage does."""
    folds = np.random.default_rng(seed).integers(0, _FOLDS, len(answers.labels))
    return learn_calibration(answers.logs, answers.labels, folds, choice=method).calibrator


def kept_apart(answers: Answers, method: CalibrationChoice, *, repeats: int) -> tuple[float, ...]:
    """Scores of all rows, each calibrated without its fold, mean over several divisions into folds."""
    found = []
    for repeat in range(repeats):
        order = np.random.default_rng(repeat).permutation(len(answers.labels))
        after = np.empty_like(answers.logs)
        for fold in range(_FOLDS):
            held = order[fold::_FOLDS]
            calibrator = learn(method, answers.take(np.setdiff1d(order, held)), seed=repeat)
            after[held] = calibrator.apply(answers.logs[held])
        found.append(scores(Answers(after, answers.labels)))
    return tuple(float(value) for value in np.mean(found, axis=0))


def heads_of(run: RunFolder) -> Iterator[tuple[str, Answers, Answers]]:
    """Held-out and test answers of each head of a run."""
    heads = load_heads(run.artefact_path("heads"))
    split = pq.read_table(run.artefact_path("split"))
    index = {name: number for number, name in enumerate(heads.classes)}
    labels = np.asarray([index.get(label or "", -1) for label in split["label"].to_pylist()])
    rows = np.flatnonzero((np.asarray(split["part"].to_pylist()) == "test") & (labels >= 0))
    store = EmbeddingStore(run.root.parent / "embedding-store")
    products = load_products(pq.read_table(run.artefact_path("embedding_index")), rows, store)
    for name, held in load_validation(run.artefact_path("heads")).items():
        able = products.having(heads.heads[name].modalities)
        logs = heads.heads[name].log_probabilities(products.take(able))
        yield name, Answers(held.log_probabilities, held.labels), Answers(logs, labels[rows[able]])


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--runs", type=Path, help="keep runs and embeddings here")
    parser.add_argument("--repeats", type=int, help="divisions into folds (5; 1 with --quick)")
    parser.add_argument("--quick", action="store_true", help="the demo catalogue only")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    arguments = parser.parse_args()
    limit_threads(None)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets or (QUICK_SETS if arguments.quick else SETS):
            changes = QUICK_CHANGES if arguments.quick else ()
            loaded = load_config(name, [f"run.folder={arguments.runs or temporary}", *changes])
            run = run_pipeline(load_pipeline("all"), loaded, console=RunConsole(quiet=True)).run
            repeats = arguments.repeats or (1 if arguments.quick else 5)
            figures |= tell(name, run, repeats=repeats)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def tell(name: str, run: RunFolder, *, repeats: int) -> dict[str, float]:
    """Measure one set, print its lines, and return the figures."""
    figures: dict[str, float] = {}
    columns = ("log-loss", "ece", "accuracy")
    print(f"{name:8} {'head':6} {'method':12}" + "".join(f"{f'held-out {each}':>18}" for each in columns)
          + "".join(f"{f'test {each}':>14}" for each in columns))  # fmt: skip
    for head, held_out, test in heads_of(run):
        for method in METHODS:
            apart = kept_apart(held_out, method, repeats=repeats)
            calibrator = learn(method, held_out, seed=0)
            final = scores(Answers(calibrator.apply(test.logs), test.labels))
            chosen = f" ({calibrator.method})" if method == "auto" else ""
            print(f"{'':8} {head:6} {method:12}" + "".join(f"{value:18.4f}" for value in apart)
                  + "".join(f"{value:14.4f}" for value in final) + chosen, flush=True)  # fmt: skip
            key = f"{name}.{head}.{method}"
            for column, before, after in zip(columns, apart, final, strict=True):
                figures |= {f"{key}.held_out.{column}": before, f"{key}.test.{column}": after}
    return figures


if __name__ == "__main__":
    main()
