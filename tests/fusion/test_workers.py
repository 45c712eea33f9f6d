from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from smartprod.classifiers.candidates import Comparison, validate_candidates
from smartprod.config.learning import (
    ClassifierConfig,
    FuseConfig,
    GatedConfig,
    MetricLearningConfig,
    ResampleConfig,
)
from smartprod.errors import TrainingError
from smartprod.fusion import FittingWorkers, fitting_workers, load_representations
from smartprod.fusion.representations import fit_representations
from smartprod.resampling.training_rows import resample_fold
from tests.embedded_table import learning_data

QUICK = FuseConfig(metric=MetricLearningConfig(hidden=0, dim=4, epochs=2), gated=GatedConfig(dim=4, epochs=2))
TWO = FittingWorkers(processes=2, threads=1)


def describe(values, number):
    import torch

    values[0] = number  # what a task writes, no other one may see
    return number, float(values.sum()), torch.get_num_threads(), os.getpid()


def fail(number):
    raise TrainingError("SP503", f"task {number} failed", fix="mend it")


def test_workers_share_arrays_and_keep_the_order_of_the_tasks():
    values = np.ones(1_000_000)
    results = list(FittingWorkers(2, threads=1).map(describe, ((values, number) for number in range(6))))
    assert [number for number, *_ in results] == list(range(6))
    assert [total for _, total, *_ in results] == [999_999 + number for number in range(6)]
    assert {threads for *_, threads, _ in results} == {1}
    assert os.getpid() not in {process for *_, process in results}
    assert values[0] == 1


def wait_at(gate, number):
    while number and not gate.exists():
        time.sleep(0.01)
    return number


def test_workers_draw_a_task_only_when_it_can_soon_be_done(tmp_path):
    drawn, gate = [], tmp_path / "gate"

    def tasks():
        for number in range(20):
            drawn.append(number)
            yield gate, number

    results = TWO.map(wait_at, tasks())
    assert next(results) == 0
    assert len(drawn) < 6  # one is done, two wait at the gate
    gate.touch()
    assert list(results) == list(range(1, 20))


@pytest.mark.parametrize("workers", [FittingWorkers(), TWO])
def test_workers_a_failed_fit_raises_its_own_error(workers):
    with pytest.raises(TrainingError, match=r"task [01] failed") as caught:
        list(workers.map(fail, ((number,) for number in range(2))))
    assert (caught.value.code, caught.value.fix) == ("SP503", "mend it")


def end(number):
    os._exit(9)


def test_workers_a_process_that_is_killed_is_told():
    with pytest.raises(TrainingError, match="killed, most often for want of memory") as caught:
        list(TWO.map(end, ((number,) for number in range(2))))
    assert caught.value.code == "SP504"
    assert len(list(TWO.map(describe, [(np.ones(2), 1)]))) == 1  # the next fits find new processes


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(
        "import os, time\n"
        "from smartprod.fusion import FittingWorkers\n"
        "def wait(number):\n"
        "    os.write(1, f'{os.getpid()}\\n'.encode())  # in one piece, beside the other\n"
        "    time.sleep(600)\n"
        "list(FittingWorkers(2, 1).map(wait, ((number,) for number in range(2))))\n"
    )
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    workers = [int(parent.stdout.readline()) for _ in range(2)]
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 60
    while any(_is_running(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not any(_is_running(worker) for worker in workers)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_are_started_where_the_fits_are_worth_it():
    small, large = learning_data([8, 8]), learning_data([40_000, 40_000])
    with fitting_workers(small, available=8) as workers:
        assert workers == FittingWorkers(1, 1)
    with fitting_workers(large, available=2) as workers:
        assert workers == FittingWorkers(2, 1)
    with fitting_workers(large, available=1) as workers:
        assert workers == FittingWorkers(1, 1)


@pytest.mark.slow
def test_workers_learn_the_same_bytes_as_one_process(tmp_path):
    data = learning_data([12, 12, 12])
    answers = {}
    for workers in (FittingWorkers(), TWO):
        folder = tmp_path / str(workers.processes)
        fit_representations(data, folder, config=QUICK, seed=0, workers=workers)
        rows = {}
        for fold in (*data.folds, data.final()):
            rows |= resample_fold(
                data, fold, load_representations(folder, fold.name), config=ResampleConfig(), seed=0
            )
        config = ClassifierConfig(candidates=("logistic", "mlp"))
        comparison = Comparison(data, folder, rows, config, seed=0)
        candidates = validate_candidates(comparison, workers=workers)
        answers[workers.processes] = [
            _digest(folder),
            {each.name: (each.log_probabilities.tobytes(), each.rounds) for each in candidates},
        ]
    assert len(answers[1][1]) == 15
    assert answers[1] == answers[2]


def _digest(folder) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()
