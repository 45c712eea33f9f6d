"""Measure the peak memory of a small and a large table: it must not grow with the rows.

`smartprod run extract` reads a generated CSV in which every product has its own text and one of 256 tiny photos. The store
has all but a thousand of the texts, so that the tables differ in their rows only, not in what the encoders compute.
`smartprod score` reads a generated CSV all of whose embeddings a store has. Reach: the large table peaks at no more than 1.1 times the
memory of the small one.

    python benchmarks/flat_memory.py [--rows 10000 1000000] [--jobs extract score] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from generated_run import generate_run
from PIL import Image

from smartprod.catalog import products_from_records
from smartprod.cleaning import clean_products
from smartprod.config import Config
from smartprod.embeddings import EmbeddingStore, text_key
from smartprod.encoders import configure_offline, load_encoder
from smartprod.pipeline import RunFolder

ROWS = (10_000, 1_000_000)
QUICK_ROWS = (5_000, 50_000)
REACH = 1.1
PHOTOS = 256
NEW_TEXTS = 1_000
SCORED_DISTINCT = 4_096
_PIECE = 16_384


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one command took.

    Attributes:
        rows: Rows of the table.
        peak_mib: Most resident memory of the process and its children together.
        seconds: Wall-clock time of the command.
        notes: Further figures by name, such as the peak of each stage.
    """

    rows: int
    peak_mib: float
    seconds: float
    notes: dict[str, float] = field(default_factory=dict)


def measure_extract(rows: int, folder: Path) -> Measurement:
    """Extract a generated table."""
    table = write_table(folder, rows)
    fill_store(folder / "runs" / "embedding-store", max(0, rows - NEW_TEXTS))
    command = ["run", "extract", f"catalog.path={table}", f"run.folder={folder / 'runs'}", "run.name=flat"]
    peak, seconds = peak_of(command)
    run = RunFolder(folder / "runs" / "flat")
    notes = {}
    for stage in ("catalog", "clean", "extract"):
        manifest = run.manifest(stage)
        assert manifest is not None
        notes[f"{stage}_peak_mib"] = manifest.peak_memory_mib or 0.0
        notes[f"{stage}_rows_per_second"] = round(rows / max(manifest.seconds, 1e-3))
    extracted = run.manifest("extract")
    assert extracted is not None
    assert extracted.metrics["texts_computed"] == min(rows, NEW_TEXTS), "the store was to have the others"
    return Measurement(rows, peak, seconds, notes)


def measure_score(rows: int, folder: Path) -> Measurement:
    """Score a generated CSV whose embeddings a store has; every photo is read for its content."""
    generated = generate_run(folder, rows=1, distinct=SCORED_DISTINCT, classes=20, csv_rows=rows)
    out = folder / "scored.parquet"
    command = ["score", generated.table, "--model", generated.model, "--store", generated.store, "--out", out]
    peak, seconds = peak_of([str(word) for word in command])
    assert pq.read_metadata(out).num_rows == rows
    return Measurement(rows, peak, seconds)


# The jobs that have to stay flat: rows and an empty folder in, a measurement out.
JOBS: dict[str, Callable[[int, Path], Measurement]] = {"extract": measure_extract, "score": measure_score}


