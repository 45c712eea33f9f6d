"""Compare ways of making one fused head out of the candidates, on rows kept apart from the choice.

For each set the candidates of `smartprod run all` answer the train and val rows out of fold. The rows are then cut in
halves, whole groups at a time, twelve times: weights and members are chosen on one half and scored on the other, both
ways round. Nothing of the test part is looked at.

    SMARTPROD_DATA=/path/to/sets python benchmarks/mixtures.py [--sets myntra ...] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from smartprod.classifiers.candidates import validate_candidates
from smartprod.classifiers.scores import accuracy, log_loss, macro_f1
from smartprod.classifiers.stacking import choose_members, mix, standard_error
from smartprod.classifiers.temperature import apply_temperature, fit_temperature
from smartprod.config import load_config
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import MODALITIES, fitting_threads, load_learning_data
from smartprod.pipeline import RunConsole, load_pipeline, run_pipeline

SETS = ("myntra", "bestbuy", "magento")
REPETITIONS = 12
GREEDY_ROUNDS = 15

Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]


def best_single(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """All weight on the candidate with the best macro-F1."""
    return _indicator([int(np.argmax([macro_f1(each, labels) for each in answers]))], len(answers))


def mean_of_near(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What smartprod does: the mean of the candidates within 1.5 standard errors of the best."""
    scores = [macro_f1(each, labels) for each in answers]
    error = standard_error(macro_f1, answers[int(np.argmax(scores))], labels, seed=0)
    return _indicator(choose_members(scores, error), len(answers))


def mean_of_all(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of every candidate."""
    del labels
    return np.full(len(answers), 1 / len(answers))


def likelihood_weights(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights of highest likelihood by expectation maximisation."""
    likelihood = np.exp(answers[:, np.arange(len(labels)), labels]).astype(np.float64) + 1e-12  # [K, N]
    weights = np.full(len(answers), 1 / len(answers))
    for _ in range(300):
        joint = weights[:, None] * likelihood
        weights = (joint / joint.sum(axis=0)).mean(axis=1)
    return weights


def greedy_weights(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Ensemble selection by macro-F1, with replacement (Caruana et al., 2004)."""
    counts = np.zeros(len(answers))
    total = np.zeros_like(answers[0])
    best, best_score = counts, -np.inf
    for _ in range(GREEDY_ROUNDS):
        scores = [macro_f1(total + np.exp(each), labels) for each in answers]
        chosen = int(np.argmax(scores))
        counts[chosen] += 1
        total = total + np.exp(answers[chosen])
        if scores[chosen] > best_score:
            best, best_score = counts.copy(), scores[chosen]
    return best / best.sum()


RULES: dict[str, Rule] = {
    "best single": best_single,
    "mean of near": mean_of_near,
    "mean of all": mean_of_all,
    "likelihood": likelihood_weights,
    "greedy macro-F1": greedy_weights,
}


def _indicator(members: Sequence[int], count: int) -> np.ndarray:
    weights = np.zeros(count)
    weights[list(members)] = 1 / len(members)
    return weights


def measure(name: str, folder: Path) -> dict[str, np.ndarray]:
    """Mean accuracy, macro-F1 and log-loss of each rule on the halves kept apart."""
    answers, labels, folds = _held_out_answers(name, folder)
    rng = np.random.default_rng(0)
    scores: dict[str, list[tuple[float, float, float]]] = {rule: [] for rule in RULES}
    for _ in range(REPETITIONS):
        half = rng.permutation(folds.max() + 1)[: (folds.max() + 1) // 2]
        inside = np.isin(folds, half)
        for choose, judge in ((inside, ~inside), (~inside, inside)):
            temperatures = [fit_temperature(each[choose], labels[choose]) for each in answers]
            calibrated = np.stack(
                [apply_temperature(each, value) for each, value in zip(answers, temperatures, strict=True)]
            )
            for rule, weigh in RULES.items():
                mixed = mix(calibrated[:, judge], weigh(calibrated[:, choose], labels[choose]))
                truth = labels[judge]
                scores[rule].append((accuracy(mixed, truth), macro_f1(mixed, truth), log_loss(mixed, truth)))
    return {rule: np.mean(values, axis=0) for rule, values in scores.items()}


def _held_out_answers(name: str, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Out-of-fold answers of the candidates, float32 [K, N, C], with labels and groups of the rows."""
    loaded = load_config(name, [f"run.folder={folder}"])
    run = run_pipeline(load_pipeline("all"), loaded, console=RunConsole(quiet=True)).run
    index, split = (pq.read_table(run.artefact_path(each)) for each in ("embedding_index", "split"))
    data = load_learning_data(index, split, EmbeddingStore(store_folder(loaded.config)))
    with fitting_threads(data.elements, available=1) as threads:
        candidates = validate_candidates(
            data,
            run.artefact_path("representations"),
            run.read("training_rows"),
            config=loaded.config.classifier,
            seed=0,
            threads=threads,
        )
    validated = data.validated()
    both = data.products.having(MODALITIES)[validated]
    images = np.asarray(index["image_key"].to_pylist(), dtype=str)[data.rows[validated]]
    groups = np.unique(images, return_inverse=True)[1]
    answers = np.stack([candidate.log_probabilities[both] for candidate in candidates])
    return answers, data.labels[validated][both], groups[both]


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="the smallest set only")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    print(f"{'set':9} {'rule':16} {'accuracy':>8} {'macro-F1':>8} {'log-loss':>8}")
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets or (("magento",) if arguments.quick else SETS):
            for rule, values in measure(name, arguments.folder or Path(temporary)).items():
                print(f"{name:9} {rule:16} {values[0]:8.4f} {values[1]:8.4f} {values[2]:8.4f}", flush=True)
                for metric, value in zip(("accuracy", "macro_f1", "log_loss"), values, strict=True):
                    figures[f"{name}.{rule.replace(' ', '_')}.{metric}"] = float(value)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
