"""The documents as a reader finds them: the site is built, and the tutorial's commands are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from smartprod.config.schema import Config

CHECKOUT = Path(__file__).resolve().parent.parent
# What makes the tutorial's training quick; everything else is as it stands on the page.
QUICK = (
    "run.threads=1", "split.folds=2", "fuse.candidates=[concat]", "classifier.candidates=[logistic]",
    "classifier.logistic.C=[30]", "report.map_points=50", "report.explained_rows=0",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return out


def test_documents_site_has_every_page_and_loads_nothing_from_elsewhere(site):
    pages = {
        path.relative_to(CHECKOUT / "docs").with_suffix(".html") for path in (CHECKOUT / "docs").rglob("*.md")
    }
    for page in pages - {Path("recipes/README.html")}:
        assert (site / page).is_file(), page
    index = (site / "index.html").read_text(encoding="utf-8")
    assert not re.search(
        r'<(?:link|script|img)[^>]+(?:href|src)="https?:', index.replace('rel="canonical"', "")
    )


def test_documents_reference_names_every_section_of_the_configuration_and_every_command(site):
    configuration = (site / "reference/configuration.html").read_text(encoding="utf-8")
    for section in Config.model_fields:
        assert f'id="{section}"' in configuration, section
    commands = (site / "reference/commands.html").read_text(encoding="utf-8")
    for command in ("run", "score", "init", "model-add-class", "config-validate"):
        assert f'id="smartprod-{command}"' in commands, command
    python = (site / "reference/python.html").read_text(encoding="utf-8")
    assert 'id="smartprod.load"' in python


@pytest.mark.slow
def test_documents_tutorial_commands_run_in_their_order(tmp_path):
    page = (CHECKOUT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    (smartprod .*)$", page, flags=re.MULTILINE)
    assert len(lines) >= 8
    for line in lines:
        words = shlex.split(line.replace("--products 300", "--products 120"))[1:]
        if words[0] == "run":
            words += QUICK
        result = subprocess.run(
            [sys.executable, "-m", "smartprod", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert result.returncode == 0, f"{line}\n{result.stdout[-2_000:]}{result.stderr}"
    assert (tmp_path / "runs/shop/report.html").is_file()
    assert (tmp_path / "scored.csv").is_file()
    assert (tmp_path / "why.html").is_file()
