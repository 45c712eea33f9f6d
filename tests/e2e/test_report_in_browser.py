"""The report as a person sees it: opened from disk in headless Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture
def browse(tmp_path):
    """Open a page in headless Chromium; give what its console said and a screenshot."""
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")

    def open_page(page: Path) -> tuple[list[str], Image.Image]:
        shot = tmp_path / "page.png"
        done = subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--v=0",
                "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1280,1600", "--virtual-time-budget=3000",
                f"--screenshot={shot}", page.as_uri(),
            ],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        return re.findall(r"CONSOLE[^\]]*\] (.*)", done.stderr), Image.open(shot).convert("RGB")

    return open_page


def test_browser_tells_of_errors(browse, tmp_path):
    page = tmp_path / "wrong.html"
    page.write_text("<script>console.error('seen'); undefined_function()</script>", encoding="utf-8")
    console, shot = browse(page)
    assert any("seen" in line for line in console)
    assert any("undefined_function" in line for line in console)
    assert len(shot.getcolors()) == 1


def test_report_opens_without_console_errors_and_shows_something(browse, demo_run):
    page = demo_run.run.artefact_path("report")
    console, shot = browse(page)
    assert console == []
    counts = sorted((count for count, _ in shot.getcolors(maxcolors=shot.width * shot.height)), reverse=True)
    assert len(counts) > 500
    assert counts[0] < 0.97 * shot.width * shot.height


def test_report_is_self_contained(demo_run):
    html = demo_run.run.artefact_path("report").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", html)
    assert "@import" not in html
    assert html.count("data:image/") > 5
