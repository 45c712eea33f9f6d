from __future__ import annotations

import sys

import pytest

from smartprod.config.schema import EngineConfig
from smartprod.engines import run_parts
from smartprod.engines.ray_cluster import Room, _start, find_room
from smartprod.errors import JobError, UsageError
from tests.engines.part_jobs import CountingJob, engine_config, plan_of

LAPTOP = [(2.0, 0.0)]
CLUSTER = [(0.0, 0.0), (16.0, 0.0), (16.0, 0.0)]
WITH_GPUS = [(8.0, 0.0), (32.0, 4.0)]


@pytest.mark.parametrize(
    ("wanted", "machines", "room"),
    [
        ({}, LAPTOP, Room(1, 2, 0)),
        ({"workers": 2}, LAPTOP, Room(2, 1, 0)),
        ({"workers": 5}, LAPTOP, Room(5, 1, 0)),  # three of them wait for a machine that joins
        ({}, CLUSTER, Room(8, 4, 0)),
        ({"workers": 10}, CLUSTER, Room(10, 3, 0)),
        ({"threads_per_worker": 16}, CLUSTER, Room(2, 16, 0)),
        ({"gpus_per_worker": 1}, WITH_GPUS, Room(4, 4, 1)),
        ({"gpus_per_worker": 0.5, "threads_per_worker": 2}, WITH_GPUS, Room(8, 2, 0.5)),
        ({"gpus_per_worker": 2}, WITH_GPUS, Room(2, 4, 2)),
    ],
    ids=str,
)
def test_ray_cluster_has_room_for_as_many_workers_as_fit(wanted, machines, room):
    assert find_room(EngineConfig(**wanted), machines) == room


@pytest.mark.parametrize(
    ("wanted", "machines"),
    [
        ({"gpus_per_worker": 1}, CLUSTER),
        ({"threads_per_worker": 17}, CLUSTER),
        ({"gpus_per_worker": 5}, WITH_GPUS),
        ({}, [(0.0, 0.0)]),
        ({}, []),
    ],
    ids=str,
)
def test_ray_cluster_without_room_for_one_worker_is_refused(wanted, machines):
    with pytest.raises(JobError, match="SP847"):
        find_room(EngineConfig(**wanted), machines)


def test_ray_cluster_gives_no_worker_one_and_a_half_gpus():
    with pytest.raises(UsageError, match=r"SP844(.|\n)*1\.5 GPUs"):
        find_room(EngineConfig(gpus_per_worker=1.5), WITH_GPUS)


def test_ray_cluster_without_the_package_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"SP841(.|\n)*pip install 'smartprod\[ray\]'"):
        run_parts(
            CountingJob(str(tmp_path)),
            plan_of(2).parts,
            config=engine_config(),
            advance=lambda rows, bad: None,
        )


def test_ray_cluster_that_cannot_be_started_is_told_with_the_reason():
    ray = pytest.importorskip("ray")
    with pytest.raises(JobError, match=r"SP843(.|\n)*could not be started on this machine: .*'CPU': -1"):
        _start(ray, processors=-1)
    assert not ray.is_initialized()
