"""What a person said about products: a CSV with a line for each, which `catalog.labels` reads."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from smartprod.errors import UsageError
from smartprod.pipeline import write_atomically

COLUMNS = ("id", "category", "was")


@dataclass(frozen=True, slots=True)
class ReviewedLabel:
    """One product as reviewed.

    Attributes:
        id: The shop's id.
        category: The category that the person gave or confirmed.
        was: What the model had answered; empty where nothing.
    """

    id: str
    category: str
    was: str = ""


class LabelsFile:
    """The reviewed labels, on disk after every answer."""

    def __init__(self, path: Path) -> None:
        """Open the file; an existing one is gone on with.

        Raises:
            UsageError: (SP662) It is no such file.
        """
        self.path = path
        self._labels: dict[str, ReviewedLabel] = {}
        if path.exists():
            self._labels = {label.id: label for label in self._read()}

    @property
    def labels(self) -> tuple[ReviewedLabel, ...]:
        """All labels, in the order in which they were first given."""
        return tuple(self._labels.values())

    def get(self, product: str) -> ReviewedLabel | None:
        """What was said about a product, None where nothing was."""
        return self._labels.get(product)

    def put(self, label: ReviewedLabel) -> None:
        """Keep a label; the last word about a product counts."""
        self._labels[label.id] = label
        self._write()

    def remove(self, product: str) -> None:
        """Take back what was said about a product."""
        if self._labels.pop(product, None) is not None:
            self._write()

    def _read(self) -> list[ReviewedLabel]:
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                lines = list(csv.DictReader(file))
            return [ReviewedLabel(line["id"], line["category"], line.get("was") or "") for line in lines]
        except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
            raise UsageError(
                "SP662",
                f"this is no file of reviewed labels: {error}",
                where=str(self.path),
                fix=f"name a new file, or a CSV with the columns {', '.join(COLUMNS)}",
            ) from error

    def _write(self) -> None:
        text = io.StringIO(newline="")
        lines = csv.writer(text)
        lines.writerow(COLUMNS)
        lines.writerows((label.id, label.category, label.was) for label in self._labels.values())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, lambda path: _write_bytes(path, text.getvalue().encode()))


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)
