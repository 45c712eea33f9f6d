"""Compare smartprod's way from HTML to text embeddings with sentence-transformers on the same model and processor.

Ours cleans the HTML and embeds it. `SentenceTransformer.encode` gets the texts already cleaned, at the best of a few batch
sizes; the notebook loop cleans with BeautifulSoup first. Each side runs in a process of its own, as it would at a user's,
and they take turns; seconds are medians over the rounds.

    [SMARTPROD_DATA=/path/to/sets] python benchmarks/extract_texts.py [--texts N] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from html_descriptions import draw_descriptions

BATCH_SIZES = (8, 32, 64)
REAL_SETS = ("myntra-html-1000", "bestbuy-phones")
Record = dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """What a side computed, and how long it took.

    Attributes:
        seconds: For all texts.
        embeddings: float32 [N, D].
    """

    seconds: float
    embeddings: np.ndarray


class Ours:
    """Our side, in its own process."""

    def __init__(self, threads: int) -> None:
        from smartprod.config import Config
        from smartprod.config.schema import ExtractConfig
        from smartprod.encoders import load_encoder

        self._config = Config()
        self._encoders = {
            precision: load_encoder(
                "minilm", modality="text", config=ExtractConfig(text_precision=precision), threads=threads
            )
            for precision in ("full", "int8")
        }

    def clean(self, records: Sequence[Record]) -> list[str]:
        """Clean texts of the records, in their order."""
        from smartprod.catalog import products_from_records
        from smartprod.cleaning import clean_products

        products = products_from_records(records, self._config.catalog)
        return clean_products(products, self._config.clean)["text"].to_pylist()

    def clean_seconds(self, records: Sequence[Record]) -> float:
        """Time the cleaning alone, the table being read already."""
        from smartprod.catalog import products_from_records
        from smartprod.cleaning import clean_products

        products = products_from_records(records, self._config.catalog)
        return _seconds(lambda: clean_products(products, self._config.clean))

    def tokenise_seconds(self, texts: Sequence[str]) -> float:
        """Time the tokenising alone."""
        return _seconds(lambda: self._encoders["full"]._tokenise(texts))

    def from_html(self, records: Sequence[Record]) -> Timed:
        """Clean and embed."""
        return _timed(lambda: self._encoders["full"].encode(self.clean(records)))

    def from_texts(self, texts: Sequence[str]) -> Timed:
        """Embed cleaned texts."""
        return _timed(lambda: self._encoders["full"].encode(texts))

    def from_html_in_int8(self, records: Sequence[Record]) -> Timed:
        """Clean and embed in int8."""
        return _timed(lambda: self._encoders["int8"].encode(self.clean(records)))


class Peer:
    """The library's side, in its own process."""

    def __init__(self, threads: int) -> None:
        from smartprod.encoders import import_torchvision
        from smartprod.encoders.embedded import MINILM, find_weights

        import_torchvision()  # where torchvision does not fit torch, transformers would not import
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(threads)
        self._model = SentenceTransformer(str(find_weights(MINILM).parent), device="cpu")

    def from_texts(self, texts: Sequence[str], batch_size: int) -> Timed:
        """Embed cleaned texts."""
        return _timed(lambda: self._model.encode(list(texts), batch_size=batch_size))

    def notebook(self, records: Sequence[Record], batch_size: int) -> Timed:
        """Clean with BeautifulSoup and embed."""
        from bs4 import BeautifulSoup

        def run() -> np.ndarray:
            texts = [
                f"{record['title']}. {BeautifulSoup(record['description'] or '', 'html.parser').get_text(' ', strip=True)}"
                for record in records
            ]
            return self._model.encode(texts, batch_size=batch_size)

        return _timed(run)


def _seconds(compute: Callable[[], object]) -> float:
    start = time.perf_counter()
    compute()
    return time.perf_counter() - start


def _timed(compute: Callable[[], np.ndarray]) -> Timed:
    start = time.perf_counter()
    embeddings = compute()
    return Timed(time.perf_counter() - start, np.asarray(embeddings))


class Remote:
    """A side in a process of its own; `ask` calls one of its methods and waits."""

    def __init__(self, side: type[Ours] | type[Peer], threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, side, threads), daemon=True)
        self._process.start()

    def ask(self, method: str, *arguments: object) -> Any:
        """Call a method there and wait for what it gives."""
        self._connection.send((method, arguments))
        return self._connection.recv()

    def close(self) -> None:
        """End the process."""
        self._connection.send(None)
        self._process.join()


def _serve(connection: Connection, side: type[Ours] | type[Peer], threads: int) -> None:
    server = side(threads)
    while (task := connection.recv()) is not None:
        method, arguments = task
        connection.send(getattr(server, method)(*arguments))


