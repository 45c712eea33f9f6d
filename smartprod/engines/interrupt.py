"""Ctrl-C during a job of parts: the first one ends it in good order, the second one at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class StopRequest:
    """Whether the user asked to stop."""

    made: bool = False


@contextmanager
def stop_on_request(told: str) -> Iterator[StopRequest]:
    """Turn the first Ctrl-C into a request to stop.

    Only the main thread can; elsewhere, and where a shell has told the process to ignore it, nothing changes.

    Args:
        told: What the user is told then.

    Raises:
        KeyboardInterrupt: At the second Ctrl-C.
    """
    request = StopRequest()

    def handle(number: int, frame: Any) -> None:
        del number, frame
        if request.made:
            raise KeyboardInterrupt
        request.made = True
        # a console may be in the middle of a line of its own
        os.write(2, f"\n{told}; press Ctrl-C again to stop at once\n".encode())

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield request
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield request
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
