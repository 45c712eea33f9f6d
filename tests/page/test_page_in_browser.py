"""The page as a visitor meets it: in headless Chromium, on the installed command."""

from __future__ import annotations

import csv
import io
import json
import urllib.error
import urllib.request
import zipfile

import pytest

pytestmark = pytest.mark.slow
WAIT = 90_000


@pytest.fixture
def page(browser, running_page):
    """The page, opened anew; nothing may be asked of another machine, and nothing may fail in the console."""
    opened = browser.new_page(viewport={"width": 1280, "height": 1000})
    opened.set_default_timeout(WAIT)
    asked, errors = [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.goto(running_page.url)
    opened.wait_for_selector("#classify")
    opened.wait_for_load_state("networkidle")
    yield opened
    opened.close()
    assert [url for url in asked if not url.startswith((running_page.url, "data:", "blob:"))] == []
    assert errors == []


def send(page, path, *, to: str) -> None:
    """Upload a file, and wait until the page lists it."""
    page.set_input_files(f"{to} input[type=file]", path)
    page.wait_for_selector(f"{to} .file-preview")


def answer(page) -> str:
    page.wait_for_selector("#answer section")
    return page.inner_text("#answer")


def products(demo_run) -> list[dict[str, str]]:
    with (demo_run.catalogue / "products.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["image"] and row["title"] and row["category"]]


def test_page_answers_for_a_photo_and_a_title(page, demo_run):
    product = products(demo_run)[2]
    send(page, demo_run.catalogue / product["image"], to="#photo")
    page.wait_for_selector("#preview img")
    page.fill("#title textarea, #title input", product["title"])
    page.fill("#description textarea", product["description"])
    page.click("#classify")
    told = answer(page)
    assert product["title"] in told
    assert product["category"] in told
    assert "Answered by the fused head: image and text could both be read." in told
    assert "Nearest training products" in told
    assert page.locator("#answer .similar img").count() >= 3
    assert page.locator("#answer section").first.locator("tr").count() == 5


def test_page_explains_words_and_photo(page, demo_run):
    product = products(demo_run)[4]
    send(page, demo_run.catalogue / product["image"], to="#photo")
    page.fill("#title textarea, #title input", product["title"])
    page.click("#explain")
    page.wait_for_selector("#answer .text span")
    assert page.locator("#answer figure img").count() == 2


def test_page_example_answers_at_a_click(page):
    page.click("#examples button.thumbnail-item >> nth=1")
    assert "How sure" in answer(page)
    assert page.input_value("#title textarea, #title input")


def test_page_tells_that_there_is_nothing_to_answer_for(page):
    page.click("#classify")
    assert answer(page) == "There is nothing to answer for. Add a photo, a title or a description."


def test_page_tells_in_a_sentence_what_is_wrong_with_a_photo(page, tmp_path):
    """The click follows at once upon the upload and its preview; in Gradio's queue its answer was lost."""
    (tmp_path / "photo.jpg").write_text("this is no photo")
    send(page, tmp_path / "photo.jpg", to="#photo")
    page.click("#classify")
    page.wait_for_selector("#answer h1")
    assert "Images: image 0: not an image (text)." in page.inner_text("#answer")


def test_page_scores_a_zip_and_gives_the_answers(page, demo_run, tmp_path):
    rows = products(demo_run)[:12]
    upload = tmp_path / "shop.zip"
    with zipfile.ZipFile(upload, "w") as archive:
        table = io.StringIO()
        writer = csv.DictWriter(table, ["id", "title", "image"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows([*rows, {"id": "evil", "title": "Ceramic mug", "image": "../../../etc/passwd"}])
        archive.writestr("shop/table.csv", table.getvalue())
        for row in rows:
            archive.write(demo_run.catalogue / row["image"], f"shop/{row['image']}")
    page.get_by_role("tab", name="A table").click()
    send(page, upload, to="#table")
    page.click("#score")
    page.wait_for_selector("#summary pre")
    assert "13 rows, 12 photos" in page.inner_text("#summary")
    with page.expect_download() as download:
        page.click("#result a >> nth=0")
    answers = list(csv.DictReader(download.value.path().open(encoding="utf-8")))
    assert [answer["id"] for answer in answers] == [*(row["id"] for row in rows), "evil"]
    assert answers[-1]["status"] == "images:forbidden"
    assert sum(answer["category"] == row["category"] for answer, row in zip(answers, rows, strict=False)) >= 8


def test_page_refuses_a_bad_zip_in_a_sentence(page, tmp_path):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../evil.csv", "title\nx\n")
    page.get_by_role("tab", name="A table").click()
    send(page, tmp_path / "bad.zip", to="#table")
    page.click("#score")
    page.wait_for_selector("#summary .problem")
    assert page.inner_text("#summary").strip().startswith("The zip is refused:")


def test_page_gives_no_file_of_the_machine(running_page, demo_run):
    (running_page.folder / "secret.txt").write_text("secret")
    for path in ("/etc/passwd", str(demo_run.model / "model.yaml"), str(running_page.folder / "secret.txt"), "secret.txt", "../secret.txt"):  # fmt: skip
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{running_page.url}/gradio_api/file={path}", timeout=30)
        assert refused.value.code in {403, 404}


@pytest.mark.parametrize("name", ["classify", "score"])
@pytest.mark.parametrize("place", ["/etc/passwd", "http://127.0.0.1:1/x.csv", "file:///etc/passwd", "TABLE"])
def test_page_takes_no_path_and_no_address_from_a_client(running_page, demo_run, name, place):
    place = str(demo_run.catalogue / "new.csv") if place == "TABLE" else place
    given = {"path": place, "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [given] if name == "score" else [given, "", ""]}).encode()
    for part in ("call", "run", "api", "call/v2"):
        assert ask(f"{running_page.url}/gradio_api/{part}/{name}", body) in {403, 404}
    assert ask(f"{running_page.url}/gradio_api/queue/join", body) == 403


def test_page_scores_tables_in_its_queue_only(running_page):
    assert ask(f"{running_page.url}/gradio_api/run/score", b'{"data": [null]}') == 404
    assert ask(f"{running_page.url}/gradio_api/run/classify", b'{"data": [null, "Ceramic mug", ""]}') == 200


@pytest.mark.parametrize(
    "path", ["/gradio_api/proxy=http://127.0.0.1:1/", "/gradio_api/vibe-edit", "/gradio_api/runs", "/docs", "/openapi.json", "/gradio_api/process_recording"]
)  # fmt: skip
def test_page_has_no_address_that_it_does_not_need(running_page, path):
    assert ask(running_page.url + path, None) == 404
    assert ask(running_page.url + path, b"{}") == 404


def ask(address: str, body: bytes | None) -> int:
    """Ask for an address; gives the HTTP status."""
    request = urllib.request.Request(address, data=body, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as refused:
        return refused.code
