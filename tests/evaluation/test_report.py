from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from smartprod.config.schema import ReportConfig
from smartprod.evaluation import ChosenHead, HeadPredictions, ReportData
from smartprod.evaluation.report import build_report
from smartprod.evaluation.sections.embeddings import map_groups

SECTIONS = ("good", "data", "heads", "categories", "wrong", "sure", "tree", "map", "look", "config")
OWN_SCRIPTS = 2  # Bokeh's and the page's
VOID = {"meta", "img", "input", "br", "link"}


class Page(HTMLParser):
    """What a browser would load and show."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.resources: list[str] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.charts: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.scripts.append(dict(attrs).get("type", "code"))
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "xlink:href", "srcset", "data", "action"}:
                self.resources.append(value)
            if name == "id":
                self.ids.append(value)
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            if self.scripts[-1] == "application/json":
                self.charts.append(data)
            return
        self.text += data


@pytest.fixture(scope="module")
def html(report_data) -> str:
    return build_report(report_data)


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


def test_report_has_every_section_and_links_to_it(page):
    assert [name for name in page.ids if name in SECTIONS] == list(SECTIONS)
    contents = [link[1:] for link in page.resources if link.startswith("#")][: len(SECTIONS)]
    assert contents == list(SECTIONS)
    assert page.open == [], "every element is closed"
    for text in (
        "macro-F1",
        "Leaderboard",
        "Most confused pairs",
        "What to look at in the data",
        "What it needs",
        "Check 1 likely wrong label: the model learned from it.",
        "look at the label: Skirts?",
        "Reliability",
        "Accuracy against coverage",
    ):
        assert text in page.text


def test_report_loads_nothing_from_anywhere(html, page):
    assert all(link.startswith(("#", "data:image/webp;base64,")) for link in page.resources)
    assert not {"link", "iframe", "object", "embed", "base"} & set(page.tags)
    markup = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert "@import" not in markup
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", markup))


def test_report_forbids_itself_everything_but_its_own_scripts(html):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[1].replace(
        "&#39;", "'"
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    for script in re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL):
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


def test_report_escapes_texts_of_products(html, page):
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    assert page.scripts.count("code") == OWN_SCRIPTS
    assert page.handlers == []


def test_report_escapes_names_everywhere_charts_included(report_data):
    nasty = (
        "<script>x</script> > <b>$a_b$</b>",
        '_hidden > "quoted" \'',
        "衣服 > 衬衫",
        "a & b > &amp; 1.23456",
        "v > #010101",
    )
    data = replace(
        report_data,
        run_name="<i>run</i>",
        classes=nasty,
        decisions=None,
        notes=("<u>note</u>",),
        config_yaml="</pre><script>y</script>",
        chosen=ChosenHead("fused", "<em>why</em>"),
        versions={"<s>": "<s>"},
    )
    page = Page(build_report(data))
    assert page.scripts.count("code") == OWN_SCRIPTS
    assert not {"u", "em", "s"} & set(page.tags)
    assert all(json.loads(chart) for chart in page.charts)
    assert page.open == []
    for text in ("衬衫", "$a_b$", "&amp; 1.23456", "#010101", "_hidden", "<i>run</i>", "<em>why</em>"):
        assert text in page.text


def test_report_shows_photos_and_a_reason_where_there_is_none(page):
    assert any(link.startswith("data:image/webp") for link in page.resources)
    assert "photo file missing" in page.text


def test_report_is_the_same_for_the_same_seed(report_data, html):
    assert build_report(report_data) == html


def test_report_shows_as_many_pairs_and_tiles_as_configured(report_data):
    config = ReportConfig(confused_pairs=1, examples_per_pair=1)
    html = build_report(replace(report_data, validation=(), findings=()), config=config)
    assert html.count('<article class="pair">') == 1
    pair = html[html.index('<article class="pair">') :]
    assert pair[: pair.index("</article>")].count('<figure class="tile') <= 4
    none = build_report(replace(report_data, validation=()), config=ReportConfig(confused_pairs=0))
    assert '<article class="pair">' not in none


def bare(classes: int, head: HeadPredictions) -> ReportData:
    return ReportData(
        run_name="bare",
        classes=tuple(f"Department {index % 7} > Class {index:04d}" for index in range(classes)),
        train_counts=np.arange(classes, 0, -1),
        test=(head,),
        validation=(),
        chosen=ChosenHead(head.name),
    )


def test_report_of_one_class_is_written(make_head):
    head = make_head("text", np.zeros(5, np.int64), classes=1, strength=1, seed=0)
    page = Page(build_report(bare(1, head)))
    assert "100.0" in page.text
    assert "one of 1 category" in re.sub(r"\s+", " ", page.text)


def test_report_of_no_test_rows_says_so(report_data):
    none = np.zeros(0, np.int64)
    heads = tuple(
        HeadPredictions(head.name, none, none, np.zeros((0, 5), np.float32)) for head in report_data.test
    )
    page = Page(build_report(replace(report_data, test=heads, decisions=None)))
    assert "There is no test part" in page.text


def test_report_of_no_rows_at_all_is_still_written():
    none = np.zeros(0, np.int64)
    head = HeadPredictions("fused", none, none, np.zeros((0, 3), np.float32))
    page = Page(build_report(bare(3, head)))
    assert page.open == []
    assert "–" in page.text


def test_report_head_without_rows_is_shown_with_dashes(report_data):
    none = np.zeros(0, np.int64)
    empty = HeadPredictions("image", none, none, np.zeros((0, 5), np.float32))
    page = Page(build_report(replace(report_data, test=(empty, *report_data.test[1:]))))
    assert page.open == []


def test_report_of_a_thousand_classes_stays_small(make_head):
    labels = np.random.default_rng(0).integers(0, 1000, 3000)
    html = build_report(bare(1000, make_head("fused", labels, classes=1000, strength=6, seed=1)))
    assert len(html) < 3_500_000
    assert html.count("Class 0999") >= 1
    assert Page(html).open == []


def test_report_map_is_coloured_by_the_first_level_that_differs():
    assert map_groups(("A > x > 1", "A > y", "A"), separator=" > ") == ("x", "y", "A")
    assert map_groups(("A > x", "B > x"), separator=" > ") == ("A", "B")
    assert map_groups(("A > x",), separator=" > ") == ("A",)
