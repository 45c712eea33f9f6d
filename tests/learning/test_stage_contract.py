from __future__ import annotations

import numpy as np
import pytest

from smartprod.config import load_config
from smartprod.pipeline import load_stages
from tests.contracts.check_stage import check_declared, check_import_is_light, check_stage
from tests.embedded_table import embedded_table

ALL = sorted(
    name for name, stage in load_stages().items() if stage.function.__module__.startswith("smartprod.")
)
LEARNING = ("split", "fuse", "resample", "classify", "decide", "quality", "explain", "report", "export")
# Every candidate that draws random numbers, for a few epochs.
RANDOM = (
    "classifier.candidates=[mlp,lightgbm,logistic,prototype]", "classifier.mlp.epochs=2", "classifier.mlp.hidden=16",
    "classifier.lightgbm.rounds=3", "classifier.logistic.C=[30]", "fuse.metric.epochs=2", "fuse.gated.epochs=2",
    "run.threads=1", "split.folds=2", "resample.method=random_over", "report.map_points=50",
)  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_stage_contract_declarations_are_true(name):
    check_declared(name)


@pytest.mark.parametrize("name", ALL)
def test_stage_contract_modules_are_light(name):
    check_import_is_light(name)


def test_stage_contract_learning_stages_repeat_byte_for_byte(tmp_path):
    rows = np.arange(62)
    table = embedded_table(
        tmp_path, [*(np.arange(60) % 4).tolist(), None, None], image=rows % 5 != 0, text=rows % 6 != 1
    )
    artefacts = dict(table.artefacts)
    for name in LEARNING:
        artefacts |= check_stage(name, artefacts, config=table.config(*RANDOM), folder=tmp_path / name)


def test_stage_contract_stages_on_the_demo_catalogue_repeat_byte_for_byte(demo_run, demo_catalogue, tmp_path):
    fixed = (
        f"run.folder={demo_run.run.root.parent}", "run.name=again", f"catalog.path={demo_catalogue / 'products.csv'}",
    )  # fmt: skip
    config = load_config("demo", (*fixed, *RANDOM)).config
    artefacts: dict[str, object] = {}
    for name in ("catalog", "clean"):
        artefacts |= check_stage(name, artefacts, config=config, folder=tmp_path / name)
    artefacts["embedding_index"] = demo_run.run.read("embedding_index")
    for name in ("split", "fuse", "resample", "classify", "decide"):
        artefacts |= check_stage(name, artefacts, config=config, folder=tmp_path / name)
