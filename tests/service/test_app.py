"""The service as a client meets it: the installed command in a process of its own, asked over HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from smartprod.model import load_classifier


def test_service_answers_as_the_library_does(service, demo_run, photo, photo_text):
    text = {"id": "7", "title": "Ceramic mug", "description": "<p>Holds <b>300 ml</b></p>"}
    status, got = service.classify({**text, "images": [photo_text]}, {"title": "Leather boot"})
    assert status == 200
    with load_classifier(demo_run.model) as classifier:
        records = [{**text, "image": photo}, {"title": "Leather boot", "image": None}]
        wanted = classifier.decide(records)
    answers = got["answers"]
    assert [answer["id"] for answer in answers] == ["7", None]
    assert [answer["head"] for answer in answers] == list(wanted["head"]) == ["fused", "text"]
    for answer, (_, row) in zip(answers, wanted.iterrows(), strict=True):
        assert [each["category"] for each in answer["top"]] == list(row["top_categories"])
        assert [each["confidence"] for each in answer["top"]] == pytest.approx(
            row["top_confidences"], abs=1e-5
        )
        assert answer["decision"] == row["decision"]
    assert got["model"] == classifier.model.identity


def test_service_gives_concurrent_clients_their_own_answers(service, photo_text):
    asked = [
        {"id": str(number), "title": title, "images": [photo_text] if number % 2 else []}
        for number, title in enumerate(["Ceramic mug", "Leather boot", "Kitchen knife", "Wooden train"] * 6)
    ]
    alone = [service.classify(product)[1]["answers"][0] for product in asked[:4]]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda product: service.classify(product)[1]["answers"][0], asked))
    assert [answer["id"] for answer in together] == [product["id"] for product in asked]
    for number, answer in enumerate(together):
        assert answer["category"] == alone[number % 4]["category"]
        assert answer["confidence"] == pytest.approx(alone[number % 4]["confidence"], abs=1e-4)


def test_service_a_broken_photo_is_a_status_not_an_error(service, photo):
    cut = base64.b64encode(photo[: len(photo) // 2]).decode()
    status, got = service.classify({"title": "Ceramic mug", "images": [cut]}, {})
    broken, empty = got["answers"]
    assert status == 200
    assert (broken["head"], broken["status"]) == ("text", "images:corrupt")
    assert broken["reason"].startswith("Images: image 0:")
    assert (empty["head"], empty["category"], empty["decision"]) == (None, None, "review")


@pytest.mark.parametrize(
    ("path", "listed"),
    [("/v1/classify", ["/etc/passwd"]), ("/v1/classify", ["https://example.org/photo.jpg"]), ("/v1/classify", ["file:///etc/hosts"])],
)  # fmt: skip
def test_service_follows_no_path_and_no_address(service, path, listed):
    status, got = service.post(path, {"products": [{"title": "x", "images": listed}]})
    assert (status, got["error"]["code"]) == (422, "SP871")
    assert got["error"]["where"] == "products.0.images.0"


def test_service_takes_a_form_with_a_photo(service, photo):
    parts = [
        b'--edge\r\nContent-Disposition: form-data; name="title"\r\n\r\nCeramic mug\r\n',
        b'--edge\r\nContent-Disposition: form-data; name="image"; filename="../../x.jpg"\r\n\r\n'
        + photo
        + b"\r\n",
        b"--edge--\r\n",
    ]
    form = {"content-type": "multipart/form-data; boundary=edge"}
    status, got = service.post("/v1/classify-form", b"".join(parts), **form)
    assert (status, got["answers"][0]["head"]) == (200, "fused")


@pytest.mark.parametrize(
    ("document", "status", "code", "where"),
    [
        ({"products": []}, 422, "SP862", "body.products"),
        ({"products": [{"titel": "x"}]}, 422, "SP862", "body.products.0.titel"),
        ({"products": [{"\ud800": "x"}]}, 422, "SP862", "body.products.0"),
        ({"products": [{"title": "x"}] * 65}, 422, "SP868", "products"),
        ({"products": [{"images": ["aGk="] * 9}]}, 422, "SP870", "products.0.images"),
        ({"products": [{"images": [base64.b64encode(bytes(10_000_001)).decode()]}]}, 413, "SP872", "products.0.images.0"),
        (b"{", 422, "SP862", "body.1"),
        (b"[" * 100_000, 400, "SP863", None),
        (b'{"products": [{"attributes": {"a": NaN}}]}', 422, "SP862", None),
    ],
    ids=["none", "typo", "surrogate", "many", "images", "large", "cut", "deep", "nan"],
)  # fmt: skip
def test_service_refuses_with_a_code(service, document, status, code, where):
    got_status, got = service.post("/v1/classify", document)
    assert (got_status, got["error"]["code"]) == (status, code)
    assert where is None or got["error"]["where"] == where


def test_service_refuses_a_large_body_before_it_arrives(service):
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=30)
    connection.putrequest("POST", "/v1/classify")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", "33000000")
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["error"]["code"]) == (413, "SP860")


def test_service_tells_of_itself(service, demo_run):
    service.classify({"title": "Ceramic mug"})
    told = json.loads(service.get("/v1/model")[1])
    assert service.get("/health") == (200, '{"status":"ok"}')
    assert told["encoders"] == ["lite0", "minilm", "hashed-words"]
    assert "Home > Kitchen > Mug" in told["classes"]
    status, text = service.get("/metrics")
    assert status == 200
    assert f'smartprod_model_info{{model="{told["model"]}"}} 1.0' in text
    assert 'smartprod_requests_total{path="/v1/classify",status="200"}' in text
    assert "smartprod_batch_products_count" in text
    assert str(demo_run.model) not in text


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing", 404), ("/docs", 404), ("/redoc", 404), ("/../../etc/passwd", 404)]
)
def test_service_has_no_other_address(service, path, status):
    assert service.get(path)[0] == status


@pytest.mark.slow
def test_service_told_to_stop_finishes_what_is_in_flight(start_service, photo_text):
    service = start_service()
    product = {"title": "Ceramic mug", "images": [photo_text]}
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(service.classify, *[product] * 60) for _ in range(3)]
        while 'smartprod_batch_products_bucket{le="64.0"} 0.0' in service.get("/metrics")[1]:
            time.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)
        answers = [each.result(60) for each in asked]
    assert [(status, len(got["answers"])) for status, got in answers] == [(200, 60)] * 3
    assert service.process.wait(30) == 0
    assert service.process.stdout.read().strip() == "stopped"
