"""Small tables for `augmentation.py` and `domain_shift.py`: rows to learn from, rows to judge by, unlabelled rows between."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smartprod.config import load_config
from smartprod.demo import render_catalogue
from smartprod.pipeline import Pipeline, RunConsole, RunFolder, run_pipeline

STAGES = ("catalog", "clean", "split-files", "finetune-image")


@dataclass(frozen=True, slots=True)
class FinetuningSet:
    """A table and what a configuration has to say of it.

    Attributes:
        name: Of the set, such as `demo studio>photo`.
        overrides: `key=value`, as on the command line.
        sizes: Rows to learn from, to judge by, and without label.
    """

    name: str
    overrides: tuple[str, ...]
    sizes: tuple[int, int, int]


def studio_to_photo(folder: Path, *, products: int, rows: int) -> FinetuningSet:
    """The demo catalogue: studio pictures to learn from; half of the photos judge, half are without label.

    Photos of products that stand in a group with a studio picture are left out of those that judge.
    """
    catalogue = folder / f"demo-{products}"
    if not (catalogue / "products.csv").exists():
        render_catalogue(catalogue, products=products, seed=0)
    with (catalogue / "products.csv").open(encoding="utf-8", newline="") as file:
        table = [row for row in csv.DictReader(file) if row["category"] and row["image"]]
    rng = np.random.default_rng(0)
    table = [table[i] for i in rng.permutation(len(table))]
    learned = [row for row in table if row["domain"] == "studio"][:rows]
    known = {row["category"] for row in learned}
    groups = {row["group_id"] for row in table if row["domain"] == "studio"} - {""}
    photos = [row for row in table if row["domain"] == "photo" and row["group_id"] not in groups]
    return _write(
        "demo studio>photo",
        folder / f"demo-{products}-{rows}.csv",
        catalogue,
        learned,
        [row for row in photos[::2] if row["category"] in known],
        photos[1::2],
        more=(f"finetune.image.augmentation.mask_folder={catalogue}", "finetune.image.augmentation.mask_column=mask",
              "catalog.columns.extra=[mask]"),
    )  # fmt: skip


def grocery_photos(folder: Path, *, per_class: int, judged: int) -> FinetuningSet | None:
    """grocery-store: a few train photos of each class to learn from, val photos judge; None without SMARTPROD_DATA."""
    return _grocery("grocery photos", folder, "train", per_class=per_class, judged=judged)


def iconic_to_natural(folder: Path, *, judged: int) -> FinetuningSet | None:
    """grocery-store: a studio photo of each class to learn from, val photos of shops judge; None without SMARTPROD_DATA."""
    return _grocery("grocery iconic>natural", folder, "iconic", per_class=1, judged=judged)


def _grocery(name: str, folder: Path, learned: str, *, per_class: int, judged: int) -> FinetuningSet | None:
    root = Path(os.environ.get("SMARTPROD_DATA", "")) / "grocery-store"
    if not (root / "products.csv").exists():
        return None
    with (root / "products.csv").open(encoding="utf-8", newline="") as file:
        table = [{**row, "category": row["category_path"]} for row in csv.DictReader(file)]
    rng = np.random.default_rng(0)
    table = [table[i] for i in rng.permutation(len(table))]
    chosen: list[dict[str, str]] = []
    for category in sorted({row["category"] for row in table}):
        of_class = [row for row in table if row["category"] == category and row["split"] == learned]
        chosen += of_class[:per_class]
    others = [row for row in table if row["split"] == "train" and row not in chosen][: 10 * judged]
    judges = [row for row in table if row["split"] == "val"][:judged]
    return _write(
        name, folder / f"{name.replace(' ', '-').replace('>', '-')}.csv", root, chosen, judges, others
    )


def _write(
    name: str,
    path: Path,
    image_root: Path,
    learned: list[dict[str, str]],
    judged: list[dict[str, str]],
    unlabelled: list[dict[str, str]],
    *,
    more: tuple[str, ...] = (),
) -> FinetuningSet:
    columns = ["id", "image", "category", "domain", "split", "mask"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        for part, rows in (("train", learned), ("val", judged), ("", unlabelled)):
            for row in rows:
                category = row["category"] if part else ""
                writer.writerow({"mask": "", **row, "category": category, "split": part})
    overrides = (
        f"catalog.path={path}",
        f"catalog.image_root={image_root}",
        "catalog.columns.group=null",
        *more,
    )
    return FinetuningSet(name, overrides, (len(learned), len(judged), len(unlabelled)))


def train_and_judge(
    chosen: FinetuningSet, runs: Path, name: str, overrides: tuple[str, ...]
) -> tuple[float, float]:
    """Train on the one part and judge by the other; gives accuracy and macro-F1 after the last epoch.

    No epoch is chosen: what judges has no say in the training.
    """
    given = [f"run.folder={runs}", f"run.name={name}", "catalog.max_bad_fraction=1", "split.test_fraction=0",
             *chosen.overrides, *overrides]  # fmt: skip
    loaded = load_config("demo", given)
    run_pipeline(
        Pipeline("finetuning", "Photos to a trained encoder.", STAGES), loaded, console=RunConsole(quiet=True)
    )
    document = json.loads(
        RunFolder.of(loaded.config).artefact_path("image_training").read_text(encoding="utf-8")
    )
    last = document["epochs"][-1]
    return last["val_accuracy"], last["val_macro_f1"]
