"""An encoder that learns from the table, by the commands: killed and gone on with, and scored with when the run has gone."""

from __future__ import annotations

import shutil
import signal
import time

import pyarrow.parquet as pq
import pytest

from tests.finetuning.photo_table import save_timm_model


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return f"timm:{save_timm_model(tmp_path_factory.mktemp('timm'))}"


@pytest.fixture
def shop(demo_catalogue, tmp_path, cut_table, write_config, encoder):
    """A table of 120 products, and a configuration that fine-tunes a small encoder on it."""
    table = cut_table(demo_catalogue / "products.csv", tmp_path / "products.csv", rows=120)
    write_config(
        tmp_path,
        table,
        catalog={"image_root": str(demo_catalogue)},
        extract={"text": ["hashed-words"]},
        finetune={
            "image": {
                "encoder": encoder, "epochs": 3, "batch_size": 8, "image_size": 32, "checkpoint_steps": 1,
            }
        },
    )  # fmt: skip
    return tmp_path


@pytest.mark.slow
def test_finetune_killed_goes_on_and_the_model_needs_nothing_of_the_run(
    shop, start_smartprod, smartprod, demo_catalogue
):
    process = start_smartprod("run", "finetune", "--config", "mine.yaml", cwd=shop)
    checkpoint = shop / "runs/mine/finetune-image/parts/checkpoint.safetensors"
    try:
        deadline = time.monotonic() + 200
        while not checkpoint.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    again = smartprod("run", "finetune", "--config", "mine.yaml", cwd=shop)
    assert again.returncode == 0, again.stderr
    assert "going on from the last checkpoint" in again.stdout
    assert "finetuned-image" in again.stdout
    report = (shop / "runs/mine/report.html").read_text(encoding="utf-8")
    assert "learning rate" in report

    before = smartprod("score", "products.csv", "--model", "runs/mine/model", "-o", "one.parquet", cwd=shop)
    assert before.returncode == 0, before.stderr
    shutil.copytree(shop / "runs/mine/model", shop / "carried")
    shutil.rmtree(shop / "runs")
    after = smartprod("score", "products.csv", "--model", "carried", "-o", "two.parquet", cwd=shop)
    assert after.returncode == 0, after.stderr
    assert pq.read_table(shop / "two.parquet").equals(pq.read_table(shop / "one.parquet"))
    assert (shop / "carried/encoders/finetuned-image/model.safetensors").is_file()
    assert str(shop) not in (shop / "carried/model.yaml").read_text(encoding="utf-8")
    record = (shop / "carried/model.yaml").read_text(encoding="utf-8")
    assert "finetuned-image=timm:./encoders/finetuned-image" in record
