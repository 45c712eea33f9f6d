"""Small tables for `augmentation.py` and `domain_finetuning.py`, cut from the demo catalogue and from grocery-store."""

from __future__ import annotations

import csv
import io
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
        sizes: Rows to learn from, and to judge by.
    """

    name: str
    overrides: tuple[str, ...]
    sizes: tuple[int, int]


def studio_to_photo(folder: Path, *, products: int, rows: int) -> FinetuningSet:
    """The demo catalogue: studio pictures to learn from; half of the photos judge."""
    catalogue, learned, photos = read_demo(folder, products=products, rows=rows)
    path, judged = folder / f"demo-{products}-{rows}.csv", of_same_classes(photos[::2], learned)
    write_rows(path, {"train": learned, "val": judged, "": photos[1::2]})
    overrides = (
        *table_overrides(path, catalogue),
        f"finetune.image.augmentation.mask_folder={catalogue}",
        "finetune.image.augmentation.mask_column=mask",
        "catalog.columns.extra=[mask]",
    )
    return FinetuningSet("demo studio>photo", overrides, (len(learned), len(judged)))


def read_demo(
    folder: Path, *, products: int, rows: int
) -> tuple[Path, list[dict[str, str]], list[dict[str, str]]]:
    """Render the demo catalogue; gives its folder, so many studio pictures, and photos, both in random order.

    Photos of products that stand in a group with a studio picture are left out.
    """
    catalogue = folder / f"demo-{products}"
    if not (catalogue / "products.csv").exists():
        render_catalogue(catalogue, products=products, seed=0)
    with (catalogue / "products.csv").open(encoding="utf-8", newline="") as file:
        table = [row for row in csv.DictReader(file) if row["category"] and row["image"]]
    table = [table[i] for i in np.random.default_rng(0).permutation(len(table))]
    learned = [row for row in table if row["domain"] == "studio"][:rows]
    groups = {row["group_id"] for row in table if row["domain"] == "studio"} - {""}
    photos = [row for row in table if row["domain"] == "photo" and row["group_id"] not in groups]
    return catalogue, learned, photos


def of_same_classes(rows: list[dict[str, str]], learned: list[dict[str, str]]) -> list[dict[str, str]]:
    """Those of some rows whose class is learned."""
    known = {row["category"] for row in learned}
    return [row for row in rows if row["category"] in known]


def grocery_photos(folder: Path, *, per_class: int, judged: int) -> FinetuningSet | None:
    """grocery-store: a few train photos of each class to learn from, val photos judge; None without SMARTPROD_DATA."""
    table = read_grocery()
    if table is None:
        return None
    chosen: list[dict[str, str]] = []
    for category in sorted({row["category"] for row in table}):
        of_class = [row for row in table if row["category"] == category and row["split"] == "train"]
        chosen += of_class[:per_class]
    judges = [row for row in table if row["split"] == "val"][:judged]
    path = folder / "grocery-photos.csv"
    write_rows(path, {"train": chosen, "val": judges})
    return FinetuningSet("grocery photos", table_overrides(path, grocery_root()), (len(chosen), len(judges)))


def grocery_root() -> Path:
    """The folder of grocery-store."""
    return Path(os.environ.get("SMARTPROD_DATA", "")) / "grocery-store"


def read_grocery() -> list[dict[str, str]] | None:
    """The rows of grocery-store in random order, with paths as categories; None without SMARTPROD_DATA."""
    if not (grocery_root() / "products.csv").exists():
        return None
    with (grocery_root() / "products.csv").open(encoding="utf-8", newline="") as file:
        table = [{**row, "category": row["category_path"]} for row in csv.DictReader(file)]
    return [table[i] for i in np.random.default_rng(0).permutation(len(table))]


def write_rows(path: Path, parts: dict[str, list[dict[str, str]]]) -> None:
    """Write the rows of each part, one part after the other; those of the part "" without their category.

    A file that says the same is left alone, so that finished runs of it count as done.
    """
    columns = ["id", "image", "category", "domain", "split", "mask"]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    for part, rows in parts.items():
        for row in rows:
            category = row["category"] if part else ""
            writer.writerow({"mask": "", **row, "category": category, "split": part})
    told = text.getvalue().encode()
    if not path.exists() or path.read_bytes() != told:
        path.write_bytes(told)


def table_overrides(path: Path, image_root: Path) -> tuple[str, ...]:
    """What a configuration has to say of a table of `write_rows`."""
    return (f"catalog.path={path}", f"catalog.image_root={image_root}", "catalog.columns.group=null")


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
