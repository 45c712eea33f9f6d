"""Measure jobs of parts on Ray beside the local engine: real scoring, and workers that only wait.

Real: a product table with photos is scored from raw, by the local engine with all processors, and by Ray workers with one
processor each. The photos are the demo catalogue's, and a table of any size repeats its rows; nothing is kept between
parts. More workers than processors would only get in each other's way, so larger clusters are simulated: workers that wait
as long as a part takes show what the scheduler itself can carry. Parts of no length show its limit, beside Ray Data's.

    python benchmarks/ray_scaling.py [--rows N] [--simulated 8 32 100] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from smartprod.config import Config, load_config
from smartprod.demo import render_catalogue
from smartprod.engines import Advance, Part, PartPlan, run_parts
from smartprod.engines.ray_cluster import OBJECT_STORE_BYTES, import_ray
from smartprod.pipeline import (
    ProgressMeter,
    RunConsole,
    cpu_count,
    limit_threads,
    load_pipeline,
    run_pipeline,
)

PRODUCTS = 300
QUICK_TRAINING = (
    "split.folds=2", "fuse.candidates=[concat]", "classifier.candidates=[logistic]", "classifier.logistic.C=[30]",
    "classifier.logistic.max_iterations=100", "classifier.class_weight=none", "report.map_points=50", "report.explained_rows=0",
)  # fmt: skip


@dataclass(slots=True)
class Times:
    """When parts were done, in seconds from the call.

    Attributes:
        started: When the call was made.
        done: Seconds from then to each report, and the rows it told of.
        total: Seconds of the whole call.
    """

    started: float = field(default_factory=time.perf_counter)
    done: list[tuple[float, int]] = field(default_factory=list)
    total: float = 0.0

    def note(self, rows: int) -> None:
        """Take a report."""
        self.done.append((time.perf_counter() - self.started, rows))

    def end(self) -> None:
        """Take the end of the call."""
        self.total = time.perf_counter() - self.started

    @property
    def first(self) -> float:
        """Seconds to the first report: start-up and one part (or one step of it, for the local engine)."""
        return self.done[0][0]

    @property
    def rows_per_second(self) -> float:
        """Rows per second between the first report and the last, start-up left out."""
        return sum(rows for _, rows in self.done[1:]) / max(self.done[-1][0] - self.first, 1e-9)


class TimingConsole(RunConsole):
    """Prints nothing, and notes when rows are done."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.times = Times()

    @contextmanager
    def progress(self, total: int | None, description: str, *, unit: str = "rows") -> Iterator[ProgressMeter]:
        """Give a meter that notes times."""
        yield _TimingMeter(total, self.times)

    def result(self, text: str) -> None:
        """Print nothing."""


class _TimingMeter(ProgressMeter):
    def __init__(self, total: int | None, times: Times) -> None:
        super().__init__(total)
        self._times = times

    def advance(self, steps: int = 1, *, bad: int = 0) -> None:
        super().advance(steps, bad=bad)
        if steps:
            self._times.note(steps)


@dataclass(frozen=True, slots=True)
class WaitingJob:
    """Parts that take some time and no work."""

    parts: str
    seconds: float

    def open(self, *, threads: int) -> WaitingWorker:
        """Make a worker."""
        return WaitingWorker(self)


class WaitingWorker:
    """Waits, and writes into the part's file who did and when."""

    def __init__(self, job: WaitingJob) -> None:
        self.job = job

    def do(self, part: Part, advance: Advance) -> None:
        """Do a part."""
        started = time.time()
        time.sleep(self.job.seconds)
        (Path(self.job.parts) / part.file_name).write_text(f"{os.getpid()} {started} {time.time()}")
        advance(part.rows, 0)

    def close(self) -> None:
        """Nothing is open."""


