"""Kill scoring and extraction at random moments, go on until they are done, and compare with uninterrupted runs.

Both run on rows of the demo catalogue in small parts. A job is killed three times at most, then runs to its end and is
compared: output byte by byte, embeddings bit by bit, and no file may be left over. Then the next job begins. Exit status 1
where a row is lost, doubled or shifted, or anything else differs.

    python benchmarks/kill.py [--kills 50] [--rows 200] [--seed 0] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fuzzing.whole_tables import train_model
from killing import Difference, compare_files, compare_stores, files_below, run_killed, run_whole

KILLS_PER_JOB = 3
_SMARTPROD = (sys.executable, "-m", "smartprod")


@dataclass(frozen=True, slots=True)
class Job:
    """A command to kill.

    Attributes:
        name: For the table.
        command: Starts it, or goes on with it, in a folder of its own.
        output: The file that it makes, from that folder.
        store: The embedding store that it fills, likewise; None for none.
        marks: Files that tell of writing.
    """

    name: str
    command: tuple[str, ...]
    output: str
    store: str | None
    marks: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What all kills of one job came to."""

    jobs: int = 0
    kills: int = 0
    resumes: int = 0
    lost: int = 0
    doubled: int = 0
    shifted: int = 0
    not_identical: int = 0
    leftovers: int = 0
    seconds: float = 0.0

    def add(self, difference: Difference) -> None:
        """Count a comparison in."""
        self.lost += difference.lost
        self.doubled += difference.doubled
        self.shifted += difference.shifted
        self.not_identical += not difference.is_identical

    @property
    def is_sound(self) -> bool:
        """Whether nothing differs."""
        return not (self.lost or self.doubled or self.shifted or self.not_identical or self.leftovers)


def jobs_on(table: Path, model: Path, images: Path) -> tuple[Job, ...]:
    """Build the commands: scoring a table with a model, and extracting its embeddings."""
    score = (*_SMARTPROD, "score", str(table), "score.part_rows=10", "run.threads=1", "--model", str(model),
             "--image-root", str(images), "--out", "scored.parquet")  # fmt: skip
    extract = (*_SMARTPROD, "run", "extract", "--config", "demo", f"catalog.path={table}", f"catalog.image_root={images}",
               "run.folder=runs", "run.name=killed", "run.threads=1", "extract.part_rows=10")  # fmt: skip
    index = "runs/killed/extract/embedding_index.parquet"
    return (
        Job("score", score, "scored.parquet", None, ("*.parts/.part-*.tmp", "*.parts/part-*", "*.parts/whole*", "scored*.parquet")),
        Job("extract", extract, index, "runs/embedding-store", ("runs/**/.part-*.tmp", "runs/**/part-*", "runs/**/_versions/*", "runs/**/.*.tmp", index)),
    )  # fmt: skip


def measure(job: Job, folder: Path, *, kills: int, chance: random.Random) -> Tally:
    """Kill a job `kills` times, starting it anew when it is done."""
    whole, tally, started = folder / "whole", Tally(), time.monotonic()
    whole.mkdir(parents=True)
    run_whole(job.command, cwd=whole)  # opens and caches what only the first run has to
    shutil.rmtree(whole)
    whole.mkdir()
    seconds = run_whole(job.command, cwd=whole)
    while tally.kills < kills:
        killed = folder / "killed"
        killed.mkdir()
        outcome = run_killed(
            job.command,
            cwd=killed,
            seconds=seconds,
            kills=min(KILLS_PER_JOB, kills - tally.kills),
            marks=job.marks,
            chance=chance,
        )
        tally.jobs += 1
        tally.kills += outcome.kills
        tally.resumes += outcome.resumes
        tally.add(compare_files(whole / job.output, killed / job.output))
        if job.store is not None:
            tally.add(compare_stores(whole / job.store, killed / job.store))
        tally.leftovers += len(files_below(killed) ^ files_below(whole))
        shutil.rmtree(killed)
    tally.seconds = time.monotonic() - started
    return tally


def cut_table(source: Path, target: Path, *, rows: int) -> None:
    """Copy the first rows of the catalogue's table."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        header, *lines = csv.reader(file)
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *lines[:rows]])


def print_table(tallies: dict[str, Tally]) -> None:
    columns = ("jobs", "kills", "resumes", "rows lost", "doubled", "shifted", "left over")
    print(f"{'job':8} {' '.join(f'{name:>9}' for name in columns)} {'identical':>9} {'seconds':>8}")
    for name, tally in tallies.items():
        counts = (
            tally.jobs,
            tally.kills,
            tally.resumes,
            tally.lost,
            tally.doubled,
            tally.shifted,
            tally.leftovers,
        )
        identical = "no" if tally.not_identical else "yes"
        print(f"{name:8} {' '.join(f'{count:9,}' for count in counts)} {identical:>9} {tally.seconds:8,.0f}")


def figures_of(tallies: dict[str, Tally]) -> dict[str, float]:
    names = ("jobs", "kills", "resumes", "lost", "doubled", "shifted", "not_identical", "leftovers")
    return {f"{job}.{name}": getattr(tally, name) for job, tally in tallies.items() for name in names}


def main(arguments: Sequence[str] | None = None) -> None:
    """Kill both jobs, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, help="of each job; default 50")
    parser.add_argument("--rows", type=int, help="of the table; default 200")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--quick", action="store_true", help="one kill of the scoring, 40 rows")
    given = parser.parse_args(arguments)
    kills, rows = given.kills or (1 if given.quick else 50), given.rows or (40 if given.quick else 200)
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = train_model(folder, products=60 if given.quick else max(200, rows))
        table = folder / "table.csv"
        cut_table(folder / "catalogue/products.csv", table, rows=rows)
        jobs = jobs_on(table, model, folder / "catalogue")
        for job in jobs[:1] if given.quick else jobs:
            chance = random.Random(f"{job.name} {given.seed}")
            tallies[job.name] = measure(job, folder / job.name, kills=kills, chance=chance)
    print_table(tallies)
    if given.json:
        given.json.write_text(json.dumps(figures_of(tallies), indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if all(tally.is_sound for tally in tallies.values()) else 1)


if __name__ == "__main__":
    main()
