"""The plan of a job: fixed parts of the input, and everything that their content depends on.

A part is a range of input rows; what is made of it is a file of a fixed name. The plan lies beside the parts, so that a
later call goes on only where it would write the very same ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from smartprod.errors import JobConflictError
from smartprod.pipeline import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

PLAN_FILE = "_plan.json"  # readers of Parquet folders pass over names that begin so


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
        """The name of the file with its rows."""
        return f"part-{self.number:05d}.parquet"


@dataclass(frozen=True, slots=True)
class PartPlan:
    """What a job does, and with what.

    Attributes:
        job: What is done, such as `scoring`.
        rows: Rows of the input.
        part_rows: Rows of each part but the last.
        depends_on: Fingerprint of each thing that the parts depend on, by the name that a person is told: `the model`.
    """

    job: str
    rows: int
    part_rows: int
    depends_on: Mapping[str, str]

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

    def agree(self, folder: Path) -> None:
        """Write the plan beside its parts, or make sure that the parts there are of the same plan.

        Raises:
            JobConflictError: (SP801) The parts there belong to another job; says what differs.
        """
        differing = self.differing(folder)
        if differing is not None:
            raise JobConflictError(
                "SP801",
                f"another {self.job} job has left its parts here; {differing}",
                where=str(folder),
                fix="add --fresh to start over, or write to another place",
            )
        write_atomically(folder / PLAN_FILE, self._write)

    def differing(self, folder: Path) -> str | None:
        """Say what sets this plan apart from that of the parts in a folder; None where nothing does, or none are there."""
        if not any(folder.glob("part-*.parquet")):  # without any, an earlier plan binds nobody
            return None
        earlier = _read(folder / PLAN_FILE)
        if earlier is None:
            return "its plan cannot be read"
        if earlier == self:
            return None
        return f"changed since: {', '.join(self._changes_since(earlier))}"

    def _changes_since(self, earlier: PartPlan) -> list[str]:
        fields = {"the job": "job", "the number of rows": "rows", "the rows of a part": "part_rows"}
        changed = [told for told, name in fields.items() if getattr(self, name) != getattr(earlier, name)]
        names = dict.fromkeys([*self.depends_on, *earlier.depends_on])
        return changed + [name for name in names if self.depends_on.get(name) != earlier.depends_on.get(name)]

    def _write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8", newline="\n")


def _read(path: Path) -> PartPlan | None:
    try:
        return PartPlan(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # told as a plan that cannot be read
