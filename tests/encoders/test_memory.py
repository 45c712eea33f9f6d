from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Frees and asks again for what a model's layers need; prints the page faults of the later rounds.
ROUNDS = """
import resource
import numpy as np
from smartprod.encoders.memory import keep_freed_memory
assert keep_freed_memory()
for number in range(40):
    if number == 10:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [np.ones(6 << 20, np.uint8) for _ in range(8)]
    del blocks
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc only")
def test_memory_freed_by_one_layer_is_there_for_the_next():
    output = subprocess.run([sys.executable, "-c", ROUNDS], capture_output=True, text=True, check=True).stdout
    assert int(output) < 1_000  # 30 rounds of 8 blocks of 1,536 pages
