"""Measure the finder of wrong labels where the truth is known.

On the demo catalogue 2 % of the labels were planted wrong; on real sets a share of the train and val labels is replaced by
another class of the set, drawn by size. The set is then trained as ever (quick settings by default) and `smartprod doctor`'s
finder is compared, on the same held-out answers, with a plain threshold on the label's probability, with cleanlab where it is
installed (its default and its strictest rule), and with drawing at random. Rows whose label the published table already has
wrong count against every method.

    SMARTPROD_DATA=/path/to/sets python benchmarks/wrong_labels.py [--sets demo myntra bestbuy] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smartprod.config import load_config
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline, run_pipeline
from smartprod.quality import find_wrong_labels, held_out_answers

SETS = ("demo", "myntra", "bestbuy")
SHORT = (
    "split.folds=5", "fuse.candidates=[concat]", "classifier.candidates=[logistic]", "classifier.logistic.C=[30]",
    "classifier.logistic.max_iterations=150", "report.map_points=50", "report.explained_rows=0",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """A trained run and which of its rows have a planted wrong label."""

    run: RunFolder
    wrong: frozenset[int]


def plant(name: str, folder: Path, *, share: float, seed: int, overrides: list[str]) -> Planted:
    """Train on a set with wrong labels."""
    given = [f"run.folder={folder}", *overrides]
    if name == "demo":
        run = _train("demo", given)
        with (folder / "demo-catalogue" / "truth.csv").open(encoding="utf-8") as file:
            wrong_ids = {line["id"] for line in csv.DictReader(file) if line["wrong_label"] == "1"}
        ids = run.read("products")["id"].to_pylist()
        return Planted(run, frozenset(row for row, each in enumerate(ids) if each in wrong_ids))
    loaded = load_config(name, given)
    catalog = loaded.config.catalog
    table = Path(catalog.path)
    with table.open(encoding=catalog.encoding, newline="") as file:
        rows = list(csv.DictReader(file, delimiter=catalog.delimiter or ","))
    column, split = catalog.columns.category, catalog.columns.split
    learned = [place for place, row in enumerate(rows) if row[column] and row.get(split) != "test"]
    labels = [rows[place][column] for place in learned]
    rng = np.random.default_rng(seed)
    wrong = sorted(rng.choice(len(learned), round(share * len(learned)), replace=False).tolist())
    for position in wrong:
        others = [label for label in labels if label != labels[position]]
        rows[learned[position]][column] = str(rng.choice(others))
    noisy = folder / f"{name}-noisy.csv"
    with noisy.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    root = catalog.image_root or str(table.parent)
    run = _train(
        name,
        [
            *given,
            f"catalog.path={noisy}",
            f"catalog.image_root={root}",
            "catalog.encoding=utf-8",
            "catalog.delimiter=null",
        ],
    )
    return Planted(run, frozenset(learned[position] for position in wrong))


def _train(name: str, overrides: list[str]) -> RunFolder:
    loaded = load_config(name, overrides)
    return run_pipeline(load_pipeline("all"), loaded, console=RunConsole(quiet=True)).run


def measure(planted: Planted) -> list[tuple[str, int, float, float, float, float]]:
    """Name, rows found, precision, recall, precision among the first 20, and among the first as many as are wrong."""
    held = held_out_answers(planted.run.root)
    wrong = np.asarray([row in planted.wrong for row in held.rows.tolist()])
    place = {row: position for position, row in enumerate(held.rows.tolist())}
    own = held.probabilities[np.arange(len(held.rows)), held.labels]
    rising = np.argsort(own, kind="stable")
    found = {
        "smartprod doctor": np.asarray([place[each.row] for each in find_wrong_labels(held)], dtype=np.int64),
        "p(label) < 0.5": rising[own[rising] < 0.5],
        "p(label) < 0.05": rising[own[rising] < 0.05],
        "random, as many": np.random.default_rng(0).permutation(len(own))[: len(find_wrong_labels(held))],
    }
    if importlib.util.find_spec("cleanlab"):
        found |= _cleanlab(held.labels, held.probabilities)
    rows = []
    others = held.probabilities.copy()
    others[np.arange(len(own)), held.labels] = -1
    by_ratio = np.argsort(-others.max(axis=1) / np.maximum(own, 1e-12), kind="stable")
    for name, positions in found.items():
        rest = by_ratio if name == "smartprod doctor" else rising
        if name.startswith("random"):
            rest = np.random.default_rng(0).permutation(len(own))
        order = np.concatenate([positions, rest[~np.isin(rest, positions)]])
        hits = int(wrong[positions].sum())
        rows.append(
            (
                name,
                len(positions),
                hits / max(1, len(positions)),
                hits / max(1, int(wrong.sum())),
                float(wrong[order[:20]].mean()),
                float(wrong[order[: int(wrong.sum())]].mean()),
            )
        )
    return rows


def _cleanlab(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, np.ndarray]:
    from cleanlab.filter import find_label_issues

    present, inner = np.unique(labels, return_inverse=True)
    inside = probabilities[:, present] / probabilities[:, present].sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            f"cleanlab {rule}": np.asarray(
                find_label_issues(
                    inner, inside, filter_by=rule, return_indices_ranked_by="self_confidence", n_jobs=1
                ),
                dtype=np.int64,
            )
            for rule in ("prune_by_noise_rate", "both")
        }


def main() -> None:
    """Measure the chosen sets, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", default=None, choices=SETS)
    parser.add_argument("--noise", type=float, default=0.05, help="share of labels replaced in the real sets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--products", type=int, default=1200, help="size of the demo catalogue")
    parser.add_argument("--full", action="store_true", help="train with the shipped settings")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="a small demo catalogue only")
    parser.add_argument("--folder", type=Path, help="keep runs and embeddings here")
    arguments = parser.parse_args()
    names = arguments.sets or (("demo",) if arguments.quick else SETS)
    products = 300 if arguments.quick else arguments.products
    overrides = [] if arguments.full else list(SHORT)
    overrides.append(f"catalog.demo.products={products}")
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        for name in names:
            planted = plant(name, folder, share=arguments.noise, seed=arguments.seed, overrides=overrides)
            print(f"{name}: {len(planted.wrong)} labels are wrong")
            print(
                f"  {'method':30} {'found':>5} {'precision':>9} {'recall':>6} {'first 20':>8} {'first n':>7}"
            )
            for method, count, precision, recall, first, as_many in measure(planted):
                print(
                    f"  {method:30} {count:5} {precision:9.2f} {recall:6.2f} {first:8.2f} {as_many:7.2f}",
                    flush=True,
                )
                key = f"{name}.{method.replace(' ', '_')}"
                figures |= {
                    f"{key}.found": count,
                    f"{key}.precision": precision,
                    f"{key}.recall": recall,
                    f"{key}.precision_at_20": first,
                    f"{key}.precision_at_n": as_many,
                }
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
