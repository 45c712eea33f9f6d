"""From studio photos to photos of shops and homes: fine-tuning the encoder with unlabelled photos of the other domain.

Learned from: one studio photo of each of grocery-store's 81 classes; 400 studio pictures of the demo catalogue. Unlabelled
photos of the other domain stand beside them, other ones judge: `val` chooses the weight of each method, `test` is scored
once per method, with that weight. Nothing of val or test takes part in a training, and no epoch is chosen. The trained
encoder is judged by classifiers on its embeddings: logistic regression, the same after `fuse.align: mean`, and adapted
prototypes (domain_methods.py). `domains` is how well a linear classifier tells the domains apart (held-out AUROC).
One seed; the error beside an accuracy is that of so many judged photos.

    SMARTPROD_DATA=/path/to/sets python benchmarks/domain_finetuning.py [--steps 100] [--size 112] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import warnings
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from domain_methods import Answer, adapted_prototypes, logistic
from finetuning_sets import (
    grocery_root,
    of_same_classes,
    read_demo,
    read_grocery,
    table_overrides,
    write_rows,
)
from sklearn.metrics import f1_score

from smartprod.config import load_config
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.evaluation.domains import domain_auroc
from smartprod.fusion import fit_alignment, load_products
from smartprod.pipeline import Pipeline, RunConsole, RunFolder, run_pipeline

STAGES = ("catalog", "clean", "split-files", "finetune-image", "finetune-text", "extract-finetuned")
UNSEEN = 1e-6
"""A weight at which the photos of the target still pass through the normalisation layers, and nothing more."""

VARIANTS: dict[str, tuple[tuple[str, float], ...]] = {
    "frozen": (("none", 1.0),),
    "fine-tuned": (("none", 1.0),),
    "target in batches only": (("coral", UNSEEN),),
    "coral": (("coral", 1.0), ("coral", 10.0)),
    "adversarial": (("adversarial", 0.1), ("adversarial", 1.0)),
}
QUICK = ("fine-tuned", "coral", "adversarial")


@dataclass(frozen=True, slots=True)
class ShiftTable:
    """A table whose rows stand in order: learned, unlabelled, val, test.

    Attributes:
        name: Of the shift.
        overrides: What a configuration has to say of it.
        sizes: Rows of each of the four.
        truth: Category of each row, learned ones included.
    """

    name: str
    overrides: tuple[str, ...]
    sizes: tuple[int, int, int, int]
    truth: np.ndarray


@dataclass(frozen=True, slots=True)
class Scores:
    """Answers to the photos of one part: accuracy, accuracy of the coarse class, macro-F1."""

    accuracy: float
    coarse: float
    macro_f1: float


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a trained encoder is worth: scores on val and on test for each classifier, and how far the domains lie apart."""

    weight: float
    domains: float
    val: dict[str, Scores]
    test: dict[str, Scores]


def grocery(folder: Path, *, unlabelled: int) -> ShiftTable | None:
    """grocery-store `iconic` to `natural`; None without SMARTPROD_DATA."""
    table = read_grocery()
    if table is None:
        return None
    parts = {
        name: [row for row in table if row["split"] == name] for name in ("iconic", "train", "val", "test")
    }
    rows = [parts["iconic"], parts["train"][:unlabelled], parts["val"], parts["test"]]
    return _table("grocery iconic>natural", "natural", folder, grocery_root(), rows)


def demo(folder: Path, *, products: int, learned: int) -> ShiftTable:
    """The demo catalogue, studio pictures to photos; a third of the photos each is unlabelled, val and test."""
    catalogue, studio, photos = read_demo(folder, products=products, rows=learned)
    photos = of_same_classes(photos, studio)
    return _table(
        "demo studio>photo", "photo", folder, catalogue, [studio, photos[::3], photos[1::3], photos[2::3]]
    )


def _table(
    name: str, target: str, folder: Path, image_root: Path, rows: list[list[dict[str, str]]]
) -> ShiftTable:
    path = folder / f"{name.replace(' ', '-').replace('>', '-')}.csv"
    # Neither val nor test is a val part of the run, which would be looked at, and choose the epoch.
    write_rows(path, {"train": rows[0], "": rows[1], "test": rows[2] + rows[3]})
    truth = np.asarray([row["category"] for part in rows for row in part])
    overrides = (*table_overrides(path, image_root), f"catalog.domains.target=[{target}]")
    learned, unlabelled, val, test = map(len, rows)
    return ShiftTable(name, overrides, (learned, unlabelled, val, test), truth)


