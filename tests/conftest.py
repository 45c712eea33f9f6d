"""What several rooms' tests share: a small demo catalogue, and a run trained on it. Made once per session."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import hypothesis
import pyarrow as pa
import pytest

from smartprod.config import load_config
from smartprod.demo import render_catalogue
from smartprod.pipeline import RunConsole, RunFolder, TableFile, TableWriter, load_pipeline, run_pipeline

# The same examples in every run: a test that fails has a defect to find, and one that passes goes on passing. No
# deadline: a busy machine is not a defect.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# The same stages as the real thing, with the quickest of what each of them offers.
QUICK = (
    "run.threads=1", "split.folds=2", "fuse.candidates=[concat]", "classifier.candidates=[logistic]",
    "classifier.logistic.C=[30]", "classifier.logistic.max_iterations=100", "classifier.class_weight=none",
    "decide.target_accuracy=0.8", "report.map_points=50", "report.explained_rows=3",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoRun:
    """A run of the whole pipeline.

    Attributes:
        run: Its folder.
        catalogue: The demo catalogue that it was trained on: products.csv, new.csv, truth.csv, images.
    """

    run: RunFolder
    catalogue: Path

    @property
    def model(self) -> Path:
        """The model folder."""
        return self.run.artefact_path("model")

    @property
    def new_table(self) -> Path:
        """The unlabelled part: 50 rows, among them one of each broken kind."""
        return self.catalogue / "new.csv"


@pytest.fixture
def table_file(tmp_path):
    """Write a table to a file of its own, as a stage that streams it receives it."""

    def write(table: pa.Table) -> TableFile:
        with TableWriter(tmp_path / f"table-{uuid4()}.parquet", table.schema) as writer:
            writer.write(table)
        return writer.table

    return write


@pytest.fixture(scope="session")
def demo_catalogue(tmp_path_factory) -> Path:
    """The rendered demo catalogue with 300 products; tests must not write into it."""
    folder = tmp_path_factory.mktemp("demo") / "catalogue"
    render_catalogue(folder, products=300, workers=1)
    return folder


@pytest.fixture(scope="session")
def demo_run(demo_catalogue, tmp_path_factory) -> DemoRun:
    """A model trained on the demo catalogue by the real pipeline; tests must not write into it."""
    runs = tmp_path_factory.mktemp("demo-run")
    overrides = (f"catalog.path={demo_catalogue / 'products.csv'}", f"run.folder={runs}", *QUICK)
    outcome = run_pipeline(
        load_pipeline("all"), load_config("demo", overrides), console=RunConsole(quiet=True)
    )
    return DemoRun(outcome.run, demo_catalogue)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """A headless browser without any network but this machine; tests that need one are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    options = [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=options)
        yield opened
        opened.close()
