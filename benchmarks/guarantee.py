"""How often the promises of the `decide` stage are kept, by repeated draws of held-out answers.

Accepted answers: `decide.target_accuracy` is to be kept with the confidence `decide.confidence_level`. A threshold is
learned from some held-out answers, and the promise is kept where the true accuracy of what it accepts reaches the target
(or nothing is accepted). What is true is known in two ways: on a synthetic set by its construction, and on a real set by
taking all of its held-out answers for the world and drawing rows from them with replacement. The column `halves` learns
from a random half and asks whether the accepted rows of the other half reached the target: few rows judge there, so that
a threshold which just keeps the promise falls short every other time. Beside it stands the plug-in threshold, the lowest
one whose accepted rows reached the target. `groups` draws whole groups (same photo, same long text, same series), which
breaks the assumption that rows are drawn one by one.

Prediction sets: the true class is to be in the set with the stated chance on average; half of the rows learns, the other
half is judged.

    SMARTPROD_DATA=/path/to/sets python benchmarks/guarantee.py [--sets myntra ...] [--runs FOLDER] [--draws 1000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from smartprod.catalog import group_rows
from smartprod.classifiers import load_validation
from smartprod.config import load_config
from smartprod.decision import learn_calibration
from smartprod.decision.prediction_sets import learn_set_threshold, prediction_sets
from smartprod.decision.threshold import learn_threshold
from smartprod.pipeline import RunConsole, RunFolder, limit_threads, load_pipeline, run_pipeline

SETS = ("myntra", "bestbuy", "magento", "grocery", "demo")
QUICK_SETS = ("demo",)
QUICK_CHANGES = ("catalog.demo.products=600", "classifier.candidates=[logistic]", "fuse.candidates=[concat]")
TARGETS = (0.90, 0.95, 0.98)
LEVEL = 0.9
SET_COVERAGES = (0.9, 0.95)
_SYNTHETIC_ROWS = 800
_WORLD_ROWS = 200_000
_LONG_TEXT = 200


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Answers of a head, from which rows are drawn.

    Attributes:
        confidence: Of the most probable class, float [N].
        chance: Chance that the answer is right, 0 or 1 on a real set, float [N].
        groups: Group of each row, int64 [N].
        rows: Rows of one draw.
    """

    confidence: np.ndarray
    chance: np.ndarray
    groups: np.ndarray
    rows: int

    @property
    def real(self) -> bool:
        """Whether it is made of real answers, each right or wrong."""
        return self.rows == len(self.confidence)

    def accuracy(self, threshold: float, rows: np.ndarray | None = None) -> float:
        """True accuracy of what a threshold accepts among all rows or some; NaN where it accepts none."""
        rows = np.arange(len(self.confidence)) if rows is None else rows
        kept = rows[self.confidence[rows] >= np.float32(threshold)]
        return float(self.chance[kept].mean()) if len(kept) else float("nan")


@dataclass(frozen=True, slots=True)
class Kept:
    """How one way of learning thresholds did over the draws.

    Attributes:
        rate: Share of draws whose promise is kept in the world.
        halves: Share of random halves whose threshold reached the target in the other half; NaN on the synthetic set.
        coverage: Mean share of the world that is accepted.
    """

    rate: float
    halves: float
    coverage: float