def prepare(folder: Path, rows: int) -> tuple[Path, Path]:
    """Train a small model; write a table of `rows` rows with photos. Returns the model and the table."""
    catalogue = folder / "catalogue"
    render_catalogue(catalogue, products=PRODUCTS, workers=1)
    overrides = (f"catalog.path={catalogue / 'products.csv'}", f"run.folder={folder}", *QUICK_TRAINING)
    outcome = run_pipeline(
        load_pipeline("all"), load_config("demo", overrides), console=RunConsole(quiet=True)
    )
    with (catalogue / "products.csv").open(encoding="utf-8", newline="") as file:
        products = list(csv.DictReader(file))
    table = catalogue / "many.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(products[0]))
        writer.writeheader()
        writer.writerows(products[number % len(products)] | {"id": f"p{number}"} for number in range(rows))
    return outcome.run.artefact_path("model"), table


def score(model: Path, table: Path, out: Path, *, part_rows: int, engine: tuple[str, ...] = ()) -> Times:
    """Score the table and time it."""
    from smartprod.scoring import score_table

    console = TimingConsole()
    overrides = (f"score.part_rows={part_rows}", *engine)
    score_table(table, model=model, out=out, overrides=overrides, console=console)
    console.times.end()
    return console.times


def measure_real(folder: Path, rows: int, part_rows: int, workers: Sequence[int]) -> dict[str, float]:
    """Score on the local engine, and on some Ray workers, and compare the answers."""
    model, table = prepare(folder, rows)
    engines = {
        f"local, {cpu_count()} threads": (),
        **{
            f"ray, {count} worker{'s' * (count > 1)} of 1 thread": (
                "engine.kind=ray", f"engine.workers={count}", "engine.threads_per_worker=1",
            )
            for count in workers
        },
    }  # fmt: skip
    print(f"\nscoring {rows:,} rows from raw, with photos, in parts of {part_rows}; {cpu_count()} processors")
    print(
        f"{'engine':28} {'rows/s':>8} {'parts/s':>8} {'ratio':>6} {'first s':>8} {'total s':>8}  same answers"
    )
    figures: dict[str, float] = {}
    whole: bytes | None = None
    base = 0.0
    for name, engine in engines.items():
        out = folder / "scored.parquet"
        times = score(model, table, out, part_rows=part_rows, engine=engine)
        whole, base = whole or out.read_bytes(), base or times.rows_per_second
        same = out.read_bytes() == whole
        rate = times.rows_per_second
        print(
            f"{name:28} {rate:8.1f} {rate / part_rows:8.3f} {rate / base:6.2f} {times.first:8.1f} {times.total:8.1f}  "
            f"{'yes' if same else 'NO'}",
            flush=True,
        )
        key = name.partition(" of")[0].replace(",", "").replace(" ", "_")
        figures |= {
            f"real.{key}.rows_per_s": rate,
            f"real.{key}.first_s": times.first,
            f"real.{key}.total_s": times.total,
            f"real.{key}.same": float(same),
        }
    return figures


