from __future__ import annotations

import json
import os

import pytest

from smartprod.errors import ExitCode, InterruptedRunError, PipelineError, UsageError
from smartprod.pipeline import RunFolder
from smartprod.pipeline.codecs import hash_file


def test_runner_computes_every_stage_then_nothing(run, capsys):
    first = run()
    assert first.computed == ("catalog", "clean", "split", "report")
    printed = capsys.readouterr().out
    assert "catalog  Read the table.\n  3 rows, 1 bad\n" in printed
    assert "done: 4 of 4 stages computed" in printed
    second = run()
    assert (second.computed, second.skipped) == ((), first.computed)
    assert "nothing to do: all 4 stages are up to date (runs/demo)" in capsys.readouterr().out


def test_runner_publishes_artefacts_where_they_are_declared(run):
    root = run().run.root
    assert (root / "report.html").read_text() == "3 rows: [0, 1, 2]"
    assert (root / "fuse" / "representations" / "part" / "rows.json").is_file()
    assert RunFolder(root).read("split_account") == {"rows": 3}
    assert not [path for path in root.rglob("*") if path.name.endswith((".tmp", ".old"))]


def test_runner_writes_a_manifest_for_each_stage(run):
    root = run("run.seed=5").run.root
    manifest = json.loads((root / "catalog" / "manifest.json").read_text())
    assert (manifest["rows_in"], manifest["rows_out"]) == (3, 3)
    assert manifest["metrics"] == {"bad": 1}
    assert manifest["lines"] == ["3 rows, 1 bad"]
    assert manifest["seed"] == 5
    record = manifest["writes"]["products"]
    table = root / record["path"]
    assert (record["bytes"], record["sha256"]) == (table.stat().st_size, hash_file(table))
    assert json.loads((root / "clean" / "manifest.json").read_text())["libraries"]["pyarrow"]


def test_runner_saves_the_configuration_in_force(run):
    root = run("clean.max_characters=321").run.root
    assert "max_characters: 321" in (root / "config.yaml").read_text()


def test_runner_changed_key_runs_its_stage_and_those_after_it(run, capsys):
    run()
    capsys.readouterr()
    assert run("clean.max_characters=300").computed == ("clean", "split", "report")
    assert "runs again, changed: config clean.max_characters" in capsys.readouterr().out


def test_runner_key_of_no_stage_changes_nothing(run):
    run()
    assert run("score.top_k=9", "catalog.encoding=latin-1").computed == ()


def test_runner_changed_seed_runs_all(run):
    run()
    assert len(run("run.seed=1").computed) == 4


def test_runner_changed_outside_file_runs_all_that_depend_on_it(run, monkeypatch):
    run()
    monkeypatch.setenv("TABLE_IDENTITY", "second")
    assert run().computed == ("catalog", "clean", "split", "report")


def test_runner_changed_source_runs_its_stages(run, write_stages):
    run()
    write_stages(("3 rows, 1 bad", "3 rows, one bad"))
    assert "catalog" in run().computed


def test_runner_changed_library_version_runs_its_stage(run, monkeypatch):
    run()
    monkeypatch.setattr("smartprod.pipeline.fingerprint.library_version", lambda name: "99")
    assert run().computed == ("clean", "split", "report")


@pytest.mark.parametrize(
    "damage",
    [
        lambda root: (root / "clean" / "clean_text.parquet").unlink(),
        lambda root: (root / "clean" / "clean_text.parquet").write_bytes(b"short"),
        lambda root: (root / "clean" / "manifest.json").write_text("{ no json"),
        lambda root: (root / "clean" / "manifest.json").unlink(),
    ],
    ids=["output missing", "output altered", "manifest broken", "manifest missing"],
)
def test_runner_stage_without_whole_output_runs_again(run, damage):
    damage(run().run.root)
    assert run().computed == ("clean",)


def test_runner_folder_with_a_file_removed_runs_again(run):
    root = run().run.root
    (root / "fuse" / "representations" / "part" / "rows.json").unlink()
    assert run().computed == ("split",)


def test_runner_fresh_computes_all(run):
    run()
    assert len(run(fresh=True).computed) == 4


def test_runner_quiet_prints_one_line(run, capsys):
    run(quiet=True)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_runner_orders_stages_by_what_they_read(run):
    assert run(stages=("report", "split", "clean", "catalog")).computed == (
        "catalog",
        "clean",
        "split",
        "report",
    )


def test_runner_failure_tells_how_to_go_on_and_keeps_what_is_done(run, monkeypatch):
    monkeypatch.setenv("CLEAN_FAILS", "1")
    with pytest.raises(PipelineError) as caught:
        run("catalog.path=my table.csv")
    assert caught.value.code == "SP934"
    assert "stage `clean` failed: ValueError: a broken part" in caught.value.what
    assert "stages_under_test.py" in caught.value.where
    assert caught.value.__notes__ == [
        "stopped in stage `clean`; go on (the finished stage is kept) with: smartprod run all 'catalog.path=my table.csv'"
    ]
    monkeypatch.delenv("CLEAN_FAILS")
    outcome = run("catalog.path=my table.csv")
    assert (outcome.skipped, outcome.computed) == (("catalog",), ("clean", "split", "report"))


