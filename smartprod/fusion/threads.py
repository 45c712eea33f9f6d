"""As many threads for a fit as its size deserves: on small matrices several threads mostly wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_ELEMENTS_PER_THREAD = 20_000_000


@contextmanager
def fitting_threads(elements: int, *, available: int) -> Iterator[int]:
    """Limit BLAS, OpenMP and torch inside the block.

    Args:
        elements: Size of the training matrix, rows times dimensions.
        available: Threads that the run may use.

    Yields:
        The number of threads in force. Two threads on 800 x 1,664 numbers took up to 20 times as long as one where
        another process kept a processor busy (docs/decisions.md).
    """
    count = max(1, min(available, 1 + elements // _ELEMENTS_PER_THREAD))
    with limited_threads(count):
        yield count


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Limit BLAS, OpenMP and torch to `count` threads inside the block."""
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)
