"""Scoring and extraction on a real Ray cluster: the same bytes as on this machine, whatever dies or is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import lance
import numpy as np
import pyarrow.parquet as pq
import pytest

from smartprod.config import load_config
from smartprod.embeddings import EmbeddingStore, store_folder
from smartprod.errors import InterruptedRunError
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline, run_pipeline
from smartprod.scoring import part, score_table

pytest.importorskip("ray", reason="the extra `ray` is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="several nodes on one machine need Linux or macOS"),
]

# A shell's background job ignores Ctrl-C; a user's terminal does not.
CALLER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from smartprod.cli.main import main
main()
"""


@pytest.fixture
def score(demo_run, tmp_path):
    """Score the 50 unlabelled demo rows in parts of 3 rows, without a store; gives the bytes of the answers."""

    def call(*overrides: str, out: str = "scored.parquet") -> bytes:
        overrides = ("score.part_rows=3", *overrides)
        return score_table(
            demo_run.new_table, model=demo_run.model, out=tmp_path / out, overrides=overrides
        ).out.read_bytes()

    return call


@pytest.fixture(scope="module")
def whole(demo_run, tmp_path_factory) -> bytes:
    """The answers of the local engine."""
    out = tmp_path_factory.mktemp("whole") / "whole.parquet"
    return score_table(
        demo_run.new_table, model=demo_run.model, out=out, overrides=["score.part_rows=3"]
    ).out.read_bytes()


@pytest.fixture
def on_ray(machines):
    """Settings for two workers on the cluster."""
    named = f"engine.address={machines.address}"
    return ("engine.kind=ray", named, "engine.workers=2", "engine.threads_per_worker=1")


@contextmanager
def killing_second(machines, folder, *, after: int):
    """Kill the second machine as soon as the folder has so many parts; gives a list with how many it had then."""
    found: list[int] = []

    def parts() -> int:
        return len(list(folder.glob("part-*.parquet")))

    def kill():
        deadline = time.monotonic() + 300
        while parts() < after and time.monotonic() < deadline:
            time.sleep(0.01)
        machines.kill_second()
        found.append(parts())

    killer = threading.Thread(target=kill)
    killer.start()
    yield found
    killer.join()


def test_ray_score_a_machine_killed_midway_loses_and_doubles_nothing(
    score, whole, machines, on_ray, tmp_path
):
    with killing_second(machines, tmp_path / "scored.parquet.parts", after=3) as found:
        answers = score(*on_ray)
    assert 3 <= found[0] < 17
    assert answers == whole
    assert pq.read_table(tmp_path / "scored.parquet")["row"].to_pylist() == list(range(50))


def test_ray_score_begun_here_is_finished_there(score, whole, on_ray, monkeypatch):
    real = part.PartScorer.do

    def do(self, wanted, advance):
        if wanted.number == 5:
            raise KeyboardInterrupt
        return real(self, wanted, advance)

    with monkeypatch.context() as patch:
        patch.setattr(part.PartScorer, "do", do)
        with pytest.raises(InterruptedRunError, match="5 of 17 parts are kept"):
            score()
    assert score(*on_ray) == whole


def test_ray_score_command_stopped_there_is_finished_here(score, whole, machines, demo_run, tmp_path):
    options = ["--engine", "ray", "--address", machines.address, "--workers", "2"]
    command = ["score", str(demo_run.new_table), "score.part_rows=3", "engine.threads_per_worker=1", "--model",
               str(demo_run.model), "--out", str(tmp_path / "scored.parquet"), *options]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", CALLER, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        first = tmp_path / "scored.parquet.parts/part-00000.parquet"
        while not first.exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        shown, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, (shown, told)
    assert "ending the workers; the parts that are done are kept" in told
    assert f"engine.kind=ray engine.address={machines.address} engine.workers=2" in told
    for words in ("Traceback", "raylet", "WARNING", "Warning"):
        assert words not in shown + told
    kept = len(list((tmp_path / "scored.parquet.parts").glob("part-*.parquet")))
    assert 1 <= kept < 17
    assert f"{kept} of 17 parts are kept" in told
    assert score() == whole


def test_ray_score_command_starts_a_cluster_and_leaves_nothing_behind(whole, demo_run, tmp_path, smartprod):
    command = ["score", str(demo_run.new_table), "score.part_rows=3", "--model", str(demo_run.model)]
    done = smartprod(*command, "--out", "scored.parquet", "--engine", "ray", "--workers", "1", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "scored 50 rows" in done.stdout
    assert "ray" not in done.stdout.replace("scored.parquet", "").lower().split()
    assert (tmp_path / "scored.parquet").read_bytes() == whole
    assert list(tmp_path.iterdir()) == [tmp_path / "scored.parquet"]


def test_ray_extract_with_a_machine_killed_midway_equals_the_local_engine(
    demo_catalogue, machines, on_ray, tmp_path, cut_table
):
    table = cut_table(demo_catalogue / "products.csv", tmp_path / "products.csv", rows=75)
    shared = [f"catalog.path={table}", f"catalog.image_root={demo_catalogue}", "extract.part_rows=5"]

    def extract(name: str, *overrides: str) -> tuple[RunFolder, dict[str, object]]:
        loaded = load_config("demo", [*shared, f"run.folder={tmp_path / name}", *overrides])
        run = run_pipeline(load_pipeline("extract"), loaded, console=RunConsole(quiet=True)).run
        return run, stored(EmbeddingStore(store_folder(loaded.config)))

    here, stored_here = extract("here")
    parts = RunFolder(tmp_path / "there/demo").parts_path("extract")
    with killing_second(machines, parts, after=2) as found:
        there, stored_there = extract("there", *on_ray)
    assert 2 <= found[0] < 15
    index = [run.artefact_path("embedding_index").read_bytes() for run in (here, there)]
    assert index[0] == index[1]
    assert stored_here == stored_there


def stored(store: EmbeddingStore) -> dict[str, list[tuple[str, bytes]]]:
    """Keys and embeddings of each encoder, sorted."""
    tables = {path.stem: lance.dataset(str(path)).to_table() for path in store.folder.glob("*.lance")}
    assert len(tables) == 3  # lite0, minilm, hashed-words
    return {
        name: sorted(
            zip(
                table["key"].to_pylist(),
                [np.asarray(each, np.float16).tobytes() for each in table["embedding"].to_pylist()],
                strict=True,
            )
        )
        for name, table in tables.items()
    }