def test_runner_resumed_equals_uninterrupted(run, monkeypatch):
    whole = run("run.name=whole").run
    monkeypatch.setenv("CLEAN_FAILS", "1")
    with pytest.raises(PipelineError):
        run("run.name=resumed")
    monkeypatch.delenv("CLEAN_FAILS")
    resumed = run("run.name=resumed").run
    for stage in ("catalog", "clean", "split", "report"):
        assert resumed.manifest(stage).writes == whole.manifest(stage).writes
        assert resumed.manifest(stage).fingerprint == whole.manifest(stage).fingerprint


def test_runner_failed_stage_keeps_the_earlier_folder_and_leaves_no_other(run, write_stages):
    root = run().run.root
    write_stages(('return {"split_account"', 'raise ValueError("late")\n    return {"split_account"'))
    with pytest.raises(PipelineError, match="late"):
        run()
    assert (root / "fuse" / "representations" / "part" / "rows.json").is_file()
    write_stages()
    assert "split" in run().computed
    assert [path.name for path in (root / "fuse").iterdir()] == ["representations"]


def test_runner_interrupt_tells_how_to_go_on(run, write_stages):
    write_stages(
        ('raise ValueError("a broken part")', "pass"), ('"Clean the text."', "raise KeyboardInterrupt")
    )
    with pytest.raises(InterruptedRunError) as caught:
        run()
    assert caught.value.exit_code == ExitCode.INTERRUPTED
    assert "smartprod run all" in caught.value.__notes__[0]


def test_runner_stage_error_of_its_own_passes_with_the_command(run, write_stages):
    raising = (
        '"Clean the text."\n',
        'from smartprod.errors import TooManyBadRowsError\n    raise TooManyBadRowsError("SP999", "too many")\n',
    )
    write_stages(raising)
    with pytest.raises(Exception, match="SP999") as caught:
        run()
    assert caught.value.exit_code == ExitCode.TOO_MANY_BAD_ROWS
    assert "go on" in caught.value.__notes__[0]


def test_runner_missing_input_of_another_pipeline_names_the_command(run):
    with pytest.raises(PipelineError, match="SP936") as caught:
        run("run.name=other", stages=("split", "report"))
    assert "needs `products`, which is missing" in caught.value.what
    assert caught.value.fix == "run: smartprod run extract run.name=other"


def test_runner_outdated_input_of_another_pipeline_is_refused(run):
    run()
    assert run(stages=("split", "report")).computed == ()
    with pytest.raises(
        PipelineError, match=r"clean_text.*out of date \(changed: config clean.max_characters\)"
    ):
        run("clean.max_characters=300", stages=("split", "report"))


def test_runner_wrong_return_is_refused(run, write_stages):
    write_stages(('return {"clean_text": products', 'return {"clean_txt": products'))
    with pytest.raises(PipelineError, match=r"SP937.*clean_text.*clean_txt"):
        run()
    write_stages(('return {"clean_text": products.select(["title"])}', 'return {"clean_text": "a text"}'))
    with pytest.raises(PipelineError, match=r"SP924.*pyarrow.Table.*builtins.str"):
        run()


def test_runner_two_runs_in_one_folder_are_refused(run, write_stages):
    code = "from smartprod.pipeline.lock import lock_folder\n    with lock_folder(context.run.root): pass\n"
    write_stages(('"Clean the text."\n', code))
    with pytest.raises(PipelineError, match=f"SP933.*process {os.getpid()}"):
        run()


def test_runner_stage_that_replaces_another_is_taken_as_the_writer(run, write_stages):
    run()
    mine = """
@stage("my_clean", reads=["products"], writes=["clean_text"])
def my_clean(context, products):
    return {"clean_text": products.rename_columns(["row", "mine"])}

@stage("split\""""
    write_stages(('@stage("split"', mine))
    outcome = run(stages=("catalog", "my_clean", "split", "report"))
    assert "my_clean" in outcome.computed
    assert "split" in outcome.computed
    assert run(stages=("split", "report")).computed == ()
    assert "clean" in run().computed


def test_runner_unknown_or_double_stages_are_refused(run):
    with pytest.raises(UsageError, match=r"SP121.*did you mean `catalog`"):
        run(stages=("catalogue",))
    with pytest.raises(UsageError, match="SP122"):
        run(stages=("catalog", "catalog"))


def test_runner_artefact_that_no_stage_writes_is_told(run, write_stages):
    write_stages(('@stage("catalog", writes=["products"],', '@stage("other", writes=["split"],'))
    with pytest.raises(PipelineError, match="SP935"):
        run(stages=("clean",))


def test_runner_removes_what_a_killed_run_left_beside_configuration_and_manifests(run):
    folder = run().run
    for path in (folder.config_path, folder.manifest_path("clean")):
        path.with_name(f".{path.name}.99999.tmp").write_text("half")
    run(fresh=True)
    assert not list(folder.root.rglob(".*.tmp"))