def train_and_judge(
    table: ShiftTable, variant: str, method: str, weight: float, folder: Path, arguments: argparse.Namespace
) -> Judged:
    """Train an encoder and score what classifiers make of its embeddings."""
    epochs = 1 if variant == "frozen" else math.ceil(arguments.steps / max(1, round(table.sizes[0] / 32)))
    start = max(1, epochs // 10)
    name = f"{table.name}-{variant}-{weight:g}".replace(" ", "-").replace(">", "-")
    loaded = load_config("demo", [
        f"run.folder={folder / 'runs'}", f"run.name={name}", "catalog.max_bad_fraction=1", "split.test_fraction=0",
        "split.val_fraction=0", "extract.text=[]", "finetune.image.encoder=lite0",
        f"finetune.image.epochs={epochs}", f"finetune.image.frozen_epochs={start}",
        f"finetune.image.warmup_epochs={start}", f"finetune.image.image_size={arguments.size}",
        f"finetune.image.frozen_layers={arguments.frozen}", "finetune.image.augmentation.kind=simple",
        "finetune.image.ema_decay=0.9", f"finetune.image.domain.method={method}",
        f"finetune.image.domain.weight={weight}", *table.overrides,
    ])  # fmt: skip
    run_pipeline(
        Pipeline("domains", "Photos to a trained encoder's embeddings.", STAGES),
        loaded,
        console=RunConsole(quiet=True),
    )
    index = pq.read_table(RunFolder.of(loaded.config).artefact_path("embedding_index"))
    image = load_products(index, None, EmbeddingStore(store_folder(loaded.config))).image
    borders = np.cumsum((0, *table.sizes))
    rows = [np.arange(start, end)[image.present[start:end]] for start, end in pairwise(borders)]
    learned, unlabelled = image.values[rows[0]], image.values[rows[1]]
    labels, moved = table.truth[rows[0]], fit_alignment(learned, unlabelled, "mean").apply(learned)
    answers: dict[str, Answer] = {
        "logistic": logistic(learned, labels),
        "align: mean": logistic(moved, labels),
        "adapted": adapted_prototypes(moved, labels, unlabelled),
    }
    val, test = (
        {name: score(answer(image.values[part]), table.truth[part]) for name, answer in answers.items()}
        for part in rows[2:]
    )
    return Judged(weight, domain_auroc(learned, unlabelled, seed=0), val, test)


def score(given: np.ndarray, truth: np.ndarray) -> Scores:
    """Score class names, str [N]."""
    coarse = [np.asarray([" > ".join(name.split(" > ")[:2]) for name in names]) for names in (given, truth)]
    macro = f1_score(truth, given, average="macro", labels=np.unique(truth), zero_division=0)
    return Scores(float((given == truth).mean()), float((coarse[0] == coarse[1]).mean()), float(macro))


def measure(table: ShiftTable, folder: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """Train with each method and weight, print val; then print test for the weight that val chose."""
    learned, unlabelled, val, test = table.sizes
    print(
        f"{table.name}: {learned} labelled, {unlabelled} unlabelled, {val} val and {test} test photos judge"
    )
    print(
        f"  {'val accuracy':24} {'weight':>8} {'logistic':>9} {'mean':>9} {'adapted':>9} {'domains':>9}",
        flush=True,
    )
    chosen: dict[str, Judged] = {}
    for variant in arguments.variants:
        for method, weight in VARIANTS[variant]:
            judged = train_and_judge(table, variant, method, weight, folder, arguments)
            told = " ".join(f"{each.accuracy:9.3f}" for each in judged.val.values())
            print(f"  {variant:24} {weight:8g} {told} {judged.domains:9.3f}", flush=True)
            best = chosen.get(variant)
            if best is None or judged.val["logistic"].accuracy > best.val["logistic"].accuracy:
                chosen[variant] = judged
    print(f"  {'test':24} {'weight':>8} {'classifier':>12} {'accuracy':>16} {'coarse':>9} {'macro-F1':>9}")
    figures: dict[str, float] = {}
    for variant, judged in chosen.items():
        for name, scores in judged.test.items():
            error = math.sqrt(scores.accuracy * (1 - scores.accuracy) / test)
            print(
                f"  {variant:24} {judged.weight:8g} {name:>12} {scores.accuracy:8.3f} ± {error:.3f}"
                f" {scores.coarse:9.3f} {scores.macro_f1:9.3f}",
                flush=True,
            )
            key = f"{table.name}.{variant}.{name}".replace(" ", "_")
            figures |= {
                f"{key}.val_accuracy": judged.val[name].accuracy,
                f"{key}.test_accuracy": scores.accuracy,
                f"{key}.test_coarse": scores.coarse,
                f"{key}.test_macro_f1": scores.macro_f1,
            }
    return figures


def main() -> None:
    """Measure both shifts, print a table for each, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", choices=["grocery", "demo"], default=["grocery", "demo"])
    parser.add_argument("--variants", nargs="+", choices=[*VARIANTS], default=[*VARIANTS])
    parser.add_argument("--steps", type=int, default=100, help="of each training, 32 labelled photos each")
    parser.add_argument("--size", type=int, default=112, help="side of the pictures in pixels")
    parser.add_argument("--frozen", type=float, default=0.5, help="fraction of the layers that never learn")
    parser.add_argument("--products", type=int, default=3000, help="of the demo catalogue")
    parser.add_argument("--learned", type=int, default=400, help="studio pictures of the demo catalogue")
    parser.add_argument("--unlabelled", type=int, default=1000, help="photos of grocery-store")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="a small demo catalogue and a few steps only")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    if arguments.quick:
        arguments.sets, arguments.products, arguments.learned = ["demo"], 200, 100
        arguments.variants, arguments.steps, arguments.size = [*QUICK], 6, 64
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.sets:
            table = (
                grocery(folder, unlabelled=arguments.unlabelled)
                if name == "grocery"
                else demo(folder, products=arguments.products, learned=arguments.learned)
            )
            if table is not None:
                figures |= measure(table, folder, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
