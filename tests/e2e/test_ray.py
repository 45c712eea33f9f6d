"""Jobs of parts on a real Ray cluster of a head and two nodes, all on this machine."""

from __future__ import annotations

import importlib
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
from smartprod.engines import run_parts
from smartprod.engines.ray_cluster import OBJECT_STORE_BYTES, import_ray
from smartprod.errors import InterruptedRunError, JobError
from smartprod.pipeline import RunConsole, RunFolder, load_pipeline, run_pipeline
from smartprod.scoring import part, score_table
from tests.engines.part_jobs import CountingJob, StoringJob, engine_config, plan_of

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


class RayMachines:
    """A head that works at nothing, and two machines with two processors each, one of them with two made-up GPUs."""

    def __init__(self):
        import_ray()
        from ray.cluster_utils import Cluster

        common = {"object_store_memory": OBJECT_STORE_BYTES, "include_dashboard": False}
        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **common})
        try:
            self._common = {"num_cpus": 2, "object_store_memory": OBJECT_STORE_BYTES}
            self._cluster.add_node(**self._common, num_gpus=2)
            self.second = self._cluster.add_node(**self._common)
        except BaseException:
            self._cluster.shutdown()
            raise

    @property
    def address(self) -> str:
        return self._cluster.address

    def kill_second(self) -> None:
        self._cluster.remove_node(self.second, allow_graceful=False)

    def mend(self) -> None:
        """Put a machine in the place of a killed one."""
        if self.second not in self._cluster.list_all_nodes():
            self.second = self._cluster.add_node(**self._common)

    def end(self) -> None:
        self._cluster.shutdown()


@pytest.fixture(scope="module")
def cluster():
    machines = RayMachines()
    yield machines
    machines.end()


@pytest.fixture
def machines(cluster):
    """The cluster, whole again after the test."""
    yield cluster
    cluster.mend()


@pytest.fixture
def count(machines, tmp_path):
    """Run a counting job with two workers; gives rows and bad rows told, and the lines of its log."""

    def call(kind: str = "counting", *, parts: int = 12, seconds: float = 0.0, **engine):
        told = [0, 0]

        def advance(rows, bad):
            told[0], told[1] = told[0] + rows, told[1] + bad

        job = CountingJob(str(tmp_path), seconds, kind)
        pending = plan_of(parts).pending(tmp_path)
        config = engine_config(**{"address": machines.address, "workers": 2, **engine})
        run_parts(job, pending, config=config, advance=advance)
        return tuple(told), [line.split() for line in (tmp_path / "log").read_text().splitlines()]

    return call


def numbers_written(folder, parts: int) -> list[int]:
    return [
        int(line)
        for part in plan_of(parts).parts
        for line in (folder / part.file_name).read_text().splitlines()
    ]


def test_ray_every_part_is_done_once_by_two_workers_and_told(count, tmp_path):
    told, log = count(seconds=0.05)
    assert told == (36, 12)
    assert sorted(int(line[0]) for line in log) == list(range(12))
    assert len({line[1] for line in log}) == 2
    assert numbers_written(tmp_path, 12) == list(range(36))
    assert not list(tmp_path.glob(".shared-*"))
    assert len(list(tmp_path.glob("closed-*"))) == 2


def test_ray_coded_error_comes_home_as_it_was_raised_and_finished_parts_are_kept(count, tmp_path):
    with pytest.raises(JobError) as caught:
        count("error", workers=1)
    assert (caught.value.code, caught.value.where, caught.value.fix) == ("SP802", "table.csv", "mend it")
    assert caught.value.__notes__ == ["a note"]
    assert [part.number for part in plan_of(12).parts if part not in plan_of(12).pending(tmp_path)] == [
        0,
        1,
        2,
    ]


def test_ray_unknown_error_names_the_part_and_keeps_the_traceback(count):
    with pytest.raises(
        JobError, match=r"SP848(.|\n)*ZeroDivisionError: by nothing(.|\n)*part 3 \(rows 9 to 11\)"
    ) as caught:
        count("defect")
    assert "part_jobs.py" in str(caught.value.__cause__)


def test_ray_worker_that_dies_loses_nothing(count, tmp_path):
    told, log = count("deadly-once")
    assert told == (36, 12)
    assert sorted(int(line[0]) for line in log) == list(range(12))
    assert numbers_written(tmp_path, 12) == list(range(36))


