"""The report as a person sees it: opened from disk in headless Chromium, looked at, sorted, searched and zoomed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from smartprod.evaluation import build_report, compare_runs, comparison_page, redraw_report
from tests.evaluation.large_report import large_report

DESKTOP, PHONE = (1280, 900), (390, 844)
MIB = 1 << 20


@dataclass
class Opened:
    """A page in the browser, with what it complained about and asked for."""

    page: object
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def walk(self) -> None:
        """Scroll from top to bottom, so that every chart is drawn."""
        height = self.page.evaluate("document.documentElement.scrollHeight")
        for top in range(0, height, 800):
            self.page.evaluate(f"scrollTo({{top: {top}, behavior: 'instant'}})")
            self.page.wait_for_timeout(30)
        self.page.wait_for_function(
            "[...document.querySelectorAll('figure.chart')].every((each) => charts.view(each))",
            timeout=60_000,
        )


@pytest.fixture
def open_page(browser) -> Iterator[Callable[..., Opened]]:
    contexts = []

    def open_(
        file: Path, *, size: tuple[int, int] = DESKTOP, scheme: str = "light", fragment: str = ""
    ) -> Opened:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=size == PHONE
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.on("console", lambda message: opened.console.append(message.text))
        opened.page.on("pageerror", lambda error: opened.console.append(str(error)))
        opened.page.on(
            "request",
            lambda request: request.url.startswith("data:") or opened.requests.append(request.url),
        )
        opened.page.goto(f"{file.as_uri()}#{fragment}" if fragment else file.as_uri())
        return opened

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def many_classes(tmp_path_factory) -> Path:
    """A report of 10,000 test products in 500 categories."""
    folder = tmp_path_factory.mktemp("large")
    page = folder / "report.html"
    page.write_text(build_report(large_report(folder, classes=500, rows=10_000)), encoding="utf-8")
    return page


def test_browser_tells_of_errors(open_page, tmp_path):
    page = tmp_path / "wrong.html"
    page.write_text("<script>console.error('seen'); undefined_function()</script>", encoding="utf-8")
    console = open_page(page).console
    assert any("seen" in line for line in console)
    assert any("undefined_function" in line for line in console)


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_report_opens_on_desktop_and_phone_with_every_chart_and_nothing_else(
    open_page, demo_run, size, scheme
):
    file = demo_run.run.artefact_path("report")
    opened = open_page(file, size=size, scheme=scheme)
    opened.walk()
    assert opened.console == []
    assert opened.requests == [file.as_uri()]
    assert opened.page.locator("figure.chart canvas").count() >= 8
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size[0], "nothing sticks out"
    ink = opened.page.evaluate(
        "charts.view(document.getElementById('chart-confusion')).model.below[0].major_label_text_color"
    )
    assert ink == {"light": "#1b1f24", "dark": "#e7eaee"}[scheme]


def test_report_follows_a_change_of_the_theme(open_page, demo_run):
    opened = open_page(demo_run.run.artefact_path("report"))
    opened.walk()
    opened.page.emulate_media(color_scheme="dark")
    opened.walk()
    ink = opened.page.evaluate(
        "charts.view(document.getElementById('chart-confusion')).model.below[0].major_label_text_color"
    )
    assert ink == "#e7eaee"
    assert opened.console == []


def test_report_table_of_categories_is_sorted_and_searched(open_page, demo_run):
    opened = open_page(demo_run.run.artefact_path("report"))
    rows = opened.page.locator("#classes tbody tr")
    everything = rows.count()

    def column(number: int) -> list[float]:
        return [
            float(each)
            for each in opened.page.eval_on_selector_all(
                f"#classes tbody tr td:nth-child({number})", "cells => cells.map((cell) => cell.dataset.v)"
            )
        ]

    opened.page.locator("#classes th").nth(5).click()
    assert column(6) == sorted(column(6))
    opened.page.locator("#classes th").nth(5).click()
    assert column(6) == sorted(column(6), reverse=True)
    opened.page.fill("[data-filter=classes]", "shoes")
    shown = opened.page.locator("#classes tbody tr:visible").all_inner_texts()
    assert 0 < len(shown) < everything
    assert all("shoes" in text.lower() for text in shown)
    opened.page.fill("[data-filter=classes]", "")
    assert opened.page.locator("#classes tbody tr:visible").count() == everything


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")])
def test_report_leads_from_a_mistake_to_why_in_one_click(open_page, demo_run, size, scheme):
    opened = open_page(demo_run.run.artefact_path("report"), size=size, scheme=scheme)
    link = opened.page.locator("#wrong a.ask").first
    target = opened.page.locator(link.get_attribute("href"))
    assert not target.locator(".why").is_visible()
    link.click()
    target.locator(".why").wait_for(state="visible")
    opened.page.wait_for_timeout(600)  # it scrolls
    assert 0 <= target.bounding_box()["y"] < size[1] / 2
    told = target.inner_text()
    for heading in ("How sure", "What image and text add", "Nearest training products"):
        assert heading in told
    assert "before anything is known to" in told
    photos = target.locator("img").evaluate_all("each => each.map((photo) => photo.naturalWidth)")
    assert len(photos) >= 4
    assert min(photos) > 0
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= size[0], "nothing sticks out"
    assert opened.console == []


def test_report_opened_at_an_explanation_shows_it(open_page, demo_run):
    file = demo_run.run.artefact_path("report")
    anchor = f"why-{demo_run.run.read('explanations')['row'][0].as_py()}"
    opened = open_page(file, fragment=anchor)
    assert opened.page.locator(f"#{anchor} .why").is_visible()


def test_report_map_shows_the_photo_under_the_pointer(open_page, demo_run):
    opened = open_page(demo_run.run.artefact_path("report"))
    canvas = opened.page.locator("#map .canvas")
    canvas.scroll_into_view_if_needed()
    opened.page.wait_for_selector("#map .canvas canvas")
    opened.page.wait_for_timeout(300)
    x, y = opened.page.evaluate(
        """() => {
          const view = charts.view(document.querySelector("#map figure"));
          const data = view.model.renderers[1].data_source.data;
          return [view.frame.x_scale.compute(data.x[0]), view.frame.y_scale.compute(data.y[0])];
        }"""
    )
    box = canvas.bounding_box()
    opened.page.mouse.move(box["x"] + x - 1, box["y"] + y)
    opened.page.mouse.move(box["x"] + x, box["y"] + y)
    photo = opened.page.locator(".bk-Tooltip img, .bk-tooltip-content img").first
    photo.wait_for(timeout=5_000)
    assert photo.get_attribute("src").startswith("data:image/webp;base64,")
    assert opened.console == []


@pytest.mark.slow
def test_report_of_500_categories_is_small_and_zooms_to_a_neighbourhood(open_page, many_classes):
    assert many_classes.stat().st_size < 15 * MIB
    opened = open_page(many_classes)
    reach = """() => {
      const { x_range: x, y_range: y } = charts.view(document.getElementById("chart-confusion")).model;
      return [Math.abs(x.end - x.start), Math.abs(y.end - y.start)];
    }"""
    opened.page.locator("#chart-confusion").scroll_into_view_if_needed()
    opened.page.wait_for_selector("#chart-confusion canvas")
    opened.page.wait_for_function("charts.view(document.getElementById('chart-confusion'))")
    assert opened.page.evaluate(reach) == [500, 500]
    opened.page.fill("[data-zoom-search]", "Category 123")
    assert opened.page.evaluate(reach) == [19, 19]
    opened.page.click("button[data-zoom=all]")
    assert opened.page.evaluate(reach) == [500, 500]
    opened.page.locator("#classes button[data-zoom]").first.click()
    assert opened.page.evaluate(reach) == [19, 19]
    assert opened.console == []


def test_report_is_written_again_from_the_run(demo_run, tmp_path):
    shutil.copytree(demo_run.run.root.parent, tmp_path / "runs")  # the embeddings lie beside the run
    copy = tmp_path / "runs" / demo_run.run.root.name
    (copy / "report.html").unlink()
    redrawn = redraw_report(copy)
    assert redrawn.page == copy / "report.html"
    again, first = (
        folder.joinpath("report.html").read_text(encoding="utf-8") for folder in (copy, demo_run.run.root)
    )
    assert abs(len(again) - len(first)) < 0.01 * len(first)
    assert "accuracy" in " ".join(redrawn.lines)


def test_report_of_a_run_from_before_the_explanations_is_written_again_without_them(demo_run, tmp_path):
    shutil.copytree(demo_run.run.root.parent, tmp_path / "runs")
    copy = tmp_path / "runs" / demo_run.run.root.name
    shutil.rmtree(copy / "explain")
    html = redraw_report(copy).page.read_text(encoding="utf-8")
    assert 'id="good"' in html
    assert 'id="why"' not in html


def test_comparison_of_a_run_with_itself_opens(open_page, demo_run, tmp_path):
    folder = demo_run.run.root
    page = tmp_path / "compare.html"
    page.write_text(comparison_page(compare_runs(folder, folder), folder), encoding="utf-8")
    opened = open_page(page, size=PHONE)
    opened.walk()
    assert opened.console == []
    assert "Which is better?" in opened.page.inner_text("main")
    assert "may be chance" in opened.page.inner_text("main")
