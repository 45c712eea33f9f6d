"""Commands as a user runs them: the installed `smartprod`, in a process of its own, outside the checkout."""

from __future__ import annotations

import csv
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

SMARTPROD = Path(sysconfig.get_path("scripts")) / "smartprod"

# As in tests/conftest.py: the same stages as the real thing, with the quickest of what each of them offers.
QUICK = {
    "run": {"threads": 1},
    "split": {"folds": 2},
    "fuse": {"candidates": ["concat"]},
    "classifier": {
        "candidates": ["logistic"],
        "class_weight": "none",
        "logistic": {"C": [30], "max_iterations": 100},
        "lightgbm": {"rounds": 15},
    },
    "decide": {"target_accuracy": 0.8},
    "report": {"map_points": 50, "explained_rows": 0},
}

# Ctrl-C reaches a process of a terminal, but not a background job, which is what a test starts.
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from smartprod.cli.main import main
main()
"""
# Ends with a line that lists which of the given modules the command imported.
LISTING_MODULES = """
import atexit, sys
heavy = sys.argv.pop(1).split(",")
atexit.register(lambda: print("imported:", *sorted(set(heavy) & set(sys.modules))))
from smartprod.cli.main import main
main()
"""

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def smartprod() -> Command:
    """Run `smartprod` with arguments in a folder and give its outcome."""

    def run(*arguments: str, cwd: Path, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SMARTPROD), *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    return run


@pytest.fixture(scope="session")
def start_smartprod() -> Callable[..., subprocess.Popen[str]]:
    """Start `smartprod` with arguments in a folder, to be stopped with a signal."""

    def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", INTERRUPTIBLE, *arguments]
        return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


@pytest.fixture(scope="session")
def heavy_imports() -> Callable[..., tuple[str, list[str]]]:
    """Run `smartprod` with arguments; give its output, and which of the heavy libraries it imported."""
    heavy = "torch,transformers,timm,sentence_transformers,sklearn,lightgbm,bokeh,pandas,onnxruntime,lance"

    def run(*arguments: str, cwd: Path) -> tuple[str, list[str]]:
        command = [sys.executable, "-c", LISTING_MODULES, heavy, *arguments]
        shown = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=True, timeout=120
        ).stdout
        output, _, imported = shown.rpartition("imported:")
        return output, imported.split()

    return run


@pytest.fixture(scope="session")
def write_config() -> Callable[..., Path]:
    """Write a configuration that is quick to run, in `folder`, for a product table."""

    def write(folder: Path, table: Path, **sections: dict[str, object]) -> Path:
        catalog = {"path": str(table), "image_root": str(table.parent)} | sections.pop("catalog", {})
        path = folder / "mine.yaml"
        path.write_text(yaml.safe_dump(QUICK | {"catalog": catalog} | sections), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def cut_table() -> Callable[..., Path]:
    """Copy every n-th row of a CSV file, so that about `rows` are left."""

    def cut(source: Path, target: Path, *, rows: int) -> Path:
        csv.field_size_limit(sys.maxsize)
        with source.open(encoding="utf-8-sig", newline="") as file:
            header, *lines = csv.reader(file)
        with target.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *lines[:: max(1, len(lines) // rows)]])
        return target

    return cut
