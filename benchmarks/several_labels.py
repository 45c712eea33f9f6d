"""Compare the pipeline for several labels with one-vs-rest logistic regression at a threshold of 0.5.

Sets: `demo`, the rendered catalogue with a category, a colour and perhaps a series for each product; `myntra`, with labels
made of its category path and of the attributes for colours (several), shelves (several), use and audience, which are taken
out of the text. Baseline: scikit-learn's logistic regression (C=30), one for each label, on the concatenated
L2-normalised embeddings of the embedded encoders, a label given from a probability of 0.5. Ours: `smartprod run
several-labels`. Both learn from the train and val rows and are asked about every test row; scored are the labels that
products carry, those above them left aside, and labels that no training row has count as missed.

    SMARTPROD_DATA=/path/to/sets python benchmarks/several_labels.py [--sets demo myntra] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from baseline_embeddings import side_by_side
from sklearn.linear_model import LogisticRegression

from smartprod.config import load_config
from smartprod.decision import LabelDecider, load_label_decider
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.evaluation.label_sets.metrics import LabelAnswers, LabelSetScores, score_label_sets
from smartprod.fusion import ProductEmbeddings, load_products
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline, run_pipeline

SETS = ("demo", "myntra")
LEARNING_STAGES = ("classify-labels", "decide-labels")
HIDDEN_ATTRIBUTES = ("productColors", "displayCategories", "usage", "ageGroup", "gender")
QUICK = (
    "catalog.demo.products=300", "split.folds=2", "classifier.candidates=[logistic]", "classifier.logistic.C=[30]",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one method on the test rows, and the seconds it took to learn."""

    method: str
    scores: LabelSetScores
    seconds: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Products of one part and their label sets."""

    products: ProductEmbeddings
    label_sets: list[list[str]]

    @property
    def concatenated(self) -> np.ndarray:
        """What the baseline learns from, float32 [N, D]."""
        return side_by_side(self.products)


def measure(name: str, folder: Path, *, quick: bool) -> list[Score]:
    """Train on one set and score both sides."""
    overrides = [f"run.folder={folder}", *(QUICK if quick else ())]
    if name == "myntra":
        loaded = load_config("myntra", [*overrides, *derive_myntra(folder / "myntra-labels")])
    else:
        loaded = load_config("demo-several-labels", overrides)
    run = run_pipeline(load_pipeline("several-labels"), loaded, console=RunConsole(quiet=True)).run
    index = pq.read_table(run.artefact_path("embedding_index"))
    split = pq.read_table(run.artefact_path("split"))
    store = EmbeddingStore(store_folder(loaded.config))
    parts = np.asarray(split["part"].to_pylist())
    learn, test = (
        Sample(load_products(index, rows, store), split["labels"].take(rows).to_pylist())
        for rows in (np.flatnonzero(np.isin(parts, ["train", "val"])), np.flatnonzero(parts == "test"))
    )
    decider = load_label_decider(run.artefact_path("label_decision"), run.artefact_path("label_heads"))
    return [baseline(decider, learn, test), *ours(decider, test, _learning_seconds(run))]


def derive_myntra(folder: Path) -> list[str]:
    """Write the table with several labels, and say how it is read."""
    source = Path(os.environ["SMARTPROD_DATA"]) / "myntra-html-1000"
    folder.mkdir(parents=True, exist_ok=True)
    with (source / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        attributes = json.loads(row["attributes"])
        row["categories"] = "; ".join(_myntra_labels(row["category_path"], attributes))
        kept = {key: value for key, value in attributes.items() if key not in HIDDEN_ATTRIBUTES}
        row["attributes"] = json.dumps(kept)
    with (folder / "products.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return [
        f"catalog.path={folder / 'products.csv'}",
        f"catalog.image_root={source}",
        "catalog.categories_separator=; ",
        "catalog.columns.category=categories",
        "catalog.classes.min_rows=5",
        "catalog.classes.rare=drop",
        "run.name=myntra-several-labels",
    ]


def _myntra_labels(path: str, attributes: dict[str, str]) -> list[str]:
    several = {"Colour": attributes.get("productColors"), "Shelf": attributes.get("displayCategories")}
    single = {"Use": attributes.get("usage"), "Audience": attributes.get("ageGroup")}
    labels = [path]
    labels += [
        f"{root} > {value.strip()}"
        for root, values in several.items()
        for value in (values or "").split(",")
        if value.strip() not in {"", "NA"}
    ]
    return labels + [f"{root} > {value}" for root, value in single.items() if value]


def baseline(decider: LabelDecider, learn: Sample, test: Sample) -> Score:
    """Fit one logistic regression for each label, and give what reaches 0.5."""
    carried = decider.tree.carried
    targets = decider.tree.targets(learn.label_sets)[:, carried]
    inputs, asked = learn.concatenated, test.concatenated
    given = np.zeros((len(asked), targets.shape[1]), dtype=bool)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for label in range(targets.shape[1]):
            if targets[:, label].all():
                given[:, label] = True
            elif targets[:, label].any():
                model = LogisticRegression(C=30, max_iter=1000).fit(inputs, targets[:, label])
                given[:, label] = model.predict(asked)
    return Score("baseline, at 0.5", _score(decider, test, given), time.perf_counter() - start)


def ours(decider: LabelDecider, test: Sample, seconds: float) -> list[Score]:
    """Score our answers, and what our heads would answer at 0.5."""
    carried = decider.tree.carried
    _, probabilities = decider.probabilities(test.products)
    at_half = np.nan_to_num(probabilities, nan=0.0)[:, carried] >= 0.5
    decided = decider.decide(test.products).given[:, carried]
    return [
        Score("our heads, at 0.5", _score(decider, test, at_half), None),
        Score("ours", _score(decider, test, decided), seconds),
    ]


def _score(decider: LabelDecider, test: Sample, given: np.ndarray) -> LabelSetScores:
    known = set(decider.classes)
    unknown = [[label for label in labels if label not in known] for labels in test.label_sets]
    targets = decider.tree.targets(test.label_sets)[:, decider.tree.carried]
    return score_label_sets(LabelAnswers(decider.classes, targets, given, unknown))


def _learning_seconds(run: RunFolder) -> float:
    manifests = [run.manifest(stage) for stage in LEARNING_STAGES]
    return sum(manifest.seconds for manifest in manifests if manifest is not None)


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="a small demo catalogue and one classifier only")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    arguments = parser.parse_args()
    names = arguments.sets or (("demo",) if arguments.quick else SETS)
    figures: dict[str, float] = {}
    print(
        f"{'set':7} {'method':18} {'mean F1':>7} {'ratio':>6} {'micro':>6} {'row F1':>6} {'exact':>6} {'seconds':>7}"
    )
    with tempfile.TemporaryDirectory() as temporary:
        for name in names:
            measured = measure(name, arguments.folder or Path(temporary), quick=arguments.quick)
            for each in measured:
                scores = each.scores
                ratio = scores.macro_f1 / measured[0].scores.macro_f1
                seconds = "" if each.seconds is None else f"{each.seconds:.1f}"
                print(
                    f"{name:7} {each.method:18} {scores.macro_f1:7.4f} {ratio:6.3f} {scores.micro_f1:6.4f} "
                    f"{scores.sample_f1:6.4f} {scores.exact:6.1%} {seconds:>7}",
                    flush=True,
                )
                key = f"{name}.{each.method.replace(',', '').replace(' ', '_')}"
                for figure in ("macro_f1", "micro_f1", "sample_f1", "exact"):
                    figures[f"{key}.{figure}"] = getattr(scores, figure)
                if each.seconds is not None:
                    figures[f"{key}.seconds"] = each.seconds
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
