"""The account of a rendered demo catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """What a demo catalogue contains.

    Attributes:
        folder: Where it lies.
        labelled, new: Rows of products.csv and of new.csv.
        classes: Distinct labels in products.csv.
        images: Image files written, masks not counted.
        seconds: Time it took to render; 0 when the very same catalogue was there already.
        wrong_labels, duplicates: Rows of products.csv with a wrong label, and second listings.
        broken: Broken rows of both parts by kind.
    """

    folder: Path
    labelled: int
    new: int
    classes: int
    images: int
    seconds: float
    wrong_labels: int = 0
    duplicates: int = 0
    broken: Mapping[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The account as printable lines."""
        done = f"rendered in {self.seconds:.1f} s" if self.seconds else "already there, nothing to do"
        kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in self.broken.items())
        return [
            f"demo catalogue in {self.folder} ({done})",
            f"  products.csv  {self.labelled} labelled products in {self.classes} categories, "
            f"{self.wrong_labels} wrong labels, {self.duplicates} duplicates",
            f"  new.csv       {self.new} unlabelled products, among them a category never labelled",
            f"  images        {self.images} files",
            f"  broken rows   {sum(self.broken.values())}: {kinds}",
        ]
