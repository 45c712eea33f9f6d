"""Kill a command again and again, go on until it is done, and say what that did to its rows and embeddings.

Used by `benchmarks/kill.py` and `tests/e2e/test_kill.py`.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import random

_LOOK_EVERY_SECONDS = 0.001
_RESUME_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Killed:
    """How often a job was killed, and how often it was started again after that."""

    kills: int
    resumes: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What sets the rows of one table apart from those of another.

    Attributes:
        lost: Rows that are not there any more.
        doubled: Rows that are there more often.
        shifted: Places at which another row stands, or the same row with another content.
        is_identical: Whether the files agree byte by byte.
    """

    lost: int
    doubled: int
    shifted: int
    is_identical: bool


def run_whole(command: Sequence[str], *, cwd: Path) -> float:
    """Run a command to its end; returns the seconds that it took."""
    started = time.monotonic()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, timeout=_RESUME_SECONDS)
    return time.monotonic() - started


def run_killed(
    command: Sequence[str],
    *,
    cwd: Path,
    seconds: float,
    kills: int,
    marks: Sequence[str],
    chance: random.Random,
) -> Killed:
    """Kill a command up to `kills` times, then let it run to its end.

    Half of the moments are spread evenly over the time that the whole takes; the others come when a file appears that
    tells of writing: a temporary one, a finished part, the output.

    Args:
        command: Starts the job, or goes on with it.
        cwd: Where it is run.
        seconds: How long an uninterrupted run takes.
        kills: Kills at most; a job that is done before is left alone.
        marks: Patterns of files, from `cwd`.
        chance: Chooses the moments.
    """
    done = 0
    while done < kills:
        mark = chance.choice(marks) if marks and chance.random() < 0.5 else None
        moment = chance.uniform(0, seconds)
        process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _wait(process, cwd, mark, moment)
        if process.poll() is not None:
            if process.returncode != 0:
                raise RuntimeError(f"going on after {done} kills ended with exit code {process.returncode}")
            return Killed(done, done)
        process.kill()
        process.wait()
        done += 1
    run_whole(command, cwd=cwd)
    return Killed(done, done)


def _wait(process: subprocess.Popen[bytes], cwd: Path, mark: str | None, moment: float) -> None:
    """Return when a new file fits the mark, or without one at the moment; or when the process has ended."""
    deadline = time.monotonic() + (moment if mark is None else _RESUME_SECONDS)
    before = set(cwd.glob(mark)) if mark else set()
    while process.poll() is None and time.monotonic() < deadline:
        if mark and set(cwd.glob(mark)) - before:
            return
        time.sleep(_LOOK_EVERY_SECONDS)


def compare_files(whole: Path, resumed: Path) -> Difference:
    """Compare the rows of two Parquet files that have a column `row`."""
    ours, theirs = pq.read_table(resumed), pq.read_table(whole)
    had, has = Counter(theirs["row"].to_pylist()), Counter(ours["row"].to_pylist())
    pairs = zip(theirs.to_pylist(), ours.to_pylist(), strict=False)
    return Difference(
        lost=(had - has).total(),
        doubled=(has - had).total(),
        shifted=sum(str(theirs_) != str(ours_) for theirs_, ours_ in pairs),
        is_identical=whole.read_bytes() == resumed.read_bytes(),
    )


def compare_stores(whole: Path, resumed: Path) -> Difference:
    """Compare the embeddings of two stores, encoder by encoder, by their keys; the order of commits may differ."""
    lost = doubled = changed = 0
    encoders = sorted({path.name for store in (whole, resumed) for path in store.glob("*.lance")})
    for name in encoders:
        (keys, values), (their_keys, their_values) = _stored(resumed / name), _stored(whole / name)
        had, has = Counter(their_keys), Counter(keys)
        lost += (had - has).total()
        doubled += (has - had).total()
        if keys == their_keys:
            changed += int((values != their_values).any(axis=1).sum())
    return Difference(lost, doubled, changed, is_identical=bool(encoders) and not lost + doubled + changed)


def _stored(dataset: Path) -> tuple[list[str], np.ndarray]:
    """Read keys and embeddings `[N, D]` of one encoder, sorted by key."""
    import lance

    if not dataset.exists():
        return [], np.zeros((0, 0), np.float16)
    table: pa.Table = lance.dataset(str(dataset)).to_table().sort_by("key").combine_chunks()
    embeddings = table["embedding"].combine_chunks()
    values = embeddings.flatten().to_numpy().reshape(len(embeddings), -1)
    return table["key"].to_pylist(), values


def files_below(folder: Path) -> set[str]:
    """Name all files below a folder but locks, which stay, and the versions of the embedding store."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {
        str(path)
        for path in files
        if path.suffix != ".lock" and path.name != ".lock" and ".lance" not in str(path)
    }
