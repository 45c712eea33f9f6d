from __future__ import annotations

import os

import pytest

from smartprod.pipeline import threads
from smartprod.pipeline.threads import cgroup_quota, cpu_count, limit_threads


def write(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture(autouse=True)
def own_group(tmp_path, monkeypatch):
    monkeypatch.setattr(threads, "OWN_CGROUP", tmp_path / "own")
    monkeypatch.setattr(threads, "CGROUP_ROOT", tmp_path / "cgroup")
    (tmp_path / "cgroup").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "quota"), [("150000 100000", 1.5), ("max 100000", None), ("", None), ("x y", None)]
)
def test_threads_version_2_quota(own_group, text, quota):
    (own_group / "cgroup" / "cpu.max").write_text(text)
    assert cgroup_quota(own_group / "cgroup") == quota


@pytest.mark.parametrize(("text", "quota"), [("200000", 2.0), ("-1", None)])
def test_threads_version_1_quota(own_group, text, quota):
    folder = own_group / "cgroup" / "cpu"
    folder.mkdir()
    (folder / "cpu.cfs_quota_us").write_text(text)
    (folder / "cpu.cfs_period_us").write_text("100000")
    assert cgroup_quota(own_group / "cgroup") == quota


def test_threads_tightest_quota_of_the_own_group_and_its_parents_holds(own_group):
    (own_group / "own").write_text("0::/slice/service\n")
    service = own_group / "cgroup" / "slice" / "service"
    service.mkdir(parents=True)
    (service / "cpu.max").write_text("max 100000")
    (service.parent / "cpu.max").write_text("50000 100000")
    assert cgroup_quota(own_group / "cgroup") == 0.5
    assert cpu_count() == 1


def test_threads_without_quota_the_affinity_holds():
    expected = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert cpu_count() == expected


def test_threads_given_number_goes_before_the_environment_and_that_before_the_count(monkeypatch):
    for variable in threads.THREAD_VARIABLES:
        monkeypatch.setenv(variable, "7")
    assert limit_threads(None) == cpu_count()
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert limit_threads(3) == 3
    assert os.environ["OMP_NUM_THREADS"] == "3"
    monkeypatch.delenv("OMP_NUM_THREADS")
    limit_threads(None)
    assert os.environ["OMP_NUM_THREADS"] == str(cpu_count())


def test_threads_that_are_idle_soon_sleep_unless_the_user_says_otherwise(monkeypatch):
    for variable in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.setenv(variable, "")  # so that it comes back after the test
        monkeypatch.delenv(variable)
    limit_threads(None)
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    assert int(os.environ["GOMP_SPINCOUNT"]) > 0
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.delenv("GOMP_SPINCOUNT")
    limit_threads(None)
    assert "GOMP_SPINCOUNT" not in os.environ
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
