from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from smartprod.cli import main as command
from smartprod.cli.main import app, main


def test_json_of_a_run_is_one_object_with_its_stages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.yaml").write_text("stages: [catalog, clean]")
    arguments = ["run", "short.yaml", "catalog.demo.products=60", "--json"]
    first, again = (json.loads(CliRunner().invoke(app, arguments).stdout) for _ in range(2))
    assert set(first["stages"]) == {"catalog", "clean"}
    assert first["stages"]["catalog"]["computed"]
    assert first["stages"]["catalog"]["rows_in"] == first["stages"]["clean"]["rows_in"] > 0
    assert (first["run"], first["model"]) == ("runs/demo", None)
    assert not again["stages"]["catalog"]["computed"]


def test_json_of_a_scoring_counts_every_row(demo_run, tmp_path):
    out = tmp_path / "scored.csv"
    arguments = ["score", str(demo_run.new_table), "-m", str(demo_run.model), "-o", str(out), "--json"]
    found = json.loads(CliRunner().invoke(app, arguments).stdout)
    rows = len(out.read_text(encoding="utf-8").splitlines()) - 1
    assert found["rows"] == found["rows_scored"] == sum(found["decisions"].values()) == rows
    assert found["out"] == str(out)


def test_json_of_an_error_goes_to_standard_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(["run", "al", "--json"])
    shown = capsys.readouterr()
    document = json.loads(shown.err)
    assert shown.out == ""
    assert document["error"]["code"] == "SP120"
    assert document["exit_code"] == stopped.value.code == 2


@pytest.mark.parametrize("no_color", [True, False])
def test_errors_are_red_unless_colours_are_not_wanted(monkeypatch, capsys, no_color):
    class Terminal:
        def __init__(self, stream):
            self.stream = stream

        def __getattr__(self, name):
            return getattr(self.stream, name)

        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", Terminal(command.sys.stderr))
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)
    with pytest.raises(SystemExit):
        main(["run", "al"])
    assert ("\x1b[31m" in capsys.readouterr().err) is not no_color


def test_completion_offers_pipelines_and_configurations(tmp_path, monkeypatch):
    from smartprod.cli.completion import complete_config, complete_mode, complete_pipeline

    monkeypatch.chdir(tmp_path)
    (tmp_path / "demolition.yaml").write_text("")
    assert "fuse-train" in dict(complete_pipeline("fu"))
    assert {"demolition.yaml", "demo"} <= set(complete_config("dem"))
    assert complete_mode("ch") == ["cheapest-first"]
    asked = {"_SMARTPROD_COMPLETE": "complete_bash", "COMP_WORDS": "smartprod run fuse", "COMP_CWORD": "2"}
    assert "fuse-train" in CliRunner().invoke(app, [], prog_name="smartprod", env=asked).output
