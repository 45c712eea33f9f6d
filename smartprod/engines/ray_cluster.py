"""A Ray cluster: joined, or started on this machine for as long as a job takes, without a word from Ray itself."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smartprod.errors import JobError, UsageError
from smartprod.pipeline import cpu_count

if TYPE_CHECKING:
    from smartprod.config import Config
    from smartprod.config.schema import EngineConfig

USUAL_THREADS = 4  # more threads for one model give little; more models at once take more memory
OBJECT_STORE_BYTES = 80_000_000  # the least that Ray takes: parts travel by the file system
CONNECT_SECONDS = 10.0
# Read by Ray when it is imported: no statistics sent, no folder uploaded, nothing printed about its own affairs.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_DEDUP_LOGS": "1",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@dataclass(frozen=True, slots=True)
class Room:
    """What each worker gets, and how many workers there is room for.

    Attributes:
        workers: How many to start.
        threads: Processors of each.
        gpus: GPUs of each, or a fraction of one.
    """

    workers: int
    threads: int
    gpus: float


@contextmanager
def join_cluster(config: Config) -> Iterator[Room]:
    """Join the cluster that `engine` names, or start one here; leave it at the end.

    A program that has joined one already stays in it.

    Raises:
        UsageError: Ray is not installed (SP841), or a number of GPUs cannot be had (SP844).
        JobError: The cluster cannot be joined (SP842) or started (SP843), or has no room for a worker (SP847).
    """
    ray = import_ray()
    if ray.is_initialized():
        yield find_room(config.engine, _machines(ray))
        return
    if config.engine.address is None:
        _start(ray, config.run.threads or cpu_count())
    else:
        _join(ray, config.engine.address)
    try:
        yield find_room(config.engine, _machines(ray))
    finally:
        ray.shutdown()


def import_ray() -> Any:
    """Import Ray, made quiet.

    Raises:
        UsageError: (SP841) It is not installed.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "SP841",
            f"the engine `ray` needs the package Ray: {error}",
            where="engine.kind",
            fix="pip install 'smartprod[ray]' on every machine, or take engine.kind=local",
        ) from error
    return ray


def _start(ray: Any, processors: int) -> None:
    try:
        with warnings.catch_warnings():
            # Ray's own processes are started by fork and exec, and touch no data set.
            warnings.filterwarnings("ignore", message="lance is not fork-safe")
            ray.init(
                address="local",
                num_cpus=processors,
                object_store_memory=OBJECT_STORE_BYTES,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
            )
    except Exception as error:
        raise JobError(
            "SP843",
            f"Ray could not be started on this machine: {_first_line(error)}",
            fix="see /tmp/ray/session_latest/logs; or take engine.kind=local",
        ) from error


def _join(ray: Any, address: str) -> None:
    try:
        if address != "auto":  # Ray itself would try for a minute
            host, _, port = address.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except Exception as error:
        raise JobError(
            "SP842",
            f"no Ray cluster can be joined at `{address}`: {_first_line(error)}",
            where="engine.address",
            fix="start one with `ray start --head`, and call smartprod on one of its machines; see docs/scaling.md",
        ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _machines(ray: Any) -> list[tuple[float, float]]:
    """Processors and GPUs of each living machine."""
    resources = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [(each.get("CPU", 0.0), each.get("GPU", 0.0)) for each in resources]


def find_room(engine: EngineConfig, machines: Sequence[tuple[float, float]]) -> Room:
    """Find how many workers fit, and how many processors each of them gets.

    Args:
        engine: What the user wants.
        machines: Processors and GPUs of each.

    Raises:
        UsageError: (SP844) More than one GPU for each, but no whole number of them.
        JobError: (SP847) No machine has room for a single worker.
    """
    gpus = engine.gpus_per_worker
    if gpus > 1 and not gpus.is_integer():
        raise UsageError(
            "SP844",
            f"a worker cannot have {gpus} GPUs",
            where="engine.gpus_per_worker",
            fix="give a whole number, or a fraction below 1 to share one",
        )
    most = engine.threads_per_worker or min(
        USUAL_THREADS, int(max((cpus for cpus, _ in machines), default=0))
    )
    threads, fitting = most, _count_fitting(machines, most, gpus)
    while engine.threads_per_worker is None and threads > 1 and fitting < (engine.workers or 1):
        threads -= 1
        fitting = _count_fitting(machines, threads, gpus)
    if not fitting:
        raise JobError(
            "SP847",
            f"no machine of the cluster has room for a worker with {max(threads, 1)} processors and {gpus:g} GPUs; "
            f"there are {', '.join(f'{cpus:g} and {cards:g}' for cpus, cards in machines) or 'none'}",
            where="engine.threads_per_worker, engine.gpus_per_worker",
            fix="ask for less, or add machines to the cluster",
        )
    return Room(engine.workers or fitting, threads, gpus)


def _count_fitting(machines: Sequence[tuple[float, float]], threads: int, gpus: float) -> int:
    return sum(
        min(int(cpus // threads), int(cards // gpus) if gpus else int(cpus)) if threads else 0
        for cpus, cards in machines
    )
