"""Peak memory of this process over a stretch of work."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path


def reset_peak_memory() -> None:
    """Start a new peak where the system allows it (Linux); elsewhere the peak is the process's so far."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mib() -> float | None:
    """Peak resident memory since the last reset in MiB, None where the system does not tell (Windows)."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024), 1)
