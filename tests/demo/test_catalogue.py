from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from smartprod.demo import render_catalogue
from smartprod.errors import SmartprodError


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_catalogue_is_byte_identical_for_any_number_of_workers(small_catalogue, tmp_path: Path):
    out = tmp_path / "two"
    render_catalogue(out, products=small_catalogue.size, seed=3, workers=2)
    assert digests(out) == digests(small_catalogue.folder)


def test_catalogue_again_does_nothing(small_catalogue):
    before = {p: p.stat().st_mtime_ns for p in small_catalogue.folder.rglob("*")}
    account = render_catalogue(small_catalogue.folder, products=small_catalogue.size, seed=3)
    assert account.seconds == 0.0
    assert account.images == small_catalogue.account.images
    assert "nothing to do" in account.lines()[0]
    assert {p: p.stat().st_mtime_ns for p in small_catalogue.folder.rglob("*")} == before


def test_catalogue_refuses_a_folder_of_other_files(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("do not lose me")
    with pytest.raises(SmartprodError) as caught:
        render_catalogue(tmp_path, products=80)
    assert caught.value.code == "SP901"
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_catalogue_refuses_a_file_and_a_foreign_demo_json(tmp_path: Path):
    (tmp_path / "demo.json").write_text('{"kind": "something else"}')
    (tmp_path / "file").write_text("")
    for out in (tmp_path, tmp_path / "file"):
        with pytest.raises(SmartprodError, match="SP901"):
            render_catalogue(out, products=80)


def test_catalogue_refuses_too_few_products(tmp_path: Path):
    with pytest.raises(SmartprodError, match="SP902"):
        render_catalogue(tmp_path / "tiny", products=59)


def test_catalogue_replaces_a_demo_of_another_seed(tmp_path: Path):
    out = tmp_path / "demo"
    render_catalogue(out, products=60, seed=0, workers=1)
    first = (out / "products.csv").read_bytes()
    render_catalogue(out, products=60, seed=1, workers=1)
    assert (out / "products.csv").read_bytes() != first
    assert json.loads((out / "demo.json").read_text())["seed"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["demo"]


def test_catalogue_stopped_half_way_leaves_nothing(tmp_path: Path):
    def stop(done: int, total: int) -> None:
        assert total == 60
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_catalogue(tmp_path / "demo", products=60, workers=1, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_catalogue_record_counts_what_is_there(small_catalogue):
    record = json.loads((small_catalogue.folder / "demo.json").read_text())
    images = list((small_catalogue.folder / "images").iterdir())
    assert record["images"] == small_catalogue.account.images == len(images)
    assert record["labelled"] == len(small_catalogue.products)
    assert record["new"] == len(small_catalogue.new)
    assert sum(record["classes"].values()) == len(small_catalogue.products)
    content = (small_catalogue.folder / "products.csv").read_bytes()
    assert record["products_sha256"] == hashlib.sha256(content).hexdigest()


def test_catalogue_duplicates_have_the_very_same_image_bytes(small_catalogue):
    rows = {row["id"]: row for row in small_catalogue.products}
    copies = [row for row in small_catalogue.truth.values() if row["duplicate_of"]]
    assert len(copies) >= 3
    for truth in copies:
        copy, original = rows[truth["id"]], rows[truth["duplicate_of"]]
        assert copy["image"] != original["image"]
        first, second = (small_catalogue.folder / row["image"] for row in (copy, original))
        assert first.read_bytes() == second.read_bytes()
    assert any(rows[t["id"]]["group_id"] == "" for t in copies)
    assert any(rows[t["id"]]["description"] == rows[t["duplicate_of"]]["description"] for t in copies)
