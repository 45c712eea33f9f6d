"""Rows per second of scoring: a raw CSV beside the notebook loop that a user would write, and stored embeddings.

Raw: the demo catalogue's 1,000 labelled rows with a model trained on them (what it answers does not matter here). Both
sides are whole processes, from start to the written answers. The notebook: pandas, Pillow and timm's transform in a
DataLoader, torch eager, SentenceTransformer, logistic regression; a photo that cannot be read becomes zeros there. The
start-up of a side is that of the same process for one row.

Stored: a generated run whose embeddings a store has, scored from the run folder, and from its CSV, where every photo's
bytes are still read to find its embedding. MLP heads.

    python benchmarks/score.py [--rows 1000] [--stored 100000] [--runs FOLDER] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from baseline_embeddings import side_by_side
from generated_run import generate_run

from smartprod.config import load_config
from smartprod.pipeline import RunConsole, load_pipeline, run_pipeline
from smartprod.scoring import ScoreOutcome, score_table

ROUNDS = 3
REACH_STORED = 20_000
CLASSES = 40
DISTINCT = 20_000


def measure_raw(runs: Path, *, rows: int, rounds: int) -> dict[str, float]:
    """Score the demo catalogue by both sides in turn, and one row of it for the start-up."""
    loaded = load_config("demo", [f"run.folder={runs}"])
    outcome = run_pipeline(load_pipeline("all"), loaded, console=RunConsole(quiet=True))
    catalogue = runs / "demo-catalogue"
    table = _first_rows(catalogue / "products.csv", rows)
    one = _first_rows(catalogue / "products.csv", 1)
    parameters = runs / "notebook.npz"
    _fit_notebook(outcome.run.root, runs / "embedding-store", parameters)
    ours = ["-m", "smartprod", "score", "--quiet", "--fresh", "--model", str(outcome.run.root / "model")]
    sides = {
        "ours": lambda path: [*ours, str(path), "--out", str(runs / "ours.parquet")],
        "notebook": lambda path: [str(Path(__file__).with_name("notebook.py")), str(path), str(parameters)],
    }
    seconds: dict[str, list[float]] = {f"{name} {size}": [] for name in sides for size in ("all", "one")}
    for _ in range(rounds):
        for name, command in sides.items():
            seconds[f"{name} all"].append(_seconds(command(table)))
            seconds[f"{name} one"].append(_seconds(command(one)))
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    figures = {}
    for name in sides:
        figures[f"raw.{name}.rows_per_second"] = rows / medians[f"{name} all"]
        figures[f"raw.{name}.start_seconds"] = medians[f"{name} one"]
        figures[f"raw.{name}.rows_per_second_after_start"] = (rows - 1) / (
            medians[f"{name} all"] - medians[f"{name} one"]
        )
    return figures


def measure_stored(folder: Path, *, rows: int) -> dict[str, float]:
    """Score rows whose embeddings are stored."""
    generated = generate_run(
        folder, rows=rows, distinct=min(DISTINCT, rows), classes=CLASSES, csv_rows=rows // 5
    )
    assert generated.table is not None
    quiet = RunConsole(quiet=True)
    model, store = generated.model, generated.store
    run = _best_of(
        lambda: score_table(generated.folder, model=model, out=folder / "run.parquet", console=quiet)
    )
    table = _best_of(
        lambda: score_table(
            generated.table, model=model, out=folder / "csv.parquet", store=store, console=quiet
        )
    )
    return {
        "stored.run.rows_per_second": run.rows_scored / run.seconds,
        "stored.csv.rows_per_second": table.rows_scored / table.seconds,
    }


def _best_of(score: object) -> ScoreOutcome:
    assert callable(score)
    return min((score() for _ in range(ROUNDS)), key=lambda outcome: outcome.seconds)


def _first_rows(table: Path, rows: int) -> Path:
    """Copy the first rows of a CSV beside it."""
    path = table.with_name(f"first-{rows}.csv")
    with (
        table.open(encoding="utf-8", newline="") as source,
        path.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file)
        for number, cells in enumerate(csv.reader(source)):
            if number <= rows:
                writer.writerow(cells)
    return path


def _fit_notebook(run: Path, store: Path, path: Path) -> None:
    """Fit the notebook's classifier on our stored embeddings of the train rows, and keep its numbers."""
    import pyarrow.parquet as pq
    from sklearn.linear_model import LogisticRegression

    from smartprod.embeddings import EmbeddingStore
    from smartprod.fusion import load_products

    index = pq.read_table(run / "extract" / "embedding_index.parquet")
    split = pq.read_table(run / "split" / "split.parquet")
    rows = np.flatnonzero(np.asarray(split["part"].to_pylist()) == "train")
    products = load_products(index, rows, EmbeddingStore(store))
    labels = np.asarray(split["label"].to_pylist())[rows]
    model = LogisticRegression(C=30, class_weight="balanced", max_iter=1000)
    model.fit(side_by_side(products), labels)
    np.savez(path, coefficients=model.coef_, intercepts=model.intercept_, classes=model.classes_.astype(str))


def _seconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return seconds


def _print(figures: dict[str, float], rows: int) -> None:
    print(f"{f'raw CSV, {rows:,} rows':24} {'rows/s':>8} {'start-up s':>11} {'rows/s after it':>16}")
    for name in ("ours", "notebook"):
        keys = ("rows_per_second", "start_seconds", "rows_per_second_after_start")
        rate, start, after = (figures[f"raw.{name}.{key}"] for key in keys)
        print(f"{name:24} {rate:8.1f} {start:11.2f} {after:16.1f}")
    for key in ("rows_per_second", "rows_per_second_after_start"):
        figures[f"raw.{key}.ratio"] = figures[f"raw.ours.{key}"] / figures[f"raw.notebook.{key}"]
    print(
        f"ours over notebook: {figures['raw.rows_per_second.ratio']:.2f} times,"
        f" {figures['raw.rows_per_second_after_start.ratio']:.2f} after the start-up"
    )


def main() -> None:
    """Measure everything, print the tables and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, help="rows of the raw table, at most 1,000")
    parser.add_argument("--stored", type=int, help="rows with stored embeddings")
    parser.add_argument("--runs", type=Path, help="folder to train the demo model in, or where it is trained")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="stored embeddings only, 20,000 rows")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        if not arguments.quick:
            rows = arguments.rows or 1_000
            figures |= measure_raw(arguments.runs or Path(folder) / "runs", rows=rows, rounds=ROUNDS)
            _print(figures, rows)
        stored = arguments.stored or (20_000 if arguments.quick else 100_000)
        figures |= measure_stored(Path(folder), rows=stored)
    for source, told in (("run", f"run folder, {stored:,} rows"), ("csv", f"CSV, {stored // 5:,} rows")):
        rate = figures[f"stored.{source}.rows_per_second"]
        reach = f"   (reach: {REACH_STORED:,})" if source == "run" else ""
        print(f"stored embeddings, {told}: {rate:,.0f} rows/s{reach}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
