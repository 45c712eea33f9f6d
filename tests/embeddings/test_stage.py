from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from smartprod.config import Config
from smartprod.embeddings import EmbeddingStore, encoders_of, load_embeddings, part, store_folder
from smartprod.embeddings.part import PartExtractor
from smartprod.embeddings.stage import extract, extraction_identity
from smartprod.errors import JobError, TooManyBadRowsError
from smartprod.pipeline import RunFolder, StageContext

FINGERPRINT = {"input products": "1", "files": "2"}


@pytest.fixture
def context_of(tmp_path):
    """Give the context of a run of its own; runs share the store."""

    def build(name="run", depends_on=FINGERPRINT, **extract_settings) -> StageContext:
        settings = {
            "run": {"folder": str(tmp_path / "runs"), "name": name, "threads": 1},
            "extract": extract_settings,
        }
        config = Config.model_validate(settings)
        run = RunFolder.of(config)
        run.root.mkdir(parents=True, exist_ok=True)
        return StageContext(config, stage="extract", run=run, depends_on=depends_on)

    return build


@pytest.fixture
def tables(tmp_path, draw, encode_file, product_table, table_file):
    """Eleven products: two photos, one of them truncated, on every other row; eight different texts."""
    (tmp_path / "a.jpg").write_bytes(encode_file(draw(0, 300, 300)))
    (tmp_path / "b.jpg").write_bytes(encode_file(draw(1, 300, 300))[:2_000])
    images = [[], [tmp_path / "a.jpg"], [tmp_path / "b.jpg"], [tmp_path / "a.jpg"]] * 3
    texts = [f"text number {row % 8}" if row % 4 else None for row in range(12)]
    products, clean_text = product_table(images[:11], texts[:11])
    return {"products": table_file(products), "clean_text": table_file(clean_text)}


def store_of(context) -> EmbeddingStore:
    return EmbeddingStore(store_folder(context.config))


def stored(context, index: pa.Table) -> dict[str, np.ndarray]:
    """Everything that an index leads to."""
    return {
        name: load_embeddings(index, modality=name, store=store_of(context)).values
        for name in ("image", "text")
    }


def part_files(context) -> list[str]:
    return sorted(path.name for path in context.parts_folder.glob("part-*"))


def test_stage_writes_an_index_that_leads_to_the_store(context_of, tables):
    context = context_of()
    index = extract(context, **tables)["embedding_index"].read()
    present = [
        load_embeddings(index, modality=name, store=store_of(context)).present for name in ("image", "text")
    ]
    assert present[0].tolist() == [False, True, False, True] * 2 + [False, True, False]
    assert present[1].tolist() == [False, True, True, True] * 2 + [False, True, True]
    assert context.metrics["images_computed"] == 1
    assert context.metrics["rows_with_text"] == 8
    assert context.metrics["images_corrupt"] == 3
    assert any("3 corrupt" in line for line in context.lines)
    assert (context.rows_in, context.rows_out) == (11, 11)
    assert [encoder.name for encoder in encoders_of(index)] == ["lite0", "minilm", "hashed-words"]


def test_stage_new_run_reuses_everything(context_of, tables):
    extract(context_of("first"), **tables)
    context = context_of("second")
    extract(context, **tables)
    assert (context.metrics["images_computed"], context.metrics["images_reused"]) == (0, 1)
    assert (context.metrics["texts_computed"], context.metrics["texts_reused"]) == (0, 6)


def test_stage_index_is_the_same_file_for_any_part_size(context_of, tables):
    files = [
        extract(context_of(f"parts-of-{rows}", part_rows=rows), **tables)["embedding_index"].path
        for rows in (1, 4, 11, 2_048)
    ]
    assert len({path.read_bytes() for path in files}) == 1


class Killed(BaseException):
    """Ends a process at once, as far as one can from inside."""


@pytest.mark.parametrize("items_done", [0, 1, 4, 7])
def test_stage_killed_in_a_part_goes_on_and_equals_an_uninterrupted_run(
    context_of, tables, monkeypatch, items_done
):
    whole_context = context_of("whole", part_rows=3, store=None)
    whole = extract(whole_context, **tables)["embedding_index"]

    steps = part._RowSteps.step
    seen = []

    def step(self, items):
        seen.append(items)
        if len(seen) > items_done:
            raise Killed
        steps(self, items)

    monkeypatch.setattr(part._RowSteps, "step", step)
    resumed_context = context_of("resumed", part_rows=3, store=str(whole_context.run.root / "own-store"))
    with pytest.raises(Killed):
        extract(resumed_context, **tables)
    finished = part_files(resumed_context)
    assert len(finished) < 4
    monkeypatch.undo()

    done = []
    do = PartExtractor.do
    monkeypatch.setattr(
        PartExtractor, "do", lambda self, one, advance: (done.append(one.file_name), do(self, one, advance))
    )
    resumed = extract(resumed_context, **tables)["embedding_index"]
    assert sorted([*finished, *done]) == part_files(resumed_context), "finished parts are not done again"
    assert resumed.path.read_bytes() == whole.path.read_bytes()
    ours, theirs = stored(resumed_context, resumed.read()), stored(whole_context, whole.read())
    for name in ("image", "text"):
        np.testing.assert_array_equal(ours[name], theirs[name])
    for encoder in encoders_of(whole.read()):
        counts = [
            store_of(context).count(encoder.fingerprint) for context in (resumed_context, whole_context)
        ]
        assert counts[0] == counts[1], "nothing is stored twice"


