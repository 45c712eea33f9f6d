"""What a case of broken input is, and what is said of it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

ORACLES = (
    "crash",  # an exception that is neither a row's status nor a coded error about the whole table, or a dead process
    "hang",  # longer than the time limit
    "memory",  # more memory than one case may take
    "rows",  # a row lost, doubled, moved or changed by its neighbours
    "status",  # a bad row without status or reason, or a sound one that is refused
    "zero",  # an embedding of zeros or of no numbers for a row said to be ok
    "neighbour",  # an answer that differs from the one the same row gets alone
)


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that a case broke."""

    oracle: str
    told: str


@dataclass(slots=True)
class Verdict:
    """What became of the rows of a case.

    Attributes:
        ok: Rows that came through.
        bad: Rows, or whole tables by the code of their error, that were refused, by status.
        breaches: Promises broken.
    """

    ok: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    breaches: list[Breach] = field(default_factory=list)

    def expect(self, kept: bool, oracle: str, told: object) -> None:
        """Note a breach where a promise was not kept."""
        if not kept:
            self.breaches.append(Breach(oracle, str(told)[:500]))

    def add(self, other: Verdict) -> None:
        """Take the rows and breaches of another verdict in."""
        self.ok += other.ok
        self.bad.update(other.bad)
        self.breaches.extend(other.breaches)


def case_random(kind: str, seed: int) -> random.Random:
    """The source of chance of one case: the same for the same kind and seed, on every machine."""
    return random.Random(f"{kind} {seed}")
