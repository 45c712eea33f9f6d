"""Look at a table and say what it seems to hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartprod.catalog.guessing.images import ImagesGuess, find_images
from smartprod.catalog.guessing.roles import ColumnGuess, Role, guess_roles, level_separator, look_at_column
from smartprod.catalog.guessing.sample import SAMPLE_ROWS, Sample, read_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

_FEW_ROWS = 5
_OTHER_LETTERS = 0.2


@dataclass(frozen=True, slots=True)
class TableGuess:
    """What a table seems to hold.

    Attributes:
        sample: The records that were looked at.
        columns: Every column with its role, in the table's order.
        images: Where the photos are; None where no column names any.
        separator: Between the levels of category paths; None: they have one level.
        classes: Records of each category among those looked at.
        other_script: Whether the texts are written in other letters than those of English.
    """

    sample: Sample
    columns: tuple[ColumnGuess, ...]
    images: ImagesGuess | None
    separator: str | None
    classes: Counter[str]
    other_script: bool

    def of_role(self, role: Role) -> tuple[str, ...]:
        """Names of the columns of a role."""
        return tuple(column.facts.name for column in self.columns if column.role == role)

    def lines(self) -> list[str]:
        """What is printed for a person."""
        sample = self.sample
        whole = "the" if sample.rows + sample.unreadable < SAMPLE_ROWS else "the first"
        told = [f"{sample.path}: {whole} {sample.rows:,} records were looked at", *sample.notes]
        if sample.unreadable:
            told.append(
                f"{sample.unreadable:,} records cannot be read: they will keep their row, with a reason"
            )
        width = max(len(column.facts.name) for column in self.columns)
        told += [
            f"  {column.facts.name:<{width}}  {column.role or '-':<11}  {column.why}; {column.facts.filled:.0%} filled"
            + (f", such as {column.facts.example}" if column.facts.example else "")
            for column in self.columns
        ]
        return [*told, *self._findings()]

    def _findings(self) -> Iterator[str]:
        if not self.classes:
            yield "no column looks like a category: name it as catalog.columns.category"
        else:
            few = sum(1 for count in self.classes.values() if count < _FEW_ROWS)
            levels = f", levels separated by '{self.separator}'" if self.separator else ""
            yield f"categories: {len(self.classes)} in these records, {few} with fewer than {_FEW_ROWS}{levels}"
        if self.images is None:
            yield "no column names photos: only texts are learned from"
            return
        images = self.images
        if images.looked_at:
            yield f"photos: {images.found} of {images.looked_at} looked for are below {images.root}"
        if images.addresses:
            yield f"photos: {images.addresses} are addresses; they are fetched only with catalog.remote.allow"
        if self.other_script:
            yield "texts: in other letters than English; the embedded sentence encoder reads English only"


def guess_table(path: Path) -> TableGuess:
    """Look at the first records of a table.

    Raises:
        UsageError: There is no such file (SP201), or its format is not known (SP202).
        CatalogError: It cannot be read (SP207 to SP215), or holds no record (SP280).
    """
    sample = read_sample(path)
    columns = guess_roles({name: look_at_column(name, cells) for name, cells in sample.columns.items()})
    named = {role: name for column in columns if (role := column.role) for name in [column.facts.name]}
    first_images = next((column.facts.name for column in columns if column.role == "images"), None)
    categories = sample.columns[named["category"]] if "category" in named else ()
    texts = " ".join(
        value
        for role in ("title", "description")
        if role in named
        for value in sample.columns[named[role]]
        if value
    )
    letters = [letter for letter in texts[:200_000] if letter.isalpha()]
    return TableGuess(
        sample,
        columns,
        None if first_images is None else find_images(sample.columns[first_images], path.absolute().parent),
        level_separator(categories),
        Counter(value for value in categories if value),
        sum(not letter.isascii() for letter in letters) > _OTHER_LETTERS * max(len(letters), 1),
    )
