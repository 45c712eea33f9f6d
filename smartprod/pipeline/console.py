"""What a run shows: headings, account lines and progress, on a terminal, in a log, or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

PLAIN_INTERVAL_SECONDS = 5.0


class RunConsole:
    """Prints what a run does to standard output.

    Args:
        quiet: Show only the last line of a run.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        from rich.console import Console

        self.quiet = quiet
        self._console = Console(highlight=False, soft_wrap=True)

    def heading(self, title: str, doc: str) -> None:
        """Print a stage's heading."""
        if not self.quiet:
            self._print(title, style="bold", end="")
            self._print(f"  {doc}" if doc else "", style="dim")

    def line(self, text: str) -> None:
        """Print an account line under the heading."""
        if not self.quiet:
            for part in text.splitlines() or [""]:
                self._print(f"  {part}")

    def note(self, text: str) -> None:
        """Print a dimmed line, such as a skipped stage."""
        if not self.quiet:
            self._print(text, style="dim")

    def result(self, text: str) -> None:
        """Print the last line of a run, also when quiet."""
        self._print(text, style="bold")

    @contextmanager
    def progress(self, total: int | None, description: str, *, unit: str = "rows") -> Iterator[ProgressMeter]:
        """Show the advance of a loop: a bar on a terminal, a line every few seconds in a log, nothing when quiet.

        Args:
            total: Number of steps, None if unknown.
            description: What is being done, such as `images`.
            unit: What a step is.
        """
        if self.quiet:
            yield ProgressMeter(total)
        elif self._console.is_terminal:
            with _bar(self._console, unit) as bar:
                meter = _BarMeter(total, bar, bar.add_task(description, total=total, bad="", rate="-"))
                yield meter
        else:
            yield _LogMeter(total, self, description, unit)

    def _print(self, text: str, *, style: str | None = None, end: str = "\n") -> None:
        self._console.print(text, style=style, end=end, markup=False, emoji=False)


class SilentConsole(RunConsole):
    """Prints nothing, for callers that show the outcome themselves."""

    def __init__(self) -> None:
        super().__init__(quiet=True)

    def result(self, text: str) -> None:
        """Print nothing."""


class ProgressMeter:
    """Counts the steps of a loop; the base class shows nothing.

    Attributes:
        done: Steps so far.
        bad: Bad rows among them.
        seconds: Time since the start.
    """

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.done = 0
        self.bad = 0
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    @property
    def rate(self) -> float:
        """Steps per second so far."""
        return self.done / max(self.seconds, 1e-9)

    def advance(self, steps: int = 1, *, bad: int = 0) -> None:
        """Count steps, and how many of them were bad rows."""
        self.done += steps
        self.bad += bad
        self._show()

    def reach(self, done: int) -> None:
        """Set the number of steps so far."""
        self.advance(done - self.done)

    def _show(self) -> None:
        """Show the present state; nothing in the base class."""


class _BarMeter(ProgressMeter):
    """A rich progress bar."""

    def __init__(self, total: int | None, bar: Progress, task: TaskID) -> None:
        super().__init__(total)
        self._bar = bar
        self._task = task

    def _show(self) -> None:
        bad = f"{self.bad:,} bad" if self.bad else ""
        self._bar.update(self._task, completed=self.done, bad=bad, rate=f"{self.rate:,.1f}")


class _LogMeter(ProgressMeter):
    """A plain line every few seconds."""

    def __init__(self, total: int | None, console: RunConsole, description: str, unit: str) -> None:
        super().__init__(total)
        self._console = console
        self._description = description
        self._unit = unit
        self._next = self.seconds + PLAIN_INTERVAL_SECONDS

    def _show(self) -> None:
        if self.seconds < self._next:
            return
        self._next = self.seconds + PLAIN_INTERVAL_SECONDS
        self._console.line(describe_progress(self, self._description, self._unit))


def describe_progress(meter: ProgressMeter, description: str, unit: str) -> str:
    """One line of progress: `images: 640 of 1,200 rows, 71.2 rows/s, 8 s left, 3 bad`."""
    parts = [f"{meter.done:,}" + (f" of {meter.total:,}" if meter.total is not None else "") + f" {unit}"]
    parts.append(f"{meter.rate:,.1f} {unit}/s")
    if meter.total is not None and meter.done:
        parts.append(f"{(meter.total - meter.done) / meter.rate:,.0f} s left")
    if meter.bad:
        parts.append(f"{meter.bad:,} bad")
    return f"{description}: " + ", ".join(parts)


def _bar(console: Console, unit: str) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} " + unit + "/s"),
        TimeRemainingColumn(),
        TextColumn("[red]{task.fields[bad]}"),
        console=console,
        transient=True,
    )
