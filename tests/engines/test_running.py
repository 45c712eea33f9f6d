from __future__ import annotations

import pytest

from smartprod.cli.options import with_engine
from smartprod.config import Config, load_config, override_config
from smartprod.engines import run_parts
from smartprod.errors import UsageError
from smartprod.pipeline import load_stages
from tests.engines.part_jobs import CountingJob, plan_of


def engine_of(**options) -> dict[str, object]:
    given = {"engine": None, "address": None, "workers": None} | options
    return override_config(Config(), with_engine(None, **given)).engine.model_dump(exclude_defaults=True)


def test_running_options_of_the_command_line_are_settings():
    assert engine_of() == {}
    assert engine_of(engine="ray") == {"kind": "ray"}
    assert engine_of(engine="ray", address="auto", workers=3) == {
        "kind": "ray",
        "address": "auto",
        "workers": 3,
    }
    assert engine_of(engine="ray", address="10.0.0.1:6379")["address"] == "10.0.0.1:6379"
    assert with_engine(["run.seed=1"], engine="ray", address=None, workers=None) == [
        "run.seed=1",
        "engine.kind=ray",
    ]


def test_running_local_puts_aside_the_cluster_of_a_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("engine: {kind: ray, address: 'head:6379', workers: 9}")
    overrides = with_engine(None, engine="local", address=None, workers=None)
    assert load_config(str(tmp_path / "mine.yaml"), overrides).config.engine.kind == "local"
    assert load_config(str(tmp_path / "mine.yaml"), overrides).config.engine.workers is None


@pytest.mark.parametrize("address", ["head", "ray://head:10001", "", "head:port"])
def test_running_address_that_is_none_is_refused(address):
    with pytest.raises(UsageError, match=r"SP113(.|\n)*engine\.address"):
        override_config(Config(), [f"engine.address='{address}'"])


def test_running_workers_of_the_local_engine_are_refused(tmp_path):
    for setting in ("engine.workers=2", "engine.address=auto"):
        config = override_config(Config(), [setting])
        with pytest.raises(UsageError, match=r"SP840(.|\n)*--engine ray"):
            run_parts(
                CountingJob(str(tmp_path)), plan_of(1).parts, config=config, advance=lambda rows, bad: None
            )


def test_running_the_engine_is_in_no_stage_s_fingerprint():
    named = {key.partition(".")[0] for stage in load_stages().values() for key in stage.config}
    assert "engine" not in named