def measure(name: str, records: list[Record], sides: tuple[Remote, Remote], rounds: int) -> dict[str, float]:
    """Measure all sides on one set, print the table and give the figures."""
    ours, peer = sides
    texts = ours.ask("clean", records)
    for side in sides:  # the first steps of a process are slow
        side.ask("from_texts", texts[:16], *((8,) if side is peer else ()))
    sizes = {size: peer.ask("from_texts", texts[: len(texts) // 2], size).seconds for size in BATCH_SIZES}
    best = min(sizes, key=sizes.__getitem__)
    tripled = [record for record in records for _ in range(3)]
    ways: dict[str, tuple[Remote, str, tuple[object, ...]]] = {
        "ours from HTML": (ours, "from_html", (records,)),
        f"SentenceTransformer (batch {best}), cleaned": (peer, "from_texts", (texts, best)),
        "ours, cleaned": (ours, "from_texts", (texts,)),
        f"BeautifulSoup + SentenceTransformer ({best})": (peer, "notebook", (records, best)),
        "ours from HTML, int8": (ours, "from_html_in_int8", (records,)),
        "ours from HTML, each row 3 times": (ours, "from_html", (tripled,)),
    }
    results: dict[str, list[Timed]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, (side, method, arguments) in ways.items():
            results[way].append(side.ask(method, *arguments))
    prepared = {
        method: statistics.median(ours.ask(method, argument) for _ in range(rounds))
        for method, argument in (("clean_seconds", records), ("tokenise_seconds", texts))
    }
    return _account(name, results, len(texts), prepared)


def _account(
    name: str, results: dict[str, list[Timed]], count: int, prepared: dict[str, float]
) -> dict[str, float]:
    seconds = {way: statistics.median(timed.seconds for timed in runs) for way, runs in results.items()}
    embeddings = {way: runs[0].embeddings for way, runs in results.items()}
    html, library, cleaned, notebook, int8, tripled = results
    cosines = {
        "to_sentence_transformers": _cosines(embeddings[html], embeddings[library]),
        "int8_to_full": _cosines(embeddings[int8], embeddings[html]),
    }
    print(f"\n{name}: {count:,} texts")
    speeds = {way: len(embeddings[way]) / seconds[way] for way in results}
    print(f"  {'':46} {'rows/s':>8} {'ours is':>8}")
    for way, speed in speeds.items():
        print(f"  {way:46} {speed:8.1f} {speeds[html] / speed:7.2f}x")
    share = sum(prepared.values()) / seconds[html]
    print(
        f"  cleaning {count / prepared['clean_seconds']:,.0f} rows/s, tokenising "
        f"{count / prepared['tokenise_seconds']:,.0f} texts/s: {share:.1%} of our time"
    )
    for what, values in cosines.items():
        print(f"  cosine {what.replace('_', ' ')}: mean {values.mean():.6f}, lowest {values.min():.6f}")
    return {
        "ours_rows_per_second": speeds[html],
        "ratio_to_sentence_transformers": seconds[library] / seconds[html],
        "ratio_to_sentence_transformers_both_cleaned": seconds[library] / seconds[cleaned],
        "ratio_to_notebook": seconds[notebook] / seconds[html],
        "share_cleaning_and_tokenising": share,
        "int8_ratio_to_full": seconds[html] / seconds[int8],
        "int8_cosine_mean": float(cosines["int8_to_full"].mean()),
        "int8_cosine_lowest": float(cosines["int8_to_full"].min()),
        "cosine_lowest_to_sentence_transformers": float(cosines["to_sentence_transformers"].min()),
        "seconds_three_times_the_rows_ratio": seconds[tripled] / seconds[html],
    }


def _cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Cosines of matching rows, [N]."""
    return (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


def read_sets(count: int, *, real: bool) -> dict[str, list[Record]]:
    """Draw the generated descriptions, and read the real ones where SMARTPROD_DATA names their folder."""
    drawn = draw_descriptions(count)
    sets = {"generated": [{"title": each.title, "description": each.html} for each in drawn]}
    folder = os.environ.get("SMARTPROD_DATA")
    for name in REAL_SETS if real and folder else ():
        with (Path(folder) / name / "products.csv").open(encoding="utf-8", newline="") as lines:
            products = [row for row in csv.DictReader(lines) if row["description"]]
        step = max(1, len(products) // count)
        sets[name] = [
            {field: product[field] for field in ("title", "description")}
            for product in products[::step][:count]
        ]
    return sets


def main() -> None:
    """Measure the sets, print tables, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=400, help="texts of each set")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="64 generated texts, two rounds")
    arguments = parser.parse_args()
    count, rounds = (64, 2) if arguments.quick else (arguments.texts, arguments.rounds)
    sides = Remote(Ours, arguments.threads), Remote(Peer, arguments.threads)
    figures: dict[str, float] = {}
    for name, records in read_sets(count, real=not arguments.quick).items():
        measured = measure(name, records, sides, rounds)
        figures |= {f"{name}.{key}": value for key, value in measured.items()}
    for side in sides:
        side.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
