"""Seconds to train each candidate once on 10,000 rows x 1,664 features x 100 classes, and all of the default ones.

The rows are drawn: classes are centres in 64 directions, images (1,280) and texts (384) see them through noise of their
own, strong enough that about four of five rows are told apart. A fifth of as many rows more stop the training early and
score it. Nothing is cross-validated: with five folds and the final fit, a run takes about six times as long. Fits run
side by side, in as many processes as there are processors; `--processors 1` shows what that saves.

    python benchmarks/train_heads.py [--rows 10000] [--classes 100] [--processors 2] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smartprod.classifiers.candidates import Comparison, validate_candidates
from smartprod.config.learning import ClassifierConfig, FuseConfig
from smartprod.embeddings import ModalityEmbeddings
from smartprod.fusion import (
    FittingWorkers,
    Fold,
    LearningData,
    ProductEmbeddings,
    Representation,
    fitting_workers,
)
from smartprod.fusion.block_weights import learn_text_weight
from smartprod.fusion.representation import ConcatRepresentation, single_representations
from smartprod.fusion.trained import train_representation
from smartprod.pipeline import cpu_count, limit_threads
from smartprod.state import save_state

DIMS = (1_280, 384)
DIRECTIONS = 64
SPREAD = 2.6
LIMIT = 60.0
DEFAULT = ClassifierConfig()
LIGHTGBM = ClassifierConfig(candidates=("lightgbm",))


@dataclass(frozen=True, slots=True)
class Training:
    """What was trained, the seconds it took, and its accuracy on the validation rows.

    Steps follow each other and have no accuracy; candidates share the seconds of theirs.
    """

    name: str
    seconds: float
    accuracy: float | None = None

    def line(self) -> str:
        """Its row of the table."""
        if self.accuracy is None:
            return f"{self.name:52} {self.seconds:8.1f}"
        return f"  {self.name:33} {self.seconds:8.1f} {'':8} {self.accuracy:8.3f}"

    def figures(self) -> dict[str, float]:
        """Its figures by name."""
        if self.accuracy is None:
            return {f"step.{self.name.replace(' ', '_')}.seconds": self.seconds}
        return {f"{self.name}.seconds": self.seconds, f"{self.name}.accuracy": self.accuracy}


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


def measure(data: LearningData, workers: FittingWorkers) -> Iterator[Training]:
    """Train the default representations, then every classifier on each of them; the time of each step, then their parts."""
    (fold,) = data.folds
    started = time.perf_counter()
    weights = learn_text_weight(data, seed=0, workers=workers)
    yield Training("weight of the text block", time.perf_counter() - started)
    concat = ConcatRepresentation(min(weights, key=lambda weight: weights[weight]))
    started = time.perf_counter()
    tasks = [(name, data, fold, concat, FuseConfig(), 0, None) for name in ("gated", "metric")]
    trained = [each.representation for each in workers.map(train_representation, tasks)]
    yield Training("metric projection, gated fusion", time.perf_counter() - started)
    fitted: list[Representation] = [*single_representations(data.products), concat, *trained]
    rows = {f"{fold.name}/{each.name}/rows": fold.train for each in fitted}
    alone = FittingWorkers(threads=workers.processes * workers.threads)
    for config, seen, where in ((DEFAULT, fitted, workers), (LIGHTGBM, [concat], alone)):
        with tempfile.TemporaryDirectory() as name:
            comparison = Comparison(data, save_fold(seen, fold, Path(name)), rows, config, seed=0)
            started = time.perf_counter()
            candidates = validate_candidates(comparison, workers=where)
            yield Training(f"classifiers: {', '.join(config.candidates)}", time.perf_counter() - started)
        for candidate in candidates:
            guesses = candidate.log_probabilities.argmax(axis=1)
            accuracy = float((guesses == data.labels[data.validated()]).mean())
            yield Training(candidate.name, candidate.seconds, accuracy)


def save_fold(fitted: Sequence[Representation], fold: Fold, folder: Path) -> Path:
    """Write the representations of one fold as the `fuse` stage does."""
    for representation in fitted:
        save_state(representation.state(), folder / fold.name, representation.name)
    names = {fold.name: [representation.name for representation in fitted]}
    (folder / "representations.json").write_text(json.dumps(names), encoding="utf-8")
    return folder


def main() -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=None, help="training rows")
    parser.add_argument("--classes", type=int, default=None)
    parser.add_argument("--processors", type=int, default=None, help="to use; all of the machine's without")
    parser.add_argument("--quick", action="store_true", help="1,000 rows of 10 classes")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    arguments = parser.parse_args()
    limit_threads(None)
    processors = arguments.processors or cpu_count()
    list(measure(draw_products(60, 3), FittingWorkers()))  # imports and first calls
    rows = arguments.rows or (1_000 if arguments.quick else 10_000)
    classes = arguments.classes or (10 if arguments.quick else 100)
    data = draw_products(rows, classes)
    figures: dict[str, float] = {}
    with fitting_workers(data, available=processors) as workers:
        print(f"{rows:,} rows x {sum(DIMS):,} features x {classes} classes, {workers.processes} processes")
        print(f"{'trained':52} {'seconds':>8} {'accuracy':>8}")
        for training in measure(data, workers):
            print(training.line(), flush=True)
            figures |= training.figures()
    steps = [value for name, value in figures.items() if name.startswith("step.")]
    figures |= {"default.seconds": sum(steps[:-1]), "all.seconds": sum(steps)}
    print(f"{'default candidates, once':52} {sum(steps[:-1]):8.1f}   (at most {LIMIT:g} s is asked for)")
    print(f"{'with LightGBM':52} {sum(steps):8.1f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
