"""Broken input of fixed seeds: the cases of `benchmarks/fuzz.py`, fewer of them, and its watchdog."""

from __future__ import annotations

import os
import time
from functools import partial

import pytest

from benchmarks.fuzzing.case import Verdict
from benchmarks.fuzzing.kinds import SHARES, make_case
from benchmarks.fuzzing.watchdog import Limits, check_all

CASES = {"image": 120, "html": 60, "attributes": 60, "csv": 30, "jsonl": 20, "parquet": 10}
SEED = 50_000


@pytest.mark.parametrize("kind", SHARES)
def test_fuzz_broken_input_keeps_every_promise(kind):
    total = Verdict()
    for seed in range(SEED, SEED + CASES[kind]):
        total.add(make_case(kind, seed)())
    assert total.breaches == []
    assert total.ok
    assert total.bad


def test_fuzz_files_embedded_together_get_what_each_gets_alone():
    total = Verdict()
    for seed in (SEED, SEED + 20):
        total.add(make_case("embedding", seed)())
    assert total.breaches == []
    assert total.ok > 10
    assert total.bad["corrupt"] > 10


@pytest.mark.slow
def test_fuzz_whole_table_is_answered_row_by_row(demo_run):
    verdict = make_case("whole table", SEED, model=demo_run.model)()
    assert verdict.breaches == []
    assert verdict.ok
    assert verdict.bad


def misbehave(kind: str, seed: int):
    """A case that behaves as its kind says."""
    del seed
    return partial({"dies": _die, "hangs": _hang, "raises": _raise, "is sound": Verdict}[kind])


def _die():
    os.kill(os.getpid(), 9)


def _hang():
    time.sleep(600)


def _raise():
    raise KeyError("broken")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the watchdog limits memory as POSIX systems do")
def test_watchdog_tells_cases_that_die_hang_or_raise_and_goes_on():
    kinds = ("dies", "is sound", "hangs", "raises", "is sound")
    limits = dict.fromkeys(kinds, Limits(seconds=3, megabytes=500))
    cases = [(kind, number) for number, kind in enumerate(kinds)]
    outcomes = list(check_all(cases, misbehave, limits=limits, workers=2))
    told = {outcome.seed: [breach.oracle for breach in outcome.verdict.breaches] for outcome in outcomes}
    assert told == {0: ["crash"], 1: [], 2: ["hang"], 3: ["crash"], 4: []}
