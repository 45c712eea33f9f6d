"""Fill small classes with their products' other images: what is refused, and what the rest is worth.

Refusal: for several cosines to the main image, how many other images are refused. On the demo catalogue the renderer knows
which of them are size charts and close-ups of the material: precision and recall of refusing those, and the share of real
views that is kept. magento-luma has views of the product only (back, side, other colours): each refusal there is a loss.

Worth: repeated grouped 5-fold cross-validation over the train and val rows (test rows are never seen) of class-balanced
logistic regression on the image embeddings, and on image and text side by side. Every class is filled up to `--up-to` rows.

    SMARTPROD_DATA=/path/to/sets python benchmarks/other_images.py [--sets demo magento] [--repeats 3] [--up-to 60]
        [--products 1200] [--folder FOLDER] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from learning_sets import LearningSet, divide, divisions, load_set, prepare_set
from sklearn.metrics import f1_score

from smartprod.classifiers import ClassifierRecipe, FitRequest, fit_classifier
from smartprod.config.learning import ClassifierConfig
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.fusion import Fold, LearningData, Representation, load_learning_data
from smartprod.fusion.representation import ConcatRepresentation, SingleRepresentation
from smartprod.pipeline import RunFolder, TableFile, limit_threads
from smartprod.resampling import TrainingSet, select_rows
from smartprod.resampling.filling import embed_spares, load_spares
from smartprod.resampling.other_images import UNLIKE, judge_other_images, list_other_images

SETS = ("demo", "magento")
COSINES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
CHOSEN = 0.5
METHODS = ("as they are", "random oversampling", "other images, all", "other images, alike")
EVERY_COSINE = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A set with its other images embedded and compared."""

    data: LearningSet
    learning: LearningData
    images: pa.Table
    store: EmbeddingStore

    @property
    def similarity(self) -> np.ndarray:
        """Cosine to the main image, NaN where unreadable, float [K]."""
        return np.asarray(self.images["similarity"].to_pylist(), float)


def judge_set(name: str, folder: Path, overrides: tuple[str, ...]) -> Judged:
    """Run the stages up to the split, and compare all other images with their main images."""
    prepare_set(name, folder, overrides)
    data = load_set(name, folder, overrides)
    store = EmbeddingStore(store_folder(data.config))
    index = data.artefacts["embedding_index"]
    learning = load_learning_data(index, data.artefacts["split"], store)
    products = TableFile(RunFolder.of(data.config).artefact_path("products"))
    listed = list_other_images(products, learning, learning.classes)
    every = dict.fromkeys(learning.classes, EVERY_COSINE)
    images = judge_other_images(listed, index, config=data.config, thresholds=every, store=store, threads=1)
    return Judged(data, learning, images, store)


def image_kinds(products: Path) -> dict[str, str]:
    """What each file of a demo catalogue shows: `product`, `chart` or `texture`."""
    kinds = {
        row["id"]: json.loads(row["image_kinds"])
        for row in csv.DictReader((products.parent / "truth.csv").open(encoding="utf-8"))
    }
    found = {}
    for row in csv.DictReader(products.open(encoding="utf-8")):
        paths = [row["image"], *json.loads(row["other_images"] or "[]")]
        names = [str(products.parent / path) for path in paths]
        found |= dict(zip(names, kinds[row["id"]], strict=False))
    return found


def refusal(judged: Judged, kinds: dict[str, str] | None) -> dict[str, float]:
    """Print what each cosine refuses; the figures by name."""
    similarity, read = judged.similarity, ~np.isnan(judged.similarity)
    strange = np.asarray(
        [(kinds or {}).get(path, "product") != "product" for path in judged.images["path"].to_pylist()]
    )
    figures: dict[str, float] = {}
    print(f"{'cosine':>8}{'images':>8}{'refused':>9}{'precision':>11}{'recall':>8}{'views kept':>12}")
    for cosine in COSINES:
        out = read & (similarity < cosine)
        hit = int((out & strange).sum())
        line = {
            "refused": float(out.sum()),
            "views_kept": float((read & ~strange & ~out).sum() / max(1, (read & ~strange).sum())),
        }
        if kinds:
            line |= {
                "precision": hit / max(1, int(out.sum())),
                "recall": hit / max(1, int((read & strange).sum())),
            }
        cells = "".join(
            f"{line[key]:{width}.3f}" if key in line else f"{'-':>{width}}"
            for key, width in (("precision", 11), ("recall", 8))
        )
        print(
            f"{cosine:8.1f}{read.sum():8}{out.sum():9}{cells}{line['views_kept']:12.3f}{'  (default)' if cosine == CHOSEN else ''}"
        )
        figures |= {f"cosine_{cosine}.{key}": value for key, value in line.items()}
    return figures


