"""Requests per second and latency of `smartprod serve` under load, beside the same calls one by one.

Every request is one product of the demo catalogue with title, description and photo. Sides: the library, a product at a
time in one process; the service with micro-batches; and the service that asks the model about each request alone
(`--batch 1`). The clients run on the same machine and share its processors.

    python benchmarks/serve.py [--model FOLDER --catalogue FOLDER] [--concurrency 1 4 16 64] [--requests 600] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import base64
import csv
import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

CONCURRENCY = (1, 4, 16, 64)
# As in tests/conftest.py: what the model answers does not matter here, its encoders are the real ones.
QUICK = (
    "split.folds=2", "fuse.candidates=[concat]", "classifier.candidates=[logistic]", "classifier.logistic.C=[30]",
    "classifier.logistic.max_iterations=100", "classifier.class_weight=none", "decide.target_accuracy=0.8",
    "report.map_points=50", "report.explained_rows=0",
)  # fmt: skip


def make_model(folder: Path, *, products: int) -> tuple[Path, Path]:
    """Render a demo catalogue and train on it; gives model and catalogue."""
    from smartprod.config import load_config
    from smartprod.demo import render_catalogue
    from smartprod.pipeline import RunConsole, load_pipeline, run_pipeline

    catalogue = folder / "catalogue"
    render_catalogue(catalogue, products=products)
    overrides = (f"catalog.path={catalogue / 'products.csv'}", f"run.folder={folder}", *QUICK)
    outcome = run_pipeline(
        load_pipeline("all"), load_config("demo", overrides), console=RunConsole(quiet=True)
    )
    return outcome.run.artefact_path("model"), catalogue


def read_products(catalogue: Path) -> list[dict[str, object]]:
    """Read the products that have a photo."""
    products = []
    with (catalogue / "products.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            photo = catalogue / row["image"]
            if row["image"] and photo.is_file():
                text = {"title": row["title"], "description": row["description"]}
                products.append({**text, "image": photo.read_bytes()})
    return products


def measure_library(model: Path, products: list[dict[str, object]], *, requests: int) -> np.ndarray:
    """Ask the library about one product at a time; seconds of each call."""
    from smartprod.model import load_classifier

    seconds = []
    with load_classifier(model) as classifier:
        classifier.decide(products[:1])
        for number in range(requests):
            started = time.perf_counter()
            classifier.decide([products[number % len(products)]])
            seconds.append(time.perf_counter() - started)
    return np.asarray(seconds)


@contextmanager
def running_service(model: Path, *options: str) -> Iterator[str]:
    """Start the service; gives its host and port."""
    command = [sys.executable, "-m", "smartprod", "serve", "--model", str(model), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = re.search(r"http://\S+", process.stdout.readline())  # type: ignore[union-attr]
            assert found, "the service did not start"
            place = urlsplit(found[0]).netloc
            while not _is_ready(place):
                assert process.poll() is None, "the service ended"
                time.sleep(0.1)
            yield place
        finally:
            process.terminate()


def _is_ready(place: str) -> bool:
    connection = http.client.HTTPConnection(place, timeout=10)
    connection.request("GET", "/ready")
    return connection.getresponse().status == 200


def measure_service(
    place: str, bodies: list[bytes], *, concurrency: int, requests: int
) -> tuple[float, np.ndarray]:
    """Let clients ask, each its next request when the last is answered; requests per second, seconds of each."""

    def client(number: int) -> list[float]:
        connection = http.client.HTTPConnection(place, timeout=120)
        seconds = []
        for position in range(number, requests, concurrency):
            started = time.perf_counter()
            connection.request(
                "POST", "/v1/classify", bodies[position % len(bodies)], {"content-type": "application/json"}
            )
            response = connection.getresponse()
            response.read()
            assert response.status == 200, response.status
            seconds.append(time.perf_counter() - started)
        return seconds

    started = time.perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        each = [
            seconds for client_seconds in pool.map(client, range(concurrency)) for seconds in client_seconds
        ]
    return requests / (time.perf_counter() - started), np.asarray(each)


def measure(model: Path, catalogue: Path, *, concurrency: list[int], requests: int) -> dict[str, float]:
    """Measure all sides."""
    products = read_products(catalogue)
    bodies = [
        json.dumps(
            {
                "products": [
                    {
                        "title": product["title"],
                        "description": product["description"],
                        "images": [base64.b64encode(product["image"]).decode()],  # type: ignore[arg-type]
                    }
                ]
            }
        ).encode()
        for product in products
    ]
    figures: dict[str, float] = {}
    alone = measure_library(model, products, requests=requests)
    figures |= _figures("library", len(alone) / alone.sum(), alone)
    for name, options in (("service", ()), ("unbatched", ("--batch", "1", "--window", "0"))):
        with running_service(model, *options) as place:
            measure_service(place, bodies, concurrency=max(concurrency), requests=max(concurrency))  # warm
            for clients in concurrency:
                rate, seconds = measure_service(place, bodies, concurrency=clients, requests=requests)
                figures |= _figures(f"{name}.{clients}", rate, seconds)
    return figures


def _figures(name: str, rate: float, seconds: np.ndarray) -> dict[str, float]:
    return {
        f"{name}.per_second": rate,
        f"{name}.p50_ms": float(np.percentile(seconds, 50) * 1e3),
        f"{name}.p99_ms": float(np.percentile(seconds, 99) * 1e3),
    }


def print_table(figures: dict[str, float]) -> None:
    """Print a line for each side, with its throughput over that of one-by-one calls of the library."""
    print(f"{'side':24}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'ratio':>8}")
    base = figures["library.per_second"]
    for name in dict.fromkeys(key.rpartition(".")[0] for key in figures):
        rate, p50, p99 = (figures[f"{name}.{what}"] for what in ("per_second", "p50_ms", "p99_ms"))
        side, _, clients = name.partition(".")
        told = f"{side}, {clients} clients" if clients else "library, one by one"
        print(f"{told:24}{rate:12.1f}{p50:10.1f}{p99:10.1f}{rate / base:8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, help="a model folder; by default one is trained")
    parser.add_argument("--catalogue", type=Path, help="the demo catalogue beside it")
    parser.add_argument("--concurrency", type=int, nargs="+", default=list(CONCURRENCY))
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="few requests, two concurrencies")
    options = parser.parse_args()
    concurrency, requests = ([1, 16], 64) if options.quick else (options.concurrency, options.requests)
    with tempfile.TemporaryDirectory() as folder:
        model, catalogue = options.model, options.catalogue
        if model is None or catalogue is None:
            model, catalogue = make_model(Path(folder), products=90 if options.quick else 300)
        figures = measure(model, catalogue, concurrency=concurrency, requests=requests)
    print_table(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
