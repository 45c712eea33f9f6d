"""How many processors this process may use: affinity and container quotas considered."""

from __future__ import annotations

import math
import os
from pathlib import Path, PurePosixPath

CGROUP_ROOT = Path("/sys/fs/cgroup")
OWN_CGROUP = Path("/proc/self/cgroup")
SPINS = "1000"
"""How often an idle thread of GNU's OpenMP looks for work before it sleeps."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def cpu_count() -> int:
    """Processors that this process may use, at least 1.

    The smaller of the scheduler affinity and the control group's quota (version 2 `cpu.max`, or version 1
    `cpu.cfs_quota_us`), rounded up: a container given 1.5 processors of a 64-core machine gets 2.
    """
    # macOS and Windows have no affinity call
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_quota(CGROUP_ROOT)
    return max(1, affinity if quota is None else min(affinity, math.ceil(quota)))


def cgroup_quota(root: Path) -> float | None:
    """Processors that the control group allows: the tightest of its own quota and its parents'; None for no limit."""
    folders = [root, root / "cpu", *_own_groups(root)]
    quotas = [quota for folder in folders if (quota := _quota_v2(folder / "cpu.max") or _quota_v1(folder))]
    return min(quotas, default=None)


def limit_threads(threads: int | None) -> int:
    """Cap the thread pools of libraries that are loaded later; return the number in force.

    Idle threads of OpenMP spin for some microseconds and then wait asleep, unless the user's environment says otherwise
    (figures: docs/decisions.md).

    Libraries size their pools from the machine's cores, not from a container's quota. A given number always
    holds; otherwise what the user set in the environment stays.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    count = threads or cpu_count()
    for variable in THREAD_VARIABLES:
        if threads is not None:
            os.environ[variable] = str(count)
        else:
            os.environ.setdefault(variable, str(count))
    return count


def _own_groups(root: Path) -> list[Path]:
    """The folders of this process's control group and its parents (version 2: the line `0::/path`)."""
    try:
        lines = OWN_CGROUP.read_text().splitlines()
    except OSError:
        return []
    paths = [PurePosixPath(line[3:]) for line in lines if line.startswith("0::/")]
    return [root / str(group).lstrip("/") for path in paths for group in (path, *path.parents)]


def _quota_v2(path: Path) -> float | None:
    values = _numbers(path)
    return values[0] / values[1] if len(values) == 2 else None


def _quota_v1(folder: Path) -> float | None:
    values = [*_numbers(folder / "cpu.cfs_quota_us"), *_numbers(folder / "cpu.cfs_period_us")]
    return values[0] / values[1] if len(values) == 2 else None


def _numbers(path: Path) -> list[int]:
    """The positive whole numbers in a control file; none where it is absent or says `max` or -1."""
    try:
        words = path.read_text().split()
    except OSError:
        return []
    return [int(word) for word in words if word.isdigit() and int(word) > 0]
