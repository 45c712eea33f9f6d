"""Full, read-only and closed disks, and inputs that vanish: a coded error with the command that goes on, and no half file."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from smartprod.embeddings import EmbeddingStore, load_embeddings
from smartprod.pipeline import RunFolder

ROWS = 24
COMMAND = ("run", "extract", "--config", "mine.yaml")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MB, mounted on a folder."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "smartprod-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may mount no file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def shop(demo_catalogue, tmp_path, cut_table, write_config):
    """Make a small shop with a folder of its own, whose run goes to `runs`."""

    def make(runs) -> None:
        table = cut_table(demo_catalogue / "products.csv", tmp_path / "products.csv", rows=ROWS)
        write_config(
            tmp_path,
            table,
            catalog={"image_root": str(demo_catalogue)},
            run={"folder": str(runs), "threads": 1},
        )

    return make


def told(done, code: str) -> str:
    """Hold a failed command to what it has to say."""
    assert (done.returncode, code in done.stderr) == (1, True), done.stderr
    assert f"go on{' with' if 'stopped' not in done.stderr else ''}" in done.stderr
    assert " ".join(COMMAND) in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def half_files(folder) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.endswith((".tmp", ".old"))]


def is_extracted(runs) -> bool:
    run = RunFolder(runs / "mine")
    index = run.read("embedding_index")
    store = EmbeddingStore(runs / "embedding-store")
    present = [load_embeddings(index, modality=name, store=store).present for name in ("image", "text")]
    return all(mask.sum() > ROWS / 2 for mask in present)


@pytest.mark.parametrize("free", [2_000, 24_000, 60_000], ids=["catalog", "store", "later"])
def test_disk_full_is_told_and_freed_space_lets_the_run_go_on(shop, small_disk, smartprod, tmp_path, free):
    shop(small_disk / "runs")
    ballast = small_disk / "ballast"
    room = shutil.disk_usage(small_disk).free
    ballast.write_bytes(b"x" * (room - free))
    failed = smartprod(*COMMAND, cwd=tmp_path)
    assert "the disk is full" in told(failed, "SP940")
    assert "MB are free" in failed.stderr
    assert half_files(small_disk) == []
    assert not (small_disk / "runs/mine/extract/manifest.json").exists()
    ballast.unlink()
    again = smartprod(*COMMAND, cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")
    assert is_extracted(small_disk / "runs")


def test_disk_that_can_only_be_read_is_told_and_nothing_is_touched(shop, small_disk, smartprod, tmp_path):
    shop(small_disk / "runs")
    assert (
        smartprod("run", "extract", "--config", "mine.yaml", "extract.text=[]", cwd=tmp_path).returncode == 0
    )
    before = {path: path.stat().st_mtime_ns for path in small_disk.rglob("*") if path.is_file()}
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    failed = smartprod(*COMMAND, cwd=tmp_path)
    assert "can only be read" in told(failed, "SP941")
    assert {path: path.stat().st_mtime_ns for path in small_disk.rglob("*") if path.is_file()} == before
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert smartprod(*COMMAND, cwd=tmp_path).returncode == 0
    assert is_extracted(small_disk / "runs")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="no permission is denied to this user")
def test_disk_folder_without_permission_is_told(shop, smartprod, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    shop(tmp_path / "closed" / "runs")
    told(smartprod(*COMMAND, cwd=tmp_path), "SP942")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="no permission is denied to this user")
def test_disk_table_without_permission_is_told(shop, smartprod, tmp_path):
    shop(tmp_path / "runs")
    (tmp_path / "products.csv").chmod(0)
    told(smartprod(*COMMAND, cwd=tmp_path), "SP942")


def test_disk_table_that_vanished_is_told_with_the_command(shop, smartprod, tmp_path):
    shop(tmp_path / "runs")
    assert smartprod(
        *COMMAND, "extract.image=[]", "extract.text=[hashed-words]", cwd=tmp_path
    ).returncode in (0, 3)
    (tmp_path / "products.csv").rename(tmp_path / "moved.csv")
    gone = smartprod(*COMMAND, cwd=tmp_path)
    assert (gone.returncode, "SP201" in gone.stderr) == (2, True), gone.stderr
    assert f"go on with: smartprod {' '.join(COMMAND)}" in gone.stderr


def test_disk_images_that_vanished_after_the_catalog_keep_their_rows_or_stop_the_run(
    demo_catalogue, write_config, smartprod, tmp_path
):
    shutil.copytree(demo_catalogue, tmp_path / "shop")
    with (demo_catalogue / "products.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *lines = csv.reader(file)
    with (tmp_path / "shop" / "products.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *lines[:ROWS]])
    write_config(tmp_path, tmp_path / "shop" / "products.csv")
    (tmp_path / "catalog.yaml").write_text(
        "description: the table only\nstages: [catalog, clean]\n", encoding="utf-8"
    )
    assert smartprod("run", "catalog.yaml", "--config", "mine.yaml", cwd=tmp_path).returncode == 0

    images = tmp_path / "shop" / "images"
    images.rename(tmp_path / "taken off")
    failed = smartprod(*COMMAND, cwd=tmp_path)
    assert "a folder of images has gone" in told(failed, "SP433")
    assert not (tmp_path / "runs/mine/extract/embedding_index.parquet").exists()

    (tmp_path / "taken off").rename(images)
    run = RunFolder(tmp_path / "runs" / "mine")
    listed = [paths for paths in run.read("products")["images"].to_pylist() if paths]
    for path in listed[0]:
        Path(path).unlink()
    done = smartprod(*COMMAND, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    index = run.read("embedding_index").to_pydict()
    lost = run.read("products")["images"].to_pylist().index(listed[0])
    assert (index["status.images"][lost], index["image_keys"][lost]) == ("missing", [])
    assert "no such file" in index["reason.images"][lost]


def test_disk_full_while_scoring_is_told_and_freed_space_lets_it_go_on(
    demo_run, small_disk, smartprod, tmp_path
):
    def score(folder) -> subprocess.CompletedProcess:
        return smartprod(
            "score", str(demo_run.new_table), "--model", str(demo_run.model), "--out",
            str(folder / "scored.parquet"), "score.part_rows=8", cwd=tmp_path,
        )  # fmt: skip

    assert score(tmp_path).returncode == 0
    filler = small_disk / "filler"
    with filler.open("wb") as file:
        file.write(b"0" * (shutil.disk_usage(small_disk).free - 16_000))
    failed = score(small_disk)
    assert (failed.returncode, "SP940" in failed.stderr, "Traceback" in failed.stderr) == (1, True, False)
    assert "go on with: smartprod score" in failed.stderr
    assert not (small_disk / "scored.parquet").exists()
    filler.unlink()
    assert score(small_disk).returncode == 0
    assert (small_disk / "scored.parquet").read_bytes() == (tmp_path / "scored.parquet").read_bytes()
    assert sorted(path.name for path in small_disk.iterdir()) == ["scored.parquet"]
