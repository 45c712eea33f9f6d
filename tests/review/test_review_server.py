"""The review over HTTP: a real server on 127.0.0.1, asked by a real client."""

from __future__ import annotations

import csv
import http.client
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smartprod.config import load_config
from smartprod.errors import UsageError
from smartprod.review import LabelsFile, ReviewedLabel, review_queue


def ask(server, path, *, body=None, headers=None, host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
    headers = {**({"Host": host} if host else {}), **(headers or {})}
    connection.request("GET" if body is None else "POST", path, body=body, headers=headers)
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()
    return answer.status, content


def say(server, number, category, *, token=None):
    body = json.dumps({"number": number, "category": category})
    return ask(server, "/label", body=body, headers={"X-Token": token or server.review.token})[0]


def labels(shop):
    with (shop / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {line["id"]: (line["category"], line["was"]) for line in csv.DictReader(file)}


def test_queue_starts_with_the_doubtful_one_and_leaves_out_what_has_no_id(queue):
    assert [product.id for product in queue.products] == ["P2", "P1", "P3"]
    assert queue.without_id == 1
    assert queue.products[1].description == "plain"
    assert queue.products[1].title == "<script>alert(1)</script>"
    assert queue.categories == ("A > cup", "A > hat", "A > mug", "A > shirt")


def test_queue_refuses_what_is_no_scored_file(shop):
    config = load_config(None, [f"catalog.path={shop / 'products.csv'}"]).config
    with pytest.raises(UsageError, match="SP663"):
        review_queue(shop / "products.csv", config)
    table = pq.read_table(shop / "scored.parquet")
    pq.write_table(table.set_column(1, "id", pa.nulls(4, pa.string())), shop / "nameless.parquet")
    with pytest.raises(UsageError, match="SP664"):
        review_queue(shop / "nameless.parquet", config)


def test_queue_refuses_a_table_of_other_products(shop):
    (shop / "others.csv").write_text("id,title\nX1,red mug\n", encoding="utf-8")
    config = load_config(None, [f"catalog.path={shop / 'others.csv'}"]).config
    with pytest.raises(UsageError, match=r"(?s)SP665.*give the table that was scored"):
        review_queue(shop / "scored.parquet", config)


def test_server_shows_products_and_keeps_labels_at_once(server, shop):
    status, content = ask(server, "/product/0")
    product = json.loads(content)
    assert status == 200
    assert (product["id"], product["why_no_photo"]) == ("P2", "no photo")
    assert json.loads(ask(server, "/product/1")[1])["photo"].startswith("data:image/webp;base64,")
    assert say(server, 0, "A > mug") == 200
    assert say(server, 1, "A > cup") == 200
    assert labels(shop) == {"P2": ("A > mug", ""), "P1": ("A > cup", "A > shirt")}
    assert say(server, 1, None) == 200
    assert list(labels(shop)) == ["P2"]


def test_server_refuses_strangers(server, shop):
    assert say(server, 0, "A > mug", token="guessed") == 403
    assert ask(server, "/", host="evil.example")[0] == 403
    assert ask(server, "/product/0", host="evil.example:80")[0] == 403
    for path in (
        "/products.csv",
        "/../products.csv",
        "/product/99",
        "/product/-1",
        "/product/x",
        "//etc/passwd",
    ):
        assert ask(server, path)[0] == 404
    token = {"X-Token": server.review.token}
    for body in (
        "{",
        "[]",
        '{"number": 0}',
        '{"number": 0, "category": 5}',
        '{"number": 0, "category": " "}',
    ):
        assert ask(server, "/label", body=body, headers=token)[0] == 400
    assert ask(server, "/label", body="x" * 20_000, headers=token)[0] == 413
    assert not (shop / "labels.csv").exists()


def test_server_binds_to_this_machine_only(server):
    assert server.server_address[0] == "127.0.0.1"
    page = ask(server, "/")[1]
    assert "<script>alert" not in page
    assert server.review.token in page


def test_labels_file_goes_on_with_what_is_there_and_refuses_another_file(tmp_path):
    file = LabelsFile(tmp_path / "labels.csv")
    file.put(ReviewedLabel("1", 'A > "b", c\nd', "A"))
    again = LabelsFile(tmp_path / "labels.csv")
    assert again.labels == (ReviewedLabel("1", 'A > "b", c\nd', "A"),)
    (tmp_path / "other.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="SP662"):
        LabelsFile(tmp_path / "other.csv")


def test_order_of_the_queue_is_that_of_the_margins(queue):
    margins = [
        product.choices[0][1] - (product.choices[1][1] if len(product.choices) > 1 else 0)
        for product in queue.products
    ]
    assert np.all(np.diff(margins) >= -1e-6)