def test_ray_part_that_ends_every_worker_is_named_and_the_others_are_kept(count, tmp_path):
    with pytest.raises(JobError, match=r"SP849(.|\n)*part 3 \(rows 9 to 11\) has ended 3 workers"):
        count("deadly", parts=5)
    assert 3 in [part.number for part in plan_of(5).pending(tmp_path)]
    assert (tmp_path / "part-00000.parquet").is_file()


def test_ray_part_told_as_done_without_its_file_is_an_error(count, monkeypatch):
    monkeypatch.setattr("smartprod.engines.ray_schedule.SIGHT_SECONDS", 0.5)
    with pytest.raises(JobError, match=r"SP852(.|\n)*part 3 \(rows 9 to 11\)(.|\n)*part-00003"):
        count("lying")


def test_ray_gpus_are_dealt_to_the_workers(count):
    told, log = count(gpus_per_worker=1, seconds=0.1)
    assert told == (36, 12)
    assert {line[3] for line in log} == {"0", "1"}


def test_ray_workers_see_no_gpu_unless_asked(count):
    _, log = count(parts=3)
    assert {len(line) for line in log} == {3}  # the variable is empty


def test_ray_more_gpus_than_any_machine_has_are_refused(count):
    with pytest.raises(JobError, match=r"SP847(.|\n)*3 GPUs; there are .*2 and 2"):
        count(gpus_per_worker=3)


def test_ray_machine_that_does_not_see_the_folder_is_told(count, tmp_path, monkeypatch):
    from smartprod.engines import ray_site

    real = ray_site.describe_path
    # As here, where the mark was just written; a worker's machine looks for itself.
    monkeypatch.setattr(
        ray_site,
        "describe_path",
        lambda path: "a file of 1 bytes" if path.parent == tmp_path else real(path),
    )
    with pytest.raises(JobError, match=r"SP846(.|\n)*does not see the files(.|\n)*shared-"):
        count()


@pytest.fixture
def ours_alone(tmp_path, monkeypatch):
    """A module that this process has, and no other."""
    source = "from tests.engines.part_jobs import CountingJob\nfrom smartprod.engines.ray_worker import RemoteWorker\n"
    path = tmp_path / "ours_alone.py"
    path.write_text(source + "class Job(CountingJob): pass\nclass Worker(RemoteWorker): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("ours_alone")
    path.unlink()
    yield module
    del sys.modules["ours_alone"]


def test_ray_job_that_a_worker_cannot_import_is_told(machines, tmp_path, ours_alone):
    config = engine_config(address=machines.address, workers=1)
    with pytest.raises(JobError, match=r"SP848(.|\n)*ModuleNotFoundError: No module named 'ours_alone'"):
        run_parts(
            ours_alone.Job(str(tmp_path)), plan_of(2).parts, config=config, advance=lambda rows, bad: None
        )


def test_ray_machine_without_smartprod_is_told(count, ours_alone, monkeypatch):
    monkeypatch.setattr("smartprod.engines.ray_schedule.RemoteWorker", ours_alone.Worker)
    with pytest.raises(JobError, match=r"SP851(.|\n)*No module named 'ours_alone'(.|\n)*on every machine"):
        count()


def test_ray_cluster_that_is_not_there_is_told():
    config = engine_config(address="127.0.0.1:1")
    with pytest.raises(JobError, match=r"SP842(.|\n)*127.0.0.1:1(.|\n)*refused"):
        run_parts(CountingJob("."), plan_of(2).parts, config=config, advance=lambda rows, bad: None)


def test_ray_workers_append_to_one_store_and_nothing_is_stored_twice(machines, tmp_path):
    job = StoringJob(str(tmp_path), str(tmp_path / "store"))
    config = engine_config(address=machines.address, workers=4)
    run_parts(job, plan_of(40).parts, config=config, advance=lambda rows, bad: None)
    store = EmbeddingStore(tmp_path / "store")
    found, values = store.get("f" * 32, [f"key{number}" for number in range(40)])
    assert found.all()
    assert store.count("f" * 32) == 40
    np.testing.assert_array_equal(values[:, 0], np.arange(40))


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
