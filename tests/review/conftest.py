from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from smartprod.config import load_config
from smartprod.review import LabelsFile, ReviewServer, review_queue

TABLE = """id,title,description,image
P1,"<script>alert(1)</script>",<p>plain</p>,photo.jpg
P2,blue mug,,lost.jpg
P3,red cup,,photo.jpg
P4,hat,,photo.jpg
"""


@pytest.fixture(scope="session")
def make_shop(tmp_path_factory) -> Callable[[], Path]:
    """Write a table of four products, and scored answers about them, into a folder of its own."""

    def make() -> Path:
        folder = tmp_path_factory.mktemp("shop")
        Image.new("RGB", (900, 600), "teal").save(folder / "photo.jpg")
        (folder / "products.csv").write_text(TABLE, encoding="utf-8")
        scored = {
            "row": [0, 1, 2, 3],
            "id": ["P1", "P2", "P3", None],
            "category": ["A > shirt", None, "A > cup", "A > hat"],
            "top_categories": [["A > shirt", "A > cup"], ["A > mug", "A > cup"], ["A > cup"], ["A > hat"]],
            "top_confidences": [[0.9, 0.1], [0.5, 0.4], [0.97], [1.0]],
            "decision": ["accepted", "review", "accepted", "accepted"],
        }
        pq.write_table(pa.table(scored), folder / "scored.parquet")
        return folder

    return make


@pytest.fixture
def shop(make_shop) -> Path:
    return make_shop()


@pytest.fixture
def queue(shop):
    config = load_config(None, [f"catalog.path={shop / 'products.csv'}"]).config
    return review_queue(shop / "scored.parquet", config)


@pytest.fixture
def server(shop, queue):
    with ReviewServer(queue, LabelsFile(shop / "labels.csv")) as started:
        thread = threading.Thread(target=started.serve_forever, daemon=True)
        thread.start()
        yield started
        started.shutdown()
        thread.join()
