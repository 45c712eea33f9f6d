from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class RunningPage:
    """A `smartprod demo` of its own process."""

    url: str
    folder: Path


@pytest.fixture(scope="session")
def running_page(demo_run, tmp_path_factory) -> Iterator[RunningPage]:
    """The page with the demo model; tests share it."""
    pytest.importorskip("gradio", reason="the extra demo is not installed")
    folder = tmp_path_factory.mktemp("page")
    command = [sys.executable, "-m", "smartprod", "demo", "--model", str(demo_run.model), "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
    ) as process:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + process.communicate(timeout=30)[0]
        yield RunningPage(found[0], folder)
        process.terminate()
        assert process.wait(30) == 0
