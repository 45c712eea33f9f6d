"""The commands as a user calls them: in a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from smartprod import __version__

STAGES = """
import sys, time
from smartprod.pipeline import stage

@stage("slow", writes=["split_account"])
def slow(context):
    "Take long."
    context.say("started")
    sys.stdout.flush()
    time.sleep(60)
    return {"split_account": {}}

@stage("broken", writes=["leaderboard"])
def broken(context):
    "Fail."
    return {"leaderboard": [1 / 0]}
"""
CALLER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from smartprod.pipeline import registry
registry.STAGE_MODULES = ("shop_stages",)
from smartprod.cli.main import main
main()
"""


@pytest.fixture
def call(tmp_path):
    def call(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "smartprod", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return call


@pytest.fixture
def shop(tmp_path):
    """Two stages of a user's own and a command line that knows them."""
    (tmp_path / "shop_stages.py").write_text(STAGES)
    (tmp_path / "caller.py").write_text(CALLER)
    (tmp_path / "slow.yaml").write_text("stages: [slow]")
    (tmp_path / "broken.yaml").write_text("stages: [broken]")
    return [sys.executable, str(tmp_path / "caller.py")]


def test_main_version_and_help(call):
    assert call("--version").stdout == f"smartprod {__version__}\n"
    shown = call("--help")
    assert shown.returncode == 0
    for command in ("run", "score", "pipelines", "stages", "encoders", "config", "demo-catalogue"):
        assert f"  {command}" in shown.stdout


@pytest.mark.parametrize(
    "command",
    [["run"], ["score"], ["pipelines"], ["stages"], ["encoders"], ["config", "show"], ["config", "validate"],
     ["demo-catalogue"]],
    ids=" ".join,
)  # fmt: skip
def test_main_every_command_has_help(call, command):
    shown = call(*command, "--help")
    assert shown.returncode == 0
    assert "Usage: smartprod" in shown.stdout


def test_main_unknown_command_is_usage_with_the_closest(call):
    result = call("rnu")
    assert result.returncode == 2
    assert "Did you mean 'run'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "al"], ["SP120", "did you mean `all`"]),
        (["run", "all", "--config", "absent.yaml"], ["SP101", "absent.yaml"]),
        (["run", "all", "classifier.kind=foo"], ["SP113", "`classifier.kind`", "lightgbm"]),
        (["run", "all", "foo"], ["SP115", "KEY=VALUE"]),
        (["config", "show", "clasifier.kind=mlp"], ["SP111", "`classifier`"]),
        (["config", "validate", "wrong.yaml"], ["SP110", "2 errors", "wrong.yaml, line 1"]),
    ],
)
def test_main_usage_errors_go_to_stderr_without_traceback(call, tmp_path, arguments, words):
    (tmp_path / "wrong.yaml").write_text("run: {seed: x}\nclean: {fieldz: [a]}\n")
    result = call(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    assert "\x1b" not in result.stderr
    for word in words:
        assert word in result.stderr


def test_main_debug_shows_the_traceback(call):
    result = call("run", "al", "--debug")
    assert result.returncode == 2
    assert "Traceback" in result.stderr
    assert "SP120" in result.stderr


def test_main_config_show_is_a_configuration(call, tmp_path):
    shown = call("config", "show", "--config", "demo", "clean.max_characters=300")
    assert shown.returncode == 0
    (tmp_path / "shown.yaml").write_text(shown.stdout)
    checked = call("config", "validate", "shown.yaml")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "shown.yaml is valid" in checked.stdout
    changed = call("config", "show", "--changed", "clean.max_characters=300").stdout
    assert "max_characters: 300" in changed
    assert "# default" not in changed


def test_main_pipelines_lists_the_shipped_ones(call):
    shown = call("pipelines").stdout
    assert "catalog -> clean -> extract" in shown
    assert "fuse-train" in shown


def test_main_encoders_lists_the_embedded_ones(call):
    shown = call("encoders").stdout
    assert shown.startswith("name")
    assert "lite0" in shown
    assert "minilm" in shown


def test_main_failed_stage_exits_1_and_tells_how_to_go_on(shop, tmp_path):
    result = subprocess.run(
        [*shop, "run", "broken.yaml", "run.seed=3"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr
    assert "smartprod run broken.yaml run.seed=3" in result.stderr
    assert "broken  Fail." in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_main_interrupt_exits_130_and_a_second_run_meanwhile_is_refused(shop, tmp_path):
    first = subprocess.Popen(
        [*shop, "run", "slow.yaml"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        while "started" not in first.stdout.readline():
            assert first.poll() is None
        second = subprocess.run(
            [*shop, "run", "slow.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
        first.send_signal(signal.SIGINT)
        _, told = first.communicate(timeout=60)
    finally:
        first.kill()
    assert second.returncode == 1
    assert f"process {first.pid}" in second.stderr
    assert first.returncode == 130
    assert "[SP938] interrupted" in told
    assert "go on with: smartprod run slow.yaml" in told


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_main_killed_run_leaves_no_lock(shop, tmp_path):
    first = subprocess.Popen([*shop, "run", "slow.yaml"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        while "started" not in first.stdout.readline():
            assert first.poll() is None
    finally:
        first.kill()
        first.communicate()
    result = subprocess.run(
        [*shop, "run", "broken.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert "SP933" not in result.stderr
    assert "ZeroDivisionError" in result.stderr