def test_stage_lost_parts_are_made_again(context_of, tables):
    context = context_of(part_rows=2)
    whole = extract(context, **tables)["embedding_index"].path.read_bytes()
    for name in ("part-00000.parquet", "part-00003.parquet"):
        (context.parts_folder / name).unlink()
    again = context_of(part_rows=2)
    assert extract(again, **tables)["embedding_index"].path.read_bytes() == whole


def test_stage_parts_of_another_plan_are_done_again(context_of, tables, capsys):
    context = context_of(part_rows=2)
    extract(context, **tables)
    changed = replace(context, depends_on={**FINGERPRINT, "files": "3"}, lines=[], metrics={})
    times = {name: (context.parts_folder / name).stat().st_mtime_ns for name in part_files(context)}
    extract(changed, **tables)
    assert all((context.parts_folder / name).stat().st_mtime_ns > time for name, time in times.items())
    assert changed.metrics["texts_computed"] == 0, "the store keeps what was computed"


def test_stage_part_without_its_rows_is_refused(context_of, tables):
    context = context_of(part_rows=4)
    extract(context, **tables)
    other = context.parts_folder / "part-00001.parquet"
    other.write_bytes((context.parts_folder / "part-00000.parquet").read_bytes())
    with pytest.raises(JobError, match="rows 4 to 7") as caught:
        extract(context, **tables)
    assert caught.value.code == "SP431"


def test_stage_parts_of_different_encoders_are_refused(context_of, tables):
    context = context_of(part_rows=4)
    extract(context, **tables)
    other = context_of("other", part_rows=4, image=[])
    extract(other, **tables)
    (context.parts_folder / "part-00001.parquet").write_bytes(
        (other.parts_folder / "part-00001.parquet").read_bytes()
    )
    with pytest.raises(JobError, match="different encoders") as caught:
        extract(context, **tables)
    assert caught.value.code == "SP432"


def test_stage_tables_of_different_lengths_are_refused(context_of, tables, table_file):
    short = table_file(tables["clean_text"].read().slice(0, 9))
    with pytest.raises(JobError, match="ends before row 11") as caught:
        extract(context_of(), products=tables["products"], clean_text=short)
    assert caught.value.code == "SP430"


def test_stage_table_without_rows_has_an_index_with_encoders(context_of, tables, table_file):
    empty = {name: table_file(table.read().slice(0, 0)) for name, table in tables.items()}
    index = extract(context_of(), **empty)["embedding_index"].read()
    assert index.num_rows == 0
    assert [encoder.name for encoder in encoders_of(index)] == ["lite0", "minilm", "hashed-words"]


def test_stage_too_many_rows_with_nothing_stop_the_run(context_of, product_table, table_file, tmp_path):
    products, clean_text = product_table([[tmp_path / "gone.jpg"], []], [None, None])
    with pytest.raises(TooManyBadRowsError, match="2 of 2 rows") as caught:
        extract(context_of(), products=table_file(products), clean_text=table_file(clean_text))
    assert caught.value.code == "SP424"
    assert "images: 2 missing" in caught.value.where


def test_stage_identity_follows_the_image_files(context_of, tables, tmp_path):
    context = context_of()
    path = context.run.artefact_path("products")
    path.parent.mkdir(parents=True)
    path.write_bytes(tables["products"].path.read_bytes())
    before = extraction_identity(context.config, context.run)
    assert extraction_identity(context.config, context.run) == before
    os.utime(tmp_path / "a.jpg", ns=(1, 1))
    touched = extraction_identity(context.config, context.run)
    (tmp_path / "a.jpg").unlink()
    assert len({before, touched, extraction_identity(context.config, context.run)}) == 3


def test_stage_module_and_identity_import_no_heavy_library(tmp_path):
    code = (
        "import sys; from pathlib import Path; from smartprod.config import Config; from smartprod.pipeline import RunFolder;"
        "from smartprod.embeddings.stage import extraction_identity;"
        f"extraction_identity(Config(), RunFolder(Path({str(tmp_path)!r})));"
        "print({'torch', 'transformers', 'timm', 'lance', 'PIL', 'simplejpeg'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
