from __future__ import annotations

import shutil

import pyarrow as pa
import pytest

from smartprod.catalog import reason_column, status_column
from smartprod.catalog.files_stage import file_key, split_files, split_for_finetuning
from smartprod.config import Config
from smartprod.pipeline import RunFolder, StageContext


@pytest.fixture
def photos(tmp_path):
    """Six photo files; the fourth is a copy of the first."""
    paths = []
    for number in range(6):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(bytes([number]) * 3_000_000)
        paths.append(str(path))
    shutil.copy(paths[0], paths[3])
    return paths


def split_of(tmp_path, images, parts, **changed):
    count = len(images)
    none = pa.array([None] * count, pa.string())
    products = pa.table(
        {
            "row": pa.array(range(count), pa.int64()),
            "category": pa.array([["Red"], ["Blue"]] * (count // 2), pa.list_(pa.string())),
            "images": pa.array([[path] if path else [] for path in images], pa.list_(pa.string())),
            status_column("images"): pa.array(["ok"] * count),
            reason_column("images"): none,
            "split": pa.array(parts, pa.string()),
            "group": none,
            "domain": none,
        }
    )
    clean_text = pa.table({"row": products["row"], "text": none})
    context = StageContext(
        Config.model_validate(changed), stage="split-files", run=RunFolder(tmp_path / "run")
    )
    return context, split_files(context, products, clean_text)


def test_files_stage_knows_a_photo_by_its_bytes(tmp_path, photos):
    parts = ["train", "train", "train", "test", "train", "val"]
    context, made = split_of(tmp_path, photos, parts)
    assert made["split"]["part"].to_pylist() == parts
    told = "\n".join(context.lines)
    assert "LEAKAGE: 1 image in more than one part" in told
    assert "1 image with different labels" in told


def test_files_stage_keeps_equal_photos_together(tmp_path, photos):
    _, made = split_of(tmp_path, photos, [None] * 6, split={"test_fraction": 0.4, "val_fraction": 0.1})
    parts = made["split"]["part"].to_pylist()
    assert parts[0] == parts[3]


def test_files_stage_rows_without_a_readable_photo_stand_alone(tmp_path, photos):
    context, made = split_of(tmp_path, [*photos[:4], None, "gone.jpg"], [None] * 6)
    assert made["split"].num_rows == 6
    assert file_key("gone.jpg") is None
    assert file_key("https://shop.example/a.jpg") == "https://shop.example/a.jpg"
    assert context.rows_in == 6


def test_files_stage_has_no_folds_where_an_encoder_learns(tmp_path, photos):
    learning = Config.model_validate({"finetune": {"image": {"encoder": "lite0"}}})
    section, told = split_for_finetuning(learning)
    assert (section.folds, len(told)) == (1, 1)
    assert split_for_finetuning(Config()) == (Config().split, [])
    _, made = split_of(tmp_path, photos, [None] * 6, finetune={"image": {"encoder": "lite0"}})
    assert set(made["split"]["fold"].to_pylist()) == {-1}
    assert any("no folds" in line for line in made["split_account"]["class_policy"])
