"""Compare ways of making one head out of the candidates, on rows kept apart from the choice.

For each set the candidates of `smartprod run all` answer the train and val rows out of fold. The rows are then cut in
halves, whole groups at a time, twelve times: weights and members are chosen on one half and scored on the other, both
ways round. Nothing of the test part is looked at.

    SMARTPROD_DATA=/path/to/sets python benchmarks/mixtures.py [--sets myntra ...] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from smartprod.classifiers.candidates import Candidate, Comparison, validate_candidates
from smartprod.classifiers.leaderboard import HEAD_MODALITIES
from smartprod.classifiers.scores import accuracy, log_loss, macro_f1, standard_error
from smartprod.classifiers.stacking import likelihood_weights, mix
from smartprod.classifiers.temperature import apply_temperature, fit_temperature
from smartprod.config import load_config
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import fitting_workers, load_learning_data
from smartprod.pipeline import RunConsole, cpu_count, load_pipeline, run_pipeline

SETS = ("myntra", "bestbuy", "magento", "grocery")
REPETITIONS = 12
GREEDY_ROUNDS = 15
BAGS = 20

SCORES = ("accuracy", "macro_f1", "log_loss", "members")

Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]


def best_single(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """All weight on the candidate with the best macro-F1."""
    return _indicator([int(np.argmax([macro_f1(each, labels) for each in answers]))], len(answers))


def simplest_of_near(answers: np.ndarray, labels: np.ndarray, simplicity: np.ndarray) -> np.ndarray:
    """The simplest candidate that cannot be told from the best: by macro-F1, and by log-loss among those."""
    scores = np.asarray([macro_f1(each, labels) for each in answers])
    best = int(scores.argmax())
    near = scores >= scores[best] - standard_error("macro_f1", answers[best], labels, seed=0)
    losses = -answers[:, np.arange(len(labels)), labels].astype(np.float64)  # [K, N]
    mean = np.where(near, losses.mean(axis=1), np.inf)
    apart = losses - losses[mean.argmin()]
    as_good = near & (apart.mean(axis=1) <= apart.std(axis=1) / np.sqrt(len(labels)))
    return _indicator(
        [min(np.flatnonzero(as_good), key=lambda number: (simplicity[number], mean[number]))], len(mean)
    )


def mean_of_near(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of the candidates within 1.5 standard errors of the best, eight at most."""
    scores = np.asarray([macro_f1(each, labels) for each in answers])
    best = int(scores.argmax())
    reach = scores[best] - 1.5 * standard_error("macro_f1", answers[best], labels, seed=0)
    ranked = np.argsort(-scores, kind="stable")
    return _indicator([int(number) for number in ranked if scores[number] >= reach][:8], len(answers))