def write_table(folder: Path, rows: int) -> Path:
    """Write a CSV of products and the photos that they share."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    for number in range(PHOTOS):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(6, axis=0).repeat(6, axis=1)
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
    path = folder / "products.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "image", "category"])
        for row in range(rows):
            writer.writerow([f"sku-{row}", title(row), f"images/{row % PHOTOS}.png", f"Class {row % 20}"])
    return path


def title(row: int) -> str:
    """Name a product; no two have the same name."""
    return f"Product number {row}"


def fill_store(folder: Path, rows: int) -> None:
    """Put an embedding of random numbers for each of the first texts into a store."""
    config = Config()
    configure_offline(config)
    encoders = [
        load_encoder(name, modality="text", config=config.extract, threads=1) for name in config.extract.text
    ]
    sample = clean_products(products_from_records([{"title": title(7)}], config.catalog), config.clean)
    assert sample["text"].to_pylist() == [f"{title(7)}."], "the keys below are of the cleaned texts"
    store = EmbeddingStore(folder)
    rng = np.random.default_rng(1)
    for start in range(0, rows, _PIECE):
        keys = [text_key(f"{title(row)}.") for row in range(start, min(rows, start + _PIECE))]
        for encoder in encoders:
            store.append(encoder.fingerprint, keys, rng.normal(size=(len(keys), encoder.dim)))
    for encoder in encoders:
        store.tidy(encoder.fingerprint)


def peak_of(arguments: list[str]) -> tuple[float, float]:
    """Run `smartprod` and give its peak memory in MiB, children included, and its seconds.

    Every 20 ms the kernel's own account of its peak is read, and what it and its children hold together is added up.
    `ru_maxrss` does not serve: it begins with the size of the process that started the command.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "smartprod", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    sampled = [0.0]
    done = threading.Event()

    def sample() -> None:
        before = 0.0
        while not done.wait(0.02):
            now = _tree_mib(process.pid)
            # A child that is just being started shows its parent's memory as its own: count what lasts.
            sampled[0] = max(sampled[0], _own_peak_mib(process.pid), min(before, now))
            before = now

    sampler = threading.Thread(target=sample)
    sampler.start()
    assert process.stdout is not None
    output = process.stdout.read().decode()
    process.wait()
    done.set()
    sampler.join()
    if process.returncode != 0:
        raise SystemExit(output)
    return sampled[0], time.monotonic() - started


def _own_peak_mib(pid: int) -> float:
    """Most resident memory of a process so far, or since a stage began; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0.0)


def _tree_mib(pid: int) -> float:
    """Resident memory of a process and of all below it."""
    total, waiting = 0.0, [pid]
    while waiting:
        folder = Path("/proc") / str(waiting.pop())
        try:
            total += int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
            for task in (folder / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, ValueError, IndexError):
            continue  # it ended meanwhile
    return total


def main() -> None:
    """Measure both sizes of every job, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", nargs=2, type=int, help="rows of the small and of the large table")
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS[0]:,} and {QUICK_ROWS[1]:,} rows")
    arguments = parser.parse_args()
    sizes = arguments.rows or (QUICK_ROWS if arguments.quick else ROWS)
    figures: dict[str, float] = {}
    print(f"{'job':10} {'rows':>10} {'peak MiB':>9} {'seconds':>8} {'rows/s':>8}")
    for job in arguments.jobs:
        measured = []
        for rows in sizes:
            with tempfile.TemporaryDirectory() as folder:
                measured.append(JOBS[job](rows, Path(folder)))
            _report(job, measured[-1], figures)
        ratio = measured[1].peak_mib / measured[0].peak_mib
        figures[f"{job}.peak_ratio"] = round(ratio, 4)
        verdict = "reached" if ratio <= REACH else "missed"
        print(
            f"{job:10} large over small: {ratio:.3f} times the memory (reach: {REACH}, {verdict})", flush=True
        )
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _report(job: str, measured: Measurement, figures: dict[str, float]) -> None:
    rate = measured.rows / measured.seconds
    print(
        f"{job:10} {measured.rows:10,} {measured.peak_mib:9,.0f} {measured.seconds:8,.1f} {rate:8,.0f}   "
        + "  ".join(f"{name} {value:,.0f}" for name, value in measured.notes.items()),
        flush=True,
    )
    key = f"{job}.{measured.rows}"
    figures[f"{key}.peak_mib"] = round(measured.peak_mib, 1)
    figures[f"{key}.seconds"] = round(measured.seconds, 2)
    for name, value in measured.notes.items():
        figures[f"{key}.{name}"] = value


if __name__ == "__main__":
    main()
