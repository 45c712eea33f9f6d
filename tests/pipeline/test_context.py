from __future__ import annotations

import pytest

from smartprod.config import Config, load_config
from smartprod.errors import PipelineError
from smartprod.pipeline import RunFolder, StageContext, cpu_count


def test_context_needs_a_config_a_name_and_a_folder_only(tmp_path, capsys):
    context = StageContext(Config(), stage="clean", run=RunFolder(tmp_path))
    context.say("a line")
    context.metric("rows", 3)
    context.rows(3, 2)
    with context.progress(3, "texts") as meter:
        meter.advance(2, bad=1)
        meter.reach(3)
    assert (meter.done, meter.bad) == (3, 1)
    assert (context.lines, context.metrics, context.rows_in, context.rows_out) == (
        ["a line"],
        {"rows": 3},
        3,
        2,
    )
    assert capsys.readouterr().out == ""
    assert context.threads == cpu_count()


def test_context_threads_and_seed_come_from_the_configuration(tmp_path):
    config = load_config("demo", ["run.threads=3", "run.seed=8"]).config
    context = StageContext(config, stage="clean", run=RunFolder(tmp_path))
    assert (context.threads, context.seed) == (3, 8)


def test_context_folder_is_empty_each_time(tmp_path):
    context = StageContext(Config(), stage="classify", run=RunFolder(tmp_path))
    (context.folder("heads") / "half").write_text("x")
    assert list(context.folder("heads").iterdir()) == []


def test_context_folder_of_another_kind_is_refused(tmp_path):
    with pytest.raises(PipelineError, match="SP932"):
        StageContext(Config(), stage="clean", run=RunFolder(tmp_path)).folder("products")


def test_context_reading_a_missing_artefact_is_told(tmp_path):
    with pytest.raises(PipelineError, match="SP931"):
        RunFolder(tmp_path).read("products")