def wait_on_ray(parts: int, workers: int, seconds: float) -> tuple[Times, float]:
    """Do waiting parts with our scheduler; returns also the share of their time that workers are at a part."""
    config = Config.model_validate(
        {
            "run": {"threads": workers},  # made-up processors, one for each worker
            "engine": {"kind": "ray", "workers": workers, "threads_per_worker": 1},
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        job = WaitingJob(folder, seconds)
        times = Times()
        run_parts(
            job,
            PartPlan("waiting", parts, 1, {}).parts,
            config=config,
            advance=lambda rows, bad: times.note(rows),
        )
        times.end()
        return times, busy_share(Path(folder))


def busy_share(folder: Path) -> float:
    """The share of the time between a worker's first part and its last one that it was at a part, over all workers."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for path in folder.glob("part-*"):
        worker, start, end = path.read_text().split()
        spans.setdefault(worker, []).append((float(start), float(end)))
    busy = sum(end - start for parts in spans.values() for start, end in parts)
    present = sum(max(end for _, end in parts) - min(start for start, _ in parts) for parts in spans.values())
    return busy / present


def wait_on_ray_data(parts: int, workers: int, seconds: float) -> tuple[Times, float]:
    """Do waiting parts with Ray Data, each a block of its own."""
    times = Times()
    ray = import_ray()
    ray.init(
        address="local", num_cpus=workers + 1, object_store_memory=OBJECT_STORE_BYTES, include_dashboard=False,
        log_to_driver=False, logging_level=logging.CRITICAL,
    )  # fmt: skip
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    ray.data.DataContext.get_current().enable_progress_bars = False

    class Wait:
        def __call__(self, batch: dict) -> dict:
            time.sleep(seconds)
            return batch

    items = ray.data.from_items([{"part": number} for number in range(parts)], override_num_blocks=parts)
    strategy = ray.data.ActorPoolStrategy(size=workers)
    for _ in items.map_batches(Wait, batch_size=1, compute=strategy, num_cpus=1).iter_rows():
        times.note(1)
    ray.shutdown()
    times.end()
    return times, float("nan")


def measure_simulated(counts: list[int], seconds: float) -> dict[str, float]:
    """See how near to their own speed waiting workers are kept."""
    print(f"\nsimulated: workers that wait {seconds:g} s for each part, 10 parts for each worker")
    print(f"{'workers':>7} {'parts/s':>8} {'busy':>8} {'first s':>8} {'total s':>8}")
    figures: dict[str, float] = {}
    for count in counts:
        times, share = wait_on_ray(10 * count, count, seconds)
        rate = share * count / seconds
        print(f"{count:7} {rate:8.1f} {share:8.1%} {times.first:8.1f} {times.total:8.1f}", flush=True)
        figures |= {
            f"simulated.{count}.parts_per_s": rate,
            f"simulated.{count}.busy": share,
            f"simulated.{count}.first_s": times.first,
        }
    return figures


def measure_schedulers(parts: int) -> dict[str, float]:
    """Parts of no length: what two schedulers carry."""
    print(f"\nschedulers: {parts:,} parts of no length, two workers")
    print(f"{'scheduler':28} {'parts/s':>8} {'ratio':>6} {'first s':>8} {'total s':>8}")
    figures: dict[str, float] = {}
    for name, wait in (("ray data", wait_on_ray_data), ("smartprod", wait_on_ray)):
        times, _ = wait(parts, 2, 0.0)
        rate = times.rows_per_second
        key = name.replace(" ", "_")
        figures |= {f"scheduler.{key}.parts_per_s": rate, f"scheduler.{key}.first_s": times.first}
        ratio = rate / figures["scheduler.ray_data.parts_per_s"]
        print(f"{name:28} {rate:8.1f} {ratio:6.1f} {times.first:8.1f} {times.total:8.1f}", flush=True)
    return figures


def main() -> None:
    """Measure, print tables, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_200, help="rows of the table that is scored; 0: none")
    parser.add_argument("--part-rows", type=int, default=64, help="rows of its parts")
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1, 2], help="numbers of Ray workers that score"
    )
    parser.add_argument("--simulated", type=int, nargs="*", default=[8, 32, 100], help="numbers of workers")
    parser.add_argument("--part-seconds", type=float, default=1.0, help="how long a simulated part takes")
    parser.add_argument("--parts", type=int, default=2_000, help="parts of no length; 0: none")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="96 rows, two workers; nothing simulated")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.part_rows, arguments.workers = 96, 12, [2]
        arguments.simulated, arguments.parts = [], 0
    limit_threads(None)
    figures: dict[str, float] = {"processors": float(cpu_count())}
    if arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            figures |= measure_real(Path(folder), arguments.rows, arguments.part_rows, arguments.workers)
    if arguments.simulated:
        figures |= measure_simulated(arguments.simulated, arguments.part_seconds)
    if arguments.parts:
        figures |= measure_schedulers(arguments.parts)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
