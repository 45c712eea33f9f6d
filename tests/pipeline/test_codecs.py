from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from smartprod.errors import PipelineError
from smartprod.pipeline import Arrays, Artefact, ArtefactKind
from smartprod.pipeline.codecs import (
    is_whole,
    read_artefact,
    record_file,
    remove_leftovers,
    write_artefact,
    write_atomically,
)


def round_trip(kind, value, tmp_path):
    artefact = Artefact("thing", kind, "thing", "a thing")
    write_artefact(artefact, value, tmp_path / "folder" / "thing")
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["thing"]
    return read_artefact(artefact, tmp_path / "folder" / "thing")


def test_codecs_table_keeps_its_schema(tmp_path):
    table = pa.table(
        {"row": pa.array([0, 1]), "images": [["a"], []], "kind": pa.array(["x", None]).dictionary_encode()}
    )
    assert round_trip(ArtefactKind.PARQUET, table, tmp_path).equals(table)


def test_codecs_json_takes_numpy_numbers(tmp_path):
    value = {"score": np.float32(0.5), "rows": np.int64(3), "curve": np.arange(2), "name": "тест"}
    assert round_trip(ArtefactKind.JSON, value, tmp_path) == {
        "score": 0.5,
        "rows": 3,
        "curve": [0, 1],
        "name": "тест",
    }


def test_codecs_arrays_keep_dtypes_order_and_metadata(tmp_path):
    arrays = Arrays({"X": np.ones((2, 3), np.float16).T, "rows": np.arange(4)}, metadata={"note": "a"})
    back = round_trip(ArtefactKind.ARRAYS, arrays, tmp_path)
    assert back.metadata == {"note": "a"}
    assert back["X"].dtype == np.float16
    np.testing.assert_array_equal(back["X"], arrays["X"])
    np.testing.assert_array_equal(back["rows"], np.arange(4))


def test_codecs_text_keeps_line_ends_and_alphabets(tmp_path):
    assert round_trip(ArtefactKind.TEXT, "日本\nñ\n", tmp_path) == "日本\nñ\n"
    assert (tmp_path / "folder" / "thing").read_bytes() == "日本\nñ\n".encode()


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        (ArtefactKind.PARQUET, {"row": [1]}, "SP924"),
        (ArtefactKind.TEXT, b"bytes", "SP924"),
        (ArtefactKind.FOLDER, "a name", "SP924"),
        (ArtefactKind.ARRAYS, [1], "SP924"),
        (ArtefactKind.JSON, {"loss": float("nan")}, "SP925"),
        (ArtefactKind.JSON, {"table": object()}, "SP925"),
    ],
)
def test_codecs_wrong_value_is_refused_and_leaves_no_file(tmp_path, kind, value, code):
    with pytest.raises(PipelineError, match=code):
        write_artefact(Artefact("thing", kind, "thing", ""), value, tmp_path / "thing")
    assert list(tmp_path.iterdir()) == []


def test_codecs_failed_write_keeps_the_earlier_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("earlier")

    def fail(temporary):
        temporary.write_text("half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write_atomically(path, fail)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("file", "earlier")]


def test_codecs_leftovers_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / ".model.77.tmp" / "inner").mkdir(parents=True)
    (tmp_path / ".model.77.old").mkdir()
    (tmp_path / ".model.78.tmp").write_text("half")
    (tmp_path / ".models.1.tmp").write_text("of another")
    remove_leftovers(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == [".models.1.tmp"]


def test_codecs_record_of_a_folder_notices_names_and_bytes(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a").write_text("12")
    (folder / "b").write_text("3")
    record = record_file(folder, tmp_path)
    assert (record.path, record.files, record.bytes) == ("model", 2, 3)
    assert is_whole(record, tmp_path)
    (folder / "a").write_text("21")
    assert record_file(folder, tmp_path).sha256 != record.sha256
    (folder / "c").write_text("")
    assert not is_whole(record, tmp_path)
