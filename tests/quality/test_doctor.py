from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest

from smartprod.cli.main import app
from smartprod.errors import UsageError
from smartprod.quality import doctor_lines, examine_run, findings_json


@pytest.fixture(scope="module")
def run_copy(demo_run, tmp_path_factory):
    """A copy of the demo run, beside its embedding store."""
    folder = tmp_path_factory.mktemp("doctor")
    shutil.copytree(demo_run.run.root, folder / "renamed")
    shutil.copytree(demo_run.run.root.parent / "embedding-store", folder / "embedding-store")
    return folder / "renamed"


def test_doctor_finds_what_the_stage_found_wherever_the_run_lies(run_copy, demo_run):
    (run_copy / "quality/findings.parquet").unlink()
    examined = examine_run(run_copy)
    wanted = pq.read_table(demo_run.run.artefact_path("findings"))
    assert examined.findings.equals(wanted)
    assert (run_copy / "quality/findings.parquet").is_file()
    assert len((run_copy / "quality/findings.csv").read_text().splitlines()) == wanted.num_rows + 1


def test_doctor_prints_the_first_of_each_kind_for_people(run_copy):
    lines = list(doctor_lines(examine_run(run_copy), first=2))
    text = "\n".join(lines)
    assert "labels that are likely wrong:" in text
    assert text.count("-> look at the label:") == 2
    assert lines[-1].endswith("nothing was changed")


def test_doctor_prints_json_of_one_kind(run_copy):
    found = [json.loads(line) for line in findings_json(examine_run(run_copy, kind="small_class"))]
    assert found
    assert {line["kind"] for line in found} == {"small_class"}


def test_doctor_refuses_what_is_no_trained_run(tmp_path):
    with pytest.raises(UsageError, match="SP690"):
        examine_run(tmp_path)


def test_doctor_refuses_a_kind_that_there_is_not(run_copy):
    with pytest.raises(UsageError, match=r"SP691[\s\S]*wrong_label"):
        examine_run(run_copy, kind="ghosts")


def test_doctor_is_a_command(run_copy):
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, ["doctor", str(run_copy), "--first", "1"])
    assert result.exit_code == 0, result.output
    assert "nothing was changed" in result.output
