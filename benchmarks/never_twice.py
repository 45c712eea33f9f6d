"""Measure that nothing is computed twice: `smartprod run extract` cold, again, with new rows, and with another encoder.

The table is generated: photos of 512 to 1200 px and HTML descriptions, one row in ten with the photo and the text of an
earlier row. Every figure is the wall-clock time of the whole command in a process of its own, or a count from the stage's manifest.
Start-up is that of the same command for one stored row: Python, imports, and the encoders opened.

    python benchmarks/never_twice.py [--rows 4000] [--json FILE] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from photos import write_photos

from smartprod.config import load_config
from smartprod.encoders import import_torchvision
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline, run_pipeline

ROWS, QUICK_ROWS = 4_000, 200
SHARED = 10  # one row in so many repeats an earlier one
WORDS = (
    "cotton steel bottle lamp garden wooden chair bright handle kitchen leather pocket cable winter soft round cover "
    "summer travel charger table glass metal paper colour small large modern classic light heavy printed plain dark "
    "with for and the from made under inside every easy clean warm cool safe strong"
)


@dataclass(slots=True)
class Report:
    """Prints findings as they come, and keeps the figures."""

    figures: dict[str, float] = field(default_factory=dict)

    def tell(
        self, name: str, key: str, value: float, *, reach: str = "", reached: bool | None = None
    ) -> None:
        """Print one finding."""
        self.figures[key] = round(value, 4)
        verdict = "" if reached is None else ("reached" if reached else "MISSED")
        print(f"{name:58} {value:12,.2f}   {reach:32} {verdict}", flush=True)


@dataclass(frozen=True, slots=True)
class Shop:
    """A generated table and the runs on it.

    Attributes:
        folder: Where everything lies.
        photos: Distinct photos, in the order of the products.
    """

    folder: Path
    photos: list[Path]

    def write(self, rows: int, name: str = "products.csv") -> Path:
        """Write a table with the first `rows` products."""
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "title", "description", "image", "category"])
            for row in range(rows):
                product = row - row // SHARED if row % SHARED else max(0, row - row // SHARED - 1)
                photo = self.photos[product].relative_to(self.folder)
                writer.writerow([f"sku-{row}", *describe(product), photo, f"Class {row % 20}"])
        return path

    def extract(self, run: str, table: Path, *settings: str) -> float:
        """Run the command; gives its seconds."""
        command = [
            sys.executable, "-m", "smartprod", "run", "extract", f"catalog.path={table}",
            f"run.folder={self.folder / 'runs'}", f"run.name={run}", *settings,
        ]  # fmt: skip
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        return time.perf_counter() - started

    def counts(self, run: str) -> dict[str, int]:
        """What the last extraction of a run computed and reused."""
        manifest = RunFolder(self.folder / "runs" / run).manifest("extract")
        assert manifest is not None
        names = ("images_computed", "images_reused", "texts_computed", "texts_reused")
        return {name: int(manifest.metrics[name]) for name in names}


def describe(product: int) -> tuple[str, str]:
    """Write a title and an HTML description of 300 to 900 characters."""
    rng = np.random.default_rng([7, product])
    words = WORDS.split()
    sentences = [" ".join(rng.choice(words, int(rng.integers(6, 14)))).capitalize() for _ in range(10)]
    shown = sentences[: int(rng.integers(5, 11))]
    title = f"{' '.join(rng.choice(words, 3))} {product}"
    return (
        title,
        f"<p>{'. '.join(shown[:3])}.</p><ul>{''.join(f'<li>{each}</li>' for each in shown[3:])}</ul>",
    )


def other_image_encoder(folder: Path) -> str:
    """Save a small image model with random weights; gives its name for `extract.image`."""
    import_torchvision()
    import timm
    import torch

    torch.manual_seed(0)
    model = timm.create_model("test_efficientnet", num_classes=5)
    timm.models.save_for_hf(model, folder, safe_serialization=True)
    return f"[timm:{folder}]"


def measure(folder: Path, rows: int, report: Report) -> None:
    """Measure everything on a table of `rows` rows."""
    new = max(1, rows // 100)
    (folder / "images").mkdir()
    shop = Shop(folder, write_photos(folder / "images", rows + new))
    table = shop.write(rows)
    photos = len(
        {row - row // SHARED if row % SHARED else max(0, row - row // SHARED - 1) for row in range(rows)}
    )

    cold = shop.extract("shop", table)
    counts = shop.counts("shop")
    report.tell("cold extraction, s", "cold_seconds", cold)
    report.tell(f"  photos computed, of {rows:,} rows", "cold_photos", counts["images_computed"],
                reach=f"{photos:,} distinct ones", reached=counts["images_computed"] == photos)  # fmt: skip
    report.tell(f"  texts computed, of {rows:,} rows", "cold_texts", counts["texts_computed"],
                reach=f"{photos:,} distinct ones", reached=counts["texts_computed"] == photos)  # fmt: skip

    start_up = shop.extract("one", shop.write(1, "one.csv"))
    report.tell("start-up, s", "start_up_seconds", start_up)

    again = min(shop.extract("shop", table) for _ in range(3))
    report.tell("again, unchanged: whole command, s", "again_seconds", again)
    report.tell(
        "  times faster than cold", "again_ratio", cold / again, reach=">= 50", reached=cold / again >= 50
    )
    stage = skip_seconds(folder, table)
    report.tell("again, unchanged: in a running process, s", "again_in_process_seconds", stage)
    report.tell("  times faster than cold", "again_in_process_ratio", cold / stage, reach=">= 50",
                reached=cold / stage >= 50)  # fmt: skip

    warm = shop.extract("elsewhere", table)
    counts = shop.counts("elsewhere")
    computed = counts["images_computed"] + counts["texts_computed"]
    report.tell("new run, warm store, s", "warm_seconds", warm)
    report.tell("  computed", "warm_computed", computed, reach="0", reached=computed == 0)
    report.tell("  share of cold beyond start-up", "warm_share", (warm - start_up) / cold)

    shop.write(rows + new)
    added = shop.extract("shop", table)
    counts = shop.counts("shop")
    share = (added - start_up) / cold
    report.tell(f"{new:,} new rows, s", "added_seconds", added)
    report.tell(
        "  share of cold beyond start-up", "added_share", share, reach="<= 0.03", reached=share <= 0.03
    )
    for name in ("images", "texts"):
        report.tell(f"  {name} computed", f"added_{name}", counts[f"{name}_computed"], reach=f"at most {new:,}",
                    reached=counts[f"{name}_computed"] <= new)  # fmt: skip

    changed = shop.extract("shop", table, f"extract.image={other_image_encoder(folder / 'encoder')}")
    counts = shop.counts("shop")
    report.tell("another image encoder, s", "changed_seconds", changed)
    report.tell("  photos computed", "changed_photos", counts["images_computed"], reach="all",
                reached=counts["images_reused"] < counts["images_computed"])  # fmt: skip
    report.tell("  texts computed", "changed_texts", counts["texts_computed"], reach="0",
                reached=counts["texts_computed"] == 0)  # fmt: skip


def skip_seconds(folder: Path, table: Path) -> float:
    """Time a second `run_pipeline` on the finished run, imports done."""
    loaded = load_config(None, [f"catalog.path={table}", f"run.folder={folder / 'runs'}", "run.name=shop"])
    pipeline, console = load_pipeline("extract"), RunConsole(quiet=True)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        outcome = run_pipeline(pipeline, loaded, console=console)
        seconds.append(time.perf_counter() - started)
        assert not outcome.computed
    return min(seconds)


def main() -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, help=f"rows of the table; {ROWS:,} by default")
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK_ROWS:,} rows: ratios are lower, for start-up counts more",
    )
    arguments = parser.parse_args()
    report = Report()
    rows = arguments.rows or (QUICK_ROWS if arguments.quick else ROWS)
    print(f"{f'{rows:,} rows':58} {'':12}   {'reach':32}")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), rows, report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report.figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
