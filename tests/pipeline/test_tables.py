from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartprod.config import Config
from smartprod.errors import PipelineError
from smartprod.pipeline import (
    Artefact,
    ArtefactKind,
    RunFolder,
    StageContext,
    TableFile,
    TableWriter,
    stage,
    tables,
)
from smartprod.pipeline.codecs import read_artefact, write_artefact

SCHEMA = pa.schema(
    [pa.field("row", pa.int64(), nullable=False), pa.field("keys", pa.list_(pa.string()))],
    metadata={"encoders": "two"},
)


def table_of(rows: int) -> pa.Table:
    keys = [None if row % 5 == 0 else [f"k{row}"] * (row % 3) for row in range(rows)]
    return pa.table({"row": range(rows), "keys": keys}, schema=SCHEMA)


def write(path, table, sizes) -> TableFile:
    """Write a table in batches of these sizes, again and again."""
    with TableWriter(path, table.schema) as writer:
        start, turn = 0, 0
        while start < table.num_rows:
            piece = table.slice(start, sizes[turn % len(sizes)])
            writer.write(piece.combine_chunks().to_batches()[0] if turn % 2 else piece)
            start, turn = start + piece.num_rows, turn + 1
    return writer.table


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(0, 60),
    sizes=st.lists(st.integers(1, 25), min_size=1, max_size=4),
    per_group=st.integers(1, 20),
    ranges=st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), max_size=5),
)
def test_tables_any_batches_give_the_same_file_and_any_range_its_rows(
    tmp_path, monkeypatch, rows, sizes, per_group, ranges
):
    monkeypatch.setattr(tables, "ROWS_PER_GROUP", per_group)
    whole = table_of(rows)
    one, other = write(tmp_path / "one", whole, [100]), write(tmp_path / "other", whole, sizes)
    assert one.path.read_bytes() == other.path.read_bytes()
    assert other.read().equals(whole)
    assert (other.num_rows, other.schema) == (rows, SCHEMA)
    assert other.schema.metadata == SCHEMA.metadata
    with other.open(["row"]) as reader:
        assert reader.num_rows == rows
        for start, count in ranges:
            assert reader.read(start, count)["row"].to_pylist() == list(range(rows))[start : start + count]
    for batch_rows in sizes:
        batches = list(other.batches(batch_rows))
        assert max((batch.num_rows for batch in batches), default=0) <= batch_rows
        assert pa.Table.from_batches(batches, schema=SCHEMA).equals(whole)


def test_tables_group_of_long_rows_ends_early(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "BYTES_PER_GROUP", 1_000)
    with TableWriter(tmp_path / "long", pa.schema([("text", pa.string())])) as writer:
        for _ in range(6):
            writer.write(pa.table({"text": ["x" * 600]}))
    assert pq.read_metadata(writer.table.path).num_row_groups == 3
    assert writer.table.num_rows == 6


def test_tables_writer_that_fails_leaves_no_file(tmp_path):
    def fail():
        with TableWriter(tmp_path / "half", SCHEMA) as writer:
            writer.write(table_of(10))
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_tables_written_by_a_stage_become_its_artefact(tmp_path):
    context = StageContext(Config(), stage="clean", run=RunFolder(tmp_path))
    with context.table_writer("clean_text", SCHEMA) as writer:
        writer.write(table_of(3))
    artefact = Artefact("clean_text", ArtefactKind.PARQUET, "clean/clean_text.parquet", "")
    path = context.run.artefact_path("clean_text")
    assert not path.exists()
    write_artefact(artefact, writer.table, path)
    assert [file.name for file in path.parent.iterdir()] == ["clean_text.parquet"]
    assert context.run.open("clean_text").read().equals(table_of(3))


def test_tables_of_another_artefact_are_copied_not_moved(tmp_path):
    given_table = write(tmp_path / "products.parquet", table_of(4), [4])
    artefact = Artefact("thing", ArtefactKind.PARQUET, "thing", "a thing")
    write_artefact(artefact, given_table, tmp_path / "thing")
    assert read_artefact(artefact, tmp_path / "thing").equals(given_table.read())


def test_tables_writer_for_another_kind_is_refused(tmp_path):
    with pytest.raises(PipelineError, match="SP946"):
        StageContext(Config(), stage="classify", run=RunFolder(tmp_path)).table_writer("heads", SCHEMA)


def test_tables_missing_one_cannot_be_opened(tmp_path):
    with pytest.raises(PipelineError, match="SP931"):
        RunFolder(tmp_path).open("products")


@pytest.mark.parametrize(("reads", "streams"), [(["products"], ["split"]), (["heads"], ["heads"])])
def test_tables_only_those_that_are_read_can_be_streamed(no_stages, reads, streams):
    def prices(context, products):
        return {}

    def of_heads(context, heads):
        return {}

    with pytest.raises(PipelineError, match="SP945"):
        stage("prices", reads=reads, streams=streams)(prices if reads == ["products"] else of_heads)
