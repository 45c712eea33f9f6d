from __future__ import annotations

import pytest

from smartprod.finetuning.session import torch_threads


@pytest.fixture(autouse=True)
def one_thread():
    """The same bytes are promised for the same number of threads, so no test depends on how many cores it is given."""
    with torch_threads(1):
        yield
