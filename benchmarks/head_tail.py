"""Fine-tune the image encoder on all classes at once, or on the largest ones first and then on the others; by held-out rows.

The whole way to the image head (pipeline finetune, photos only), for each variant; judged by the val rows, which the encoder
has not learned from; test rows are never seen. Top-1 and top-5 are means over the classes of the head and of the tail.

    python benchmarks/head_tail.py [--config demo] [--head 8] [--epochs 8] [--tail-epochs 6] [--size 96] [--products 1200]
        [--only PATTERN] [--folder FOLDER] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smartprod.classifiers import load_heads, load_validation
from smartprod.config import load_config
from smartprod.config.schema import ShotsConfig
from smartprod.evaluation import HeadPredictions
from smartprod.evaluation.per_class import class_scores
from smartprod.evaluation.shots import ShotGroupScore, shot_group_scores
from smartprod.pipeline import (
    Pipeline,
    RunConsole,
    RunFolder,
    load_pipeline,
    load_stages,
    order_stages,
    run_pipeline,
    share_stages,
)

LAST = "classify"
FIXED = (
    "extract.text=[]",
    "clean.fields=[title]",
    "split.folds=1",
    "split.val_fraction=0.3",
    "finetune.image.encoder=lite0",
    "finetune.image.ema_decay=0.9",
    "finetune.image.frozen_epochs=1",
    "classifier.candidates=[logistic]",
    "classifier.logistic.C=[30]",
)


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to train; `head` stands for the number of head classes in its settings."""

    name: str
    settings: tuple[str, ...] = ()


BOTH = ("finetune.image.sampling=sqrt", "finetune.image.class_weights=sqrt")
PHASES = ("finetune.image.head_classes={head}",)
VARIANTS = (
    Variant("all at once"),
    Variant("all at once, weights", ("finetune.image.class_weights=balanced",)),
    Variant("all at once, sampling", ("finetune.image.sampling=balanced",)),
    Variant("all at once, both by the root", BOTH),
    Variant("head then tail, none again", (*PHASES, "finetune.image.tail_replay=0")),
    Variant("head then tail, 5 again", (*PHASES, "finetune.image.tail_replay=5")),
    Variant("head then tail, 20 again", PHASES),
    Variant("head then tail, 20, encoder frozen", (*PHASES, "finetune.image.tail_learning_rate=0")),
    Variant("head then tail, 20, both", (*PHASES, *BOTH)),
)


def pipeline_to_heads() -> Pipeline:
    """The pipeline `finetune` as far as the heads."""
    whole = load_pipeline("finetune")
    return Pipeline(whole.name, whole.description, whole.stages[: whole.stages.index(LAST) + 1])


def measure(name: str, overrides: list[str], donors: list[RunFolder]) -> RunFolder:
    """Train one variant, sharing what earlier ones have computed."""
    pipeline = pipeline_to_heads()
    loaded = load_config(name, overrides)
    run = RunFolder.of(loaded.config)
    run.root.mkdir(parents=True, exist_ok=True)
    share_stages(order_stages(pipeline, load_stages()), loaded.config, run, donors)
    return run_pipeline(pipeline, loaded, console=RunConsole(quiet=True)).run


def scores(run: RunFolder, head_classes: int) -> list[ShotGroupScore]:
    """Scores of the image head on the val rows, for head and tail."""
    heads = run.artefact_path("heads")
    held = load_validation(heads)["image"]
    classes = load_heads(heads).classes
    counts = np.bincount(_train_labels(run, classes), minlength=len(classes))
    answers = HeadPredictions("image", held.rows, held.labels, np.exp(held.log_probabilities))
    return shot_group_scores(class_scores(answers, counts), ShotsConfig(head_classes=head_classes))


def _train_labels(run: RunFolder, classes: tuple[str, ...]) -> np.ndarray:
    split = run.open("split").read()
    pairs = zip(split["label"].to_pylist(), split["part"].to_pylist(), strict=True)
    return np.asarray([classes.index(label) for label, part in pairs if part == "train" and label in classes])


def main() -> None:
    """Measure the variants, print the table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--config", default="demo")
    parser.add_argument("--head", type=int, default=8, help="head classes")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--tail-epochs", type=int, default=6)
    parser.add_argument("--size", type=int, default=96, help="side of the photos in pixels")
    parser.add_argument("--products", type=int, default=1200, help="of the demo catalogue")
    parser.add_argument("--only", default="", help="only variants whose name matches this regular expression")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="120 products at 48 pixels, two variants")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.products, arguments.size, arguments.epochs, arguments.tail_epochs = 120, 48, 2, 2
        arguments.only = arguments.only or "^(all at once|head then tail, 20 again)$"
    figures: dict[str, float] = {}
    print(
        f"{'variant':36}{'head top-1':>11}{'top-5':>8}{'tail top-1':>12}{'top-5':>8}{'macro-F1 head':>15}{'tail':>8}"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).absolute()
        done: list[RunFolder] = []
        for number, variant in enumerate(VARIANTS):
            if not re.search(arguments.only, variant.name):
                continue
            overrides = [
                f"run.folder={folder}",
                f"run.name=variant-{number}",
                *FIXED,
                *((f"catalog.demo.products={arguments.products}",) if arguments.config == "demo" else ()),
                f"finetune.image.epochs={arguments.epochs}",
                f"finetune.image.tail_epochs={arguments.tail_epochs}",
                f"finetune.image.image_size={arguments.size}",
                *(setting.format(head=arguments.head) for setting in variant.settings),
            ]
            done.insert(0, measure(arguments.config, overrides, done))
            head, tail = scores(done[0], arguments.head)
            print(
                f"{variant.name:36}{head.top1:11.3f}{head.top5:8.3f}{tail.top1:12.3f}{tail.top5:8.3f}{head.macro_f1:15.3f}{tail.macro_f1:8.3f}",
                flush=True,
            )
            key = re.sub(r"[^a-z0-9]+", "_", variant.name)
            for group in (head, tail):
                figures |= {
                    f"{key}.{group.name}.{name}": getattr(group, name)
                    for name in ("top1", "top5", "macro_f1")
                }
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
