from __future__ import annotations

import os
import shutil

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from smartprod.errors import InterruptedRunError, JobError, UsageError
from smartprod.model import answered_schema
from smartprod.scoring import part
from smartprod.scoring.output import Output


def output(given: str, output_format: str | None = None) -> Output:
    return Output.of(given, output_format=output_format, table="new.csv")


@pytest.mark.parametrize(
    ("given", "named", "found"),
    [
        ("scored.parquet", None, "parquet"),
        ("scored.PQ", None, "parquet"),
        ("scored.csv", None, "csv"),
        ("scored/", None, "parquet-folder"),
        ("scored", "parquet-folder", "parquet-folder"),
        ("scored.dat", "csv", "csv"),
        ("s3://bucket/a/scored.csv", None, "csv"),
    ],
)
def test_output_format_follows_from_the_name(given, named, found):
    assert output(given, named).format == found


def test_output_parts_lie_beside_a_file_in_a_folder_and_here_for_an_address(tmp_path):
    assert output(f"{tmp_path}/scored.csv").parts == tmp_path / "scored.csv.parts"
    assert output(f"{tmp_path}/scored/").parts == tmp_path / "scored"
    assert str(output("s3://bucket/a/scored.csv").parts) == "scored.csv.parts"


def test_output_folder_with_anything_else_is_refused(tmp_path):
    (tmp_path / "part-00000.parquet").touch()
    assert output(str(tmp_path)).format == "parquet-folder"
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"SP815(.|\n)*notes.txt"):
        output(str(tmp_path))
    with pytest.raises(UsageError, match=r"SP806(.|\n)*that is a file"):
        output(f"{tmp_path}/notes.txt", "parquet-folder")


def test_output_folder_is_a_data_set_equal_to_the_one_file(score, tmp_path):
    whole = score().out
    outcome = score(out="scored/")
    assert outcome.out == tmp_path / "scored"
    assert sorted(path.name for path in outcome.out.iterdir()) == [
        ".lock", "_SUCCESS", "_plan.json", *(f"part-{number:05d}.parquet" for number in range(6)),
    ]  # fmt: skip
    assert ds.dataset(outcome.out).to_table().equals(pq.read_table(whole))
    assert (outcome.out / "_SUCCESS").read_text() == "50 rows in 6 parts\n"


def test_output_folder_that_is_not_whole_has_no_mark_and_goes_on(score, tmp_path, monkeypatch):
    whole = {path.name: path.read_bytes() for path in score(out="whole/").out.glob("part-*")}
    real = part.PartScorer.do

    def do(self, wanted, advance):
        if wanted.number == 3:
            raise KeyboardInterrupt
        return real(self, wanted, advance)

    with monkeypatch.context() as patch:
        patch.setattr(part.PartScorer, "do", do)
        with pytest.raises(InterruptedRunError) as caught:
            score(out="scored/")
    assert f"--out {tmp_path}/scored/" in caught.value.__notes__[0]
    assert not (tmp_path / "scored" / "_SUCCESS").exists()
    (tmp_path / "scored" / ".part-00004.parquet.99999.tmp").write_bytes(b"left by a killed process")
    assert score(out="scored/").rows_scored == 23
    assert {path.name: path.read_bytes() for path in (tmp_path / "scored").glob("part-*")} == whole
    assert not list((tmp_path / "scored").glob(".part-*"))


def test_output_folder_that_lost_a_part_is_not_whole_until_it_is_there_again(score, tmp_path):
    score(out="scored/")
    (tmp_path / "scored" / "part-00002.parquet").unlink()
    assert score(out="scored/").rows_scored == 9
    assert score(out="scored/").rows_scored == 0
    assert (tmp_path / "scored" / "_SUCCESS").exists()


def test_output_folder_of_another_job_is_refused_and_fresh_replaces_it(score, tmp_path):
    score(out="scored/")
    with pytest.raises(JobError, match=r"SP801(.|\n)*the mode"):
        score(out="scored/", mode="image-then-text")
    assert (tmp_path / "scored" / "_SUCCESS").exists()
    assert score(out="scored/", mode="image-then-text", fresh=True).rows_scored == 50


def test_output_folder_for_a_table_without_rows_keeps_the_schema(score, tmp_path):
    (tmp_path / "empty.csv").write_text("id,title,image\n")
    outcome = score(table=tmp_path / "empty.csv", out="scored/")
    assert ds.dataset(outcome.out).schema.equals(answered_schema())


def test_output_goes_to_an_address_whole(score, monkeypatch, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.chdir(tmp_path)
    whole = score().out.read_bytes()
    outcome = score(out="memory://bucket/deep/scored.parquet")
    files = fsspec.filesystem("memory").find("/bucket")
    assert files == ["/bucket/deep/scored.parquet"]
    assert fsspec.filesystem("memory").cat_file(files[0]) == whole
    assert outcome.out == "memory://bucket/deep/scored.parquet"
    assert [path.name for path in tmp_path.iterdir()] == ["scored.parquet"]


def test_output_address_that_fails_keeps_the_parts_and_sends_them_the_next_time(score, monkeypatch, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.chdir(tmp_path)
    system = fsspec.get_filesystem_class("memory")

    def refuse(self, *_, **__):
        raise PermissionError("no such key")

    with monkeypatch.context() as patch:
        patch.setattr(system, "put_file", refuse)
        with pytest.raises(JobError, match=r"SP819(.|\n)*no such key") as caught:
            score(out="memory://other/scored.csv")
    assert "go on with: smartprod score" in caught.value.__notes__[0]
    assert score(out="memory://other/scored.csv").rows_scored == 0
    assert fsspec.filesystem("memory").find("/other") == ["/other/scored.csv"]


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be moved on Windows")
def test_output_images_that_vanish_meanwhile_end_the_job_and_it_goes_on(
    score, demo_run, monkeypatch, tmp_path
):
    catalogue = shutil.copytree(demo_run.catalogue, tmp_path / "catalogue")
    whole = score(table=catalogue / "new.csv", out="whole.parquet").out.read_bytes()
    real = part.PartScorer.do

    def do(self, wanted, advance):
        if wanted.number == 3:
            (catalogue / "images").rename(tmp_path / "elsewhere")
        return real(self, wanted, advance)

    with monkeypatch.context() as patch:
        patch.setattr(part.PartScorer, "do", do)
        with pytest.raises(JobError, match=r"SP817(.|\n)*images") as caught:
            score(table=catalogue / "new.csv")
    assert "go on with: smartprod score" in caught.value.__notes__[0]
    (tmp_path / "elsewhere").rename(catalogue / "images")
    outcome = score(table=catalogue / "new.csv")
    assert outcome.rows_scored == 50 - 27
    assert outcome.out.read_bytes() == whole
