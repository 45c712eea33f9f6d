"""The built wheel: what is in it, and that it works where there is no checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]

pytest.importorskip("hatchling", reason="hatchling builds the wheel: pip install -e '.[dev]'")


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments, "--no-deps", "--quiet"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ".", "--no-build-isolation", "--wheel-dir", str(folder))
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Call `smartprod` from the wheel, in a folder outside the checkout."""
    site, outside = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("outside")
    pip("install", str(wheel), "--target", str(site))
    environment = {name: value for name, value in os.environ.items() if name != "SMARTPROD_DATA"}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], cwd=outside, env=environment | {"PYTHONPATH": str(site)},
            capture_output=True, text=True, check=True, timeout=600,
        )  # fmt: skip

    used = call("-c", "import smartprod; print(smartprod.__file__)").stdout
    assert Path(used.strip()).is_relative_to(site)
    return call, outside


def test_wheel_holds_what_the_checkout_ships(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("configs", "pipelines"):
        for path in (CHECKOUT / kind).glob("*.yaml"):
            assert f"smartprod/_shipped/{kind}/{path.name}" in names
    for path in (CHECKOUT / "smartprod").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(CHECKOUT).as_posix() in names
    assert not [name for name in names if not name.startswith(("smartprod/", "smartprod-"))]


def test_wheel_knows_its_pipelines_and_configs_outside_the_checkout(installed):
    call, _ = installed
    assert "catalog -> clean -> extract" in call("-m", "smartprod", "pipelines").stdout
    shown = call("-m", "smartprod", "config", "show", "--config", "configs/demo.yaml").stdout
    assert "products: 1200" in shown
    assert "export" in call("-m", "smartprod", "stages").stdout


@pytest.mark.slow
def test_wheel_runs_the_demo_outside_the_checkout(installed):
    call, outside = installed
    told = call(
        "-m", "smartprod", "run", "all", "catalog.demo.products=150", "split.folds=2", "run.threads=1",
        "classifier.candidates=[logistic]", "fuse.candidates=[concat]", "report.explained_rows=1",
    ).stdout  # fmt: skip
    assert "done: 12 of 12 stages computed" in told
    metrics = json.loads((outside / "runs/demo/metrics.json").read_text(encoding="utf-8"))
    assert metrics["test"]["fused"]["rows"] > 0
    assert (outside / "runs/demo/report.html").is_file()
    call("-c", "import smartprod; print(smartprod.load('runs/demo/model').predict([{'title': 'a red mug'}]))")