def mean_of_all(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of every candidate."""
    del labels
    return np.full(len(answers), 1 / len(answers))


def greedy_weights(answers: np.ndarray, labels: np.ndarray, drawn: np.ndarray | None = None) -> np.ndarray:
    """Ensemble selection by log-loss, with repetition (Caruana et al., 2004), among all or the drawn candidates."""
    pool = np.arange(len(answers)) if drawn is None else drawn
    likelihood = np.exp(answers[pool][:, np.arange(len(labels)), labels].astype(np.float64))
    taken, total = np.zeros(len(pool)), np.zeros(len(labels))
    best, best_score = taken, -np.inf
    for size in range(1, GREEDY_ROUNDS + 1):
        scores = np.log(np.maximum((total + likelihood) / size, 1e-12)).mean(axis=1)
        chosen = int(scores.argmax())
        taken[chosen] += 1
        total += likelihood[chosen]
        if scores[chosen] > best_score:
            best, best_score = taken.copy(), scores[chosen]
    weights = np.zeros(len(answers))
    weights[pool] = best / best.sum()
    return weights


def bagged_greedy_weights(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of twenty ensemble selections, each among a random half of the candidates."""
    rng = np.random.default_rng(0)
    half = max(2, -(-len(answers) // 2))
    draws = [rng.choice(len(answers), min(half, len(answers)), replace=False) for _ in range(BAGS)]
    return np.mean([greedy_weights(answers, labels, np.sort(drawn)) for drawn in draws], axis=0)


def greedy_macro_f1(answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Ensemble selection by macro-F1, with repetition."""
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
    "greedy": greedy_weights,
    "greedy, bagged": bagged_greedy_weights,
    "greedy macro-F1": greedy_macro_f1,
}
SIMPLEST = "simplest of near"


def _indicator(members: Sequence[int], count: int) -> np.ndarray:
    weights = np.zeros(count)
    weights[list(members)] = 1 / len(members)
    return weights


def measure(candidates: Sequence[Candidate], labels: np.ndarray, groups: np.ndarray) -> dict[str, np.ndarray]:
    """Mean accuracy, macro-F1, log-loss and number of members of each rule on the halves kept apart."""
    answers = np.stack([candidate.log_probabilities for candidate in candidates])
    simplicity = np.asarray([candidate.simplicity for candidate in candidates])
    rules = RULES | {SIMPLEST: lambda chosen, truth: simplest_of_near(chosen, truth, simplicity)}
    rng = np.random.default_rng(0)
    scores: dict[str, list[tuple[float, float, float, float]]] = {rule: [] for rule in rules}
    for _ in range(REPETITIONS):
        half = rng.permutation(groups.max() + 1)[: (groups.max() + 1) // 2]
        inside = np.isin(groups, half)
        for choose, judge in ((inside, ~inside), (~inside, inside)):
            temperatures = [fit_temperature(each[choose], labels[choose]) for each in answers]
            calibrated = np.stack(
                [apply_temperature(each, value) for each, value in zip(answers, temperatures, strict=True)]
            )
            for rule, weigh in rules.items():
                weights = weigh(calibrated[:, choose], labels[choose])
                mixed, truth = mix(calibrated[:, judge], weights), labels[judge]
                members = float((weights > 0).sum())
                found = accuracy(mixed, truth), macro_f1(mixed, truth), log_loss(mixed, truth), members
                scores[rule].append(found)
    return {rule: np.mean(values, axis=0) for rule, values in scores.items()}


def candidates_of(name: str, folder: Path) -> Iterator[tuple[str, list[Candidate], np.ndarray, np.ndarray]]:
    """Each head of a set: its name, its candidates with answers for the same rows, and labels and groups of the rows."""
    loaded = load_config(name, [f"run.folder={folder}"])
    run = run_pipeline(load_pipeline("all"), loaded, console=RunConsole(quiet=True)).run
    index, split = (pq.read_table(run.artefact_path(each)) for each in ("embedding_index", "split"))
    data = load_learning_data(index, split, EmbeddingStore(store_folder(loaded.config)))
    comparison = Comparison(
        data,
        run.artefact_path("representations"),
        run.read("training_rows"),
        loaded.config.classifier,
        seed=0,
    )
    with fitting_workers(data, available=cpu_count()) as workers:
        candidates = validate_candidates(comparison, workers=workers)
    validated = data.validated()
    images = np.asarray(index["image_key"].to_pylist(), dtype=str)[data.rows[validated]]
    groups = np.unique(images, return_inverse=True)[1]
    for head, modalities in HEAD_MODALITIES.items():
        rows = data.products.having(modalities)[validated]
        pool = [
            replace(candidate, log_probabilities=candidate.log_probabilities[rows])
            for candidate in candidates
            if head in {"fused", candidate.representation}
        ]
        pool = [each for each in pool if not np.isnan(each.log_probabilities).any()]
        if len(pool) > 1 and rows.any():
            yield head, pool, data.labels[validated][rows], groups[rows]


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="the smallest set only")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    print(f"{'set':9} {'head':6} {'rule':16} {'accuracy':>8} {'macro-F1':>8} {'log-loss':>8} {'members':>7}")
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets or (("magento",) if arguments.quick else SETS):
            for head, candidates, labels, groups in candidates_of(name, arguments.folder or Path(temporary)):
                for rule, values in measure(candidates, labels, groups).items():
                    scores = " ".join(f"{value:8.4f}" for value in values[:3])
                    print(f"{name:9} {head:6} {rule:16} {scores} {values[3]:7.1f}", flush=True)
                    key = f"{name}.{head}.{rule.replace(',', '').replace(' ', '_')}"
                    for metric, value in zip(SCORES, values, strict=True):
                        figures[f"{key}.{metric}"] = float(value)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
