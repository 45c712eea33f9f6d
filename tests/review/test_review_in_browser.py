"""The review as a person does it: the real command, by keyboard, in headless Chromium."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

pytestmark = pytest.mark.slow
WAIT = 30_000
# The order of the queue: P2 is the most doubtful, then P1, then P3.
PRESS_TWICE = "for (let n = 0; n < 2; n++) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))"


@contextmanager
def running_review(shop) -> Iterator[str]:
    """The command; gives the address of its page, and stops it as a person does."""
    command = [sys.executable, "-m", "smartprod", "review", "scored.parquet", "products.csv"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=shop
    ) as process:
        found, lines = None, []
        try:
            while found is None:
                lines.append(process.stdout.readline())
                assert lines[-1], "".join(lines)
                found = re.search(r"http://\S+", lines[-1])
            yield found[0]
        finally:
            process.terminate()


@pytest.fixture
def open_page(browser) -> Iterator[Callable[..., object]]:
    """Open the page; nothing may be asked of another machine."""
    opened = []

    def open_(address: str, *, width: int = 1280, scheme: str = "light"):
        page = browser.new_page(viewport={"width": width, "height": 850}, color_scheme=scheme)
        page.set_default_timeout(WAIT)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        opened.append((page, asked, address))
        return page

    yield open_
    for page, asked, address in opened:
        page.close()
        assert [url for url in asked if not url.startswith((address, "data:"))] == []


def wait_for(page, product: str) -> None:
    page.wait_for_selector(f"#about:has-text('{product} ')")


def labels(shop) -> dict[str, tuple[str, str]]:
    with (shop / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {line["id"]: (line["category"], line["was"]) for line in csv.DictReader(file)}


def test_review_by_keyboard_saves_every_answer_at_once_and_goes_on_after_a_new_start(shop, open_page):
    with running_review(shop) as address:
        page = open_page(address)
        wait_for(page, "P2")
        page.keyboard.press("Enter")
        wait_for(page, "P1")
        assert labels(shop) == {"P2": ("A > mug", "")}
        page.keyboard.press("2")
        wait_for(page, "P3")
        assert labels(shop)["P1"] == ("A > cup", "A > shirt")
        page.reload()
        wait_for(page, "P3")
        assert "2 labelled" in page.inner_text("#place")
        page.keyboard.press("ArrowLeft")
        wait_for(page, "P1")
        assert "labelled A > cup" in page.inner_text("#about")
        assert page.inner_text("#choices .said span") == "A > cup"
        page.keyboard.press("Backspace")
        page.wait_for_selector("#about:not(:has-text('labelled'))")
        assert list(labels(shop)) == ["P2"]
    with running_review(shop) as address:
        page = open_page(address)
        wait_for(page, "P1")
        page.keyboard.press("Enter")
        wait_for(page, "P3")
        page.keyboard.press("Enter")
        page.wait_for_selector("#sum")
        assert page.inner_text("#sum") == "That was all. 3 labels are in labels.csv."
        assert "catalog.labels=labels.csv" in page.inner_text("#command")
        assert list(labels(shop)) == ["P2", "P1", "P3"]


def test_review_key_pressed_before_the_next_product_is_there_says_nothing_about_it(server, shop, open_page):
    page = open_page(server.address)
    wait_for(page, "P2")
    page.evaluate(PRESS_TWICE)
    wait_for(page, "P1")
    assert list(labels(shop)) == ["P2"]


def test_review_asks_before_a_typed_category_is_new(server, shop, open_page):
    page = open_page(server.address)
    wait_for(page, "P2")
    page.keyboard.press("/")
    page.keyboard.type("A > teapot")
    page.keyboard.press("Enter")
    assert "would be a new category" in page.inner_text("#notice")
    assert not (shop / "labels.csv").exists()
    page.keyboard.press("Enter")
    wait_for(page, "P1")
    assert labels(shop)["P2"] == ("A > teapot", "")
    page.keyboard.press("/")
    page.keyboard.type("A > hat")
    page.keyboard.press("Enter")
    wait_for(page, "P3")
    assert labels(shop)["P1"] == ("A > hat", "A > shirt"), "one that the answers know needs no second Enter"


def test_review_tells_when_the_command_has_ended(shop, open_page):
    with running_review(shop) as address:
        page = open_page(address)
        wait_for(page, "P2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#notice:not([hidden])")
    assert "nothing was kept" in page.inner_text("#notice")
    assert not (shop / "labels.csv").exists()


def test_review_with_the_mouse_alone(server, open_page):
    page = open_page(server.address)
    wait_for(page, "P2")
    page.click("#skip")
    wait_for(page, "P1")
    page.click("#back")
    wait_for(page, "P2")
    page.click("#choices button >> nth=1")
    wait_for(page, "P1")
    page.click("#back")
    wait_for(page, "P2")
    page.click("#take-back")
    page.wait_for_selector("#about:not(:has-text('labelled'))")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_review_fits_the_screen_and_shows_no_markup_of_a_product(server, open_page, width, scheme):
    page = open_page(server.address, width=width, scheme=scheme)
    wait_for(page, "P2")
    assert page.inner_text("#no-photo") == "no photo"
    page.keyboard.press("ArrowRight")
    wait_for(page, "P1")
    assert page.inner_text("#title") == "<script>alert(1)</script>"
    assert page.evaluate("document.getElementById('photo').naturalWidth") == 480
    assert page.evaluate("document.documentElement.scrollWidth") <= width
