from __future__ import annotations

import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from smartprod.errors import JobError
from smartprod.scoring import part


@pytest.fixture
def shop(demo_run, tmp_path, monkeypatch):
    """Serve the demo catalogue from this machine; gives its address and the paths that were asked for."""
    monkeypatch.setenv("SMARTPROD_CACHE", str(tmp_path / "cache"))
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(demo_run.catalogue))

        def log_request(self, *arguments: object) -> None:
            asked.append(self.path)

        def log_error(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


ON = ("catalog.remote.allow=true", "catalog.remote.schemes=http", "catalog.remote.allow_private=true")


def without_reasons(outcome) -> pa.Table:
    return pq.read_table(outcome.out).drop_columns(["reason"])


def test_score_table_and_images_by_address_gives_what_the_files_give(score, shop):
    address, asked = shop
    local = score(out="local.parquet", store=None)
    remote = score(*ON, table=f"{address}/new.csv?key=secret", out="remote.parquet", store=None)
    images = [path for path in asked if path.startswith("/images")]
    assert len(images) > 30
    assert len(images) == len(set(images)), "each image is fetched once"
    statuses = (
        "missing", "forbidden",  # a path out of the folder is refused by its text, the others by the server's answer
    )  # fmt: skip
    there, here = without_reasons(remote).to_pylist(), without_reasons(local).to_pylist()
    for one, other in zip(there, here, strict=True):
        if one["status"] != other["status"]:
            assert {one["status"], other["status"]} <= set(statuses)
        else:
            assert one == other
    asked.clear()
    again = score(*ON, table=f"{address}/new.csv?key=secret", out="again.parquet", store=None)
    assert again.out.read_bytes() == remote.out.read_bytes()
    good = {path for path in images if path in asked}
    assert len(good) < 5, "what was downloaded is found in the cache; only what failed is asked for again"


def test_score_images_by_address_are_refused_unless_allowed(score, rows_of, shop):
    address, asked = shop
    rows = rows_of(score(table=f"{address}/new.csv", store=None))
    assert not any(path.startswith("/images") for path in asked)
    assert {row["head"] for row in rows} <= {"text", None}
    assert sum("(catalog.remote.allow)" in (row["reason"] or "") for row in rows) > 30


def test_score_table_by_address_that_changed_is_not_gone_on_with(
    score, demo_run, shop, tmp_path, monkeypatch
):
    address, _ = shop
    table = demo_run.catalogue / "changing.csv"
    text = demo_run.new_table.read_text(encoding="utf-8")
    table.write_text(text, encoding="utf-8")
    try:
        kept = []
        whole = part.PartScorer.do

        def stop_later(self, *arguments: object) -> None:
            if len(kept) == 2:
                raise JobError("SP999", "stopped by the test")
            kept.append(1)
            whole(self, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(part.PartScorer, "do", stop_later)
            with pytest.raises(JobError, match="SP999"):
                score(table=f"{address}/changing.csv")
        table.write_text(text + "new,,,,\n", encoding="utf-8")
        with pytest.raises(JobError, match=r"SP801(.|\n)*the table"):
            score(table=f"{address}/changing.csv")
        table.write_text(text, encoding="utf-8")
        outcome = score(table=f"{address}/changing.csv")
        assert outcome.rows_scored == 50 - 18, "the same content again: it goes on"
    finally:
        table.unlink()
