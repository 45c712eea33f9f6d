"""Jobs of parts on a real Ray cluster: each part once, and an error that says what was wrong where."""

from __future__ import annotations

import importlib
import logging
import os
import sys

import numpy as np
import pytest

from smartprod.embeddings import EmbeddingStore
from smartprod.engines import run_parts
from smartprod.engines.ray_cluster import import_ray
from smartprod.errors import JobError
from tests.engines.part_jobs import CountingJob, StoringJob, engine_config, plan_of

pytest.importorskip("ray", reason="the extra `ray` is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="several nodes on one machine need Linux or macOS"),
]


@pytest.fixture
def count(machines, tmp_path):
    """Run a counting job with two workers; gives rows and bad rows told, and the lines of its log."""

    def call(kind: str = "counting", *, parts: int = 12, **engine):
        told = [0, 0]

        def advance(rows, bad):
            told[0], told[1] = told[0] + rows, told[1] + bad

        job = CountingJob(str(tmp_path), kind)
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
    told, log = count("meeting")
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
    told, log = count("meeting", gpus_per_worker=1)
    assert told == (36, 12)
    assert {line[3] for line in log} == {"0", "1"}


def test_ray_workers_see_no_gpu_unless_asked(count):
    _, log = count(parts=3)
    assert {len(line) for line in log} == {3}  # the variable is empty


@pytest.fixture
def busy(machines):
    """A cluster whose processors are all taken by somebody else's job."""
    ray = import_ray()
    ray.init(address=machines.address, log_to_driver=False, logging_level=logging.CRITICAL)

    @ray.remote(num_cpus=2)
    class Taken:
        def is_there(self):
            return True

    others = [Taken.remote(), Taken.remote()]
    ray.get([taken.is_there.remote() for taken in others])
    yield others
    ray.shutdown()


def test_ray_cluster_that_stays_busy_is_told_when_patience_ends(busy, count, monkeypatch):
    monkeypatch.setattr("smartprod.engines.ray_schedule.PATIENCE_SECONDS", 2.0)
    with pytest.raises(
        JobError, match=r"SP850(.|\n)*no worker could be started for 2 seconds(.|\n)*`ray status`"
    ):
        count(parts=3)


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
