"""Compare the augmentations of fine-tuning: the embedded image encoder trained with each, judged by held-out photos.

Two small sets: the demo catalogue, learned from studio pictures and judged by photos, and a few photos of each class of
grocery-store (with SMARTPROD_DATA). Every training has the same rows, seed, epochs and steps; the score is that of the last
epoch, which nothing has chosen. Pictures are small and the first layers stay, so that a processor is enough: the figures
compare augmentations and say little about what the encoder could reach.

    SMARTPROD_DATA=/path/to/sets python benchmarks/augmentation.py [--variants simple cutmix] [--epochs 8] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from finetuning_sets import FinetuningSet, grocery_photos, studio_to_photo, train_and_judge

VARIANTS: dict[str, tuple[str, ...]] = {
    "none": ("kind=none",),
    "crops": ("kind=crops",),
    "simple": ("kind=simple",),
    "randaugment": ("kind=randaugment",),
    "trivialaugment": ("kind=trivialaugment",),
    "mixup": ("kind=crops", "mixup=0.2"),
    "cutmix": ("kind=crops", "cutmix=1.0"),
    "background solid": ("kind=crops", "backgrounds=solid"),
    "background noise": ("kind=crops", "backgrounds=noise"),
    "background texture": ("kind=crops", "backgrounds=texture"),
    "background photos": ("kind=crops", "backgrounds=photos"),
    "simple + texture": ("kind=simple", "backgrounds=texture"),
}
QUICK = ("none", "simple")


def settings(variant: str, photos: Path | None, arguments: argparse.Namespace, seed: int) -> tuple[str, ...]:
    """What a training is told, as on the command line."""
    changes = [f"finetune.image.augmentation.{each}" for each in VARIANTS[variant]]
    if photos is not None:
        changes.append(f"finetune.image.augmentation.background_photos={photos}")
    return (
        *changes,
        "finetune.image.encoder=lite0",
        f"finetune.image.epochs={arguments.epochs}",
        f"finetune.image.patience={arguments.epochs}",
        f"finetune.image.image_size={arguments.size}",
        f"finetune.image.frozen_layers={arguments.frozen}",
        "finetune.image.ema_decay=0.9",
        f"run.seed={seed}",
    )


def background_photos(folder: Path) -> Path:
    """Photos without products: the rooms of the demo catalogue's own renderer, at other seeds."""
    from random import Random

    from smartprod.demo.scene import _photo_backdrop

    place = folder / "rooms"
    place.mkdir(parents=True, exist_ok=True)
    for number in range(40):
        _photo_backdrop(256, Random(f"room {number}")).save(place / f"{number}.png")
    return place


def measure(
    chosen: FinetuningSet, variants: list[str], folder: Path, arguments: argparse.Namespace
) -> dict[str, float]:
    """Train with each augmentation and print its line."""
    figures: dict[str, float] = {}
    learned, judged = chosen.sizes
    print(f"{chosen.name}: {learned} rows to learn from, {judged} judge", flush=True)
    photos = background_photos(folder)
    for variant in variants:
        scores, start = [], time.perf_counter()
        for seed in range(arguments.seeds):
            name = f"{chosen.name}-{variant}-{seed}".replace(" ", "-").replace(">", "-").replace("+", "and")
            told = settings(variant, photos, arguments, seed)
            scores.append(train_and_judge(chosen, folder / "runs", name, told))
        accuracy, macro_f1 = np.mean(scores, axis=0)
        spread = f" ± {np.std([each[0] for each in scores]):.3f}" if arguments.seeds > 1 else ""
        print(f"  {variant:20} accuracy {accuracy:.3f}{spread}  macro-F1 {macro_f1:.3f}  "
              f"({time.perf_counter() - start:.0f} s)", flush=True)  # fmt: skip
        key = f"{chosen.name}.{variant}".replace(" ", "_")
        figures[f"{key}.accuracy"], figures[f"{key}.macro_f1"] = float(accuracy), float(macro_f1)
    return figures


def main() -> None:
    """Measure the chosen augmentations on both sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--variants", nargs="+", choices=list(VARIANTS), help="which augmentations; all by default"
    )
    parser.add_argument("--sets", nargs="+", choices=["demo", "grocery"], default=["demo", "grocery"])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each; their mean is given")
    parser.add_argument("--size", type=int, default=112, help="side of the pictures in pixels")
    parser.add_argument("--frozen", type=float, default=0.5, help="fraction of the layers that never learn")
    parser.add_argument("--products", type=int, default=1200, help="of the demo catalogue")
    parser.add_argument("--rows", type=int, default=400, help="of the demo to learn from at most")
    parser.add_argument("--folder", type=Path, help="keep tables and runs here")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument(
        "--quick", action="store_true", help="two augmentations, one epoch, a small demo catalogue"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.epochs, arguments.products, arguments.rows, arguments.size = 2, 240, 100, 64
        arguments.sets = ["demo"]
    variants = arguments.variants or list(QUICK if arguments.quick else VARIANTS)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if "demo" in arguments.sets:
            demo = studio_to_photo(folder, products=arguments.products, rows=arguments.rows)
            figures |= measure(demo, variants, folder, arguments)
        grocery = grocery_photos(folder, per_class=4, judged=296) if "grocery" in arguments.sets else None
        if grocery is not None:
            figures |= measure(grocery, variants, folder, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
