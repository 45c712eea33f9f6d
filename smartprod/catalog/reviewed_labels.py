"""Labels that a person gave by `smartprod review`: they count more than the table's."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from smartprod.errors import UsageError


class ReviewedLabels:
    """Categories by product id, laid over the batches of a table."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        """Take the labels.

        Args:
            labels: Category path by product id.
        """
        self.labels = dict(labels)
        self._found: set[str] = set()
        self._changed = 0

    @classmethod
    def read(cls, path: Path) -> ReviewedLabels:
        """Read a CSV with the columns `id` and `category`; of several lines about one product the last counts.

        Raises:
            UsageError: (SP288) There is no such file.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                lines = list(csv.DictReader(file))
            return cls({line["id"]: line["category"].strip() for line in lines if line["category"].strip()})
        except (OSError, UnicodeDecodeError, csv.Error, KeyError, AttributeError) as error:
            raise UsageError(
                "SP288",
                f"the reviewed labels cannot be read: {error}",
                where=f"catalog.labels, {path}",
                fix="name a CSV with the columns id and category, such as `smartprod review` writes",
            ) from error

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Give the reviewed category to the rows of a batch whose id has one."""
        ids = batch.column("id").to_pylist()
        places = [place for place, each in enumerate(ids) if each in self.labels]
        if not places:
            return batch
        columns = {name: batch.column(name) for name in batch.schema.names}
        categories = columns["category"].to_pylist()
        status, reason = columns["status.category"].to_pylist(), columns["reason.category"].to_pylist()
        for place in places:
            label = self.labels[ids[place]]
            self._found.add(ids[place])
            self._changed += categories[place] != [label]
            categories[place], status[place], reason[place] = [label], "ok", None
        for name, values in (
            ("category", categories),
            ("status.category", status),
            ("reason.category", reason),
        ):
            columns[name] = pa.array(values, batch.schema.field(name).type)
        return pa.RecordBatch.from_arrays(list(columns.values()), schema=batch.schema)

    def line(self) -> str:
        """Say how many labels met a product, and how many of those told something new."""
        return (
            f"{len(self._found):,} of {len(self.labels):,} reviewed labels are of products of this table; "
            f"{self._changed:,} of them differ from what the table said"
        )


def labels_fingerprint(path: Path) -> str:
    """Identify the content of a labels file; empty where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