def training(
    judged: Judged, method: str, fold: Fold, representation: Representation, up_to: int
) -> TrainingSet:
    """The training rows of a fold as one of `METHODS` makes them."""
    data = judged.learning
    rows = fold.train[data.products.having(representation.requires)[fold.train]]
    plain = TrainingSet(representation.embed(data.products.take(rows)), data.labels[rows])
    if method == "random oversampling":
        picked = select_rows(plain.labels, method="random_over", seed=0)
        return TrainingSet(plain.embedding[picked], plain.labels[picked])
    if not method.startswith("other images"):
        return plain
    images = judged.images
    if method.endswith("alike"):
        place = images.schema.get_field_index("refused")
        reasons = [
            reason or (UNLIKE if value < CHOSEN else None)
            for reason, value in zip(images["refused"].to_pylist(), judged.similarity, strict=True)
        ]
        images = images.set_column(place, images.schema.field(place), pa.array(reasons, pa.string()))
    spares = load_spares(images, data, judged.store, up_to=up_to)
    extra = embed_spares(spares, spares.of_fold(data, fold), data, representation)
    return TrainingSet(
        np.concatenate([plain.embedding, extra.embedding]), np.concatenate([plain.labels, extra.labels])
    )


def worth(judged: Judged, *, repeats: int, up_to: int) -> dict[str, float]:
    """Print macro-F1 and accuracy of each method, and the gain over the rows as they are; the figures by name."""
    data, rows = judged.learning, judged.learning.rows
    folds = []
    for division in divisions(judged.data.name, repeats):
        if division.repeat is not None:
            learned, held = divide(judged.data, division)
            learned, held = (part[np.isin(part, rows)] for part in (learned, held))
            folds.append(Fold(division.name, np.searchsorted(rows, learned), np.searchsorted(rows, held)))
    figures: dict[str, float] = {}
    print(
        f"{'embedding':12}{'training rows':24}{'rows':>7}{'macro-F1':>10}{'accuracy':>10}   gain in macro-F1"
    )
    representations: tuple[Representation, ...] = (SingleRepresentation("image"), ConcatRepresentation(1.0))
    for representation in representations:
        plain: list[float] = []
        for method in METHODS:
            f1, accuracy, sizes = [], [], []
            for fold in folds:
                made = training(judged, method, fold, representation, up_to)
                recipe = ClassifierRecipe("logistic", "balanced", C=30.0)
                fitted = fit_classifier(recipe, FitRequest(made, len(data.classes)), ClassifierConfig())
                held = data.products.take(fold.validation)
                predicted = fitted.classifier.log_probabilities(representation.embed(held)).argmax(axis=1)
                truth = data.labels[fold.validation]
                f1.append(float(f1_score(truth, predicted, average="macro", zero_division=0)))
                accuracy.append(float((truth == predicted).mean()))
                sizes.append(len(made.labels))
            plain = plain or f1
            gain = np.asarray(f1) - np.asarray(plain)
            error = gain.std(ddof=1) / len(gain) ** 0.5
            print(
                f"{representation.name:12}{method:24}{np.mean(sizes):7.0f}{np.mean(f1):10.3f}{np.mean(accuracy):10.3f}"
                f"   {gain.mean():+.3f} ± {error:.3f}",
                flush=True,
            )
            key = f"{representation.name}.{method.replace(',', '').replace(' ', '_')}"
            figures |= {f"{key}.macro_f1": float(np.mean(f1)), f"{key}.accuracy": float(np.mean(accuracy))}
            figures |= {f"{key}.gain": float(gain.mean()), f"{key}.gain_error": float(error)}
    return figures


def main() -> None:
    """Measure the chosen sets, print the tables, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--up-to", type=int, default=60, help="every class is filled up to this many rows")
    parser.add_argument("--products", type=int, default=1200, help="of the demo catalogue")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="a demo catalogue of 240 products, once")
    arguments = parser.parse_args()
    limit_threads(1)
    names = arguments.sets or (("demo",) if arguments.quick else SETS)
    names = [name for name in names if name == "demo" or "SMARTPROD_DATA" in os.environ]
    products = 240 if arguments.quick else arguments.products
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in names:
            folder = (arguments.folder or Path(temporary)).absolute()
            overrides = ("run.threads=1", *((f"catalog.demo.products={products}",) if name == "demo" else ()))
            judged = judge_set(name, folder, overrides)
            first = Path(judged.data.artefacts["products"]["images"].combine_chunks().flatten()[0].as_py())
            kinds = image_kinds(first.parent.parent / "products.csv") if name == "demo" else None
            print(f"\n{name}: {judged.images.num_rows} other images of {len(judged.learning.rows)} products")
            figures |= {f"{name}.{key}": value for key, value in refusal(judged, kinds).items()}
            repeats = 1 if arguments.quick else arguments.repeats
            scores = worth(judged, repeats=repeats, up_to=arguments.up_to)
            figures |= {f"{name}.{key}": value for key, value in scores.items()}
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
