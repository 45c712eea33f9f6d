from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smartprod.scoring import ScoreOutcome, score_table


@pytest.fixture(scope="session")
def embedding_store(tmp_path_factory):
    """An embedding store that the tests share: the demo rows are embedded once."""
    return tmp_path_factory.mktemp("embedding-store")


@pytest.fixture
def score(demo_run, embedding_store, tmp_path):
    """Score the unlabelled demo rows (or another table) in parts of 9 rows; gives the outcome."""

    def call(*overrides: str, out: str = "scored.parquet", **options) -> ScoreOutcome:
        given = {"table": demo_run.new_table, "model": demo_run.model, "store": embedding_store} | options
        place = out if "://" in out else f"{tmp_path}/{out}"
        return score_table(out=place, overrides=("score.part_rows=9", *overrides), **given)

    return call


@pytest.fixture
def rows_of():
    """Read a scored file into rows."""

    def read(outcome: ScoreOutcome) -> list[dict]:
        table: pa.Table = pq.read_table(outcome.out)
        return table.to_pylist()

    return read
