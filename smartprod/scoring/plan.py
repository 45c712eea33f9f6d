"""The plan of a scoring job: fixed parts of the input, and everything that their content depends on.

A part is a range of input rows; its answers are a file of a fixed name. The plan lies beside the parts, so that a
later call goes on only where it would write the very same ones.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from smartprod.errors import ScoringError
from smartprod.pipeline import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

PLAN_FILE = "plan.json"


@dataclass(frozen=True, slots=True)
class Part:
    """A range of input rows.

    Attributes:
        number: From 0.
        start: Its first row.
        rows: How many.
    """

    number: int
    start: int
    rows: int

    @property
    def file_name(self) -> str:
        """The name of the file with its answers."""
        return f"part-{self.number:05d}.parquet"


@dataclass(frozen=True, slots=True)
class ScoringPlan:
    """What a job scores, and how.

    Attributes:
        table: Fingerprint of the table: path, size, time of change, and how it is read.
        rows: Rows of the table.
        part_rows: Rows of each part but the last.
        model: SHA-256 of the model's manifest.
        mode: How heads are combined.
        format: `parquet` or `csv`.
        settings: Fingerprint of the other settings that the answers depend on.
    """

    table: str
    rows: int
    part_rows: int
    model: str
    mode: str
    format: str
    settings: str

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts, in input order."""
        starts = range(0, self.rows, self.part_rows)
        return tuple(
            Part(number, start, min(self.part_rows, self.rows - start)) for number, start in enumerate(starts)
        )

    def pending(self, folder: Path) -> tuple[Part, ...]:
        """The parts whose files are not there yet."""
        return tuple(part for part in self.parts if not (folder / part.file_name).is_file())


_TOLD = {
    "table": "the table (or how it is read)",
    "rows": "the number of rows",
    "part_rows": "score.part_rows",
    "model": "the model",
    "mode": "the mode",
    "format": "the format of the output",
    "settings": "other settings",
}


def agree_on_plan(plan: ScoringPlan, folder: Path) -> None:
    """Write the plan beside its parts, or make sure that the parts there are of the same plan.

    Raises:
        ScoringError: (SP801) The parts there belong to another job; says what differs.
    """
    path = folder / PLAN_FILE
    if any(folder.glob("part-*.parquet")):  # without any, an earlier plan binds nobody
        earlier = _read_plan(path)
        if earlier == plan:
            return
        changed = (
            "its plan cannot be read"
            if earlier is None
            else "changed since: "
            + ", ".join(told for name, told in _TOLD.items() if getattr(plan, name) != getattr(earlier, name))
        )
        raise ScoringError(
            "SP801",
            f"an unfinished scoring job of another kind has left its parts here; {changed}",
            where=str(folder),
            fix="add --fresh to score everything again, or choose another --out",
        )
    write_atomically(path, lambda temporary: _write_plan(plan, temporary))


def _write_plan(plan: ScoringPlan, path: Path) -> None:
    path.write_text(json.dumps(asdict(plan), indent=2) + "\n", encoding="utf-8", newline="\n")


def _read_plan(path: Path) -> ScoringPlan | None:
    try:
        return ScoringPlan(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # told as a plan that cannot be read
