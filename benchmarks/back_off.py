"""Check the promise on backed-off answers, and compare it with backing off from the threshold of accepted ones.

A flat logistic regression answers rows that it has not seen: on myntra and bestbuy the train and val rows by grouped
5-fold cross-validation, on grocery the test part. These rows are cut in random halves many times: both thresholds are
learned on one half (target 95 %, 90 % sure) and judged on the other. A promise counts as broken where so few of the ancestors
answered there are right that a true accuracy of 95 % would give as few in one of twenty halves at most.

    SMARTPROD_DATA=/path/to/sets python benchmarks/back_off.py [--sets myntra ...] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from hierarchy import OPTIONS, PATHS, QUICK_SETS, SEPARATOR, SETS, embed_rows
from learning_sets import Division, LearningSet, divide, divisions, load_set, prepare_set
from scipy.stats import binom

from smartprod.classifiers import FitRequest, apply_temperature, fit_logistic, fit_temperature
from smartprod.decision import Hierarchy
from smartprod.decision.back_off import learn_back_off
from smartprod.decision.threshold import learn_threshold
from smartprod.resampling import TrainingSet

TARGET, SURE = 0.95, 0.9
BY_CHANCE = 0.05
WAYS = ("as accepted", "own threshold")


def unseen_answers(name: str, data: LearningSet) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Classes, calibrated probabilities [N, C] and labels [N] of rows that the classifier had not seen."""
    chosen = [Division(name)] if data.config.split.folds == 1 else list(divisions(name, 1))[1:]
    pairs = [divide(data, division) for division in chosen]
    classes = np.unique(data.labels[np.concatenate([learned for learned, _ in pairs])])
    logs, truth = [], []
    for learned, rows in pairs:
        judged = rows[np.isin(data.labels[rows], classes)]
        training = TrainingSet(embed_rows(data, learned), np.searchsorted(classes, data.labels[learned]))
        model = fit_logistic(FitRequest(training, len(classes)), **OPTIONS).classifier
        logs.append(model.log_probabilities(embed_rows(data, judged)))
        truth.append(np.searchsorted(classes, data.labels[judged]))
    answers, labels = np.concatenate(logs), np.concatenate(truth)
    calibrated = np.exp(apply_temperature(answers, fit_temperature(answers, labels)))
    return tuple(classes.tolist()), calibrated, labels


def measure(classes: tuple[str, ...], answers: np.ndarray, labels: np.ndarray, splits: int) -> np.ndarray:
    """By split and way: share accepted, share backed off, right among those (NaN for none), levels, broken; [S, 2, 5]."""
    tree, random = Hierarchy(classes, SEPARATOR), np.random.default_rng(0)
    found = np.full((splits, len(WAYS), 5), np.nan)
    for split in range(splits):
        order = random.permutation(len(labels))
        learn, judge = order[: len(order) // 2], order[len(order) // 2 :]
        confidence = answers.max(axis=1)
        right = answers.argmax(axis=1) == labels
        accept = learn_threshold(confidence[learn], right[learn], target=TARGET, confidence_level=SURE).value
        left = learn[confidence[learn] < accept]
        own = learn_back_off(
            tree, answers[left], labels[left], target=TARGET, confidence_level=SURE, otherwise=accept
        ).value
        unsure = judge[confidence[judge] < accept]
        best = tree.best_ancestors(answers[unsure])
        for way, threshold in enumerate((accept, own)):
            place = best.deepest(threshold)
            rows = np.flatnonzero(place < best.totals.shape[1])
            columns = best.columns[rows, place[rows]]
            hits = tree.membership[labels[unsure[rows]], columns] > 0
            levels = [len(tree.ancestors[column].split(SEPARATOR)) for column in columns]
            share = len(rows) / len(judge)
            found[split, way, :2] = 1 - len(unsure) / len(judge), share
            if len(rows):
                broken = binom.cdf(hits.sum(), len(hits), TARGET) < BY_CHANCE
                found[split, way, 2:] = hits.mean(), np.mean(levels), broken
    return found


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=(*SETS, *QUICK_SETS))
    parser.add_argument("--splits", type=int, default=400, help="random halves")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="the smallest set only")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    print(f"target {TARGET:.0%}, {SURE:.0%} sure")
    print(
        f"{'set':9} {'back-off from':14} {'accepted':>8} {'backed off':>10} {'right':>7} {'levels':>6} {'broken':>7}"
    )
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets or (QUICK_SETS if arguments.quick else SETS):
            runs = arguments.folder or Path(temporary)
            prepare_set(name, runs, PATHS)
            found = measure(*unseen_answers(name, load_set(name, runs, PATHS)), arguments.splits)
            for way, title in enumerate(WAYS):
                accepted, backed_off = found[:, way, :2].mean(axis=0)
                some = found[~np.isnan(found[:, way, 2]), way]
                right, levels, broken = some[:, 2:].mean(axis=0) if len(some) else (np.nan, np.nan, 0.0)
                print(
                    f"{name:9} {title:14} {accepted:8.1%} {backed_off:10.1%} {right:7.1%} {levels:6.2f} {broken:7.1%}",
                    flush=True,
                )
                key = f"{name}.{title.replace(' ', '_')}"
                figures |= {
                    f"{key}.accepted": accepted,
                    f"{key}.backed_off": backed_off,
                    f"{key}.broken": broken,
                }
                figures |= {} if np.isnan(right) else {f"{key}.right": right, f"{key}.levels": levels}
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
