"""Feed broken input to smartprod: image files, HTML, attributes, tables, and whole tables of all of these, scored.

Every case is made from a seed, and checked in a worker process under a time and a memory limit. Promised are: no crash, no
hang, every row kept in order with a status and a reason, no embedding of zeros or of a neighbour, bit for bit the
embedding that the same file gets alone, and no more memory than a limit. Exit status 1 where a promise is broken.

    python benchmarks/fuzz.py [--cases 10000] [--seed 0] [--json FILE] [--keep FOLDER] [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fuzzing.case import ORACLES, Verdict
from fuzzing.kinds import keep_case, limits_of, make_case, plan_cases
from fuzzing.watchdog import Outcome, check_all
from fuzzing.whole_tables import train_model

from smartprod.pipeline import cpu_count

QUICK_CASES = 600
_SEEDS_APART = 1_000_000  # two runs with different `--seed` share no case
_TOLD = 20


@dataclass(slots=True)
class Tally:
    """What became of all cases of one kind."""

    cases: int = 0
    total: Verdict = field(default_factory=Verdict)
    slowest: tuple[float, int] = (0.0, 0)
    largest: tuple[float, int] = (0.0, 0)

    def add(self, outcome: Outcome) -> None:
        """Count a case in."""
        self.cases += 1
        self.total.add(outcome.verdict)
        self.slowest = max(self.slowest, (outcome.seconds, outcome.seed))
        self.largest = max(self.largest, (outcome.megabytes, outcome.seed))

    @property
    def broken(self) -> Counter[str]:
        """Broken promises by oracle."""
        return Counter(breach.oracle for breach in self.total.breaches)


def print_table(tallies: dict[str, Tally]) -> None:
    columns = " ".join(f"{name:>9}" for name in ORACLES)
    print(
        f"{'kind':12} {'cases':>6} {'ok rows':>8} {'bad rows':>8} {columns} {'slowest ms':>10} {'peak MB':>8}"
    )
    for kind, tally in tallies.items():
        broken = " ".join(f"{tally.broken[name]:9,}" for name in ORACLES)
        print(
            f"{kind:12} {tally.cases:6,} {tally.total.ok:8,} {tally.total.bad.total():8,} {broken} "
            f"{1000 * tally.slowest[0]:10,.0f} {tally.largest[0]:8,.0f}"
        )
    print()
    for kind, tally in tallies.items():
        bad = ", ".join(f"{status} {count:,}" for status, count in tally.total.bad.most_common(12))
        print(f"{kind:12} bad rows: {bad or 'none'}; slowest: seed {tally.slowest[1]}")


def figures_of(tallies: dict[str, Tally]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for kind, tally in tallies.items():
        name = kind.replace(" ", "_")
        figures |= {f"{name}.cases": tally.cases, f"{name}.ok_rows": tally.total.ok}
        figures |= {f"{name}.bad_rows.{status}": count for status, count in sorted(tally.total.bad.items())}
        figures |= {f"{name}.{oracle}": tally.broken[oracle] for oracle in ORACLES}
        figures |= {
            f"{name}.slowest_ms": round(1000 * tally.slowest[0], 1),
            f"{name}.peak_mb": round(tally.largest[0], 1),
        }
    return figures


def main() -> None:
    """Run the cases, print a table, write the figures and the inputs that broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, help="how many, besides groups and whole tables; default 10,000")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures as one flat object")
    parser.add_argument("--keep", type=Path, help="write inputs that broke a promise to this folder")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_CASES} cases")
    parser.add_argument("--seconds", type=float, default=60.0, help="limit for one case")
    parser.add_argument("--megabytes", type=float, default=1_500.0, help="limit for one case")
    parser.add_argument("--workers", type=int, default=cpu_count())
    arguments = parser.parse_args()
    count = arguments.cases or (QUICK_CASES if arguments.quick else 10_000)
    cases = plan_cases(count, arguments.seed * _SEEDS_APART)
    limits = limits_of(arguments.seconds, arguments.megabytes)
    tallies: dict[str, Tally] = defaultdict(Tally)
    told = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        model = train_model(Path(temporary), products=60 if arguments.quick else 200)
        make = partial(make_case, model=model)
        for outcome in check_all(cases, make, limits=limits, workers=arguments.workers):
            tallies[outcome.kind].add(outcome)
            for breach in outcome.verdict.breaches[: max(0, _TOLD - told)]:
                print(f"{outcome.kind} {outcome.seed}: {breach.oracle}: {breach.told!a}", flush=True)
                told += 1
            if outcome.verdict.breaches and arguments.keep:
                keep_case(outcome.kind, outcome.seed, arguments.keep)
    print_table(tallies)
    total = sum(tally.broken.total() for tally in tallies.values())
    print(f"\n{len(cases):,} cases in {time.monotonic() - started:,.0f} s, {total:,} broken promises")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures_of(tallies), indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