def plug_in_threshold(confidence: np.ndarray, correct: np.ndarray, *, target: float) -> float:
    """The lowest threshold whose accepted rows reached the target, as a notebook would choose it."""
    order = np.argsort(-confidence, kind="stable")
    accuracy = np.cumsum(correct[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(accuracy >= target)
    return float(confidence[order][good[-1]]) if len(good) else 2.0


def bounded_threshold(confidence: np.ndarray, correct: np.ndarray, *, target: float) -> float:
    """The threshold of the `decide` stage."""
    return learn_threshold(confidence, correct, target=target, confidence_level=LEVEL).value


WAYS = {"bound": bounded_threshold, "plug-in": plug_in_threshold}


def in_groups(world: World, chosen: np.ndarray) -> np.ndarray:
    """The rows of some groups, one group after the other, int64 [M]."""
    order = np.argsort(world.groups, kind="stable")
    _, starts, sizes = np.unique(world.groups[order], return_index=True, return_counts=True)
    return np.concatenate([order[starts[group] : starts[group] + sizes[group]] for group in chosen])


def draw(world: World, rng: np.random.Generator, *, grouped: bool) -> np.ndarray:
    """Rows of one draw with replacement, one by one or in whole groups."""
    if not grouped:
        return rng.integers(0, len(world.confidence), world.rows)
    count = int(world.groups.max()) + 1
    return in_groups(world, rng.integers(0, count, count))[: world.rows]


def halves(world: World, rng: np.random.Generator, *, grouped: bool) -> tuple[np.ndarray, np.ndarray]:
    """Two random halves of the rows; a group lies in one of them."""
    order = rng.permutation(len(world.groups))
    if grouped:
        order = in_groups(world, rng.permutation(int(world.groups.max()) + 1))
    cut = len(order) // 2
    while grouped and cut < len(order) and world.groups[order[cut]] == world.groups[order[cut - 1]]:
        cut += 1
    return order[:cut], order[cut:]


def measure(world: World, *, target: float, draws: int, grouped: bool) -> dict[str, Kept]:
    """Learn thresholds from each draw in both ways, and judge them by the world and by the other half."""
    found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
    for number in range(draws):
        rng = np.random.default_rng(number)
        rows = draw(world, rng, grouped=grouped)
        correct = rng.random(len(rows)) < world.chance[rows]
        learn, judge = halves(world, rng, grouped=grouped) if world.real else (rows, rows[:0])
        for way, find in WAYS.items():
            threshold = find(world.confidence[rows], correct, target=target)
            kept = not world.accuracy(threshold) < target  # NaN: nothing is accepted, nothing is broken
            coverage = float((world.confidence >= np.float32(threshold)).mean())
            reached = float("nan")
            if world.real:
                of_half = find(world.confidence[learn], world.chance[learn] == 1, target=target)
                reached = float(not world.accuracy(of_half, judge) < target)
            found[way].append((float(kept), reached, coverage))
    return {way: Kept(*map(float, np.mean(each, axis=0))) for way, each in found.items()}


def measure_sets(
    probabilities: np.ndarray, labels: np.ndarray, *, coverage: float, draws: int
) -> tuple[float, float]:
    """Mean share of true classes in the sets of the other half, and mean size of the sets."""
    held, sizes = [], []
    for number in range(draws):
        order = np.random.default_rng(number).permutation(len(labels))
        learn, judge = order[: len(order) // 2], order[len(order) // 2 :]
        least = learn_set_threshold(probabilities[learn], labels[learn], coverage=coverage)
        sets = prediction_sets(probabilities[judge], least)
        held.append(sets[np.arange(len(judge)), labels[judge]].mean())
        sizes.append(sets.sum(axis=1).mean())
    return float(np.mean(held)), float(np.mean(sizes))


def synthetic_world() -> World:
    """Answers whose confidence overstates, with two per cent of wrong labels, and a known chance to be right."""
    rng = np.random.default_rng(0)
    confidence = (1 - np.clip(rng.exponential(0.06, _WORLD_ROWS), 0, 0.9)).astype(np.float32)
    chance = np.where(confidence > 0.99, 0.995, confidence**1.5) * 0.995
    return World(confidence, chance, np.arange(_WORLD_ROWS), _SYNTHETIC_ROWS)


def held_out_answers(name: str, folder: Path, *changes: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Calibrated held-out answers of the head that answers most, their labels and groups."""
    loaded = load_config(name, [f"run.folder={folder}", *changes])
    run = run_pipeline(load_pipeline("all"), loaded, console=RunConsole(quiet=True)).run
    held = load_validation(run.artefact_path("heads"))
    answers = held["fused"] if "fused" in held else max(held.values(), key=lambda each: len(each.rows))
    folds = np.random.default_rng(0).integers(0, 5, len(answers.labels))
    calibrated = learn_calibration(answers.log_probabilities, answers.labels, folds, choice="auto")
    return np.exp(calibrated.log_probabilities), answers.labels, groups_of(run, answers.rows)


def groups_of(run: RunFolder, rows: np.ndarray) -> np.ndarray:
    """Which rows share a photo, a long text or a series."""
    index = pq.read_table(run.artefact_path("embedding_index")).take(rows)
    texts = pq.read_table(run.artefact_path("clean_text"))["text"].take(rows).to_pylist()
    series = pq.read_table(run.artefact_path("products"), columns=["group"])["group"].take(rows)
    keys = index["text_key"].to_pylist()
    long = [key if text and len(text) >= _LONG_TEXT else None for key, text in zip(keys, texts, strict=True)]
    return group_rows([series.to_pylist(), index["image_key"].to_pylist(), long])


def tell(name: str, world: World, *, draws: int, grouped: bool) -> dict[str, float]:
    """Measure one set at all targets, print its lines, and return the figures."""
    figures: dict[str, float] = {}
    kind = "groups" if grouped else "rows"
    for target in TARGETS:
        for way, kept in measure(world, target=target, draws=draws, grouped=grouped).items():
            print(
                f"{name:9} {kind:6} {target:6.2f}  {way:8} {kept.rate:8.3f} {_shown(kept.halves):>8} {kept.coverage:9.3f}",
                flush=True,
            )
            key = f"{name}.{kind}.{target:.2f}.{way}"
            figures |= {f"{key}.kept": kept.rate, f"{key}.coverage": kept.coverage}
            if world.real:
                figures[f"{key}.halves"] = kept.halves
    return figures


def _shown(rate: float) -> str:
    return "-" if np.isnan(rate) else f"{rate:.3f}"


def tell_sets(name: str, probabilities: np.ndarray, labels: np.ndarray, *, draws: int) -> dict[str, float]:
    """Measure the prediction sets of one set, print its lines, and return the figures."""
    figures: dict[str, float] = {}
    for coverage in SET_COVERAGES:
        held, size = measure_sets(probabilities, labels, coverage=coverage, draws=draws)
        print(f"{name:9} sets   {coverage:6.2f}  covered {held:.3f}, mean size {size:.2f}", flush=True)
        figures |= {f"{name}.sets.{coverage:.2f}.covered": held, f"{name}.sets.{coverage:.2f}.size": size}
    return figures


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--runs", type=Path, help="keep runs and embeddings here")
    parser.add_argument("--draws", type=int, help="draws of each set and target (1000; 100 with --quick)")
    parser.add_argument(
        "--quick", action="store_true", help="the synthetic set and the demo catalogue, few draws"
    )
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    arguments = parser.parse_args()
    limit_threads(None)
    draws = arguments.draws or (100 if arguments.quick else 1000)
    noise = 1.645 * np.sqrt(LEVEL * (1 - LEVEL) / draws)
    print(
        f"{draws} draws; the promise: kept in {LEVEL:.0%} of them, at least {LEVEL - noise:.3f} within noise"
    )
    print(f"{'set':9} {'drawn':6} {'target':>6}  {'way':8} {'kept':>8} {'halves':>8} {'coverage':>9}")
    figures = tell("synthetic", synthetic_world(), draws=draws, grouped=False)
    with tempfile.TemporaryDirectory() as temporary:
        for name in arguments.sets or (QUICK_SETS if arguments.quick else SETS):
            probabilities, labels, groups = held_out_answers(
                name, arguments.runs or Path(temporary), *(QUICK_CHANGES if arguments.quick else ())
            )
            right = probabilities.argmax(axis=1) == labels
            world = World(probabilities.max(axis=1), right.astype(float), groups, len(labels))
            figures |= tell(name, world, draws=draws, grouped=False)
            figures |= tell(name, world, draws=draws, grouped=True)
            figures |= tell_sets(name, probabilities, labels, draws=draws)
    broken = [key for key, value in figures.items() if key.endswith("bound.kept") and value < LEVEL - noise]
    print(f"promise broken: {', '.join(broken) or 'nowhere'}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
