"""`smartprod score` as a user calls it: in a process of its own, stopped and killed."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time

import pytest

from smartprod.scoring import score_table

# A shell's background job ignores Ctrl-C; a user's terminal does not.
CALLER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from smartprod.cli.main import main
main()
"""


@pytest.fixture
def command(demo_run, tmp_path):
    """The command line that scores the unlabelled part, in parts of 5 rows."""

    def build(*more: str, out: str = "scored.csv") -> list[str]:
        return [
            sys.executable, "-c", CALLER, "score", str(demo_run.new_table), "score.part_rows=5", "run.threads=1",
            "--model", str(demo_run.model), "--out", str(tmp_path / out), *more,
        ]  # fmt: skip

    return build


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def start_and_wait_for_part(command: list[str], folder, number: int) -> subprocess.Popen[str]:
    """Start the command and wait until it has written a part."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (folder / f"part-{number:05d}.parquet").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process


def test_score_command_writes_csv_and_sums_up(command, tmp_path):
    result = run(command())
    assert (result.returncode, result.stderr) == (0, "")
    for words in (
        "50 rows",
        "decision",
        "accepted",
        "fused",
        "images:corrupt",
        "scored 50 rows in",
        "scored.csv",
    ):
        assert words in result.stdout
    with (tmp_path / "scored.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == [str(number) for number in range(50)]
    assert list(tmp_path.iterdir()) == [tmp_path / "scored.csv"]


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--mode", "best"], 2, "SP719"),
        (["clean.max_characters=200"], 2, "SP807"),
        (["--model", "absent"], 1, "SP710"),
        (["score.max_bad_fraction=0"], 3, "SP811"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_score_command_exit_codes(command, more, code, words):
    result = run(command(*more))
    assert result.returncode == code
    assert words in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_score_command_ctrl_c_ends_after_the_batch_and_the_told_command_goes_on_to_the_same_output(
    command, tmp_path
):
    folder = tmp_path / "scored.csv.parts"
    process = start_and_wait_for_part(command(), folder, 0)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "finishing the batch at hand" in told
    assert "[SP810] interrupted" in told
    assert "go on with: smartprod score" in told
    assert not (tmp_path / "scored.csv").exists()
    result = run(command())
    assert result.returncode == 0
    assert "parts are there already" in result.stdout
    assert run(command(out="whole.csv")).returncode == 0
    assert (tmp_path / "scored.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_score_command_killed_again_and_again_equals_uninterrupted(command, demo_run, tmp_path):
    whole = score_table(
        demo_run.new_table,
        model=demo_run.model,
        out=tmp_path / "whole.parquet",
        overrides=["score.part_rows=5"],
    )
    folder = tmp_path / "killed.parquet.parts"
    for number in (0, 3, 7):
        process = start_and_wait_for_part(command(out="killed.parquet"), folder, number)
        process.kill()
        process.communicate()
        assert not (tmp_path / "killed.parquet").exists()
    result = run(command(out="killed.parquet"))
    assert result.returncode == 0
    assert (tmp_path / "killed.parquet").read_bytes() == whole.out.read_bytes()
    assert not folder.exists()
