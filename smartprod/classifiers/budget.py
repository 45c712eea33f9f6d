"""The time that comparing candidates may take, and the candidates that it left out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SkippedCandidate:
    """A candidate that was not compared, or not to its end.

    Attributes:
        name: Such as `gated+mlp`.
        reason: Why, in words.
    """

    name: str
    reason: str


@dataclass(slots=True)
class Budget:
    """Seconds from now on that may be spent on comparing candidates.

    With a limit the choice depends on the machine: a slower or busier one compares fewer candidates. Without one
    it depends on the data, the configuration and the seed alone.

    Attributes:
        seconds: The limit; None for no limit.
        skipped: The candidates that were left out.
    """

    seconds: float | None = None
    skipped: list[SkippedCandidate] = field(default_factory=list)
    _start: float = field(default_factory=time.monotonic)

    def used_up(self) -> bool:
        """Whether the limit has passed."""
        return self.seconds is not None and time.monotonic() - self._start >= self.seconds

    def skip(self, name: str, *, folds: int, of: int) -> None:
        """Record a candidate that has been fitted on `folds` of its folds, which are too few to be compared."""
        reached = f" after {folds} of {of} folds" if folds else ""
        self.skipped.append(
            SkippedCandidate(name, f"the time limit of {self.seconds:g} s was used up{reached}")
        )
